"""Metadata of products by DLR (EnMAP, DESIS): one XML file, whose numbers are looked up by their path."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.archives import shown
from workbench.cubes.contract import CubeError
from workbench.cubes.products import Product


@dataclass(frozen=True, slots=True)
class Metadata:
    """A product's XML file."""

    root: ElementTree.Element
    """What it holds."""

    name: str
    """Of the file."""

    def text(self, path: str) -> str:
        """What stands at a path, or nothing."""
        return (self.root.findtext(path) or "").strip()

    def number(self, path: str) -> float:
        """The number at a path; NaN where there is none."""
        return _number(self.text(path))

    def whole(self, path: str) -> int:
        """The whole number at a path, which must be there."""
        value = self.number(path)
        if not math.isfinite(value) or value != int(value) or not 0 < value < 10**6:
            raise CubeError(f"{path} is a whole number, got {self.text(path)!r} in {self.name}; copy the product again")
        return int(value)

    def each(self, path: str, tag: str) -> NDArray[np.float64]:
        """One number an element at `path`; each must be there."""
        values = np.array([_number(element.findtext(tag) or "") for element in self.root.findall(path)])
        missing = np.flatnonzero(~np.isfinite(values))
        if missing.size or not values.size:
            which = f"band {missing[0] + 1}" if missing.size else "any band"
            raise CubeError(f"{tag} is a number for every band, but {self.name} has none for {which}; copy it again")
        return values


def read_metadata(product: Product) -> Metadata:
    """Parse a product's XML file; one that defines entities of its own is refused, for these may unfold without end."""
    content, name = product.files.content(product.key), shown(product.key)
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", content):
        raise CubeError(f"a product's metadata define no entities, but {name} does; do not use it")
    try:
        return Metadata(ElementTree.fromstring(content), name)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise CubeError(f"a product's metadata are XML, but {name} is damaged; copy it again") from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
