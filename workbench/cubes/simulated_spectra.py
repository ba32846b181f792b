"""Reflectance of the simulated scene's covers, from a handful of physical absorptions.

Leaves and straw are thick scattering layers: their reflectance follows from absorption over scattering (Kubelka and
Munk) with chlorophyll, liquid water, cellulose and lignin at their known wavelengths. Soils and building materials are
smooth continua with the dips they are known by. Nothing is measured: shapes are right, numbers plausible.

References
----------
Kubelka, Munk (1931). *Ein Beitrag zur Optik der Farbanstriche.* Zeitschrift für technische Physik 12.
Curran (1989). *Remote sensing of foliar chemistry.* Remote Sensing of Environment 30. (positions of the absorptions)
Clark (1999). *Spectroscopy of rocks and minerals.* Manual of Remote Sensing. (iron, clay and carbonate)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.float64]


def end_members(wavelength: Spectrum) -> dict[str, NDArray[np.float32]]:
    """Spectra by class.

    Parameters
    ----------
    wavelength : ndarray of shape (n_bands,)
        Band centres [nm], 400 to 2500.

    Returns
    -------
    dict of str to ndarray of shape (n_variants, n_bands)
        Reflectance [1]. A pixel of the class lies between neighbouring variants: young to old, thin to dense.
    """
    w = np.asarray(wavelength, dtype=float)
    loam, wet_loam = soil(w, 0.29, iron=0.08, clay=0.12), soil(w, 0.28, iron=0.08, clay=0.08, wet=0.9)
    sand, wet_sand = soil(w, 0.42, iron=0.20, clay=0.05), soil(w, 0.38, iron=0.18, clay=0.04, wet=0.5)
    straw = dry_plant(w)
    spectra = {
        "water": [water(w, 0.4), water(w, 1.0), water(w, 2.0)],
        "deciduous forest": [
            canopy(w, loam, cover=0.93, chlorophyll=0.9, leaf_water=0.9, shade=0.22),
            canopy(w, loam, cover=0.97, chlorophyll=1.15, leaf_water=1.1, shade=0.30),
            canopy(w, loam, cover=0.98, chlorophyll=1.4, leaf_water=1.25, shade=0.40),
        ],
        "coniferous forest": [
            canopy(w, loam, cover=0.85, chlorophyll=1.2, leaf_water=1.5, shade=0.52),
            canopy(w, loam, cover=0.93, chlorophyll=1.5, leaf_water=1.8, shade=0.62),
        ],
        "meadow": [
            0.65 * canopy(w, loam, cover=0.9, chlorophyll=0.55, leaf_water=0.6) + 0.35 * straw,
            0.85 * canopy(w, loam, cover=0.92, chlorophyll=0.6, leaf_water=0.8) + 0.15 * straw,
            canopy(w, loam, cover=0.96, chlorophyll=0.8, leaf_water=0.95),
        ],
        "maize": [
            canopy(w, loam, cover=0.45, chlorophyll=1.0, leaf_water=1.2),
            canopy(w, loam, cover=0.75, chlorophyll=1.1, leaf_water=1.35),
            canopy(w, loam, cover=0.95, chlorophyll=1.25, leaf_water=1.5, shade=0.06),
        ],
        "ripe cereal": [0.82 * straw + 0.18 * loam, 0.95 * straw, 0.55 * straw + 0.45 * loam],
        "loam": [wet_loam, 0.5 * wet_loam + 0.5 * loam, loam],
        "sandy soil": [wet_sand, sand, 1.12 * sand],
        "clay tiles": [tiles(w, 0.8), tiles(w, 1.0), tiles(w, 1.2)],
        "metal roof": [metal(w, 0.32), metal(w, 0.44), metal(w, 0.55)],
        "asphalt": [asphalt(w, 0.055), asphalt(w, 0.09), asphalt(w, 0.13)],
        "concrete": [concrete(w, 0.20), concrete(w, 0.26), concrete(w, 0.33)],
    }
    return {name: np.clip(np.array(variants), 0.001, 0.95).astype("float32") for name, variants in spectra.items()}


def canopy(
    w: Spectrum,
    ground: Spectrum,
    *,
    cover: float,
    chlorophyll: float = 1.0,
    leaf_water: float = 1.0,
    shade: float = 0.0,
) -> Spectrum:
    """Leaves over `ground`; `shade` is the part of the light lost between the crowns."""
    absorption = (
        0.26
        + 0.10 * _step(w, 760, -30)
        + chlorophyll
        * (9.0 * _bump(w, 674, 15) + 5.5 * _bump(w, 632, 36) + 11.0 * _bump(w, 440, 42) + 6.0 * _bump(w, 495, 26))
    )
    absorption += chlorophyll**0.5 * 4.2 * _step(w, 688, -9)  # what is left of the pigments at 550 nm
    absorption += leaf_water * _liquid_water(w)
    absorption += 0.25 * _bump(w, 2100, 60) + 0.35 * _bump(w, 2310, 45) + 0.05 * _bump(w, 1730, 30)
    return (1 - shade) * (cover * _thick_layer(absorption) + (1 - cover) * ground)


def dry_plant(w: Spectrum) -> Spectrum:
    """Straw: brown pigments, cellulose at 2100 nm and lignin at 2300 nm, hardly any water."""
    absorption = 0.30 + 5.0 * np.exp(-(w - 450) / 160) + 0.03 * _liquid_water(w)
    absorption += 0.22 * _step(w, 1990, 40) + 0.42 * _bump(w, 2100, 48) + 0.42 * _bump(w, 2310, 42)
    return _thick_layer(absorption + 0.06 * _bump(w, 1730, 28) + 0.07 * _bump(w, 1490, 60))


def soil(w: Spectrum, brightness: float, *, iron: float, clay: float, wet: float = 0.0) -> Spectrum:
    """A bare soil: convex rise, iron at 480 and 880 nm, clay at 2205 nm; wet, darker, most where water absorbs."""
    rise = brightness * (0.18 + 1.0 * (1 - np.exp(-(w - 380) / 480)))
    rise *= (1 - iron * 1.4 * _bump(w, 485, 60)) * (1 - iron * _bump(w, 880, 80))
    rise *= (1 - clay * _bump(w, 2205, 22)) * (1 - 0.12 * _bump(w, 1415, 25)) * (1 - 0.22 * _bump(w, 1920, 45))
    rise *= 1 - 0.12 * _step(w, 2280, 60)
    return rise * np.exp(-wet * (0.42 + 0.22 * np.minimum(_liquid_water(w), 4)))


def water(w: Spectrum, turbidity: float) -> Spectrum:
    """A river: suspended matter scatters green and red, water itself swallows the rest."""
    absorption = 0.05 + 0.35 * np.exp(-(w - 420) / 60) + 0.9 * _step(w, 610, 22) + 6.0 * _step(w, 735, 20)
    absorption += 60 * _step(w, 900, 35)
    return 0.004 + 0.055 * turbidity**0.6 / (1 + 2.4 * absorption)


def tiles(w: Spectrum, age: float) -> Spectrum:
    """Fired clay: the iron edge at 560 nm makes it red; flat and bright beyond."""
    red = 0.045 + 0.19 * _step(w, 585, 22) + 0.10 * _step(w, 740, 60) + 0.10 * _step(w, 1150, 150)
    return (
        age * red * (1 - 0.10 * _bump(w, 870, 60)) * (1 - 0.05 * _bump(w, 2205, 30)) * (1 - 0.06 * _bump(w, 1930, 50))
    )


def metal(w: Spectrum, brightness: float) -> Spectrum:
    """Zinc and aluminium sheets: bright, a little blue, a wide dip near 1010 nm."""
    return brightness * (1.06 - 0.00004 * (w - 400)) * (1 - 0.17 * _bump(w, 1010, 120))


def asphalt(w: Spectrum, brightness: float) -> Spectrum:
    """Roads and bitumen roofs: dark, slowly rising, faint hydrocarbon dips."""
    rise = brightness * (0.75 + 0.75 * (1 - np.exp(-(w - 400) / 700)))
    return rise * (1 - 0.06 * _bump(w, 1730, 22)) * (1 - 0.10 * _bump(w, 2310, 35))


def concrete(w: Spectrum, brightness: float) -> Spectrum:
    """Cement and gravel: grey, a little yellow, carbonate at 2340 nm."""
    rise = brightness * (0.62 + 0.48 * (1 - np.exp(-(w - 400) / 260)))
    rise *= (1 - 0.12 * _bump(w, 2340, 30)) * (1 - 0.08 * _bump(w, 1415, 25)) * (1 - 0.16 * _bump(w, 1930, 45))
    return rise * (1 - 0.10 * _step(w, 2050, 150))


def _liquid_water(w: Spectrum) -> Spectrum:
    """Absorption by leaf water, relative to scattering."""
    overtones = 0.07 * _bump(w, 972, 26) + 0.20 * _bump(w, 1195, 45) + 2.8 * _bump(w, 1452, 48)
    steps = 0.65 * _step(w, 1370, 35) + 1.6 * _step(w, 1860, 30)
    return overtones + steps + 7.5 * _bump(w, 1935, 55) + 9.0 * _bump(w, 2560, 150)


def _thick_layer(absorption: Spectrum) -> Spectrum:
    """Reflectance of a layer nothing shines through, by Kubelka and Munk."""
    return 1 + absorption - np.sqrt(absorption**2 + 2 * absorption)


def _bump(w: Spectrum, centre: float, width: float) -> Spectrum:
    return np.exp(-0.5 * ((w - centre) / width) ** 2)


def _step(w: Spectrum, centre: float, width: float) -> Spectrum:
    return 1 / (1 + np.exp(-(w - centre) / width))
