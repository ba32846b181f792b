"""A small comparison on disk and the page made of it, for the tests of the report."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels

NAMES = ['<b>x</b> & "y"', "Räume, ünder", "</style><script>alert(1)</script>"]
"""What a person may type as a class name, at worst."""

EMPTY = {"img", "meta", "link", "hr", "br", "input"}


def compared(place: Path, models: str = "spectral_angle,lda_components,knn", more: str = "--budgets 3,6,12") -> Path:
    """A folder in which a comparison of the simulated scene lies; the scene, which has a hole, and truth beside it."""
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=20)
    cube.values[:, :3, 5:9] = float("nan")
    classes = [*NAMES, *truth.attrs["classes"][len(NAMES) :]]
    save_cube(cube, place / "scene.zarr")
    write_labels(truth.assign_attrs(classes=classes), place / "truth.tif")
    line = f"compare {place}/scene.zarr --truth {place}/truth.tif --models {models} {more} --draws 3"
    assert main([*line.split(), "--out", str(place / "scores")]) == 0
    return place / "scores"


@dataclass
class Element:
    """An element of a page."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def all(self, name: str, **wanted: str) -> list[Element]:
        """Elements of a name inside this one, in order; with these attributes, of which ``class_`` is one class."""
        found = []
        for child in (one for one in self.children if isinstance(one, Element)):
            classes = (child.attributes.get("class") or "").split()
            fits = all(
                value in classes if key == "class_" else child.attributes.get(key) == value
                for key, value in wanted.items()
            )
            found += [child] if child.name == name and fits else []
            found += child.all(name, **wanted)
        return found

    @property
    def text(self) -> str:
        """All text inside."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def rows(self) -> list[list[str]]:
        """Texts of a table's cells."""
        return [
            [cell.text for cell in row.children if isinstance(cell, Element) and cell.name in ("th", "td")]
            for row in self.all("tr")
        ]


class Page(HTMLParser):
    """A page as a tree, read by Python's own parser; every element that begins must end, in its place."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root], f"not closed: {[one.name for one in self.open[1:]]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"{tag} ends inside {self.open[-1].name}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def section(self, title: str) -> Element:
        """A part of the page by its heading."""
        return next(one for one in self.root.all("section") if one.all("h2")[0].text == title)

    def table(self, title: str, number: int = 0) -> list[list[str]]:
        """Cells of a table in a part."""
        return self.section(title).all("table")[number].rows()


def squeezed(text: str) -> str:
    """Text without spaces, which lines of a page break, and without ligatures."""
    return "".join(unicodedata.normalize("NFKC", text).split())
