"""What stored numbers mean: reflectance, radiance or plain counts, and what to divide them by.

What the file states is taken. Where it states nothing, only the plain cases are inferred, and ``attrs["scaling"]`` says
which: values with wavelengths that all lie near 0…1 are reflectance; values up to some 10,000 in a file that calls
itself reflectance are reflectance × 10⁴. Everything else stays as stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import UNITS

_REFLECTANCE = re.compile(
    r"reflectance|reflectivity|_?rfl(?![a-z])|(?<![a-z])refl|(?<![a-z0-9])l2a(?![a-z0-9])", re.IGNORECASE
)
_RADIANCE = re.compile(r"radiance|rdn|(?<![a-z])rad(?![a-z])|(?<![a-z0-9])l1[abc](?![a-z0-9])", re.IGNORECASE)
_FACTOR = re.compile(r"[*×x]\s*(10+)\b")


@dataclass(frozen=True, slots=True)
class Scaling:
    """How to turn stored numbers into a quantity: ``stored × gain + offset``."""

    quantity: str
    """``reflectance``, ``radiance`` or ``dn``."""

    how: str
    """A sentence for people."""

    gain: float | tuple[float, ...] = 1.0
    """One for all bands, or one a band."""

    offset: float | tuple[float, ...] = 0.0
    """In units of the quantity."""

    @property
    def attrs(self) -> dict[str, str]:
        """For the cube."""
        return {"quantity": self.quantity, "units": UNITS[self.quantity], "scaling": self.how}


AS_STORED = Scaling("dn", "values as stored")
"""Nothing is changed but nodata."""


def stated_factor(text: str) -> float | None:
    """The 10,000 of an axis title like ``reflectance [* 10000]``."""
    found = _FACTOR.search(text)
    return float(found[1]) if found else None


def understand(
    sample: NDArray[np.floating],
    words: str,
    *,
    has_wavelengths: bool,
    gain: float | tuple[float, ...] | None = None,
    offset: float | tuple[float, ...] = 0.0,
    stated: str = "",
) -> Scaling:
    """Decide what a file holds.

    Parameters
    ----------
    sample : ndarray
        Some of its stored values; NaN where there is no data.
    words : str
        What it says about itself: description, titles, units, file name.
    has_wavelengths : bool
        Whether its bands have wavelengths.
    gain, offset : float or tuple of float
        Stated by the file, if it states any.
    stated : str
        Where it does, for people.
    """
    values = sample[np.isfinite(sample)]
    # A few glints or dead pixels do not decide what a scene is.
    low, high = np.percentile(values, (0.5, 99)) if values.size else (0.0, 0.0)
    radiance, reflectance = bool(_RADIANCE.search(words)), bool(_REFLECTANCE.search(words))
    if gain is not None:
        size = float(np.median(np.atleast_1d(gain)))
        near_one = low * size >= -0.5 and high * size <= 2.5
        quantity = (
            "reflectance" if near_one and not (radiance and not reflectance) else "radiance" if radiance else "dn"
        )
        if not has_wavelengths and not reflectance:
            quantity = "dn"
        return Scaling(quantity, f"{quantity}, scaled as {stated} states", gain, offset)
    if not has_wavelengths:
        return Scaling("dn", "values as stored; bands without wavelengths may be anything")
    if radiance and not reflectance:
        return Scaling("radiance", "values as stored; the file calls itself radiance")
    if values.size and low >= -0.5 and 0 < high <= 1.5:
        return Scaling("reflectance", "values as stored; inferred to be reflectance, as nearly all lie within 0…1")
    if reflectance and 100 < high <= 20_000:
        how = "inferred: the file calls itself reflectance and reaches thousands, so it was divided by 10,000"
        return Scaling("reflectance", how, 1e-4)
    return Scaling("dn", "values as stored; nothing in the file says what they are")
