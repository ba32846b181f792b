"""ENVI's ``map info`` and ``coordinate system string`` → where the scene lies, or a sentence why that is not known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from workbench.cubes.contract import CubeError
from workbench.cubes.envi_header import Header, words

_DATUMS = {
    "WGS-84": re.compile(r"wgs[- _]*(19)?84", re.IGNORECASE),
    "ETRS-89": re.compile(r"etrs[- _]*(19)?89|european terrestrial", re.IGNORECASE),
    "NAD-83": re.compile(r"nad[- _]*(19)?83|north america(n)?( datum)?[- _]*1983", re.IGNORECASE),
    "NAD-27": re.compile(r"nad[- _]*(19)?27|north america(n)?( datum)?[- _]*1927", re.IGNORECASE),
}
_GEOGRAPHIC = {"WGS-84": 4326, "ETRS-89": 4258, "NAD-83": 4269, "NAD-27": 4267}
_ZONES = {
    ("WGS-84", "n"): (32600, range(1, 61)),
    ("WGS-84", "s"): (32700, range(1, 61)),
    ("ETRS-89", "n"): (25800, range(28, 38)),
    ("NAD-83", "n"): (26900, range(1, 24)),
    ("NAD-27", "n"): (26700, range(1, 23)),
}
"""EPSG codes of UTM by datum and side: what to add a zone to, and the zones that are there."""


def georeference(header: Header, path: Path) -> tuple[CRS | None, Affine | None]:
    """CRS and transform of ``map info``, rotation included; None where there is none."""
    fields = words(header, "map info")
    if len(fields) < 7 or fields[0].lower() == "arbitrary":
        return None, None
    try:
        column, row, east, north, width, height = (float(field) for field in fields[1:7])
        rotation = next((float(f.split("=")[1]) for f in fields[7:] if f.lower().startswith("rotation")), 0.0)
    except ValueError as error:
        raise CubeError(
            f"'map info' of an ENVI header holds six numbers, but in {path.name} {error}; correct the line"
        ) from error
    if not width * height or not np.isfinite([column, row, east, north, width, height, rotation]).all():
        raise CubeError(
            f"a pixel in 'map info' has a place and is longer than 0, got {width:g} × {height:g} in {path.name} at "
            f"{east:g}, {north:g}; correct the line"
        )
    grid = Affine.translation(east, north) @ Affine.rotation(rotation) @ Affine.scale(width, -height)
    return _crs(header, fields, path), grid @ Affine.translation(1 - column, 1 - row)


def _crs(header: Header, fields: list[str], path: Path) -> CRS | None:
    """UTM on WGS-84 from ``map info``; else the coordinate system string, which says more; else ``map info``."""
    kind, rest = fields[0].lower(), [field for field in fields[7:] if "=" not in field]
    is_utm = kind == "utm"
    name = " ".join(rest[2:] if is_utm else rest[:1])
    datum = next((datum for datum, known in _DATUMS.items() if known.search(name)), None)
    text = header.get("coordinate system string", "")
    if text and not (is_utm and datum == "WGS-84"):
        try:
            crs = CRS.from_wkt(text)
        except CRSError:
            pass
        else:
            code = crs.to_epsg(min_confidence=70)
            return CRS.from_epsg(code) if code else crs
    if not is_utm and "geographic" not in kind:
        return None
    if datum is None:
        raise CubeError(
            f"the datum of 'map info' is one of {', '.join(_DATUMS)}, got {repr(name) if name else 'none'} in "
            f"{path.name}; add a 'coordinate system string' to the header"
        )
    if not is_utm:
        return CRS.from_epsg(_GEOGRAPHIC[datum])
    zone, side = rest[:2]
    first, zones = _ZONES.get((datum, side.lower()[:1]), (0, ()))
    if not zone.isdecimal() or int(zone) not in zones:
        raise CubeError(
            f"a UTM zone is 1 to 60, North or South, as far as its datum reaches, got {zone!r} {side} on "
            f"{datum} in {path.name}; correct 'map info'"
        )
    return CRS.from_epsg(first + int(zone))
