"""What stored numbers mean: reflectance, radiance or plain counts, and what to divide them by.

What the file states is taken. Where it states nothing, only the plain cases are inferred, and ``attrs["scaling"]`` says
which: values with wavelengths that all lie near 0…1 are reflectance; values up to some 10,000 in a file that calls itself
reflectance are reflectance × 10⁴. Everything else stays as stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import dask.array as da
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
        near_one = -0.5 <= low * size and high * size <= 2.5
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
    if values.size and -0.5 <= low and high <= 1.5 and high > 0:
        return Scaling("reflectance", "values as stored; inferred to be reflectance, as nearly all lie within 0…1")
    if reflectance and 100 < high <= 20_000:
        how = "inferred: the file calls itself reflectance and reaches thousands, so it was divided by 10,000"
        return Scaling("reflectance", how, 1e-4)
    return Scaling("dn", "values as stored; nothing in the file says what they are")


def apply(stored: da.Array, scaling: Scaling, nodata: float | None) -> da.Array:
    """The quantity as float32, NaN where `stored` (n_bands, height, width) is `nodata` or not finite."""
    gain, offset = (np.atleast_1d(np.asarray(x, "float64")).reshape(-1, 1, 1) for x in (scaling.gain, scaling.offset))
    if gain.size > 1 or offset.size > 1:
        shape = (stored.shape[0], 1, 1)
        gain, offset = (
            da.from_array(np.broadcast_to(x, shape), chunks=(stored.chunks[0], 1, 1)) for x in (gain, offset)
        )
        return da.map_blocks(_physical, stored, gain, offset, nodata=nodata, dtype="float32")
    plain = (float(gain[0, 0, 0]), float(offset[0, 0, 0]))
    return da.map_blocks(_physical, stored, gain=plain[0], offset=plain[1], nodata=nodata, dtype="float32")


def masked_sample(stored: da.Array, nodata: float | None) -> NDArray[np.float32]:
    """A bounded look at stored values: at most 24 bands and some 2,000 pixels."""
    n_bands, height, width = stored.shape
    step = max(1, int((height * width / 2000) ** 0.5))
    bands = np.unique(np.linspace(0, n_bands - 1, min(24, n_bands)).round().astype(int))
    planes = da.compute(*(stored[band, ::step, ::step] for band in bands))
    return _physical(np.stack(planes), 1.0, 0.0, nodata)


def _physical(
    stored: NDArray, gain: NDArray | float, offset: NDArray | float, nodata: float | None = None
) -> NDArray[np.float32]:
    values = stored.astype("float32")
    if stored.dtype.kind == "f":
        values[~np.isfinite(stored)] = np.nan
    if nodata is not None and np.isfinite(nodata):
        values[stored == stored.dtype.type(nodata) if _fits(nodata, stored.dtype) else np.zeros_like(stored, bool)] = (
            np.nan
        )
    if np.any(gain != 1):
        values *= np.asarray(gain, "float32")
    if np.any(offset != 0):
        values += np.asarray(offset, "float32")
    return values


def _fits(nodata: float, dtype: np.dtype) -> bool:
    """Whether a type can hold the nodata value at all: an unsigned file with nodata −9999 has none."""
    if dtype.kind == "f":
        return True
    return float(nodata).is_integer() and np.iinfo(dtype).min <= nodata <= np.iinfo(dtype).max
