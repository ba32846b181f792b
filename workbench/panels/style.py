"""How the page looks: one theme, one style sheet, and the few shapes every panel is made of."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import panel as pn
import panel_material_ui as pmui

_SHARED = {
    "shape": {"borderRadius": 6},
    "typography": {"fontSize": 13, "button": {"textTransform": "none", "fontWeight": 500}},
    "components": {
        "MuiButton": {"defaultProps": {"disableElevation": True}},
        # A list that unfolds slowly holds up what was chosen from it.
        "MuiPopover": {"defaultProps": {"transitionDuration": 0}},
        # What a button says of itself lies over its neighbour, which has to be pressed all the same.
        "MuiTooltip": {"styleOverrides": {"popper": {"pointerEvents": "none !important"}}},
        "MuiToggleButton": {
            "styleOverrides": {
                "root": {"textTransform": "none", "padding": "4px 4px", "fontSize": "12px", "whiteSpace": "nowrap"}
            }
        },
    },
}
THEME = {
    "light": {
        **_SHARED,
        "palette": {
            "primary": {"main": "#00629b", "contrastText": "#ffffff"},
            "background": {"default": "#eef1f4", "paper": "#ffffff"},
            "text": {"primary": "#1b2733", "secondary": "#5b6875"},
            "divider": "#dde3e9",
        },
    },
    "dark": {
        **_SHARED,
        "palette": {
            "primary": {"main": "#6cb8ea", "contrastText": "#06202f"},
            "background": {"default": "#0d1217", "paper": "#151c23"},
            "text": {"primary": "#e4eaf0", "secondary": "#97a5b3"},
            "divider": "#27323d",
        },
    },
}
"""Material themes: one quiet blue for what can be done; all other colour belongs to the data."""

MAP_CSS = """
.leaflet-container.leaflet-container img.leaflet-tile { mix-blend-mode: normal; }
.leaflet-container.leaflet-container { background: var(--desk-ground); font-family: inherit; }
.leaflet-container .leaflet-bar { border: 1px solid var(--desk-edge); }
.leaflet-container .leaflet-bar a { background: var(--desk-surface); color: var(--desk-ink);
  border-color: var(--desk-edge); }
.leaflet-container .leaflet-bar a:hover { background: var(--desk-ground); }
.leaflet-container .leaflet-control-scale-line { background: var(--desk-surface); color: var(--desk-ink); opacity: .85;
  border-color: var(--desk-quiet); text-shadow: none; }
.leaflet-container .leaflet-image-layer { image-rendering: pixelated; }
"""
"""The map's ground and buttons; and tiles that lie on it plainly, since what tells contrasts knows no other way."""

CSS = (
    """
html { --desk-ground: var(--panel-background-color, #eef1f4); --desk-surface: var(--panel-surface-color, #fff);
  --desk-ink: var(--panel-on-surface-color, #1b2733); --desk-quiet: var(--panel-on-secondary-color, #5b6875);
  --desk-edge: var(--divider-color, #dde3e9); --desk-accent: var(--panel-primary-color, #00629b); }
:root { --jp-layout-color0: var(--desk-surface); --jp-layout-color1: var(--desk-surface);
  --jp-layout-color2: var(--desk-ground); --jp-layout-color3: var(--desk-ground); --jp-ui-font-color0: var(--desk-ink);
  --jp-ui-font-color1: var(--desk-ink); --jp-ui-font-color2: var(--desk-quiet); --jp-ui-font-color3: var(--desk-quiet);
  --jp-border-width: 1px; --jp-border-color1: var(--desk-edge); }
"""
    + MAP_CSS
)
"""Panel copies this into every shadow root, so that it reaches the map; but it copies the theme's colours there, too,
and those copies stay light when the page turns dark. So the colours are read at the root, by ``html``, which no shadow
root has, and inherited from there."""

CELL = {
    "--desk-ground": "var(--jp-layout-color2, #eef1f4)",
    "--desk-surface": "var(--jp-layout-color1, #fff)",
    "--desk-ink": "var(--jp-ui-font-color1, #1b2733)",
    "--desk-quiet": "var(--jp-ui-font-color2, #5b6875)",
    "--desk-edge": "var(--jp-border-color2, #dde3e9)",
    "--desk-accent": "#00629b",
    "border": "1px solid var(--desk-edge)",
}
"""The same colours in a notebook cell: the notebook's own, light or dark."""

CELL_CSS = (
    MAP_CSS
    + """
.material-icons { font-family: "Material Icons"; font-weight: normal; font-style: normal; line-height: 1;
  letter-spacing: normal; text-transform: none; white-space: nowrap; font-feature-settings: "liga"; }
"""
)
"""What Panel's inline front end leaves out: a cell's icons were words."""

LOW_TABS = {
    "& .MuiTabs-root": {"minHeight": "38px"},
    "& .MuiTab-root": {"minHeight": "38px", "minWidth": 0, "padding": "6px clamp(6px, 0.48vw, 15px)"},
}
"""Titles of the dock's tabs, low, so that what a tab is for is in sight on a small screen."""

EDGE = "1px solid var(--desk-edge)"
"""Between parts of the page."""

HEADER = {
    "& .MuiAppBar-root": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": EDGE,
    },
    "& .MuiToolbar-root": {"minHeight": "48px !important", "paddingLeft": "16px", "paddingRight": "8px"},
    "& .MuiToolbar-root .title": {
        "color": "inherit !important",
        "whiteSpace": "nowrap",
        "fontSize": "15px",
        "fontWeight": 600,
        "marginRight": "20px",
    },
    "& .MuiToolbar-root a": {"color": "inherit !important"},
    "& .MuiToolbar-root .MuiIconButton-root": {"color": "inherit"},
}
"""A quiet header: a line, not a beam."""


def heading(text: str, *tools: object) -> pn.Row:
    """A panel's title, with small tools at its right end."""
    title = Plain(text, variant="overline", margin=0, sx={"lineHeight": 1.6, "letterSpacing": "0.08em"})
    return pn.Row(
        title, pn.Spacer(sizing_mode="stretch_width"), *tools, sizing_mode="stretch_width", margin=0, align="center"
    )


class Plain(pmui.Typography):
    """A line as it is written: Material would take it for HTML, and it may hold what a stranger named."""

    @property
    def _linked_properties(self) -> tuple[str, ...]:
        """Without the text: what was sent comes back escaped, and would be escaped again."""
        return tuple(name for name in super()._linked_properties if name != "object")

    def _transform_object(self, obj: object) -> dict[str, object]:
        text = "" if obj is None else str(obj)
        return {"object": escape(f"<p>{escape(text)}</p>") if text else ""}


def note(text: object, **params: object) -> Plain:
    """A quiet line of help."""
    return Plain(text, variant="caption", color="text.secondary", margin=0, sizing_mode="stretch_width", **params)


def stack(*objects: object, gap: int = 10, **params: object) -> pn.Column:
    """Objects below each other, evenly spaced."""
    styles = {"gap": f"{gap}px", **params.pop("styles", {})}
    return pn.Column(*objects, **{"margin": 0, "sizing_mode": "stretch_width", "styles": styles, **params})


def line(*objects: object, gap: int = 8, **params: object) -> pn.Row:
    """Objects beside each other, evenly spaced."""
    styles = {"gap": f"{gap}px", **params.pop("styles", {})}
    for part in objects:
        part.align = "center"
    return pn.Row(*objects, **{"margin": 0, "sizing_mode": "stretch_width", "styles": styles, **params})


def dock_row(*objects: object) -> pn.Row:
    """What a tab of the dock holds: parts beside each other, as high as the dock."""
    return pn.Row(*objects, sizing_mode="stretch_both", margin=0, styles={"gap": "24px", "padding-top": "10px"})


def region(*objects: object, width: str = "", **params: object) -> pn.Column:
    """A part of the page: a surface that scrolls by itself when it is too small, `width` wide in CSS's words."""
    if width:  # Panel would let children that stretch decide
        sheet = f":host {{ width: {width} !important; flex: none !important; height: 100% !important; }}"
        params = {"stylesheets": [sheet], "sizing_mode": "stretch_both", **params}
    styles = {
        "background": "var(--desk-surface)",
        "color": "var(--desk-ink)",
        "padding": "12px 14px",
        "overflow": "auto",
        **params.pop("styles", {}),
    }
    return stack(*objects, styles=styles, **params)


def action(label: str, icon: str, tip: str, act: Callable[[], object], *, main: bool = False) -> pmui.Button:
    """A button that does `act`; `tip` says more than its label, and the key; a panel has one main one."""
    how = {"color": "primary"} if main else {"variant": "outlined"}
    return pmui.Button(label=label, icon=icon, size="small", margin=0, description=tip, on_click=lambda _: act(), **how)


def tool(icon: str, tip: str, act: Callable[[], object]) -> pmui.IconButton:
    """A small button with a picture on it that does `act`; `tip` is its name and key."""
    return pmui.IconButton(icon=icon, description=tip, size="small", margin=0, on_click=lambda _: act())


def put(box: pmui.TextInput, text: str) -> None:
    """Write `text` into a text field; the browser shows what is being typed, ``value_input``."""
    box.param.update(value=text, value_input=text)
