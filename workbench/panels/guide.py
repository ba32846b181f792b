"""The guide: one line above the dock that says what to do next, until it is put away."""

from __future__ import annotations

from pathlib import Path

import panel as pn
import param
from panel.custom import JSComponent

from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.session import Session
from workbench.session.guide import STEPS, next_step, stand_of

HEIGHT = 40
"""Of the line [pixels]. The dock below gives way to it: Leaflet does not hear of a map that changes its size."""

FOLLOWED = (
    "cube classes counts current_class class_map map_note map_state embedding job truth scores view",
    "mode",
)
"""What of a session and of a look the next step depends on."""


class GuideLine(JSComponent):
    """The line; see ``guide.js``."""

    step = param.String(default="", doc="Which step it is")
    text = param.String(default="", doc="What to do; keys stand in backticks")

    _esm = Path(__file__).with_name("guide.js")

    def __init__(self, session: Session, **params: object) -> None:
        super().__init__(**params)
        self._session = session

    def _handle_msg(self, message: dict) -> None:
        turn_guide(self._session, shown=False)


class GuidePanel(pn.viewable.Viewer):
    """Says the next step, and notes that a pixel was looked at. A session that nobody has used yet shows it."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        self._line = GuideLine(session, height=HEIGHT, margin=0, sizing_mode="stretch_width")
        if "guide" not in session.view and not session.marks and not session.runs:
            turn_guide(session, shown=True)
        page.follow(look, "pixel", self._note, now=False)
        page.follow(look, FOLLOWED[1], self._draw, now=False)
        page.follow(session, FOLLOWED[0], self._draw)

    def __panel__(self) -> GuideLine:
        """The line."""
        return self._line

    def _note(self) -> None:
        if self.look.pixel is not None and self.session.view.get("looked") is not True:
            self.session.remember(looked=True)

    def _draw(self) -> None:
        advised = next_step(stand_of(self.session, self.look.mode))
        step = f"Step {advised.number} of {len(STEPS)}" if advised.number in range(1, len(STEPS) + 1) else "Guide"
        self._line.param.update(step=step, text=advised.text, visible=is_shown(self.session))


def is_shown(session: Session) -> bool:
    """Whether the session's pages show the guide."""
    return session.view.get("guide") is True


def turn_guide(session: Session, *, shown: bool | None = None) -> None:
    """Show the guide or put it away; the other way round where it is not said."""
    session.remember(guide=not is_shown(session) if shown is None else shown)
