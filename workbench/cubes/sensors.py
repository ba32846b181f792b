"""What is known of sensors beyond what their files say: names, and nominal wavelengths of the benchmark scenes."""

from __future__ import annotations

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


def named_sensor(text: str) -> str:
    """The sensor a text names, or nothing."""
    lower = text.lower()
    return next((name for word, name in NAMES.items() if word in lower), "")


import numpy as np
def nominal_wavelengths(text, n_bands):
    return np.full(n_bands, np.nan), "", "band number only"
