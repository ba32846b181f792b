"""The confusion panel: which classes a model takes for which, and, cell by cell, which pixels these are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import param
from numpy.typing import ArrayLike, NDArray
from panel.custom import JSComponent

from workbench.panels.chosen import Pixel, counted, some_of
from workbench.panels.look import Look
from workbench.panels.menu import in_words
from workbench.panels.pages import Page
from workbench.panels.style import dock_row, note, stack
from workbench.session import Confused, Session
from workbench.session.groups import at_level

CONFUSION_TAB = "Confusion"
FIRST = "Compare models first (R)."
MEANT = "Test pixels of all draws together; shades are shares of a row. Press a cell to see its pixels on the map."

DARKEST = 45
"""Per cent of the accent behind all pixels of a row; more, and the numbers on it are hard to read in the dark."""

Codes = tuple[tuple[int, ...], ...]
"""Of each row of the matrix, the classes in it: one, or those of a group."""

Task = tuple[str, str, int, str, Codes]
"""Run, model, budget and split, and what the rows are."""


class ConfusionTable(JSComponent):
    """The matrix; see ``confusion.js``."""

    names = param.List(default=[], doc="Of the classes, in the order of their codes")
    pixels = param.List(default=[], doc="Rows of the matrix: lists of whole numbers, the truth in rows")
    at = param.Tuple(default=(-1, -1), length=2, doc="Row and column of the cell that is shown on the map, or −1, −1")
    darkest = param.Integer(default=DARKEST, doc="Per cent of the accent behind all pixels of a row")

    _esm = Path(__file__).with_name("confusion.js")

    def __init__(self, on_cell: Callable[[int, int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_cell = on_cell

    def _handle_msg(self, message: dict) -> None:
        row, column = map(int, message["cell"])
        self._on_cell(row, column)


class ConfusionPanel(pn.viewable.Viewer):
    """Whose matrix left, the matrix right.

    Parameters
    ----------
    session, look, page
        What is shown and acted on.
    show : callable
        Brings pixels (n, 2) into sight on the map, if none of them is.
    """

    def __init__(
        self, session: Session, look: Look, page: Page, show: Callable[[NDArray], None], **params: object
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._page, self._show = session, look, page, show
        self._mine: list[Pixel] = []
        self._of: Task | None = None
        self._found: Confused | None = None
        self._cell = (-1, -1)
        self._which = pmui.Select(
            label="Confusion of", options=[], size="small", margin=0, sizing_mode="stretch_width", disabled=True
        )
        self._which.param.watch(lambda _: self._draw(), "value")
        self._said = note(FIRST)
        self._table = ConfusionTable(self._pressed, sizing_mode="stretch_width", margin=0)
        self._by_group = pmui.Switch.from_param(
            look.param.by_group, label="By groups", description="", size="small", margin=0, visible=False
        )
        self._codes: Codes = ()
        self._level: dict[str, tuple[str, str]] = {}
        self._right = ""
        page.follow(session, "scores rows", self._offer)
        page.follow(session, "classes", self._regroup, now=False)
        page.follow(look, "by_group", self._draw, now=False)
        page.follow(look, "selection", self._mark, now=False)

    def __panel__(self) -> pn.Row:
        """Which classes a model takes for which."""
        table = pn.Column(self._table, sizing_mode="stretch_both", margin=0, styles={"overflow": "auto"})
        return dock_row(
            stack(self._which, self._by_group, self._said, gap=12, width=260, sizing_mode="stretch_height"), table
        )

    def _offer(self) -> None:
        scores = self.session.scores
        if scores is None or not len(scores):
            return
        tasks = {
            f"{in_words(row.model)}, {row.budget} a class, {row.split}": (row.model, row.budget, row.split)
            for row in scores.itertuples()
        }
        if self._which.value not in tasks.values():
            self._which.param.update(options=tasks, value=next(iter(tasks.values())), disabled=False)
        else:
            self._which.options = tasks
        self._draw()

    def _regroup(self) -> None:
        """Draw anew if classes stand under other groups; a label is no reason."""
        if at_level(tuple(self.session.classes)) != self._level:
            self._draw()

    def _draw(self) -> None:
        rows = self.session.rows
        if self._which.value is None or rows is None:
            return
        from workbench.compare import merged_confusion

        matrix, classes = self.session.confusion(*self._which.value), list(rows["classes"].iloc[0])
        if len(matrix) != len(classes):
            return  # between two comparisons
        self._level = at_level(tuple(self.session.classes))
        groups = [self._level.get(name, (name, ""))[0] for name in classes]
        self._by_group.visible = groups != classes
        shown = groups if self.look.by_group else classes
        names, merged = merged_confusion(matrix, shown)
        self._codes = tuple(tuple(i for i, one in enumerate(shown, 1) if one == name) for name in names)
        self._right = _right(matrix, merged) if self.look.by_group else ""
        if (names, merged.tolist()) != (self._table.names, self._table.pixels):
            self._table.param.update(names=names, pixels=merged.tolist())
        self._mark()

    @property
    def _task(self) -> Task | None:
        """Whose matrix is shown."""
        return None if self._which.value is None else (self.session.scored_run, *self._which.value, self._codes)

    # ------------------------------------------------------------------ one cell

    def _pressed(self, row: int, column: int) -> None:
        """Look for the pixels of a cell beside the page; pressed again, let go of them."""
        if (row, column) == self._table.at:
            self.look.selection = []
            return
        task = self._task
        self._said.object = "The pixels are being looked for …"

        def find() -> tuple[Task, tuple[int, int], Confused]:
            try:
                return task, (row, column), self.session.confused(*task[1:4], task[4][row], task[4][column])
            except (OSError, ValueError):
                self._page.later(self._mark)
                raise

        self._page.work(find, self._take)

    def _take(self, made: tuple[Task, tuple[int, int], Confused]) -> None:
        task, cell, found = made
        if task != self._task:
            return
        self._of, self._cell, self._found = task, cell, found
        self._mine = some_of(found.pixels)
        self._show(found.pixels)
        self.look.selection = self._mine
        self._mark()
        if not self._mine:
            names = self._table.names
            self._said.object = f"No pixel of {names[cell[0]]} was taken for {names[cell[1]]}."

    def _mark(self) -> None:
        """Press the cell whose pixels are selected, if they are, and say what they are."""
        chosen = self.look.selection
        is_ours = bool(self._mine) and chosen == self._mine and self._of == self._task
        self._table.at = self._cell if is_ours else (-1, -1)
        self._said.object = self._in_words() if is_ours else self._right + MEANT if self._table.pixels else FIRST

    def _in_words(self) -> str:
        names, (row, column), found = self._table.names, self._cell, self._found
        taken = "taken for what it is" if row == column else f"taken for {names[column]}"
        draws = f"{found.draws} draw{'' if found.draws == 1 else 's'}"
        lacking = f" ({found.lacking} more were not kept)" if found.lacking else ""
        pixels = counted(len(found.pixels), len(self._mine))
        times = "once" if found.times == 1 else f"{found.times:,} times"
        return f"{names[row]} {taken}: {pixels}, {times} in {draws}{lacking}. J goes along them, Esc lets go."


def _right(of_classes: ArrayLike, of_groups: ArrayLike) -> str:
    """Overall accuracies at both levels, in words."""
    from workbench.compare import overall_accuracy

    groups, classes = (100 * overall_accuracy(matrix) for matrix in (of_groups, of_classes))
    return f"Overall accuracy: {groups:.1f} % by groups, {classes:.1f} % by classes. "
