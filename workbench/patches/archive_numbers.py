"""What the stored numbers of an archive mean, and how they become what a scene or an encoder takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.scaling import Scaling
from workbench.cubes.stored import can_hold

IN_CACHE = 1 << 17
"""Numbers that are brought to units in one go."""


@dataclass(frozen=True)
class Numbers:
    """What the stored numbers of an archive mean."""

    scaling: Scaling
    """To the units of a scene; gains and offsets one a band are in the file's order."""

    bands: NDArray[np.intp]
    """Which of a patch's bands are taken, in this order, from 0."""

    nodata: float | None = None
    """The stored number that means no data, where the file names none."""

    def scaled(self, mean: NDArray[np.floating], scale: NDArray[np.floating]) -> Numbers:
        """The same, as an encoder takes it: `mean` subtracted from each of ``bands``, divided by `scale`."""
        factors = []
        for number, less in ((self.scaling.gain, 0.0), (self.scaling.offset, mean)):
            of_file = np.zeros(int(self.bands.max()) + 1)
            of_file[self.bands] = (self._each(number)[:, 0, 0].astype("float64") - less) / scale
            factors.append(tuple(of_file.tolist()))
        return replace(self, scaling=replace(self.scaling, gain=factors[0], offset=factors[1]))

    def put(self, stored: NDArray, nodata: float | None, out: NDArray[np.float32]) -> None:
        """Write into `out` what the stored numbers of ``bands`` mean; NaN in every band where any lacks.

        A few bands at a time, so that what is done to them is done while they are in the processor's cache.
        """
        lacks = np.zeros(stored.shape[1:], bool)
        sentinel = stored.dtype.type(nodata) if nodata is not None and can_hold(stored.dtype, nodata) else None
        gain, offset = (self._each(number) for number in (self.scaling.gain, self.scaling.offset))
        step = max(1, IN_CACHE // max(1, lacks.size))
        for start in range(0, len(stored), step):
            some = slice(start, start + step)
            part, values = stored[some], out[some]
            np.copyto(values, part)  # a multiplication of two types takes twice as long, by way of small buffers
            values *= gain[some]
            if offset.any():
                values += offset[some]
            if sentinel is not None:
                without = part == sentinel
                if without.any():
                    lacks |= without.any(axis=0)
            if part.dtype.kind == "f":
                lacks |= ~np.isfinite(values).all(axis=0)
        if lacks.any():
            out[:, lacks] = np.nan

    def _each(self, number: float | tuple[float, ...]) -> NDArray[np.float32]:
        """A factor for each of ``bands``, so shaped that it goes with them."""
        factors = np.asarray(number, "float32")
        return np.broadcast_to(factors[self.bands] if factors.ndim else factors, len(self.bands))[:, None, None]
