"""The header and the line at the foot: what is open, what is going on, what went wrong."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from workbench.panels.guide import turn_guide
from workbench.panels.learn import job_in_words
from workbench.panels.look import Look
from workbench.panels.menu import Menu, in_words
from workbench.panels.pages import Page
from workbench.panels.place import place_in_words
from workbench.panels.style import EDGE, Plain, line, put
from workbench.panels.view import ViewGrid
from workbench.session import Session

_INK = {"color": "var(--desk-ink)", "fieldset": {"borderColor": "var(--desk-edge)"}}
"""Material's app bar is blue with white text; ours is not."""


KINDS = {
    "quiet": {"background": "var(--desk-surface)", "color": "var(--desk-quiet)", "box-shadow": "none"},
    "news": {
        "background": "color-mix(in srgb, var(--desk-accent) 12%, var(--desk-surface))",
        "color": "var(--desk-ink)",
        "box-shadow": "inset 4px 0 var(--desk-accent)",
    },
    "refusal": {
        "background": "color-mix(in srgb, #e69f00 28%, var(--desk-surface))",
        "color": "var(--desk-ink)",
        "box-shadow": "inset 4px 0 #d55e00",
    },
}
"""The line at the foot: how the map stands, what was done, what was not."""


class HeaderPanel(pn.viewable.Viewer):
    """Scene, session, device, job with its stop."""

    def __init__(self, session: Session, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session = session
        self._path = pmui.TextInput(
            placeholder="path of a scene, then Enter",
            size="small",
            margin=0,
            width=420,
            sx={"& .MuiInputBase-root": _INK, "& .MuiInputBase-input": {"padding": "5px 10px", **_INK}},
        )
        self._path.param.watch(self._open, "enter_pressed")
        self._session = Plain("", variant="caption", margin=0, color="text.secondary")
        self._device = Plain("", variant="caption", margin=0, color="text.secondary")
        self._job = pmui.Chip("", size="small", variant="outlined", margin=0, visible=False, sx=_INK)
        self._stop = pmui.IconButton(
            icon="stop_circle",
            description="Stop (Shift X)",
            size="small",
            margin=0,
            on_click=lambda _: session.stop(),
            visible=False,
        )
        self._guide = pmui.IconButton(
            icon="lightbulb",
            description="Guide: the next step, or away (H)",
            size="small",
            margin=0,
            on_click=lambda _: turn_guide(session),
        )
        page.follow(session, "scene", self._name)
        page.follow(session, "job", self._draw)

    def offer(self, menu: Menu) -> None:
        """Say where training would run."""
        self._device.object = menu.device

    def __panel__(self) -> pn.Row:
        """From what is open to what is going on."""
        return line(
            self._path,
            self._session,
            pn.Spacer(sizing_mode="stretch_width"),
            self._job,
            self._stop,
            self._device,
            self._guide,
            gap=12,
        )

    def _name(self) -> None:
        put(self._path, self.session.scene)
        self._session.object = f"session {self.session.folder.name}"

    def _open(self, _: object) -> None:
        path = (self._path.value_input or self._path.value).strip()
        if path and path != self.session.scene:
            self.session.open_scene(path)
            put(self._path, self.session.scene or path)

    def _draw(self) -> None:
        job = self.session.job
        busy = job is not None and job.state == "running"
        self._job.visible = self._stop.visible = busy
        if busy:
            self._job.label = f"{job.kind} {100 * job.fraction:.0f} %"
            self._job.description = job_in_words(job)


FOOT = {
    "padding": "4px 16px",
    "flex": "none",
    "height": "32px",
    "box-sizing": "border-box",
    "overflow": "auto",
    "border-top": EDGE,
}
"""One height whatever is told: Leaflet does not hear of a map that changes its size."""


PLACE = {"white-space": "nowrap", "font-variant-numeric": "tabular-nums", "flex": "none"}


class StatusLine(pn.viewable.Viewer):
    """One sentence at the foot of the page, a refusal or how the class map stands; and where the pointer is."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        self._grid: ViewGrid | None = None
        self._text = Plain("", variant="body2", margin=0, sizing_mode="stretch_width", css_classes=["status"])
        self._place = Plain("", variant="body2", margin=0, css_classes=["status-place"], styles=PLACE)
        self._row = line(self._text, self._place, css_classes=["status-line"], styles={**FOOT, **KINDS["quiet"]})
        page.follow(session, "cube", self._open)
        page.follow(look, "hover pixel", self._show_place, now=False)
        page.follow(
            session, "message is_refusal map_state map_note map_seconds model class_map live labels", self._draw
        )

    def __panel__(self) -> pn.Row:
        """The line."""
        return self._row

    def _draw(self) -> None:
        session = self.session
        kind = "quiet" if not session.message else "refusal" if session.is_refusal else "news"
        self._text.object = session.message or self._map_in_words()
        self._row.styles = {**FOOT, **KINDS[kind]}
        self._row.css_classes = ["status-line", kind]

    def _open(self) -> None:
        cube = self.session.cube
        self._grid = None if cube is None else ViewGrid.of(cube)
        self._show_place()

    def _show_place(self) -> None:
        pixel = self.look.hover or self.look.pixel
        known = self._grid is not None and pixel is not None
        self._place.object = place_in_words(self._grid, self.session.cube.rio.crs, *pixel) if known else ""

    def _map_in_words(self) -> str:
        session = self.session
        if session.map_note:
            return f"Class map: {session.map_note}."
        if session.map_state == "computing":
            return f"Class map by {in_words(session.model)}: computing …"
        if session.is_behind and not session.live:
            return f"Class map by {in_words(session.model)}: of older labels; Shift Q makes it once, Q lets it follow."
        if session.map_state == "ready":
            return f"Class map by {in_words(session.model)}: {session.map_seconds:.1f} s."
        return "Ready."
