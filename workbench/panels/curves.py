"""The curve panel: accuracy against labels a class, a line a model, and what that says of the next labels."""

from __future__ import annotations

from functools import partial
from html import escape

import numpy as np
import panel as pn
import panel_material_ui as pmui

from workbench.panels.access import reads
from workbench.panels.curve_figure import A_CLASS, STYLES, CurveFigure
from workbench.panels.curve_words import Read, read_curves
from workbench.panels.described import NOTHING, learning_words
from workbench.panels.families import COUNTED, IN_WORDS, LIVE, live_read
from workbench.panels.look import Look
from workbench.panels.menu import in_words
from workbench.panels.pages import Page
from workbench.panels.style import dock_row, note, stack
from workbench.session import Session
from workbench.session.commands import sentence

CURVE_TAB = "Curve"
FIRST = (
    "Compare models first (R), with two or more numbers of labels a class: for example 5, 10, 20; or have families "
    "scored as you label (Shift F)."
)
SPLITS = {"random": "random split", "blocks": "blocks (spatially apart)", LIVE: IN_WORDS}

_STYLE = """
<style>
table { border-collapse: collapse; width: 100%; font-size: 12.5px; font-variant-numeric: tabular-nums;
  color: var(--desk-ink); }
td { padding: 2px 0; white-space: nowrap; } td + td { text-align: right; padding-left: 8px; }
.key { display: inline-block; width: 18px; margin-right: 7px; vertical-align: middle; border-top: 3px solid; }
.interval { color: var(--desk-quiet); font-size: 11px; }
p { margin: 6px 0 0; font-size: 12.5px; line-height: 1.4; color: var(--desk-ink); }
</style>
"""


class CurvePanel(pn.viewable.Viewer):
    """Names and words left, the plot right; it follows a comparison under way."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._read: dict[str, Read] = {}
        self._of: object = None
        self._is_busy = False
        self._styles: dict[str, tuple[str, str]] = {}
        self._split = pmui.Select(
            label="Split shown", options=[], size="small", margin=0, sizing_mode="stretch_width", visible=False
        )
        self._split.param.watch(lambda _: self._draw(), "value")
        self._first = note(FIRST)
        self._figure = CurveFigure(sizing_mode="stretch_both", min_height=120, margin=0, css_classes=["curves"])
        self._words = pn.pane.HTML(
            "", sizing_mode="stretch_both", margin=0, styles={"overflow": "auto"}, **reads("learning curves in words")
        )
        page.follow(session, "rows", self._renew)
        page.follow(session, "family_points scene", self._renew_live)
        page.follow(session, "counts", self._stand)
        page.follow(look, "tab", self._renew, now=False)

    def __panel__(self) -> pn.Row:
        """Words, then the plot."""
        told = stack(self._first, self._split, self._words, gap=8, width=330, sizing_mode="stretch_height")
        return dock_row(told, self._figure)

    def _renew(self) -> None:
        """Read the scores beside the page, once somebody looks at the tab."""
        rows = self.session.rows
        if self.look.tab != CURVE_TAB or rows is None or rows is self._of or self._is_busy:
            return
        self._is_busy = True

        def read() -> tuple[object, dict[str, Read] | Exception]:
            try:
                return rows, read_curves(rows)
            except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
                return rows, error

        self._page.work(read, self._take)

    def _take(self, made: tuple[object, dict[str, Read] | Exception]) -> None:
        self._is_busy = False
        self._of, read = made
        if isinstance(read, Exception):
            self.session.refuse(f"the learning curves cannot be drawn: {sentence(read)}")
            read = {}
        live = {LIVE: self._read[LIVE]} if LIVE in self._read else {}
        self._offer({**read, **live})
        self._renew()

    def _renew_live(self) -> None:
        """What families reached as labels came stands beside a comparison's splits."""
        live = live_read(self.session.live_curve)
        compared = {split: read for split, read in self._read.items() if split != LIVE}
        self._offer({**compared, LIVE: live} if live else compared)

    def _offer(self, read: dict[str, Read]) -> None:
        self._read = read
        options = {SPLITS.get(split, split): split for split in read}
        chosen = self._split.value if self._split.value in read else next(iter(read), None)
        self._split.param.update(options=options, value=chosen, visible=len(read) > 1)
        self._draw()

    def _stand(self) -> None:
        """Mark the labels there are: as many as half of the labelled classes have at most."""
        self._draw()

    def _draw(self) -> None:
        found = self._read.get(self._split.value)
        self._first.visible = found is None
        if found is None:
            self._figure.draw({}, {})
            self._page.words.tell("curves", lambda: NOTHING)
            self._words.object = ""
            return
        there = {model for read in self._read.values() for model in read.curves}
        self._styles = {model: style for model, style in self._styles.items() if model in there}
        for model in sorted(there - set(self._styles)):  # a colour stays its model's while others change places
            free = (style for style in STYLES if style not in self._styles.values())
            self._styles[model] = next(free, STYLES[0])
        names = {model: in_words(model) for model in found.curves}
        styles = {names[model]: self._styles[model] for model in names}
        given, is_live = sorted(pixels for pixels in self.session.counts.values() if pixels), self._split.value == LIVE
        named = {names[model]: points for model, points in found.curves.items()}
        self._figure.draw(named, styles, COUNTED if is_live else A_CLASS)
        self._page.words.tell("curves", partial(learning_words, named, COUNTED if is_live else A_CLASS))
        self._figure.stand_at(float(sum(given) if is_live else np.median(given)) if given else 0.0)
        where = "Your labels now (dotted)" if self._figure.is_marked else "Your labels now"
        many = f"{sum(given):,}" if is_live else f"{_from_to(given)} a class" if given else ""
        now = f"{where}: {many}." if len(given) > 1 else ""
        self._words.object = _html(found, names, styles, now)


def _from_to(given: list[int]) -> str:
    """How many labels classes have, the fewest first."""
    low, high = given[0], given[-1]
    return f"{low:,}" if low == high else f"{low:,} to {high:,} (median {np.median(given):,.0f})"


def _html(found: Read, names: dict[str, str], styles: dict[str, tuple[str, str]], now: str) -> str:
    """Which line is whose, what it reaches, and what is said."""
    lines = []
    for model, points in found.curves.items():
        last, (color, dash) = points[-1], styles[names[model]]
        drawn = {"solid": "solid", "dotted": "dotted"}.get(dash, "dashed")
        interval = f"{last.low:.1f} … {last.high:.1f}" if last.low == last.low else ""
        key = f'<span class="key" style="border-color: {color}; border-top-style: {drawn}"></span>'
        lines.append(
            f"<tr><td>{key}{escape(names[model])}</td><td>{last.mean:.1f} %</td>"
            f'<td><span class="interval">{interval}</span></td></tr>'
        )
    words = "".join(f"<p>{escape(one)}</p>" for one in (*found.words, *([now] if now else ())))
    return f"{_STYLE}<table>{''.join(lines)}</table>{words}"
