"""What a replay says at its end: whether each thing a session holds came out the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from workbench.session.alike import maps_apart
from workbench.session.audit import left_by
from workbench.session.folder import HISTORY, LABELS
from workbench.session.geopackage import LabelStore
from workbench.session.held import Held
from workbench.session.kept_map import digest, layers_of
from workbench.session.origin import conditions, not_the_same, other_conditions, scene_origin
from workbench.session.repeated import Places
from workbench.session.session import Session

WORDS = {"model": "another model", "run": "another run", "labels": "other labels"}
"""What two class maps may be of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one thing came out the same."""

    what: str
    """``scene``, ``labels``, ``class map``, or the id of a run."""

    title: str
    """In a few words."""

    same: bool | None
    """None where it was not repeated, or there was nothing to hold it against."""

    how: str
    """``the same``, in what it differs, or why nobody can say."""


def scene_verdict(held: Held, places: Places, cube: xr.DataArray) -> Verdict:
    """Whether it is the very file, or at least the same pixels."""
    then, name = held.scene_origin, Path(places.scene).name
    if not then:
        return Verdict("scene", name, None, "the session has not noted which file it was; taken as it is")
    wrong = not_the_same(scene_origin(places.scene, cube), then)
    if not wrong:
        return Verdict("scene", name, True, "the same")
    return Verdict("scene", name, False, f"the same pixels in another file than {then.get('name')}: {wrong} differs")


def labels_verdict(held: Held, out: Path) -> Verdict:
    """The labels as they were stored again, and as the history tells them."""
    labels, crs = LabelStore(out / LABELS).read()
    title = f"{len(held.labels.marks)} labels of {len(held.labels.classes)} classes"
    if labels != held.labels or (labels.marks and crs != held.crs):
        return Verdict("labels", title, False, "were not stored as they are")
    told = left_by(held.folder / HISTORY)
    there = Counter(mark.class_name for mark in held.labels.marks)
    if told is not None and told != there:
        words = [f"{told[name]} {name} are told, {there[name]} there" for name in sorted(told | there)]
        return Verdict("labels", title, False, f"other labels than {HISTORY} tells: {'; '.join(words)}")
    return Verdict("labels", title, True, f"the same, and as {HISTORY} tells" if told is not None else "the same")


def map_verdict(held: Held, session: Session) -> Verdict:
    """The map made now, against the one put away last, if that is of the same labels, model and run."""
    title = session.model
    if held.map is None or not held.map.is_whole:
        return Verdict("class map", title, None, "made; the session holds none to hold it against")
    now = {"model": session.model, "run": session.active_run, "labels": digest(session.labels.values)}
    if others := [WORDS[name] for name in now if held.map.card.get(name) != now[name]]:
        return Verdict("class map", title, None, f"made; the session's own is of {' and '.join(others)}")
    words = maps_apart(layers_of(session.class_map, session.confidence), held.map.layers)
    if not words:
        return Verdict("class map", title, True, "the same, bit for bit")
    then = held.map.card.get("origin")
    others = other_conditions(conditions(), then if isinstance(then, dict) else {})
    return Verdict("class map", title, False, words + (f" (made with {', '.join(others)})" if others else ""))
