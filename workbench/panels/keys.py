"""The keyboard: keys come from the page, and do what the buttons do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import panel as pn
import param
from panel.custom import JSComponent

from workbench.panels.access import reads
from workbench.panels.classes import GROUP_FIELD
from workbench.panels.kept import keep
from workbench.panels.key_map import CHOSEN, DIGITS, KEYS, WALK, key_map_html
from workbench.panels.library import LIBRARY_TAB
from workbench.panels.library import PATH as LIBRARY_PATH
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.session import Session

KEYS_TAB, EXPORT_TAB = "Keys", "Export"

_MODES = {"i": "inspect", "l": "pixel", "p": "polygon", "f": "brush"}
_TAKEN_AWAY = {
    "e": "Class map (GeoTIFF)",
    "shift+e": "Labels (GeoPackage)",
    "shift+s": "Spectra (CSV)",
    "shift+r": "Scores (CSV)",
    "shift+z": "Session (ZIP)",
    "shift+c": "Copy as code",
}


class Keyboard(JSComponent):
    """Ears for the page, and a finger for what only the browser may press; see ``keys.js``."""

    always = param.List(default=[], doc="Names of keys that are always obeyed, outside fields")
    walk = param.List(default=[], doc="Those obeyed while something advised is looked at")
    walking = param.Boolean(default=False, doc="Whether something is")

    _esm = Path(__file__).with_name("keys.js")

    def __init__(self, on_key: Callable[[str], None], **params: object) -> None:
        super().__init__(**params)
        self._on_key = on_key

    def press(self, name: str) -> None:
        """Press the button of that name, once it is on the page."""
        self._send_msg({"press": name})

    def focus(self, name: str) -> None:
        """Put the cursor into the field of that name."""
        self._send_msg({"focus": name})

    def choose_file(self) -> None:
        """Ask for a file of labels."""
        self._send_msg({"file": True})

    def _handle_msg(self, message: dict) -> None:
        self._on_key(str(message["key"]))


class KeysPanel(pn.viewable.Viewer):
    """The key map; its ``keyboard`` has to be on the page, too.

    Parameters
    ----------
    session, look, page
        What is acted on.
    others : mapping of str to callable
        What the keys of other panels do, by the keys' names.
    tabs : sequence of str
        Titles of the dock's tabs in their order.
    """

    def __init__(
        self,
        session: Session,
        look: Look,
        page: Page,
        others: Mapping[str, Callable[[], object]],
        tabs: tuple[str, ...],
        **params: object,
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._tabs = session, look, tabs
        self._last_tab = look.tab
        walk = [name for key in KEYS[WALK] for name in key.names]
        self._chosen = [name for key in KEYS[CHOSEN] for name in key.names]
        groups = [keys for group, keys in KEYS.items() if group not in (WALK, CHOSEN)]
        always = [name for keys in groups for key in keys for name in key.names]
        self.keyboard = Keyboard(self._pressed, always=always, walk=walk, width=0, height=0, margin=0)
        press, focus = self.keyboard.press, self.keyboard.focus
        self._always = {
            **{name: lambda mode=mode: look.param.update(mode=mode) for name, mode in _MODES.items()},
            **{"m": lambda: keep(session, look), "shift+m": session.let_go_of_spectra},
            **{"w": lambda: look.param.update(swipe=not look.swipe)},
            **{";": lambda: look.param.update(coast=not look.coast)},
            **{"d": lambda: press("Toggle theme"), "u": self.keyboard.choose_file},
            **{"o": lambda: focus("path of a scene, then Enter"), "a": lambda: focus("new class")},
            **{"shift+o": self._type_library, "shift+i": lambda: focus(GROUP_FIELD)},
            **{",": lambda: self._next(-1), ".": lambda: self._next(1), "?": self._turn},
            **{"[": lambda: look.resize(-1), "]": lambda: look.resize(1), "x": self._erase},
            **{"ctrl+z": session.undo, "ctrl+shift+z": session.redo, "ctrl+y": session.redo, "shift+x": session.stop},
            **{"q": lambda: session.param.update(live=not session.live), "shift+q": session.update_map},
            "shift+delete": lambda: session.remove_class(session.current_class),
            **{name: lambda button=button: self._take_away(button) for name, button in _TAKEN_AWAY.items()},
            **others,
        }
        self._walk = {
            **{"enter": session.accept_advice, "s": session.skip_advice, "k": session.keep_advice},
            **dict.fromkeys(("delete", "backspace"), session.remove_advised),
            **{"b": lambda: session.step_advice(-1), "n": lambda: session.step_advice(1), "escape": self._leave},
        }
        page.follow(session, "advice", self._listen)
        page.follow(look, "walking", self._listen)
        page.follow(look, "selection", lambda: self._listen_for(always))

    def __panel__(self) -> pn.pane.HTML:
        """Keys by where they are obeyed."""
        scrolls = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"overflow": "auto"}}
        return pn.pane.HTML(key_map_html(), **scrolls, **reads("keys"))

    def _listen(self) -> None:
        self.keyboard.walking = self.look.walking and bool(self.session.advice and self.session.advice.current)

    def _listen_for(self, always: list[str]) -> None:
        self.keyboard.always = [*always, *(self._chosen if self.look.selection else ())]

    def _pressed(self, key: str) -> None:
        walking = self.keyboard.walking
        if key in DIGITS and walking:
            self.session.answer_advice(int(key))
        elif key in DIGITS and int(key) in {one.code for one in self.session.classes}:
            self.session.current_class = int(key)
        elif walking and key in self._walk:
            self._walk[key]()
        elif key in self._always:
            self._always[key]()

    def _leave(self) -> None:
        self.session.leave_advice()
        self.look.walking = False

    def _erase(self) -> None:
        """Take the eraser, or the brush again."""
        look = self.look
        look.param.update(mode="brush", erase=look.mode != "brush" or not look.erase)

    def _type_library(self) -> None:
        self.look.tab = LIBRARY_TAB
        self.keyboard.focus(LIBRARY_PATH)

    def _turn(self) -> None:
        """To this page, or back to the tab before it."""
        if self.look.tab == KEYS_TAB:
            self.look.tab = self._last_tab
        else:
            self._last_tab, self.look.tab = self.look.tab, KEYS_TAB

    def _next(self, by: int) -> None:
        """To another tab of the dock; after the last comes the first."""
        self.look.tab = self._tabs[(self._tabs.index(self.look.tab) + by) % len(self._tabs)]

    def _take_away(self, button: str) -> None:
        """Press a button that stands on the tab of what is taken away."""
        self.look.tab = EXPORT_TAB
        self.keyboard.press(button)
