"""A mark is a piece of ground that a person gave a class: a pixel, a polygon, a stroke, a feature of a file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import shapely
from shapely.geometry.base import BaseGeometry

from workbench.session.classes import Classes

SELECTED = "selection"
"""Source of what was labelled together with others, pixel by pixel."""


def now(after: str = "") -> str:
    """This moment as GeoPackage writes moments: UTC, to the millisecond; after `after`, whatever the clock says."""
    moment = datetime.now(UTC)
    with suppress(ValueError, OverflowError, TypeError):
        moment = max(moment, datetime.fromisoformat(after) + timedelta(milliseconds=1))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """One label as it was given."""

    id: int
    """Its row in ``labels.gpkg``. Where marks overlap, the one with the greater id is seen."""

    class_name: str
    """Name of its class."""

    geometry: BaseGeometry
    """In the scene's CRS; without one, on the pixel grid (x counts columns, y counts rows downwards)."""

    source: str
    """``click``, ``polygon``, ``brush``, ``selection`` or ``import:FILE``."""

    created: str = field(default_factory=now)
    """When, ISO 8601 in UTC."""

    @property
    def is_pixel(self) -> bool:
        """Whether it is the middle of one pixel, which another label there takes the place of."""
        return self.source in ("click", SELECTED) and isinstance(self.geometry, shapely.Point)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a pixel that was suggested, or to a label that was doubted."""

    round: int
    """Number of the round it was asked in."""

    place: int
    """Which of that round's pixels, 0 first."""

    what: str
    """``labelled``, ``corrected``, ``kept``, ``removed`` or ``skipped``."""

    class_name: str = ""
    """The class the pixel has since; empty without one."""


@dataclass(frozen=True, slots=True)
class LabelState:
    """Everything that labelling can change, as one value: what undo goes back to, and what is stored."""

    marks: tuple[Mark, ...] = ()
    """By increasing id."""

    classes: Classes = ()
    """By code."""

    answers: tuple[Answer, ...] = ()
    """To suggestions and doubts, in the order they were given; they are undone with what they changed."""

    @property
    def next_id(self) -> int:
        """An id for the next mark."""
        return self.marks[-1].id + 1 if self.marks else 1

    def with_marks(self, *new: tuple[str, BaseGeometry, str]) -> LabelState:
        """With marks of (class name, geometry, source) on top."""
        made = (Mark(self.next_id + i, *mark) for i, mark in enumerate(new))
        return replace(self, marks=(*self.marks, *made))

    def without(self, *ids: int) -> LabelState:
        """Without the marks of these ids."""
        return replace(self, marks=tuple(m for m in self.marks if m.id not in ids))

    def cut(self, class_name: str, ground: BaseGeometry) -> LabelState:
        """Without the parts of this class's marks that lie on `ground`."""
        left = []
        for mark in self.marks:
            if mark.class_name == class_name and mark.geometry.intersects(ground):
                rest = mark.geometry.difference(ground)
                if not rest.is_empty:
                    left.append(replace(mark, geometry=rest))
            else:
                left.append(mark)
        return replace(self, marks=tuple(left))

    def erase(self, ground: BaseGeometry, least: float) -> LabelState:
        """Without the parts of any mark that lie on `ground`, nor remains of areas smaller than `least`.

        A mark that only touches `ground` stays the very same.
        """
        shapely.prepare(ground)
        left = []
        for mark in self.marks:
            rest = mark.geometry.difference(ground) if ground.intersects(mark.geometry) else mark.geometry
            pieces = [piece for piece in shapely.get_parts(rest) if not piece.is_empty]
            parts = [piece for piece in pieces if piece.geom_type != "Polygon" or piece.area > least]
            if not parts:
                continue
            is_area = mark.geometry.area > least
            if (mark.geometry.area - rest.area <= least) if is_area else rest.equals(mark.geometry):
                left.append(mark)
            else:
                left.append(replace(mark, geometry=parts[0] if len(parts) == 1 else shapely.union_all(parts)))
        return replace(self, marks=tuple(left))
