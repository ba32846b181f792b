"""The keyboard: every key of the desk in one table, which is both what the page obeys and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import panel as pn
import param
from panel.custom import JSComponent

from workbench.panels.access import reads
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.session import Session

KEYS_TAB = "Keys"


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the key map."""

    shown: tuple[str, ...]
    """As printed on the keyboard."""

    does: str
    """What pressing it does."""

    names: tuple[str, ...] = ()
    """As the browser names them, in small letters; empty for keys that the browser or the map obeys by itself."""


DIGITS = tuple("123456789")
ALWAYS, WALK = "Always", "While a pixel or label is asked about"
KEYS: dict[str, tuple[Key, ...]] = {
    ALWAYS: (
        Key(("1", "…", "9"), "choose the class of that number", DIGITS),
        Key(("I",), "inspect: a click shows a spectrum", ("i",)),
        Key(("L",), "label pixels: a click gives the class", ("l",)),
        Key(("P",), "label polygons: clicks set corners", ("p",)),
        Key(("Ctrl Z",), "undo", ("ctrl+z",)),
        Key(("Ctrl Shift Z", "Ctrl Y"), "redo", ("ctrl+shift+z", "ctrl+y")),
        Key(("G",), "get suggestions: pixels worth a label", ("g",)),
        Key(("C",), "check labels: those that look wrong", ("c",)),
        Key(("?",), "this page, and back", ("?",)),
    ),
    WALK: (
        Key(("1", "…", "9"), "give it the class of that number", DIGITS),
        Key(("Enter",), "give it the class the model guesses", ("enter",)),
        Key(("S",), "skip it", ("s",)),
        Key(("K",), "keep the label: it is right", ("k",)),
        Key(("Delete",), "remove the label", ("delete", "backspace")),
        Key(("B", "N"), "back, next", ("b", "n")),
        Key(("Esc",), "leave", ("escape",)),
    ),
    "Map, once it was clicked": (
        Key(("↑", "↓", "←", "→"), "move"),
        Key(("+", "−"), "zoom in, out"),
    ),
    "Everywhere": (
        Key(("Tab", "Shift Tab"), "next or last control"),
        Key(("Space", "Enter"), "press the control that has the focus"),
        Key(("Enter",), "in a field: take what was typed"),
        Key(("Esc",), "in a class's name: take it back"),
    ),
}

_STYLE = """
<style>
.keys { display: flex; flex-wrap: wrap; gap: 14px 28px; font-size: 12.5px; color: var(--desk-ink); padding-top: 10px; }
.keys > div { flex: 1 1 330px; max-width: 420px; }
h3 { font-size: 11px; font-weight: 600; letter-spacing: .05em; text-transform: uppercase; color: var(--desk-quiet);
  margin: 0 0 4px; }
dl { display: grid; grid-template-columns: 118px 1fr; gap: 3px 10px; margin: 0 0 10px; align-items: baseline; }
dt { white-space: nowrap; } dd { margin: 0; }
kbd { font: inherit; font-size: 11.5px; padding: 0 5px; border: 1px solid var(--desk-edge); border-bottom-width: 2px;
  border-radius: 4px; background: var(--desk-ground); }
</style>
"""


class Keyboard(JSComponent):
    """Ears for the page; see ``keys.js``."""

    always = param.List(default=[], doc="Names of keys that are always obeyed, outside fields")
    walk = param.List(default=[], doc="Those obeyed while something advised is looked at")
    walking = param.Boolean(default=False, doc="Whether something is")

    _esm = Path(__file__).with_name("keys.js")

    def __init__(self, on_key: Callable[[str], None], **params: object) -> None:
        super().__init__(**params)
        self._on_key = on_key

    def _handle_msg(self, message: dict) -> None:
        self._on_key(str(message["key"]))


class KeysPanel(pn.viewable.Viewer):
    """The key map; its ``keyboard`` has to be on the page, too.

    Parameters
    ----------
    session, look, page
        What is acted on.
    suggest, check : callable
        What G and C do.
    """

    def __init__(
        self,
        session: Session,
        look: Look,
        page: Page,
        suggest: Callable[[], None],
        check: Callable[[], None],
        **params: object,
    ) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        self._last_tab = look.tab
        always, walk = ([name for key in KEYS[group] for name in key.names] for group in (ALWAYS, WALK))
        self.keyboard = Keyboard(self._pressed, always=always, walk=walk, width=0, height=0, margin=0)
        self._always = {
            **{name: lambda mode=mode: look.param.update(mode=mode) for name, mode in _MODES.items()},
            **{"ctrl+z": session.undo, "ctrl+shift+z": session.redo, "ctrl+y": session.redo},
            **{"g": suggest, "c": check, "?": self._turn},
        }
        self._walk = {
            **{"enter": session.accept_advice, "s": session.skip_advice, "k": session.keep_advice},
            **dict.fromkeys(("delete", "backspace"), session.remove_advised),
            **{"b": lambda: session.step_advice(-1), "n": lambda: session.step_advice(1), "escape": self._leave},
        }
        page.follow(session, "advice", self._listen)
        page.follow(look, "walking", self._listen)

    def __panel__(self) -> pn.pane.HTML:
        """Keys by where they are obeyed."""
        scrolls = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"overflow": "auto"}}
        return pn.pane.HTML(key_map_html(), **scrolls, **reads("keys"))

    def _listen(self) -> None:
        self.keyboard.walking = self.look.walking and bool(self.session.advice and self.session.advice.current)

    def _pressed(self, key: str) -> None:
        walking = self.keyboard.walking
        if key in DIGITS and walking:
            self.session.answer_advice(int(key))
        elif key in DIGITS and int(key) in {one.code for one in self.session.classes}:
            self.session.current_class = int(key)
        elif key in self._always:
            self._always[key]()
        elif walking and key in self._walk:
            self._walk[key]()

    def _leave(self) -> None:
        self.session.leave_advice()
        self.look.walking = False

    def _turn(self) -> None:
        """To this page, or back to the tab before it."""
        if self.look.tab == KEYS_TAB:
            self.look.tab = self._last_tab
        else:
            self._last_tab, self.look.tab = self.look.tab, KEYS_TAB


_MODES = {"i": "inspect", "l": "pixel", "p": "polygon"}


def key_map_html() -> str:
    """Every key of the desk, by group."""

    def keys(key: Key) -> str:
        return " ".join(one if one == "…" else f"<kbd>{escape(one)}</kbd>" for one in key.shown)

    def part(group: str) -> str:
        rows = "".join(f"<dt>{keys(key)}</dt><dd>{escape(key.does)}</dd>" for key in KEYS[group])
        return f"<h3>{escape(group)}</h3><dl>{rows}</dl>"

    first, second, *others = KEYS
    columns = ([first], [second], others)
    parts = ("".join(map(part, groups)) for groups in columns)
    return f'{_STYLE}<div class="keys">{"".join(f"<div>{one}</div>" for one in parts)}</div>'
