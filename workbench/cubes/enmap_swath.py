"""Where the pixels of an EnMAP L1B image lie, by the rational polynomial coefficients (RPC) of its metadata.

The metadata give, for each band, (latitude, longitude, height) → (row, column) counted at pixel centres; we invert
them at the scene's mean ground elevation by Newton's method on a coarse grid of pixels, and interpolate between. So
the places are those of flat ground at that height: in mountains, and away from nadir, true ones differ by tens of
metres. The corner coordinates of the metadata are those of the VNIR image alone, and 600 m off for the SWIR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.dlr_metadata import Metadata

_STEP = 32
_MOST = 2**26
_STEPS = 20
_CLOSE = 1e-3


def swath(about: Metadata, band: int, shape: tuple[int, int]) -> dict[str, tuple]:
    """Coordinates ``longitude`` and ``latitude`` [°] of an image.

    Parameters
    ----------
    about : Metadata
        The product's.
    band : int
        Any of the detector's bands, counted from 0: they look the same way.
    shape : tuple of int
        Rows and columns of the image.
    """
    size = tuple(about.whole(f"specific/{name}OfScene") for name in ("height", "width"))
    if shape != size or shape[0] * shape[1] > _MOST:
        raise CubeError(f"{about.name} describes {size} rows and columns, but its image has {shape}; copy it again")
    elements = about.root.findall("product/navigation/RPC/bandID")
    if len(elements) <= band:
        raise CubeError(f"an EnMAP L1B product has RPC for each band, but {about.name} has none; get it anew")
    numbers = {part.tag: _finite(part.text, about) for part in elements[band]}
    height = about.number("specific/meanGroundElevation")
    rows, columns = (np.unique(np.append(np.arange(0, n, _STEP), n - 1)).astype(float) for n in shape)
    latitude, longitude = _ground(numbers, about, *np.meshgrid(rows, columns, indexing="ij"), height)
    return {
        name: (("y", "x"), _between(values, rows, columns, shape), {"units": units, "standard_name": name})
        for name, values, units in (
            ("longitude", longitude, "degrees_east"),
            ("latitude", latitude, "degrees_north"),
        )
    }


def project(
    numbers: dict[str, float], latitude: NDArray[np.float64], longitude: NDArray[np.float64], height: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns at which places are seen."""
    p = (latitude - numbers["LAT_OFF"]) / numbers["LAT_SCALE"]
    q = (longitude - numbers["LONG_OFF"]) / numbers["LONG_SCALE"]
    h = np.full_like(p, (height - numbers["HEIGHT_OFF"]) / numbers["HEIGHT_SCALE"])
    one = np.ones_like(p)
    terms = (one, q, p, h, q * p, q * h, p * h, q * q, p * p, h * h, p * q * h)
    terms += (q**3, q * p * p, q * h * h, q * q * p, p**3, p * h * h, q * q * h, p * p * h, h**3)
    found = []
    for axis in ("ROW", "COL"):
        over, under = (
            sum(numbers[f"{axis}_{part}_{i:02d}"] * term for i, term in enumerate(terms, 1)) for part in ("NUM", "DEN")
        )
        found.append(over / under * numbers[f"{axis}_SCALE"] + numbers[f"{axis}_OFF"])
    return found[0], found[1]


def _ground(
    numbers: dict[str, float], about: Metadata, rows: NDArray, columns: NDArray, height: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude whose `project` are these rows and columns."""
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            latitude = np.full(rows.shape, numbers["LAT_OFF"])
            longitude = np.full(rows.shape, numbers["LONG_OFF"])
            dp, dq = numbers["LAT_SCALE"] * 1e-6, numbers["LONG_SCALE"] * 1e-6
            for _ in range(_STEPS):
                row, column = project(numbers, latitude, longitude, height)
                if np.hypot(row - rows, column - columns).max() < _CLOSE:
                    return latitude, longitude
                row_p, column_p = project(numbers, latitude + dp, longitude, height)
                row_q, column_q = project(numbers, latitude, longitude + dq, height)
                a, b, c, d = (row_p - row) / dp, (row_q - row) / dq, (column_p - column) / dp, (column_q - column) / dq
                slope = a * d - b * c
                latitude = latitude + (d * (rows - row) - b * (columns - column)) / slope
                longitude = longitude + (a * (columns - column) - c * (rows - row)) / slope
    except (KeyError, FloatingPointError, ZeroDivisionError):
        pass  # said below
    raise CubeError(f"the RPC of {about.name} lead to no place on the ground; copy the product again")


def _between(values: NDArray, rows: NDArray, columns: NDArray, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Bilinear, from nodes to every pixel."""
    down = np.array([np.interp(np.arange(shape[0]), rows, values[:, j]) for j in range(len(columns))]).T
    return np.array([np.interp(np.arange(shape[1]), columns, line) for line in down])


def _finite(text: str | None, about: Metadata) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise CubeError(f"RPC are numbers, got {str(text)[:20]!r} in {about.name}; copy the product again")
    return value
