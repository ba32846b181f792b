"""The metadata of a Sentinel-2 product: what its numbers mean, and which bands it holds.

After ESA's *Sentinel-2 Products Specification Document*: reflectance = (number + offset) / quantification, where the
offsets (``RADIO_ADD_OFFSET`` of level 1C, ``BOA_ADD_OFFSET`` of 2A) stand in products from processing baseline 04.00.
The widths of bands are taken from their spectral responses, since ``MIN`` and ``MAX`` are where these vanish.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.cubes.acquired import utc
from workbench.cubes.contract import CubeError
from workbench.cubes.sentinel2_files import NAMES, Product


@dataclass(frozen=True, slots=True)
class BandInfo:
    """A band."""

    wavelength: float
    """Centre [nm]."""

    fwhm: float
    """Width at half maximum [nm]; NaN where the metadata have no response."""

    offset: float
    """Added to its numbers."""


@dataclass(frozen=True, slots=True)
class Header:
    """A product's metadata."""

    name: str
    """Of the product's folder or archive."""

    level: str
    """``L1C`` or ``L2A``."""

    spacecraft: str
    """``Sentinel-2A``, …"""

    baseline: str
    """Of the processing."""

    acquired: str
    """UTC, ISO 8601."""

    divisor: float
    """Quantification."""

    bands: dict[str, BandInfo]
    """By name: ``B01``, …, ``B8A``."""


def read_header(product: Product) -> Header:
    """The metadata of a product."""
    name = next(name for name in NAMES if name in product.members)
    path = Path(name)
    try:
        root = ET.fromstring(product.content(name))
    except (ET.ParseError, ValueError, LookupError) as error:  # of an encoding nobody has, too
        raise CubeError(f"{name} is no whole XML file ({error}); copy the product again") from error
    level = NAMES[name]
    asked = "QUANTIFICATION_VALUE" if level == "L1C" else "BOA_QUANTIFICATION_VALUE"
    divisor = _number(_text(root, asked), asked, path)
    if divisor <= 0:
        raise CubeError(f"{asked} is above 0, got {divisor:g} in {name}; copy the product again")
    baseline = _text(root, "PROCESSING_BASELINE")
    return Header(
        product.name,
        level,
        _text(root, "SPACECRAFT_NAME") or "Sentinel-2",
        baseline,
        utc(_text(root, "DATATAKE_SENSING_START") or _text(root, "PRODUCT_START_TIME")),
        divisor,
        _bands(root, "RADIO_ADD_OFFSET" if level == "L1C" else "BOA_ADD_OFFSET", baseline, path),
    )


def _bands(root: ET.Element, tag: str, baseline: str, path: Path) -> dict[str, BandInfo]:
    """What is said of each band."""
    offsets = {band.get("band_id", ""): _number(band.text or "", tag, path) for band in _all(root, tag)}
    told = list(_all(root, "Spectral_Information"))
    if not told:
        raise CubeError(f"a product names its bands in Spectral_Information, but {path.name} has none; copy it again")
    if not offsets and baseline >= "04.00":
        raise CubeError(f"a product of baseline {baseline} has {tag}, but {path.name} has none; copy it again")
    bands = {}
    for band in told:
        number, name = band.get("bandId", ""), band.get("physicalBand", "")
        if offsets and number not in offsets:
            raise CubeError(f"every band has {tag}, but band {name} has none in {path.name}; copy it again")
        bands[_named(name)] = BandInfo(
            _number(_text(band, "CENTRAL"), f"CENTRAL of band {name}", path), _width(band), offsets.get(number, 0.0)
        )
    return bands


def _named(band: str) -> str:
    """``B1`` as the files have it, ``B01``."""
    return f"B0{band[1:]}" if len(band) == 2 else band


def _width(band: ET.Element) -> float:
    """How far apart a response is half as high as its top [nm]."""
    try:
        response = np.array(_text(band, "VALUES").split(), dtype=float)
        step = float(_text(band, "STEP"))
    except ValueError:
        return np.nan
    if len(response) < 3 or not response.max() > 0:
        return np.nan
    above = np.flatnonzero(response >= response.max() / 2)
    place = np.arange(len(response))
    ends = []
    for inside, outside in ((above[0], above[0] - 1), (above[-1], above[-1] + 1)):
        beyond = response[outside] if 0 <= outside < len(response) else 0.0
        share = (response[inside] - response.max() / 2) / (response[inside] - beyond)
        ends.append(place[inside] + share * (outside - inside))
    return float(abs(ends[1] - ends[0]) * step)


def _all(root: ET.Element, tag: str) -> Iterator[ET.Element]:
    """Elements of that name, in whatever namespace."""
    return (element for element in root.iter() if isinstance(element.tag, str) and element.tag.split("}")[-1] == tag)


def _text(root: ET.Element, tag: str) -> str:
    """Words of the first element of that name, or nothing."""
    found = next(_all(root, tag), None)
    return (found.text or "").strip() if found is not None else ""


def _number(text: str, what: str, path: Path) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise CubeError(f"{what} is a number, got {text!r} in {path.name}; copy the product again")
    return value
