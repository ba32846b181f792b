"""The classes that a session keeps in its GeoPackage, in their order and colours, those without a mark among them.

They are a row of the file's metadata, so that a GIS shows one layer. Whoever opens the file gets the same codes as the
session; files of other programs have no such row, and their classes are numbered by name.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

CLASSES_URI = "https://github.com/hyperspectral-workbench/classes"
"""Marks our row among the file's metadata; it is a name, nothing is fetched."""

LONGEST = 2**24
"""Most letters of the row."""


def read_legend(path: Path) -> dict[str, str]:
    """Colours by class, in the order of their codes; empty where the file has no such row, or an odd one."""
    return {one["name"]: one["color"] for one in _classes(path)}


def read_groups(path: Path) -> dict[str, str]:
    """Groups by class, of those classes that stand under one."""
    return {one["name"]: one["group"] for one in _classes(path) if one.get("group")}


def _classes(path: Path) -> list[dict]:
    """What the file says of each class."""
    if path.suffix.lower() != ".gpkg":
        return []
    a_table = (
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'gpkg_metadata'"  # a view could take for ever
    )
    query = "SELECT metadata FROM gpkg_metadata WHERE md_standard_uri = ? AND length(metadata) < ?"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            if not db.execute(a_table).fetchone():
                return []
            row = db.execute(query, (CLASSES_URI, LONGEST)).fetchone()
        classes = json.loads(row[0]) if row else []
        return [one for one in classes if _is_class(one)]
    except (sqlite3.Error, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return []


def _is_class(one: dict) -> bool:
    words = isinstance(one["name"], str) and isinstance(one.get("group", ""), str)
    return words and bool(re.fullmatch(r"#[0-9a-fA-F]{6}", one["color"]))
