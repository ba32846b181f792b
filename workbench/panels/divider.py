"""The line between the map and the dock, which one may drag; see ``divider.js``."""

from __future__ import annotations

from pathlib import Path

from panel.custom import JSComponent

DOCK = "var(--desk-dock, clamp(268px, 30vh, 420px))"
"""Height of the dock at the foot, the guide's line among it, in CSS's words: as it was dragged, else by the window."""


class Divider(JSComponent):
    """Gives the dock another height; Python learns nothing of it."""

    _esm = Path(__file__).with_name("divider.js")

    def turn(self) -> None:
        """Give the dock half of the height that there is, or its usual height again."""
        self._send_msg({"turn": True})
