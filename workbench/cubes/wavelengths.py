"""What a file says about its bands, made to keep the contract: nanometres, and strictly increasing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError, check_wavelengths

_NUMBER_AND_UNIT = re.compile(
    r"(\d+\.?\d*(?:e[+-]?\d+)?)\s*(micromet\w*|micron\w*|um|µm|μm|nanomet\w*|nm)\b", re.IGNORECASE
)


def in_nanometres(values: Sequence[float], units: str = "") -> NDArray[np.float64]:
    """Lengths [nm] from a header's numbers: by its `units`, or by size where it has none (µm stay below 100).

    Examples
    --------
    >>> in_nanometres([0.45, 2.4]).tolist(), in_nanometres([450, 2400], "Nanometers").tolist()
    ([450.0, 2400.0], [450.0, 2400.0])
    """
    lengths = np.asarray(values, dtype=float)
    word = units.strip().lower()
    if word.startswith(("micro", "um", "µm", "μm")):
        factor = 1000.0
    elif word.startswith(("nano", "nm")):
        factor = 1.0
    elif word in ("", "unknown", "none"):
        factor = 1000.0 if np.nanmax(lengths, initial=0) < 100 else 1.0
    else:
        raise CubeError(f"wavelengths are in nm or µm, got units {units!r}; convert them and correct the header")
    return (lengths * factor).round(6)  # 0.4554 µm is 455.4 nm, not 455.40000000000003


def from_band_names(names: Sequence[str]) -> NDArray[np.float64] | None:
    """Wavelengths [nm] written in band names, NaN for a name without one; None if no name has any.

    Examples
    --------
    >>> from_band_names(["band 1 (0.455400 Micrometers)", "376.44 Nanometers", "Path length (m)"]).tolist()
    [455.4, 376.44, nan]
    """
    found = [_NUMBER_AND_UNIT.search(name) for name in names]
    if not any(found):
        return None
    return np.array([in_nanometres([float(m[1])], m[2])[0] if m else np.nan for m in found])


def detector_order(wavelength: NDArray[np.float64]) -> tuple[NDArray[np.intp] | None, str]:
    """The order that makes wavelengths [nm] increase, and a sentence about why they did not; None if they do.

    Spectrometers with several detectors list each detector's bands in turn, and neighbours overlap. That is told from
    a muddled list by its form: every detector's run of at least 8 bands increases, begins and ends beyond the one
    before, and at least 3 bands lie in the overlap. No band is dropped.

    Raises
    ------
    CubeError
        If wavelengths fall in any other way, or repeat.
    """
    starts = np.flatnonzero(np.diff(wavelength) <= 0) + 1
    if not starts.size or not np.isfinite(wavelength).all():
        return None, ""
    runs = np.split(wavelength, starts)
    overlaps = []
    for before, after in pairwise(runs):
        shared = int((before >= after[0]).sum() + (after <= before[-1]).sum())
        detectors = min(len(before), len(after)) >= 8 and after[0] > before[0] and after[-1] > before[-1]
        if not detectors or shared < 3:
            check_wavelengths(wavelength)
        overlaps.append(f"{after[0]:.0f}–{before[-1]:.0f} nm")
    order = np.argsort(wavelength, kind="stable")
    check_wavelengths(wavelength[order])
    return order, f"detectors overlap at {', '.join(overlaps)}; bands were sorted by wavelength"
