"""What the map says before there is one."""

from __future__ import annotations

import panel_material_ui as pmui

WELCOME = """
### Open a scene
Drop its file here, or type where a scene is into the field at the top and press Enter: a file, a product's folder or
archive, or an address. `workbench formats` lists what opens.

Then click pixels to see spectra, give two classes a few labels each, and a class map appears here.
"""

CODE = {"& code": {"color": "inherit"}}
"""Panel's own colour of code is too pale on white to be read by everybody."""


def welcome() -> pmui.Typography:
    """What to do first."""
    return pmui.Typography(WELCOME, margin=40, sizing_mode="stretch_width", sx=CODE)
