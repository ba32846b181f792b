"""The bands of a scene one after the other, each in grey: where noise and absorption lie is seen in passing."""

from __future__ import annotations

import numpy as np

from workbench.cubes import good_bands
from workbench.panels.look import OWN_BANDS, Look
from workbench.panels.pages import Page
from workbench.session import Session

PACE = 350
"""From one band, once it is drawn, to the next [ms]."""


class Playing:
    """Goes on to the next good band whenever one has been drawn, and ends when another picture is chosen.

    Parameters
    ----------
    session, look, page
        What is shown. A notebook's cell has no clock: there each turn shows one band.
    """

    def __init__(self, session: Session, look: Look, page: Page) -> None:
        self.session, self.look, self._page = session, look, page
        self._shown: tuple[int, int, int] | None = None
        page.follow(look, "drawn", self._go_on, now=False)
        page.follow(look, "picture bands", self._heed, now=False)
        page.follow(session, "cube", lambda: look.param.update(playing=False), now=False)

    def turn(self) -> None:
        """Begin, from the band after the red one, or stop."""
        if self.session.cube is None:
            return
        self._shown, self.look.playing = None, not self.look.playing
        if self.look.playing:
            self._next()

    def _next(self) -> None:
        if not self.look.playing:
            return
        good = np.flatnonzero(good_bands(self.session.cube))
        later = good[good > self.look.bands[0]]
        band = int(later[0] if later.size else good[0])
        self._shown = (band,) * 3
        self.look.param.update(picture=OWN_BANDS, bands=self._shown)
        if not self._page.is_served:
            self.look.playing = False

    def _go_on(self) -> None:
        if self.look.playing and self.look.drawn == self._shown:
            self._page.soon(self._next, PACE)

    def _heed(self) -> None:
        """Somebody who chooses another picture wants to look at that."""
        if self._shown is not None and (self.look.picture, self.look.bands) != (OWN_BANDS, self._shown):
            self._shown, self.look.playing = None, False
