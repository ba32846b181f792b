"""Answers to what is advised: a label given, corrected, kept or removed, or none; and the next one comes.

An answer is part of what labelling can change, so undo takes it back with the label it gave.
"""

from __future__ import annotations

from dataclasses import replace

from workbench.session import classes as legend
from workbench.session.advice import Advice
from workbench.session.advising import Advising
from workbench.session.commands import command
from workbench.session.grid import pixel_square
from workbench.session.marks import Answer, LabelState


class Answering(Advising):
    """Where one is in a round of advice, and what was said so far."""

    @command
    def answer_advice(self, code: int) -> None:
        """Give the pixel looked at the class `code`, and go to the next one."""
        self._answer_class(legend.find(self._state.classes, code).name)

    @command
    def accept_advice(self) -> None:
        """Give the pixel looked at the class that the model takes it for, and go to the next one."""
        name = self._looked_at().guess
        if name not in {one.name for one in self._state.classes}:
            raise ValueError(f"the class {name!r} is there no more; choose another one by its number")
        self._answer_class(name)

    @command
    def skip_advice(self) -> None:
        """Leave the pixel looked at as it is, and go to the next one."""
        self._answer("skipped", self._looked_at().label, self._state)

    @command
    def keep_advice(self) -> None:
        """Say that the doubted label is right, and go to the next one."""
        if not self._looked_at().label:
            raise ValueError("this pixel has no label to keep; give it a class, or skip it")
        self._answer("kept", self._looked_at().label, self._state)

    @command
    def remove_advised(self) -> None:
        """Take the doubted label away, and go to the next one."""
        one, state = self._looked_at(), self._state
        if not one.label:
            raise ValueError("this pixel has no label to remove; give it a class, or skip it")
        square = pixel_square(self._scene(), one.row, one.column)
        for name in {mark.class_name for mark in state.marks}:  # else a label below it would come to light
            state = state.cut(name, square)
        self._answer("removed", "", state)

    @command
    def step_advice(self, by: int) -> None:
        """Look at the next one (1) or the one before (-1), answered or not."""
        self._looked_at()
        self._go(min(max(self.advice.at + by, 0), len(self.advice.items) - 1))

    @command
    def go_to_advice(self, place: int) -> None:
        """Look at one of them, 0 first."""
        if self.advice is None or not 0 <= place < len(self.advice.items):
            raise ValueError("there is no such pixel in the list; ask for suggestions first")
        self._go(place)

    @command
    def leave_advice(self) -> None:
        """Look at none of them; the list stays."""
        if self.advice is not None:
            self._go(-1)

    def _looked_at(self) -> Advice:
        if self.advice is None or self.advice.current is None:
            raise ValueError("no suggestion is being looked at; ask for some, or choose one of the list")
        self._scene()
        return self.advice.current

    def _answer_class(self, name: str) -> None:
        one = self._looked_at()
        if self._label_at(one) == name:
            self._answer("kept" if one.label else "labelled", name, self._state)
            return
        square = pixel_square(self.cube, one.row, one.column)
        self._answer("corrected" if one.label else "labelled", name, self._clicked(name, square))

    def _answer(self, what: str, name: str, state: LabelState) -> None:
        made = self.advice
        mine = Answer(made.number, made.at, what, name)
        others = tuple(one for one in state.answers if (one.round, one.place) != (mine.round, mine.place))
        before, state = self._state, replace(state, answers=(*others, mine))
        if state.marks == before.marks:  # nothing to draw or to store anew
            self._history.push(before)
            self._state = state
            self.param.update(can_undo=True, can_redo=False)
            self._answers_changed(before)
        else:
            self._become(state)
        self._go(self.advice.after(made.at))
        if self.advice.current is None and not self.is_refusal:
            self.tell(f"every {'suggestion' if made.kind == 'suggestions' else 'doubtful label'} is answered")

    def _go(self, place: int) -> None:
        if place != self.advice.at:
            self.advice = replace(self.advice, at=place)

    def _labels_changed(self, before: LabelState) -> None:
        super()._labels_changed(before)
        pairs = zip(before.classes, self._state.classes, strict=False)
        names = {old.name: new.name for old, new in pairs if old.name != new.name}
        if self.advice is not None and len(before.classes) == len(self._state.classes) and names:
            self.advice = self.advice.renamed(names)
        self._answers_changed(before)

    def _answers_changed(self, before: LabelState) -> None:
        """Show and log answers given or taken back; one that was taken back is looked at again."""
        if before.answers == self._state.answers:
            return
        old, new = set(before.answers), set(self._state.answers)
        for one in sorted(new - old, key=self._state.answers.index):
            facts = {"class": one.class_name} if one.class_name else {}
            self._write("answered", one, who=self.who(), answer=one.what, **facts)
        replaced = {(one.round, one.place) for one in new}
        back = [one for one in before.answers if one not in new and (one.round, one.place) not in replaced]
        for one in back:
            self._write("taken back", one, who=self.who(), answer=one.what)
        if self.advice is not None:
            shown = self.advice.answered(self._state.answers)
            places = [one.place for one in back if one.round == shown.number]
            self.advice = replace(shown, at=places[-1]) if places else shown
