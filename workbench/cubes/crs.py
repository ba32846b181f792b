"""Coordinate reference systems and geotransforms as files state them, or a sentence that they are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio.crs
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.errors import CRSError as RasterioCRSError

from workbench.cubes.contract import CubeError

_STATED = re.compile(r"\s*([A-Z_]+(CRS|CS)\s*[\[(]|[A-Z]+:\w+|urn:|\{|\+)", re.IGNORECASE)
"""How WKT, a code, a URN, PROJ's JSON or a PROJ string begin."""


def known_crs(text: str, path: Path) -> CRS:
    """The CRS of a WKT or an "EPSG:…" in a file, by its EPSG code where that is sure."""
    try:
        if not _STATED.match(text):  # PROJ would look for a CRS of such a name, for up to half a minute
            raise CRSError("neither WKT nor a code")
        crs = CRS.from_user_input(text)
        rasterio.crs.CRS.from_wkt(crs.to_wkt()).to_wkt()  # what GDAL cannot write, no map can be made of
    except (CRSError, RasterioCRSError, UnicodeError, SystemError) as error:  # letters that no text can hold
        got = text[:40]
        raise CubeError(f"a CRS is WKT or an EPSG code, got {got!r} in {path.name}; copy it again") from error
    code = crs.to_epsg()
    return CRS.from_epsg(code) if code else crs


def known_transform(numbers: str | Sequence[float], path: Path) -> Affine:
    """GDAL's six numbers of a geotransform, as text or as numbers."""
    try:
        listed = [float(number) for number in (numbers.split() if isinstance(numbers, str) else numbers)]
    except (TypeError, ValueError):
        listed = []
    if len(listed) != 6 or not np.isfinite(listed).all() or listed[1] * listed[5] == listed[2] * listed[4]:
        got = str(numbers)[:40]
        raise CubeError(f"a geotransform has 6 numbers that span a pixel, got {got!r} in {path.name}; copy it again")
    return Affine.from_gdal(*listed)
