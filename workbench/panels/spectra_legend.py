"""The legend of single spectra, below their figure: a stroke as in the figure, and the name, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench.panels.spectra_figure import HOVERED, Spectrum

KEPT = "dotdash"
"""How a kept spectrum is drawn; class means are solid."""

LIBRARY = "dashed"
"""How a library's spectrum is drawn."""

_STROKES = {"solid": "", "dashed": "6 3", "dotdash": "2 3 6 3"}

_STYLE = """
<style>
:host { max-height: 84px; overflow: auto; }
.one { display: flex; align-items: center; gap: 6px; font-size: 11.5px; line-height: 16px; color: var(--desk-ink); }
.one span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.one svg { flex: none; }
</style>
"""


def legend_html(spectra: Sequence[Spectrum], *, bad: bool = False) -> str:
    """A line a spectrum, in their order, and one for bad bands where there are any; nothing where there is nothing."""
    lines = [*map(_line, spectra), *([_row(_BAD, "bad bands")] if bad else [])]
    return _STYLE + "".join(lines) if lines else ""


_BAD = f'<rect width="26" height="8" fill="{HOVERED}" fill-opacity="0.3"/>'


def _line(one: Spectrum) -> str:
    stroke = f'stroke="{escape(one.color)}" stroke-width="2" stroke-dasharray="{_STROKES[one.dash or "dashed"]}"'
    return _row(f'<line x1="0" y1="4" x2="26" y2="4" {stroke}/>', one.name)


def _row(drawn: str, name: str) -> str:
    swatch = f'<svg width="26" height="8" aria-hidden="true">{drawn}</svg>'
    return f'<div class="one">{swatch}<span title="{escape(name)}">{escape(name)}</span></div>'
