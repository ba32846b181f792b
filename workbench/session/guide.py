"""The guide: what somebody new does next. One sentence out of what there is; nothing is drawn or remembered here.

The next step is the first one that is not done, whatever the order in which the others were. So the sentence is right
after a reload, on a second page, and for somebody who began in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.session.session import Session

STEPS = (
    "Look",
    "Name a class",
    "Label it",
    "Name a second class",
    "Label that one, too",
    "See the class map",
    "Learn",
    "Compare",
    "Take away",
)
"""In a few words; the README lists the same."""

ENOUGH = 3
"""Labelled pixels after which the guide goes on. One is enough for a map; three say more of a class."""

FIRST_SCENE = "Drop a scene's file on the page; or press `O`, type its path into the field at the top, then `Enter`."
DONE = "That was all. More labels make a better map: `G` shows pixels worth one. `?` shows every key."

_WORDS = {1: "one", 2: "two", 3: "three"}
_LONGEST = 24


@dataclass(frozen=True, slots=True)
class Stand:
    """What there is, as far as the guide asks."""

    has_scene: bool = False
    """Whether a scene is open."""

    looked: bool = False
    """Whether a pixel was clicked, ever."""

    classes: tuple[tuple[str, int], ...] = ()
    """Name and labelled pixels of each class, by code."""

    current: int = 0
    """Code of the class that a click gives."""

    mode: str = "inspect"
    """What a click does: ``inspect``, ``pixel`` or ``polygon``."""

    has_map: bool = False
    """Whether there is a class map."""

    note: str = ""
    """Why there is none."""

    computing: bool = False
    """Whether the next one is being made."""

    learnt: bool = False
    """Whether there is an embedding in use."""

    by_embedding: bool = False
    """Whether the class map is by it."""

    job: str = ""
    """``pretraining`` or ``comparison`` while one is under way."""

    has_truth: bool = False
    """Whether a full reference is open."""

    compared: bool = False
    """Whether there are scores."""

    taken: bool = False
    """Whether the class map or the labels were taken away."""


@dataclass(frozen=True, slots=True)
class Advised:
    """The next step."""

    number: int
    """Its place in :data:`STEPS`, from 1; 0 before there is a scene, and one more than there are when all is done."""

    text: str
    """What to do, in one sentence or two; keys stand in backticks."""


def next_step(stand: Stand) -> Advised:
    """The first step that is not done, and what to do for it."""
    if not stand.has_scene:
        return Advised(0, FIRST_SCENE)
    labelled = sum(pixels >= ENOUGH for _, pixels in stand.classes)
    if not (stand.looked or stand.classes):
        return Advised(1, "Click a pixel of the map: its spectrum is drawn at the top right.")
    if not stand.classes:
        return Advised(2, "Type a class that you can see, such as water, into “new class” at the right, then `Enter`.")
    if not labelled:
        return Advised(3, _label(stand))
    if len(stand.classes) < 2:
        return Advised(4, "Type a second class, such as woods, into “new class” at the right, then `Enter`.")
    if labelled < 2:
        return Advised(5, _label(stand))
    return _with_labels(stand)


def _with_labels(stand: Stand) -> Advised:
    if not stand.has_map:
        return Advised(6, f"No class map: {_quiet(stand.note)}." if stand.note else "The class map is being made …")
    if stand.job == "pretraining":
        return Advised(7, "It learns from all pixels, and the map follows by itself. `Shift X` stops it.")
    if not stand.learnt:
        return Advised(7, "There is the class map. Press `T`: an encoder learns from the pixels nobody labelled.")
    if stand.job == "comparison":
        return Advised(8, "It compares; the table below fills as it goes. `Shift X` stops it.")
    if not stand.compared and stand.computing and not stand.by_embedding:
        return Advised(8, "An encoder is learnt. The class map is being made anew …")
    if not stand.compared:
        seen = "The map is now by what was learnt. " if stand.by_embedding else "An encoder is learnt. "
        which = "which model is best with few labels?" if stand.has_truth else "which model is best by your labels?"
        return Advised(8, f"{seen}Press `R`: {which}")
    if not stand.taken:
        return Advised(9, "Press `E` to take the class map away as a GeoTIFF; `Shift E` takes the labels.")
    return Advised(len(STEPS) + 1, DONE)


def _label(stand: Stand) -> str:
    """How to label the class that has too few pixels: the chosen one if it is such a one, else the first."""
    few = [code for code, (_, pixels) in enumerate(stand.classes, 1) if pixels < ENOUGH]
    code = stand.current if stand.current in few else few[0]
    name, pixels = stand.classes[code - 1]
    name = _quiet(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")
    if code != stand.current:
        key = f" (key `{code}`)" if code <= 9 else ""
        return f"Choose “{name}” in the list of classes at the right{key}."
    if stand.mode == "inspect":
        return f"Click “Label pixel” at the right: from then on, a click labels a pixel as “{name}”."
    if stand.mode == "polygon":
        return f"Draw round some pixels of “{name}” on the map, corner by corner, back to where you began."
    if stand.mode == "brush":
        return f"Drag over pixels of “{name}” on the map."
    left = ENOUGH - pixels
    wanted = f"{_WORDS[left]} {'more ' if pixels else ''}pixel{'' if left == 1 else 's'}"
    return f"Click {wanted} of “{name}” on the map."


def _quiet(words: str) -> str:
    """Without backticks, which would make a key of what follows."""
    return words.replace("`", "'")


def stand_of(session: Session, mode: str) -> Stand:
    """What there is in a session, and what a click on this page does."""
    job, view = session.job, session.view
    return Stand(
        has_scene=session.cube is not None,
        looked=view.get("looked") is True,
        classes=tuple((one.name, int(session.counts.get(one.name, 0))) for one in session.classes),
        current=session.current_class,
        mode=mode,
        has_map=session.class_map is not None,
        note=session.map_note,
        computing=session.map_state == "computing",
        learnt=session.embedding is not None,
        by_embedding=session.is_by_embedding,
        job=job.kind if job is not None and job.state == "running" else "",
        has_truth=session.truth is not None,
        compared=session.scores is not None and len(session.scores) > 0,
        taken=view.get("taken") is True,
    )
