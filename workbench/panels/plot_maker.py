"""The plot of the embedding is made beside the page, one at a time; a newer wish takes the place of one that waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr

from workbench.panels.pages import Page
from workbench.panels.plotted import Pixel, Plotted, plot
from workbench.session.commands import sentence


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is to be laid out."""

    cube: xr.DataArray
    """The scene."""

    embedding: xr.DataArray | None
    """What an encoder learnt of it; None for the spectra."""

    by: str
    """``pca`` or ``umap``."""

    labels: xr.DataArray | None
    """0 = unlabelled."""

    def has_plane_of(self, other: Wish) -> bool:
        """Whether at most the labels are others."""
        return self.cube is other.cube and self.embedding is other.embedding and self.by == other.by


class PlotMaker:
    """Makes what was wished for last.

    Parameters
    ----------
    page : Page
        Beside which that is done.
    changed : callable
        Called in the page's turn when a plot is begun and when it is made or has failed, with one sentence of trouble
        or an empty one, and whether the plane is another.
    """

    def __init__(self, page: Page, changed: Callable[[str, bool], None]) -> None:
        self._page, self._changed = page, changed
        self._wish: Wish | None = None
        self._last: Wish | None = None
        self._known: dict[Pixel, tuple[float, float]] = {}
        self._is_busy = self.is_laying_out = False
        self.plotted: Plotted | None = None

    def ask(self, wish: Wish | None) -> None:
        """Wish for another plot, or for none."""
        self._wish = wish
        if wish is None:
            self._last = self.plotted = None
        self._begin()

    def _begin(self) -> None:
        wish, last = self._wish, self._last
        if self._is_busy or wish is None:
            return
        is_new = last is None or not wish.has_plane_of(last)
        if not is_new and wish.labels is last.labels:
            return
        self._is_busy, self.is_laying_out = True, is_new
        plane, known = (None, {}) if is_new else (self.plotted.plane, self._known)

        def make() -> tuple:
            from workbench.probe.plane import scene_plane

            try:
                found = plane or scene_plane(wish.cube, wish.embedding, wish.by)
                return wish, known, plot(found, None if wish.labels is None else wish.labels.values, known)
            except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
                return wish, known, error

        if is_new:
            self.plotted = None
            self._changed("", True)
        self._page.work(make, self._take)

    def _take(self, made: tuple[Wish, dict, Plotted | Exception]) -> None:
        wish, known, plotted = made
        is_new, self._is_busy, self.is_laying_out = self.is_laying_out, False, False
        if self._wish is not None and wish.has_plane_of(self._wish):
            self._last, self._known, self.plotted = wish, known, plotted
            if isinstance(plotted, Exception):  # the next wish, whichever it is, tries again
                self._wish = self._last = self.plotted = None
            self._changed(sentence(plotted) if self.plotted is None else "", is_new)
        self._begin()
