"""What was done in the session, as a Python script and as command lines, to read and to copy.

Both are written from the session's folder beside the page, whenever the tab that shows them is open and something has
been added to the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.style import action, line, stack
from workbench.session import Session, as_commands, as_python
from workbench.session.commands import sentence

WAYS: dict[str, Callable[[Path], str]] = {"Python": as_python, "Command line": as_commands}
SOON = 300
"""Time in which several changes become one new text [ms]."""


class CodeText(JSComponent):
    """The text, and the browser's clipboard; see ``code.js``."""

    text = param.String(default="", doc="What is shown")
    title = param.String(default="", doc="What it is, for those who do not see it")

    _esm = Path(__file__).with_name("code.js")

    def __init__(self, heard: Callable[[bool], None], **params: object) -> None:
        super().__init__(**params)
        self._heard = heard

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of whoever looks at the page."""
        self._send_msg({"copied": text})

    def _handle_msg(self, message: dict) -> None:
        self._heard(message.get("copied") is True)


class CodePanel(pn.viewable.Viewer):
    """Both ways to say it, and a button that copies the one that is shown.

    Parameters
    ----------
    session, look, page
        What is told, and where.
    tab : str
        The tab that has to be open.
    """

    def __init__(self, session: Session, look: Look, page: Page, tab: str, **params: object) -> None:
        super().__init__(**params)
        self.session, self._look, self._page, self._tab = session, look, page, tab
        self._way = pmui.RadioButtonGroup(options=list(WAYS), value="Python", label="", size="small", margin=0)
        self._way.param.watch(lambda _: self._write(), "value")
        tip = "Copy as code: what was done, to be run elsewhere (Shift C)"
        self._copy = action("Copy as code", "content_copy", tip, self.copy)
        self._text = CodeText(self._copied, sizing_mode="stretch_both", margin=0)
        page.follow(look, "tab", self._soon)
        page.follow(session, "scene marks classes runs active_run maps_kept", self._soon, now=False)

    def __panel__(self) -> pn.Column:
        """The choice, the button, the text."""
        return stack(line(self._way, self._copy), self._text, gap=8, sizing_mode="stretch_both")

    def turn(self) -> None:
        """Say it the other way."""
        ways = list(WAYS)
        self._way.value = ways[(ways.index(self._way.value) + 1) % len(ways)]

    def copy(self) -> None:
        """Copy what was done until now."""
        way = self._way.value
        self._page.work(lambda: self._told(way), self._take)

    def _soon(self) -> None:
        if self._look.tab == self._tab:
            self._page.soon(self._write, SOON)

    def _write(self) -> None:
        way = self._way.value
        self._page.work(lambda: self._told(way), self._show)

    def _told(self, way: str) -> tuple[str, str, bool]:
        """Beside the page: which way, the text, and whether it is more than a reason why there is none."""
        try:
            return way, WAYS[way](self.session.folder), True
        except (OSError, ValueError) as error:
            return way, f"# {sentence(error)}", False

    def _show(self, told: tuple[str, str, bool]) -> None:
        way, text, _ = told
        if way == self._way.value:
            self._text.param.update(text=text, title=f"What was done, {way}")

    def _take(self, told: tuple[str, str, bool]) -> None:
        self._show(told)
        if told[2]:
            self._text.copy(told[1])
        else:
            self.session.refuse(told[1].removeprefix("# "))

    def _copied(self, done: bool) -> None:
        if done:
            self.session.tell(f"copied as code: {self._way.value}")
        else:
            self.session.refuse("the browser did not let the text be copied; mark it and press Ctrl C")
