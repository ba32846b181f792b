"""What is known of sensors beyond what their files say: names, and nominal wavelengths of the benchmark scenes.

Benchmark ``.mat`` files have no wavelengths. For scenes known by name *and* number of bands they follow from the
sensor's spectrometers and the list of bands their publishers removed. They are nominal, good to about 10 nm: a sensor
is calibrated anew every year, and where two spectrometers overlap the file's order is kept and the wavelengths are
sorted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = {
    "enmap": "EnMAP",
    "hymap": "HyMap",
    "aviris-ng": "AVIRIS-NG",
    "ang20": "AVIRIS-NG",
    "aviris": "AVIRIS",
    "prisma": "PRISMA",
    "emit": "EMIT",
    "desis": "DESIS",
    "hyperion": "Hyperion",
    "fenix": "Fenix",
}
"""Words in a file's name or description, and the sensor they tell; the first that fits."""

Spectrometer = tuple[float, float, int]
"""First and last band centre [nm] of evenly spaced bands, and how many they are."""

AVIRIS = ((365.9, 667.6, 32), (654.8, 1262.5, 64), (1252.8, 1880.6, 64), (1872.4, 2496.2, 64))
AVIRIS_1992 = ((400.0, 696.5, 31), (686.91, 1282.59, 63), (1273.0, 1888.3, 63), (1883.2, 2499.0, 63))
HYPERION = ((355.6, 1057.3, 70), (851.9, 2577.3, 172))


@dataclass(frozen=True, slots=True)
class Scene:
    """A benchmark scene."""

    words: tuple[str, ...]
    """One of them is in the file's or the array's name, in lower case, without spaces and underscores."""

    sensor: str
    """For people."""

    spectrometers: tuple[Spectrometer, ...]
    """In the order of the bands."""

    removed: tuple[tuple[int, int], ...] = ()
    """Ranges of bands, from 1 and both ends included, that the corrected file leaves out."""


SCENES = (
    Scene(("salinas",), "AVIRIS", AVIRIS, ((108, 112), (154, 167), (224, 224))),
    Scene(("indianpine", "92av3c"), "AVIRIS", AVIRIS_1992, ((104, 108), (150, 163), (220, 220))),
    Scene(("jasper",), "AVIRIS", AVIRIS, ((1, 3), (108, 112), (154, 166), (220, 224))),
    Scene(("cuprite",), "AVIRIS", AVIRIS, ((1, 2), (104, 113), (148, 167), (221, 224))),
    Scene(("botswana",), "Hyperion", HYPERION, ((1, 9), (56, 81), (98, 101), (120, 133), (165, 186), (221, 242))),
    Scene(("paviau", "paviauni"), "ROSIS", ((430.0, 860.0, 103),)),
    Scene(("pavia",), "ROSIS", ((430.0, 860.0, 102),)),
    Scene(("samson",), "SAMSON", ((401.0, 889.0, 156),)),
    Scene(("houston",), "CASI", ((364.0, 1046.0, 144),)),
    Scene(("houston",), "CASI", ((380.0, 1050.0, 48),)),
    Scene(("longkou", "honghu"), "Headwall Nano-Hyperspec", ((400.0, 1000.0, 270),)),
    Scene(("hanchuan",), "Headwall Nano-Hyperspec", ((400.0, 1000.0, 274),)),
)
"""Scenes whose bands are documented."""


def named_sensor(text: str) -> str:
    """The sensor a text names, or nothing."""
    lower = text.lower()
    return next((name for word, name in NAMES.items() if word in lower), "")


def nominal_wavelengths(text: str, n_bands: int) -> tuple[NDArray[np.float64], str, str]:
    """Wavelengths of a benchmark scene.

    Parameters
    ----------
    text : str
        Names of its file and array.
    n_bands : int
        Must be the number of the sensor's bands, or what is left of them in the corrected file.

    Returns
    -------
    wavelength : ndarray of shape (n_bands,)
        Band centres [nm], increasing; all NaN for a scene that is not known.
    sensor : str
        Its name, or nothing.
    note : str
        How far to trust them.

    Examples
    --------
    >>> nominal_wavelengths("SalinasA_corrected", 204)[0][:3].round().tolist()
    [366.0, 376.0, 385.0]
    >>> nominal_wavelengths("holiday", 204)[2]
    'band number only'
    """
    plain = text.lower().replace("_", "").replace(" ", "")
    for scene in SCENES:
        if any(word in plain for word in scene.words):
            for removed in ((), scene.removed):
                centres = _centres(scene.spectrometers, removed)
                if centres is not None and len(centres) == n_bands:
                    return centres, scene.sensor, f"nominal wavelengths of {scene.sensor}, good to about 10 nm"
    return np.full(n_bands, np.nan), "", "band number only"


def _centres(
    spectrometers: tuple[Spectrometer, ...], removed: tuple[tuple[int, int], ...]
) -> NDArray[np.float64] | None:
    """Sorted centres of the bands that are left; None if sorting would move one by more than 12 nm."""
    centres = np.concatenate([np.linspace(*spectrometer) for spectrometer in spectrometers])
    kept = np.ones(len(centres), dtype=bool)
    for first, last in removed:
        kept[first - 1 : last] = False
    listed = centres[kept]
    centres = np.sort(listed)
    return centres.round(2) if np.abs(centres - listed).max() <= 12 else None
