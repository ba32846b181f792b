"""The built-in example: a simulated scene of which everything is known.

Points of a simulated landscape, 25 to a pixel, are mixed into pixels, lit by the slope they lie on, and seen by an
EnMAP-like sensor: 224 bands from 420 to 2450 nm, noise that depends on wavelength, faint stripes along the flight, and
bands without data where water vapour lets no light through. It is not a measurement and says so in ``attrs``.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS, UNITS, check_cube
from workbench.cubes.grid import place
from workbench.cubes.simulated_landscape import COLORS, Landscape
from workbench.cubes.simulated_noise import Noise
from workbench.cubes.simulated_spectra import end_members

POINTS = 5
"""Points to a pixel's side."""

DEAD = ((1345.0, 1450.0), (1800.0, 1950.0))
"""Where water vapour leaves no signal [nm]; these bands are NaN and ``good=False``."""

_STRIP = 50
"""Rows made at a time."""


def simulated_scene(
    height: int = 200, width: int = 300, *, seed: int = 0, n_bands: int = 224, date: int = 0
) -> tuple[xr.DataArray, xr.DataArray]:
    """A landscape of fields, forest, a river and a town as an imaging spectrometer would see it, and its truth.

    Parameters
    ----------
    height, width : int
        Size in pixels of 30 m; at least 16.
    seed : int
        Another seed, another landscape; the same seed, the same numbers.
    n_bands : int
        Bands between 420 and 2450 nm.
    date : int
        Another date, the same landscape: fields are riper or greener, surfaces wetter or drier, noise is drawn anew.

    Returns
    -------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Surface reflectance [1], EPSG:32633; NaN in the dead bands.
    truth : xarray.DataArray of shape (height, width)
        int16, the class 1…12 that covers most of each pixel; ``attrs`` has ``classes`` and ``colors``.

    Raises
    ------
    ValueError
        If the scene is smaller than 16 × 16 pixels, has fewer than 8 bands, or the date is below 0.

    Examples
    --------
    >>> cube, truth = simulated_scene(32, 48, seed=1)
    >>> cube.shape, truth.shape, int(truth.max()) <= 12
    ((224, 32, 48), (32, 48), True)
    """
    if min(height, width) < 16 or n_bands < 8:
        raise ValueError(
            f"a simulated scene has at least 16 × 16 pixels and 8 bands, got {height} × {width} × {n_bands}"
        )
    if date < 0:
        raise ValueError(f"dates of a simulated scene are counted from 0, got {date}; use 0 or more")
    later = [date] if date else []
    ground, weather, sensor, hills = (
        np.random.default_rng([seed, part, *(later if part in (1, 2) else [])]) for part in range(4)
    )
    wavelength, fwhm = _bands(n_bands)
    spectra = end_members(wavelength)
    members = np.concatenate(list(spectra.values()))
    land = Landscape(height, width, ground)
    growth = weather.random(land.chance.shape[1], dtype="float32") if date else land.chance[2]
    moods = [Noise(height, width, scale, weather, octaves=2) for scale in (25, 11, 45)]
    light = _illumination(height, width, hills)
    sky = (0.30 * (wavelength / 450) ** -1.3).astype("float32")  # share of diffuse light, which knows no slope

    values = np.empty((n_bands, height, width), dtype="float32")
    truth = np.empty((height, width), dtype="int16")
    for top in range(0, height, _STRIP):
        rows = slice(top, min(top + _STRIP, height))
        shares = _shares(land, rows, width)
        truth[rows] = shares.argmax(axis=0) + 1
        weights = _weights(shares, spectra, land, growth, moods, rows, weather)
        block = members.T @ weights.reshape(len(members), -1)
        slope = light[rows].reshape(1, -1) - 1
        block *= 1 + (1 - sky[:, None]) * slope
        values[:, rows] = block.reshape(n_bands, -1, width)
        values[:, rows] += _noise(wavelength, (rows.stop - top, width), sensor)
    values += (0.0004 * sensor.standard_normal((n_bands, 1, width))).astype("float32")

    good = ~np.any([(wavelength > low) & (wavelength < high) for low, high in DEAD], axis=0)
    values[~good] = np.nan
    coords = {
        "wavelength": ("band", wavelength, {"units": "nm"}),
        "fwhm": ("band", fwhm, {"units": "nm"}),
        "good": ("band", good),
    }
    attrs = {
        "quantity": "reflectance",
        "units": UNITS["reflectance"],
        "sensor": "EnMAP-like (simulated)",
        "source": f"simulated scene, seed {seed}" + (f", date {date}" if date else ""),
        "format": "simulated",
        "note": "simulated: no measurement went into this scene",
    }
    transform = Affine(30, 0, 390_000, 0, -30, 5_810_000)
    cube = place(xr.DataArray(values, dims=DIMS, coords=coords, attrs=attrs), "EPSG:32633", transform)
    names = {"classes": list(COLORS), "colors": list(COLORS.values())}
    labels = xr.DataArray(truth, dims=DIMS[1:], coords={n: cube[n] for n in ("y", "x", "spatial_ref")}, attrs=names)
    return check_cube(cube), labels.rename("truth")


def _bands(n_bands: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres and widths [nm]: every 6.5 nm up to 1000 nm and every 10.8 nm beyond, as EnMAP's two detectors do."""
    places = np.linspace(0, 223, n_bands)
    centres = np.interp(places, [0, 89, 223], [420.0, 998.5, 2450.0])
    return centres.round(3), np.where(centres < 1000, 7.6, 11.2)


def _shares(land: Landscape, rows: slice, width: int) -> NDArray[np.float32]:
    """Which part of each pixel each class covers, shape (n_classes, n_rows, width)."""
    offsets = (np.arange(POINTS) + 0.5) / POINTS
    down = (np.arange(rows.start, rows.stop)[:, None] + offsets).ravel().astype("float32")
    across = (np.arange(width)[:, None] + offsets).ravel().astype("float32")
    points = land.classes(down, across).reshape(-1, POINTS, width, POINTS)
    return np.stack([(points == code).mean(axis=(1, 3), dtype="float32") for code in range(1, len(COLORS) + 1)])


def _weights(
    shares: NDArray[np.float32],
    spectra: dict[str, NDArray[np.float32]],
    land: Landscape,
    growth: NDArray[np.float32],
    moods: list[Noise],
    rows: slice,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Part of each end member in each pixel, (n_members, n_rows, width), by where it stands from young to old."""
    n_rows, width = shares.shape[1:]
    row = (np.arange(rows.start, rows.stop) + 0.5).astype("float32")
    column = (np.arange(width) + 0.5).astype("float32")
    parcel, _ = land.field(row[:, None], column[None, :])
    strips = 0.05 * np.sin(2.1 * (row[:, None] * np.cos(land.angle) - column * np.sin(land.angle)))
    fields = growth[parcel] + strips  # a field was sown and cut as one, along its longer side
    surfaces = [mood(row, column) for mood in moods]
    weights = []
    for i, (share, variants) in enumerate(zip(shares, spectra.values(), strict=True)):
        farmed = 3 <= i <= 7
        age = 0.5 + 0.22 * surfaces[i % 3] if not farmed else 0.62 * fields + 0.19 + 0.10 * surfaces[i % 3]
        age = np.clip(age + 0.07 * rng.standard_normal((n_rows, width), dtype="float32"), 0, 1) * (len(variants) - 1)
        brightness = 1 + 0.022 * rng.standard_normal((n_rows, width), dtype="float32")
        for step in range(len(variants)):
            weights.append(share * brightness * np.clip(1 - np.abs(age - step), 0, None))
    return np.stack(weights).astype("float32")


def _illumination(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Direct light on each pixel's slope relative to level ground: low hills, the sun 42° high in the south-east."""
    heights = 45 * Noise(height, width, 36, rng, octaves=3)(np.arange(height) + 0.5, np.arange(width) + 0.5)
    down, across = np.gradient(heights, 30.0)
    elevation, azimuth = np.radians(42), np.radians(140)
    north, east = -down, across  # rows run south
    facing = -(north * np.cos(azimuth) + east * np.sin(azimuth)) * np.cos(elevation) + np.sin(elevation)
    cosine = facing / np.sqrt(1 + north**2 + east**2)
    return (np.clip(cosine, 0.05, None) / np.sin(elevation)).astype("float32")


def _noise(wavelength: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of reflectance: least in the near infrared, more in the blue, beyond 1950 nm and beside the water bands."""
    sigma = 0.0014 + 0.0022 * np.exp(-(wavelength - 420) / 45) + 0.0014 / (1 + np.exp(-(wavelength - 1970) / 40))
    sigma += 0.0025 * np.exp((wavelength - 2450) / 60)
    for low, high in DEAD:
        gap = np.maximum(0, np.maximum(low - wavelength, wavelength - high))
        sigma += 0.006 * np.exp(-gap / 14)
    for centre, width in ((940, 14), (1130, 16)):
        sigma += 0.0016 * np.exp(-0.5 * ((wavelength - centre) / width) ** 2)
    return sigma.astype("float32")[:, None, None] * rng.standard_normal((len(wavelength), *shape), dtype="float32")
