"""For those who do not see the page: names of what the libraries draw without any, and words; see ``access.js``."""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent


class Access(JSComponent):
    """Watches the page it is on, and shows nothing."""

    words = param.Dict(default={}, doc="What a picture shows, by the picture's name")

    _esm = Path(__file__).with_name("access.js")


def reads(name: str) -> dict[str, list[str]]:
    """What a part is given that scrolls and holds nothing to press: a place in the order of Tab, and a name."""
    return {"css_classes": [f"reads-{name.replace(' ', '-')}"]}
