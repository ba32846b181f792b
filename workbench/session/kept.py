"""Spectra that were kept: where each lies on the ground, under which name and class; as JSON and on a scene's grid."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import floor, isfinite

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from workbench.labels.grid import Grid
from workbench.session.classes import LONGEST

MOST = 200
"""Spectra that are kept at once."""

_EPSG = re.compile(r"EPSG:(\d{1,8})")
_LONGEST_CRS = 20_000


@dataclass(frozen=True, slots=True)
class KeptSpectrum:
    """A pixel's spectrum that stays in sight: the ground it was taken from, not its values."""

    name: str
    """What it is called; unless told, the row and column it had where it was kept."""

    class_name: str
    """Name of the class chosen when it was kept; empty without one. Where that class is gone, it counts as without."""

    x: float
    """Middle of the pixel, in the CRS; without one, from the left edge of the grid [pixels]."""

    y: float
    """Likewise; without a CRS, downwards."""

    crs: str
    """``EPSG:32633`` or WKT; empty on a plain pixel grid."""

    shape: tuple[int, int]
    """Height and width of the scene it was kept on [pixels]; without a CRS it lies on grids of this shape only."""

    pixel: tuple[int, int] | None = None
    """Row and column on the open scene; None beside it."""


def name_of(crs: CRS | None) -> str:
    """How a CRS stands in a file: its EPSG code or WKT; nothing for a pixel grid."""
    if crs is None:
        return ""
    return f"EPSG:{crs.to_epsg()}" if crs.to_epsg() else crs.to_wkt()


def placed(kept: Iterable[KeptSpectrum], grid: Grid | None) -> list[KeptSpectrum]:
    """Kept spectra with the pixels they are on a grid; None beside it, and all without a grid."""
    target = "" if grid is None else name_of(grid.crs)
    return [replace(one, pixel=None if grid is None else _pixel(one, grid, target)) for one in kept]


def as_json(kept: Iterable[KeptSpectrum]) -> list[dict]:
    """Kept spectra as ``session.json`` has them."""
    return [{name: value for name, value in asdict(one).items() if name != "pixel"} for one in kept]


def from_json(rows: list) -> list[KeptSpectrum]:
    """Kept spectra out of ``session.json``, where they lie left open.

    Raises
    ------
    ValueError
        If one is none.
    """
    if len(rows) > MOST:
        raise ValueError(f"at most {MOST} spectra are kept, got {len(rows)}")
    return [_read(row) for row in rows]


def _read(row: object) -> KeptSpectrum:
    try:
        height, width = row["shape"]
        texts, numbers = [row[name] for name in ("name", "class_name", "crs")], [row["x"], row["y"]]
        good = all(isinstance(text, str) for text in texts) and max(len(text) for text in texts[:2]) <= LONGEST
        good = good and all(isinstance(one, int | float) and isfinite(one) for one in numbers)
        if not (good and isinstance(height, int) and isinstance(width, int) and len(row) == 6):
            raise ValueError
        if texts[2]:
            _crs(texts[2])
    except (LookupError, TypeError, ValueError, OverflowError, CRSError) as error:
        raise ValueError(f"a kept spectrum has a name, a class and a place, got {str(row)[:80]!r}") from error
    return KeptSpectrum(texts[0], texts[1], float(numbers[0]), float(numbers[1]), texts[2], (height, width))


def _pixel(one: KeptSpectrum, grid: Grid, target: str) -> tuple[int, int] | None:
    """Row and column on a grid whose CRS is called `target`."""
    if bool(one.crs) != bool(target) or (not target and one.shape != (grid.height, grid.width)):
        return None
    x, y = _moved(one.crs, target)(one.x, one.y) if one.crs != target else (one.x, one.y)
    column, row = ~grid.transform @ (x, y)
    if not (isfinite(row) and isfinite(column)):
        return None
    row, column = floor(row), floor(column)
    return (row, column) if 0 <= row < grid.height and 0 <= column < grid.width else None


@lru_cache(32)
def _crs(name: str) -> CRS:
    """The CRS of that name; never what PROJ would look up in a file."""
    known = _EPSG.fullmatch(name)
    if known is None and len(name) > _LONGEST_CRS:
        raise CRSError("too long")
    return CRS.from_epsg(int(known[1])) if known else CRS.from_wkt(name)


@lru_cache(32)
def _moved(source: str, target: str) -> object:
    """From one CRS to another."""
    return Transformer.from_crs(_crs(source), _crs(target), always_xy=True).transform
