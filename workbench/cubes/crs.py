"""Coordinate reference systems and geotransforms as files state them, or a sentence that they are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from workbench.cubes.contract import CubeError


def known_crs(text: str, path: Path) -> CRS:
    """The CRS of a WKT or an "EPSG:…" in a file, by its EPSG code where that is sure."""
    try:
        crs = CRS.from_user_input(text)
    except (CRSError, UnicodeError) as error:
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
