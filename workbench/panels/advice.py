"""The advice panel: which pixels to label next, which labels to look at again, and what was said to each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.style import Plain, dock_row, line, stack, tool
from workbench.session import Round, Session

ADVICE_TAB = "Suggest & check"
FIRST = (
    "Label two classes, then press G: the pixels the model is least sure of come one by one, and a number key gives "
    "each its class. Press C to walk through labels that look wrong."
)
STRATEGIES = {
    "two classes are as likely (margin)": "margin",
    "many classes are likely (entropy)": "entropy",
    "models contradict (disagreement)": "disagreement",
}
MEASURES = {
    "suggestions": "uncertainty: 0 % sure, 100 % not at all",
    "doubts": "doubt: over 50 % another class is likelier",
}


class AdviceList(JSComponent):
    """Rows of what is advised; see ``advice.js``."""

    rows = param.List(default=[], doc="Dicts of row, column, guess, label, their colours, number, reason and answer")
    at = param.Integer(default=-1, doc="Which is looked at; -1 for none")
    measure = param.String(default="", doc="What the numbers are")

    _esm = Path(__file__).with_name("advice.js")

    def __init__(self, on_click: Callable[[int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_click = on_click

    def _handle_msg(self, message: dict) -> None:
        self._on_click(int(message["place"]))


class AdvicePanel(pn.viewable.Viewer):
    """What to ask for left, the list right, and what can be said to the one that is looked at above it."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        small = {"size": "small", "margin": 0}
        self._by = pmui.Select(label="Pixels where", options=STRATEGIES, sizing_mode="stretch_width", **small)
        self._n = pmui.IntInput(label="How many", value=10, start=1, end=200, sizing_mode="stretch_width", **small)
        self._suggest = pmui.Button(
            label="Suggest pixels", icon="add_location_alt", color="primary", on_click=lambda _: self.suggest(),
            description="Suggest pixels (G)", **small,
        )  # fmt: skip
        self._check = pmui.Button(
            label="Check labels", icon="fact_check", variant="outlined", on_click=lambda _: self.check(),
            description="Check labels (C)", **small,
        )  # fmt: skip
        self._bar = pmui.LinearProgress(variant="indeterminate", margin=0, sizing_mode="stretch_width", visible=False)
        self._said = Plain("", variant="body2", margin=0, sizing_mode="stretch_width", css_classes=["advised"])
        self._accept = _word("", "", session.accept_advice)
        self._keep = _word("Keep", "Keep: the label is right (K)", session.keep_advice)
        self._remove = _word("Remove", "Remove: take the label away (Delete)", session.remove_advised)
        self._skip = _word("Skip", "Skip: leave it as it is (S)", session.skip_advice)
        moves = (
            tool("arrow_back", "Back (B)", lambda: session.step_advice(-1)),
            tool("arrow_forward", "Next (N)", lambda: session.step_advice(1)),
            tool("close", "Leave (Esc)", self._leave),
        )
        self._answers = line(self._accept, self._keep, self._remove, self._skip, *moves, gap=2, sizing_mode=None)
        self._list = AdviceList(self._clicked, sizing_mode="stretch_width", margin=0)
        page.follow(session, "advice advising classes", self._draw)
        page.follow(look, "walking", self._draw, now=False)

    def __panel__(self) -> pn.Row:
        """Choices, then the list."""
        ask = stack(
            self._by,
            line(self._n, self._suggest),
            self._check,
            self._bar,
            gap=12,
            width=260,
            sizing_mode="stretch_height",
        )
        items = pn.Column(self._list, sizing_mode="stretch_both", margin=0, styles={"overflow": "auto"})
        return dock_row(ask, stack(line(self._said, self._answers), items, gap=4, sizing_mode="stretch_both"))

    def suggest(self) -> None:
        """Ask for pixels to label, and go along with them."""
        self._begin(lambda: self.session.suggest(self._by.value, self._n.value or 1))

    def check(self) -> None:
        """Ask for labels that look wrong, and go along with them."""
        self._begin(self.session.check_labels)

    def _begin(self, ask: Callable[[], bool]) -> None:
        self.look.tab = ADVICE_TAB
        if ask():
            self.look.walking = True

    def _leave(self) -> None:
        self.session.leave_advice()
        self.look.walking = False

    def _clicked(self, place: int) -> None:
        self.look.walking = True
        self.session.go_to_advice(place)

    def _draw(self) -> None:
        session, made = self.session, self.session.advice
        self._bar.visible = self._suggest.disabled = self._check.disabled = bool(session.advising)
        current = made.current if made and self.look.walking else None
        self._answers.visible = current is not None
        self._said.object = f"{session.advising.capitalize()} …" if session.advising else _in_words(made, current)
        if current is not None:
            doubts = made.kind == "doubts"
            guess = f"As the model guesses: {current.guess} (Enter)"
            self._accept.param.update(label=current.guess, description=guess)
            self._keep.visible = self._remove.visible = doubts
        if made is None:
            self._list.param.update(rows=[], at=-1)
            return
        colors = {one.name: one.color for one in session.classes}
        rows = [
            {
                "row": one.row, "column": one.column, "guess": one.guess, "label": one.label, "number": one.number,
                "guess_color": colors.get(one.guess, "#888888"), "label_color": colors.get(one.label, "#888888"),
                "reason": one.reason, "answer": _answer(made, place),
            }
            for place, one in enumerate(made.items)
        ]  # fmt: skip
        self._list.param.update(rows=rows, at=made.at if current else -1, measure=MEASURES[made.kind])


def _word(label: str, title: str, action: Callable[[], object]) -> pmui.Button:
    """An answer to press."""
    return pmui.Button(
        label=label, description=title, on_click=lambda _: action(), size="small", variant="outlined", margin=0
    )


def _answer(made: Round, place: int) -> str:
    """What was said to one of them, on a few letters' space."""
    one = made.answers.get(place)
    if one is None:
        return ""
    return f"✓ {one.class_name}" if one.what in ("labelled", "corrected") else one.what


def _in_words(made: Round | None, current: object) -> str:
    """Where one stands, on one line."""
    if made is None:
        return FIRST
    if not made.items:
        return FIRST
    if current is not None:
        return f"{made.at + 1} of {len(made.items)}"
    if not made.left:
        return "Every one is answered. G suggests more pixels, C checks the labels."
    return f"{made.left} of {len(made.items)} left, by {made.by}. Click one to go on."
