"""The classes panel: choose a class, label with it, change the legend, take back."""

from __future__ import annotations

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


class ClassList(JSComponent):
    """Rows of classes, and a field for the next; see ``classes.js``."""

    rows = param.List(default=[], doc="Dicts of code, name, color and count")
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
        self._list = ClassList(self._asked, sizing_mode="stretch_width", margin=0)
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
            self._file,
        )

    def _draw(self) -> None:
        counts = self.session.counts
        rows = [
            {"code": c.code, "name": c.name, "color": c.color, "count": int(counts.get(c.name, 0))}
            for c in self.session.classes
        ]
        self._list.param.update(rows=rows, current=self.session.current_class or 0)
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

    def _asked(self, kind: str, code: int = 0, value: str = "") -> None:
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
