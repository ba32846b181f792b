"""Which of EnMAP's 224 bands two archives of patches keep.

Products on a grid (L1C, L2A), and so the patches cut from them, count bands in the order of wavelength. A product
states its own wavelengths, which differ by some tenths of a nanometre; the patches state none and get those of
``sensor_bands``.
"""

from __future__ import annotations

import numpy as np

from workbench.cubes.sensor_bands import SENSORS

WAVELENGTH = np.array(SENSORS["enmap"].wavelength)
"""Band centres [nm] of both detectors, increasing."""

SPECTRAL_EARTH = np.r_[1:127, 142:146, 153:225]
"""Numbers of the bands that SpectralEarth keeps, from 1."""

HYSPECNET = np.r_[1:127, 142:161, 168:225]
"""Numbers of the bands that HySpecNet-11k keeps, from 1: as many, but the 131st to 145th are others."""
