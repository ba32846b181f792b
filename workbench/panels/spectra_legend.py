"""The legend of single spectra, below their figure: a stroke as in the figure, and the name, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench.panels.spectra_figure import Spectrum

KEPT = "dotdash"
"""How a kept spectrum is drawn; class means are solid."""

_STROKES = {"solid": "", "dashed": "6 3", "dotdash": "2 3 6 3"}

_STYLE = """
<style>
:host { max-height: 84px; overflow: auto; }
div { display: flex; align-items: center; gap: 6px; font-size: 11.5px; line-height: 16px; color: var(--desk-ink); }
span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
svg { flex: none; }
</style>
"""


def legend_html(spectra: Sequence[Spectrum]) -> str:
    """A line a spectrum, in their order; nothing where there is none."""
    return _STYLE + "".join(map(_line, spectra)) if spectra else ""


def _line(one: Spectrum) -> str:
    dashes = _STROKES[one.dash]
    stroke = f'stroke="{escape(one.color)}" stroke-width="2" stroke-dasharray="{dashes}"'
    name = escape(one.name)
    swatch = f'<svg width="26" height="8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4" {stroke}/></svg>'
    return f'<div>{swatch}<span title="{name}">{name}</span></div>'
