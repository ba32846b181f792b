"""A list of a library's spectra by name, in the colours of their curves, which it turns on and off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import param
from panel.custom import JSComponent

HUES = ("#aa4499", "#44aa99", "#999933", "#cc6677", "#5b8fd6", "#8c6d4f")
"""Of a library's spectra: six of Tol's muted colours, as far as they are seen on white and on black."""


def library_hues(drawn: Sequence[int]) -> dict[int, str]:
    """The colour of each of a library's spectra that are drawn; it keeps it, as far as can be, when others go."""
    hues: dict[int, str] = {}
    for index in drawn:
        turned = [HUES[(index + i) % len(HUES)] for i in range(len(HUES))]
        hues[index] = min(turned, key=list(hues.values()).count)
    return hues


class SpectraList(JSComponent):
    """Rows of names that turn curves on and off; see ``spectra_list.js``."""

    rows = param.List(default=[], doc="Dicts of index, name, color (empty where it is not drawn) and told")
    search = param.String(default="", doc="What the field for searching is called; empty without one")

    _esm = Path(__file__).with_name("spectra_list.js")

    def __init__(self, on_message: Callable[..., None], **params: object) -> None:
        super().__init__(**params)
        self._on_message = on_message

    def _handle_msg(self, message: dict) -> None:
        self._on_message(**message)
