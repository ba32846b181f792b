"""What each picture of a page shows, in words: told a while after it has changed, and worked out beside the page.

Nothing of it is announced: it stands beside the picture for whoever comes to read it (``access.js``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.panels.access import Access

if TYPE_CHECKING:
    from workbench.panels.pages import Page

PAUSE = 1000
"""Milliseconds until what has changed is put into words: many changes of a picture become one."""


class Words:
    """Of one page.

    Parameters
    ----------
    page : Page
        Beside which they are found.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._wanted: dict[str, Callable[[], str]] = {}
        self.access = Access(width=0, height=0, margin=0)

    def tell(self, picture: str, say: Callable[[], str]) -> None:
        """Another thing is drawn: ask `say` for words in a while, in a thread; what it reads must not change there.

        Parameters
        ----------
        picture : str
            By its name in ``access.js``.
        say : callable
            Returns the words. Of several, the last one is asked.
        """
        self._wanted[picture] = say
        self._page.soon(self._ask, PAUSE)

    def _ask(self) -> None:
        wanted, self._wanted = self._wanted, {}
        self._page.work(lambda: {picture: say() for picture, say in wanted.items()}, self._take)

    def _take(self, found: dict[str, str]) -> None:
        if found.items() - self.access.words.items():
            self.access.words = {**self.access.words, **found}
