"""The metadata file of a Landsat Collection-2 product, ``…_MTL.txt``, ``.xml`` or ``.json``: groups of values.

After USGS, *Landsat 8–9 Collection 2 Level 1* and *Level 2 Data Format Control Book*. All three say the same.
"""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from workbench.cubes.contract import CubeError

ENDINGS = ("_MTL.txt", "_MTL.json", "_MTL.xml")
"""Of its name; the first that is there is read."""

_LINE = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Groups of a metadata file."""

    name: str
    """Of the file."""

    groups: dict[str, dict[str, str]]
    """By name; values are text without quotes."""

    def text(self, group: str, key: str) -> str:
        """A value, refused where it is missing."""
        value = self.groups.get(group, {}).get(key)
        if value is None:
            raise CubeError(f"Landsat's metadata have {key} in {group}, but {self.name} has none; copy it again")
        return value

    def number(self, group: str, key: str) -> float:
        """A finite number, refused where it is none."""
        text = self.text(group, key)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise CubeError(f"{key} is a number, got {text!r} in {self.name}; copy the product again")
        return value


def read_metadata(name: str, content: bytes) -> Metadata:
    """What a file of that name and content says, refused if it is not of Collection 2."""
    metadata = read_any_metadata(name, content)
    if "PRODUCT_CONTENTS" not in metadata.groups:
        raise CubeError(f"Landsat products of Collection 2 are read, but {name} is of none; order it as Collection 2")
    return metadata


def read_any_metadata(name: str, content: bytes) -> Metadata:
    """The same of any collection, also from before they were counted, whose groups have other names."""
    try:
        if name.endswith(".json"):
            groups = json.loads(content)["LANDSAT_METADATA_FILE"]
        elif name.endswith(".xml"):
            groups = {group.tag: {entry.tag: entry.text or "" for entry in group} for group in ET.fromstring(content)}
        else:
            groups = _groups(content.decode("utf-8", errors="replace"))
        groups = {group: {key: str(value) for key, value in entries.items()} for group, entries in groups.items()}
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError, ET.ParseError) as error:
        raise CubeError(f"{name} is cut off, damaged or no metadata of a Landsat; copy it again") from error
    return Metadata(name, groups)


def _groups(text: str) -> dict[str, dict[str, str]]:
    """Of the text form: ``GROUP = A``, lines of ``KEY = value``, ``END_GROUP = A``."""
    groups: dict[str, dict[str, str]] = {}
    open_groups: list[str] = []
    for line in text.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        key, value = found[1], found[2].strip('"')
        if key == "GROUP":
            open_groups.append(value)
        elif key == "END_GROUP":
            if not open_groups or open_groups.pop() != value:
                raise ValueError(f"END_GROUP = {value} closes no group")
        elif open_groups:
            groups.setdefault(open_groups[-1], {})[key] = value
    if open_groups:
        raise ValueError(f"GROUP = {open_groups[-1]} is not closed")
    return groups
