"""The classes panel: choose a class, label with it, change the legend and its groups, take back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from workbench.panels.brush import brush_choices
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.style import heading, note, stack, tool
from workbench.panels.upload import Upload
from workbench.session import Session
from workbench.session.groups import groups_of

MODES = {"Inspect": "inspect", "Label pixel": "pixel", "Label polygon": "polygon", "Brush": "brush"}
HINTS = {
    "inspect": "Click the map to see a spectrum.",
    "pixel": "Click pixels of the highlighted class; a second click takes one back.",
    "polygon": "Click the corners; click the first one again to close.",
    "brush": "Drag to paint; hold Shift to erase, Space to move the map.",
}
ERASING = "Drag to take labels away; hold Space to move the map."

WALKING = {
    "suggestions": "1–9 give the marked pixel that class, Enter the model's, S none.",
    "doubts": "1–9 give the marked label that class, K keeps it, Delete removes it.",
}


GROUP_FIELD = "Group of the chosen class"
"""Name of the field."""

BY_GROUP = "Groups on the map"
NO_GROUP = "there is no group yet; put the chosen class under one (Shift I)"


class ClassList(JSComponent):
    """Rows of classes under their groups, a field for the next class and one for the group; see ``classes.js``."""

    rows = param.List(default=[], doc="Dicts of code, name, color, count and group")
    groups = param.List(default=[], doc="Dicts of name, color, classes, labels, count and open")
    by_group = param.Boolean(default=False, doc="Whether the map is drawn in the groups' colours")
    field = param.String(default=GROUP_FIELD, doc="Name of the field for the group")
    current = param.Integer(default=0, doc="Code of the highlighted class")

    _esm = Path(__file__).with_name("classes.js")

    def __init__(self, on_message: object, **params: object) -> None:
        super().__init__(**params)
        self._on_message = on_message

    def _handle_msg(self, message: dict) -> None:
        self._on_message(**message)


class ClassesPanel(pn.viewable.Viewer):
    """Mode, legend, add, undo and redo, import."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        self._folded: set[str] = set()
        self._folded_before: set[str] = set()
        self._list = ClassList(self._asked, sizing_mode="stretch_width", margin=0)
        self._by_group = pmui.Switch.from_param(
            look.param.by_group, label=BY_GROUP, description="", size="small", margin=0, visible=False
        )
        self._mode = pmui.RadioButtonGroup.from_param(
            look.param.mode, options=MODES, label="", size="small", margin=0, sizing_mode="stretch_width"
        )
        self._brush = brush_choices(look, page)
        self._hint = note("")
        self._undo = tool("undo", "Undo (Ctrl+Z)", session.undo)
        self._redo = tool("redo", "Redo (Ctrl+Shift+Z)", session.redo)
        self._file = Upload(
            session.import_labels, session.refuse, label="Import labels", icon="upload_file", size="small",
            variant="text", margin=0, description="Import labels: vectors in any CRS, a raster on the scene's grid (U)",
        )  # fmt: skip
        page.follow(session, "classes counts current_class", self._draw)
        page.follow(look, "by_group", self._level, now=False)
        page.follow(session, "can_undo can_redo", self._enable)
        page.follow(look, "mode walking erase", self._advise)
        page.follow(session, "advice", self._advise, now=False)

    def __panel__(self) -> pn.Column:
        """Modes above, legend in the middle, adding below."""
        return stack(
            heading("Classes", self._undo, self._redo),
            self._mode,
            self._brush,
            self._hint,
            self._list,
            self._by_group,
            self._file,
        )

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What the keys of this panel do."""
        return {"shift+h": self.turn_level, "shift+y": self.fold}

    def turn_level(self) -> None:
        """Show groups on the map, or classes again."""
        if self._list.groups:
            self.look.by_group = not self.look.by_group
        else:
            self.session.refuse(NO_GROUP)

    def fold(self) -> None:
        """Fold every group, or open them all again."""
        names = {one["name"] for one in self._list.groups}
        self._folded = set() if names <= self._folded else names
        self._draw()

    def _level(self) -> None:
        """Where groups are on the map, they are what the legend lists; then it is as it was."""
        if self.look.by_group:
            self._folded_before, self._folded = self._folded, {one["name"] for one in self._list.groups}
        else:
            self._folded = self._folded_before
        self._draw()

    def _draw(self) -> None:
        counts, classes = self.session.counts, tuple(self.session.classes)
        rows = [
            {"code": c.code, "name": c.name, "color": c.color, "count": int(counts.get(c.name, 0)), "group": c.group}
            for c in classes
        ]
        labels = Counter(mark.class_name for mark in self.session.marks)
        groups = [
            {
                "name": group.name,
                "color": group.color,
                "classes": len(group.codes),
                "labels": sum(labels[classes[code - 1].name] for code in group.codes),
                "count": sum(rows[code - 1]["count"] for code in group.codes),
                "open": group.name not in self._folded,
            }
            for group in groups_of(classes)
        ]
        if not groups:
            self.look.by_group = False
        self._by_group.visible = bool(groups)
        current = self.session.current_class or 0
        self._list.param.update(rows=rows, groups=groups, by_group=self.look.by_group, current=current)
        self._advise()

    def _enable(self) -> None:
        self._undo.disabled, self._redo.disabled = not self.session.can_undo, not self.session.can_redo

    def _advise(self) -> None:
        made = self.session.advice
        if made is not None and made.current is not None and self.look.walking:
            self._hint.object = WALKING[made.kind]
            return
        empty = not self.session.classes and self.look.mode != "inspect"
        self._hint.object = "Name a first class below." if empty else self._how()

    def _how(self) -> str:
        """What a click or a drag does now."""
        return ERASING if self.look.mode == "brush" and self.look.erase else HINTS[self.look.mode]

    def _asked(self, kind: str, code: int = 0, value: str = "", group: str = "") -> None:
        session = self.session
        if kind == "add":
            session.add_class(value.strip())
        elif kind == "choose" and code in {c.code for c in session.classes}:
            session.current_class = code
        elif kind in {"rename", "recolor"}:
            getattr(session, f"{kind}_class")(code, value)
            self._list.param.trigger("rows")  # a refused name goes back to the old one
        elif kind == "remove":
            session.remove_class(code)
        elif kind == "group":
            session.group_class(code, value)
            self._list.param.trigger("rows")
        else:
            self._asked_of_group(kind, group, value)

    def _asked_of_group(self, kind: str, group: str, value: str) -> None:
        """Fold or open a group, give it another name or colour."""
        if kind == "fold":
            self._folded = self._folded ^ {group}
            self._draw()
        elif kind == "rename group":
            if self.session.rename_group(group, value) and group in self._folded:
                self._folded = self._folded - {group} | {value.strip()}
            self._draw()
            self._list.param.trigger("rows")
        elif kind == "recolor group":
            self.session.recolor_group(group, value)
