"""What may be done with points in the plot of the embedding: select, go there, give them a class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.plot_maker import PlotMaker
from workbench.panels.plotted import Pixel
from workbench.session import Session

ALIKE = 25
"""Pixels that are selected as being like one; twice as many each time that is asked again."""

NO_PIXEL: tuple[Pixel | None, int] = (None, 0)
"""Nothing was selected as being like a pixel."""


class Picking:
    """Selections of one page, in words of pixels; map and spectra follow the look.

    Parameters
    ----------
    session, look, page
        What is acted on.
    maker : PlotMaker
        Has the plot there is.
    go : callable
        Brings a pixel (row, column) into sight on the map.
    """

    def __init__(
        self, session: Session, look: Look, page: Page, maker: PlotMaker, go: Callable[[int, int], None]
    ) -> None:
        self._session, self._look, self._page, self._maker, self._go = session, look, page, maker, go
        self._like = NO_PIXEL

    def lassoed(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Select what lies in a polygon of the plane."""
        if self._maker.plotted is not None:
            self._like = NO_PIXEL
            self._look.selection = self._maker.plotted.inside(x, y)

    def tapped(self, x: float, y: float, scale: tuple[float, float]) -> None:
        """Go to the pixel whose point was clicked."""
        pixel = None if self._maker.plotted is None else self._maker.plotted.near(x, y, scale)
        if pixel is not None:
            self._go_to(pixel)

    def alike(self) -> bool:
        """Select the drawn pixels that are most like the one clicked last; asked again, twice as many.

        Returns
        -------
        bool
            False where that cannot be.
        """
        pixel, found = self._look.pixel, self._maker.plotted
        if pixel is None:
            self._session.refuse("no pixel has been clicked; click one, then V selects those like it")
        if pixel is None or found is None:
            return False
        last, n = self._like
        n = 2 * n if last == pixel and self._look.selection else ALIKE
        self._page.work(lambda: (pixel, n, found.plane.like(*pixel, n)), self._take_alike)
        return True

    def _take_alike(self, found: tuple[Pixel, int, list[Pixel]]) -> None:
        pixel, n, self._look.selection = found
        self._like = pixel, n

    def step(self, by: int) -> None:
        """To another pixel of the selection, there and on the map; after the last comes the first."""
        chosen, pixel = self._look.selection, self._look.pixel
        if chosen:
            at = chosen.index(pixel) + by if pixel in chosen else min(by, 0)
            self._go_to(chosen[at % len(chosen)])

    def give(self) -> None:
        """Give the selection the chosen class."""
        if self._look.selection:
            self._session.label_pixels(self._look.selection)
        else:
            self._session.refuse("nothing is selected; draw round points in the plot, or press V")

    def let_go(self) -> None:
        """Select nothing."""
        self._look.selection = []

    def _go_to(self, pixel: Pixel) -> None:
        self._go(*pixel)
        self._look.pixel = pixel
