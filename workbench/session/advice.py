"""A round of advice: pixels worth a label, or labels that look wrong, and what a person has said to each so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from workbench.session.folder import append_lines
from workbench.session.marks import Answer, now

Kind = Literal["suggestions", "doubts"]


@dataclass(frozen=True, slots=True)
class Advice:
    """One pixel to look at."""

    row: int
    """From the top, 0 first."""

    column: int
    """From the left, 0 first."""

    guess: str
    """Class that the model takes it for."""

    label: str
    """Class it has; empty for one without a label."""

    number: float
    """How unsure the model is of it, or how doubtful its label is, 0…1."""

    reason: str
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class Round:
    """Pixels advised at once, in the order they are looked at."""

    number: int
    """1 for the first round of a session folder."""

    kind: Kind
    """What is asked of each: a label, or whether its label is right."""

    by: str
    """What was measured, and by which model."""

    items: tuple[Advice, ...]
    """The most pressing first."""

    labels: int
    """Labelled pixels there were."""

    at: int = -1
    """Which is looked at; -1 for none."""

    answers: dict[int, Answer] = field(default_factory=dict)
    """By place among the items."""

    @property
    def current(self) -> Advice | None:
        """The one that is looked at."""
        return self.items[self.at] if 0 <= self.at < len(self.items) else None

    @property
    def left(self) -> int:
        """How many wait for an answer."""
        return len(self.items) - len(self.answers)

    def after(self, place: int) -> int:
        """The next one without an answer, from `place` on and round to the first; -1 when all have one."""
        waiting = [i for i in range(len(self.items)) if i not in self.answers]
        return next((i for i in waiting if i > place), waiting[0] if waiting else -1)

    def answered(self, answers: Iterable[Answer]) -> Round:
        """With those of `answers` that were given in this round."""
        return replace(self, answers={one.place: one for one in answers if one.round == self.number})

    def renamed(self, names: Mapping[str, str]) -> Round:
        """With classes that have other names since."""
        return replace(
            self,
            items=tuple(
                replace(one, guess=names.get(one.guess, one.guess), label=names.get(one.label, one.label))
                for one in self.items
            ),
        )

    def facts(self, place: int) -> dict[str, object]:
        """What the log says of one of them."""
        one = self.items[place]
        what = "uncertainty" if self.kind == "suggestions" else "doubt"
        label = {"label": one.label} if one.label else {}
        return {"row": one.row, "column": one.column, **label, "guess": one.guess, what: one.number, "why": one.reason}


class AdviceLog:
    """``advice.jsonl``: what was advised, why, and what a person did then and when; a line each, never rewritten.

    Parameters
    ----------
    path : Path
        Made at the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def rounds(self) -> int:
        """Rounds there were; a line cut short by a crash is passed over."""
        most = 0
        with suppress(OSError):
            for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
                with suppress(ValueError, TypeError, KeyError):
                    most = max(most, int(json.loads(line)["round"]))
        return most

    def write(self, event: str, number: int, **facts: object) -> None:
        """Append a line: when, what, in which round."""
        line = json.dumps({"when": now(), "event": event, "round": number, **facts}, ensure_ascii=False)
        append_lines(self.path, [line])
