"""What the machine advises: pixels to label next and labels to look at again, found in the background."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import param

from workbench.session import thinking
from workbench.session.advice import Advice, AdviceLog, Kind, Round
from workbench.session.commands import command, sentence
from workbench.session.folder import ADVICE
from workbench.session.live import Refit
from workbench.session.marks import Answer
from workbench.session.rivals import Rivals


class Advising(Rivals):
    """One round of advice at a time."""

    advice = param.ClassSelector(class_=Round, doc="What was advised last; None before the first")
    advising = param.String(default="", doc="What is being thought about, in words; empty when nothing is")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._wished = 0
        self._adviser = Refit(lambda wish, result: self.post(partial(self._advised, wish, result)))
        self._log = AdviceLog(Path(folder) / ADVICE)
        self._rounds: int | None = None
        super().__init__(folder, **params)

    @command
    def suggest(self, by: str = "margin", n: int = 10, seed: int = 0) -> None:
        """Look for `n` pixels worth a label, by ``margin``, ``entropy`` or ``disagreement``, and go to the first."""
        self._advise("suggestions", f"looking for pixels to label by {by}", by=by, n=n, seed=seed)

    @command
    def check_labels(self, seed: int = 0) -> None:
        """Look for labels that the others contradict or that lie far from their class, and go to the first."""
        self._advise("doubts", "checking the labels", seed=seed)

    def wait_for_advice(self, timeout: float | None = None) -> bool:
        """Until nothing is thought about; for scripts and tests. False if that took longer than `timeout` seconds."""
        return self._adviser.wait(timeout)

    def _advise(self, kind: Kind, words: str, **how: object) -> None:
        _, note = self._first_step()
        if note:
            what = "suggested" if kind == "suggestions" else "checked"
            raise ValueError(f"nothing can be {what} yet: {note}")
        self._wished += 1
        if self.advice is not None:
            self.advice = replace(self.advice, at=-1)  # nobody answers the last ones while the next are awaited
        self.advising = words
        think = thinking.suggestions if kind == "suggestions" else thinking.doubts
        given = self._at_hand, self.model, self.cube, self.labels, self.embedding
        self._adviser.ask(self._wished, lambda: (kind, think(*given, **how)))

    def _advised(self, wish: int, result: tuple[Kind, thinking.Thought] | Exception) -> None:
        with self.lock:
            if wish != self._wished:
                return
            self.advising = ""
            if isinstance(result, Exception):
                self.refuse(sentence(result))
                return
            kind, thought = result
            items = tuple(one for one in thought.items if self._label_at(one) == one.label)  # it was so when asked
            if self._rounds is None:
                self._rounds = self._log.rounds()
            self._rounds += 1
            made = Round(self._rounds, kind, thought.by, items, thought.labels, 0 if items else -1)
            self.advice = made
            places = [made.facts(i) for i in range(len(items))]
            self._write(
                "suggested" if kind == "suggestions" else "doubted", by=thought.by, labels=made.labels, pixels=places
            )
            if not items:
                self.tell(thought.nothing)

    def _label_at(self, one: Advice) -> str:
        code = int(self.labels[one.row, one.column])
        return self.classes[code - 1].name if code else ""

    def _write(self, event: str, one: Answer | None = None, **facts: object) -> None:
        """Log; a disk that refuses is told of, and the answer stands all the same."""
        made = self.advice
        number = made.number if one is None else one.round
        if one is not None and made is not None and one.round == made.number:
            facts = {**made.facts(one.place), **facts}
        try:
            self._log.write(event, number, **facts)
        except OSError as error:
            self.refuse(f"{ADVICE} does not have this: {sentence(error)}")

    def _scene_changed(self) -> None:
        self._wished += 1
        self.param.update(advice=None, advising="")
        super()._scene_changed()
