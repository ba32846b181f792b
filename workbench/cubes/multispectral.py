"""Bands of multispectral sensors, for files that name the sensor but not its wavelengths.

Sentinel-2 (A) and the reflective bands of Landsat 8 are those of ``sensor_bands``. Landsat 4–7: Chander, Markham,
Helder (2009), *Summary of current radiometric calibration coefficients*, Remote Sensing of Environment 113, tables 2
and 3. Landsat 8's panchromatic band: Barsi et al. (2014), *The Spectral Response of the Landsat-8 Operational Land
Imager*, Remote Sensing 6. Thermal bands: middles of USGS's ranges. A stack's bands are known by the sensor *and* their
descriptions or number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.raster_words import Words
from workbench.cubes.scaling import Scaling
from workbench.cubes.sensor_bands import SENSORS


@dataclass(frozen=True, slots=True)
class Bands:
    """What is known of a file's bands, in the file's order."""

    sensor: str
    """For people."""

    names: tuple[str, ...]
    """Of each band."""

    wavelength: tuple[float, ...]
    """Centres [nm]; NaN for a band without."""

    fwhm: tuple[float, ...]
    """Widths at half maximum [nm]; NaN where unknown."""

    note: str = ""
    """How they are known."""

    divisor: float | None = None
    """What the product's whole numbers are divided by to get reflectance, where it is always the same."""

    def pick(self, names: tuple[str, ...]) -> Bands:
        """Some of the bands, in the order of `names`."""
        at = [self.names.index(name) for name in names]
        parts = {key: tuple(getattr(self, key)[i] for i in at) for key in ("names", "wavelength", "fwhm")}
        return Bands(self.sensor, **parts, note=self.note, divisor=self.divisor)

    def coords(self) -> dict[str, tuple]:
        """For the cube, in the file's order."""
        widths = np.array(self.fwhm, dtype=float)
        coords = {
            "wavelength": ("band", np.array(self.wavelength, dtype=float), {"units": "nm"}),
            "band_name": ("band", np.array(self.names, dtype=object)),
        }
        return coords | ({"fwhm": ("band", widths, {"units": "nm"})} if np.isfinite(widths).any() else {})

    def scaling(self, offset: float = 0.0) -> Scaling:
        """What the product's whole numbers mean; `offset` is added before they are divided."""
        said = (
            f"with the offset {offset:g} that was asked for"
            if offset
            else "an offset of -1000, as processing baselines from 04.00 have, was not assumed (offset=-1000 adds it)"
        )
        how = f"stored / {self.divisor:,.0f}, as {self.sensor}'s products are; {said}"
        return Scaling("reflectance", how, 1 / self.divisor, offset / self.divisor)

    def order(self) -> NDArray[np.intp] | None:
        """What sorts the bands by wavelength; None where they are sorted, or have none."""
        centres = np.array(self.wavelength)
        if not np.isfinite(centres).all() or (np.diff(centres) > 0).all():
            return None
        return np.argsort(centres, kind="stable")


SENTINEL_2 = Bands(
    "Sentinel-2",
    ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"),
    tuple(SENSORS["sentinel-2"].wavelength),
    tuple(SENSORS["sentinel-2"].fwhm),
    "nominal wavelengths of Sentinel-2A, those of 2B and 2C differ by up to 17 nm",
    divisor=10_000,
)

_TM = tuple(f"B{i}" for i in range(1, 8))

_REFLECTIVE = SENSORS["landsat-8"]
_OLI = dict(
    zip(_REFLECTIVE.band_name, zip(_REFLECTIVE.wavelength, _REFLECTIVE.fwhm, strict=True), strict=True),
    B8=(589.50, 172.40),
    B10=(10895.0, 590.0),
    B11=(12005.0, 1010.0),
)
_OLI = {f"B{i}": _OLI[f"B{i}"] for i in range(1, 12)}

LANDSAT = {
    4: Bands(
        "Landsat 4 TM",
        _TM,
        (486, 569, 659, 841, 1675, 11450, 2222),
        (66, 80, 69, 129, 214, 2100, 254),
    ),
    5: Bands(
        "Landsat 5 TM",
        _TM,
        (485, 569, 660, 840, 1676, 11450, 2223),
        (66, 81, 67, 128, 217, 2100, 252),
    ),
    7: Bands(
        "Landsat 7 ETM+",
        (*_TM, "B8"),
        (483, 560, 662, 835, 1648, 11450, 2206, 706),
        (62, 82, 61, 126, 201, 2100, 281, 382),
    ),
    8: Bands(
        "Landsat 8 OLI",
        tuple(_OLI),
        tuple(centre for centre, _ in _OLI.values()),
        tuple(width for _, width in _OLI.values()),
    ),
}
"""By number; 9 has the bands of 8, to about 1 nm."""

STACKS = {
    "sentinel-2": {13: SENTINEL_2.names, 12: tuple(name for name in SENTINEL_2.names if name != "B10")},
    **{
        f"landsat-{number}": {6: ("B1", "B2", "B3", "B4", "B5", "B7"), 7: _TM}
        | ({8: (*_TM, "B8")} if number == 7 else {})
        for number in (4, 5, 7)
    },
    **{
        f"landsat-{number}": {
            6: ("B2", "B3", "B4", "B5", "B6", "B7"),
            7: tuple(f"B{i}" for i in range(1, 8)),
            9: tuple(f"B{i}" for i in range(1, 10)),
            11: LANDSAT[8].names,
        }
        for number in (8, 9)
    },
}
"""Which bands a stack of so many holds, for each ``sensor=``."""


def number(value: float | str, name: str) -> float:
    """A reader's option as a finite number."""
    try:
        found = float(value)
    except ValueError:
        found = float("nan")
    if not np.isfinite(found):
        raise CubeError(f"{name}= is a number, got {value!r}; write it like -1000")
    return found


def landsat(number: int) -> Bands:
    """All bands of a Landsat, with its name."""
    bands = LANDSAT[min(number, 8)]
    name = "Landsat 9 OLI-2" if number == 9 else bands.sensor
    return Bands(name, bands.names, bands.wavelength, bands.fwhm, f"nominal wavelengths of {bands.sensor}")


def stack_of(sensor: str, n_bands: int, name: str, descriptions: Sequence[str] = ()) -> Bands:
    """The bands of a stack of `n_bands` in the file `name`, whose sensor is told.

    Where all `descriptions` are names of its bands, they decide; else the number of bands does.

    Examples
    --------
    >>> stack_of("sentinel-2", 12, "a.tif").names[-3:]
    ('B09', 'B11', 'B12')
    >>> stack_of("landsat-8", 2, "a.tif", ["SR_B5", "SR_B4"]).wavelength
    (864.67, 654.59)
    """
    key = re.sub(r"[\s_-]*(\d)", r"-\1", sensor.strip().lower(), count=1)
    if key not in STACKS:
        raise CubeError(f"sensor= is one of {', '.join(STACKS)}, got {sensor!r}; leave it out for other sensors")
    bands = SENTINEL_2 if key == "sentinel-2" else landsat(int(key[-1]))
    found = tuple(_plain(text) for text in descriptions)
    by_number = {_plain(band): band for band in bands.names}
    if found and all(band in by_number for band in found) and len(set(found)) == n_bands:
        picked = bands.pick(tuple(by_number[band] for band in found))
        return replace(picked, note=f"bands as their descriptions name them; {picked.note}")
    if n_bands not in STACKS[key]:
        known = ", ".join(map(str, sorted(STACKS[key])))
        raise CubeError(f"a stack of {key} has {known} bands, but {name} has {n_bands}; leave sensor= out")
    picked = bands.pick(STACKS[key][n_bands])
    return replace(picked, note=f"bands by their number, {picked.names[0]} to {picked.names[-1]}; {picked.note}")


def _plain(text: str) -> str:
    """The ``8A`` of ``B8A``, ``SR_B8A`` or ``B08A``, or nothing."""
    found = re.fullmatch(r"(?:sr_)?b(?:and)?[ _]?0?(\d{1,2}a?)", text.strip().lower())
    return found[1] if found else ""


def stack_told(words: Words | None, sensors: str | tuple[str, ...]) -> str:
    """Which sensor of `sensors` (``sentinel``, ``landsat``) a file says it is a stack of, or nothing."""
    if words is None or words.wavelengths or words.n_bands < 2:
        return ""
    sensor = sensor_told(words.text)
    if not sensor.startswith(sensors):
        return ""
    try:
        stack_of(sensor, words.n_bands, "", words.descriptions)
    except CubeError:
        return ""
    return sensor


def sensor_told(words: str) -> str:
    """Which of ``STACKS`` a text names, or nothing.

    Examples
    --------
    >>> [sensor_told(text) for text in ("S2A_MSIL2A_20220724", "L7_ETMs", "LC08_L2SP_193024", "berlin")]
    ['sentinel-2', 'landsat-7', 'landsat-8', '']
    """
    if _SENTINEL_2.search(words):
        return "sentinel-2"
    found = _LANDSAT.search(words)
    number = next((group for group in found.groups() if group), "") if found else ""
    return f"landsat-{number}" if f"landsat-{number}" in STACKS else ""


_SENTINEL_2 = re.compile(
    r"(?<![a-z0-9])(sentinel[-_ ]?2|s2[abc]?(?![a-z0-9])|s2[abc]?[-_ ]?(msi)?l[12][abc])", re.IGNORECASE
)
_LANDSAT = re.compile(
    r"(?<![a-z0-9])(?:landsat[-_ ]?0?([4-9])|l[cteom]0([4-9])(?![0-9])|l([45])[-_ ]?tm|l(7)[-_ ]?etm|l([89])[-_ ]?oli)",
    re.IGNORECASE,
)
