"""One page among several: changes of the shared session reach it in its own turn, until it is closed.

A session is changed by clicks on any page and by threads that watch its jobs. Bokeh lets a document be changed only
from its own callbacks, so every change takes the way of ``add_next_tick_callback``; many changes of one thing while
the page was busy become one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import panel as pn
import param

from workbench.cubes import CubeError
from workbench.panels.words import Words
from workbench.session.commands import sentence


class Page:
    """The document that is being built, or a notebook's, which takes changes at any time.

    Parameters
    ----------
    tell : callable
        Takes a sentence about what a user can mend: a file that is gone, a full disk.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        document = pn.state.curdoc
        self._document = document if document is not None and document.session_context else None
        self._closers: list[Callable[[], None]] = []
        self._thread = threading.get_ident()
        self._waiting: set[Callable[[], None]] = set()
        self._soon: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self.is_open = True
        self.words = Words(self)
        self._queue: list[Callable[[], None]] | None = None
        if self._document is not None:
            self._queue = []
            pn.state.onload(self._begin)
            pn.state.on_session_destroyed(lambda _: self.close())

    def follow(self, source: param.Parameterized, names: str, action: Callable[[], None], *, now: bool = True) -> None:
        """Call `action` whenever one of `names` (separated by blanks) changes, and at once unless told not to."""
        watcher = source.param.watch(lambda *_: self.later(action), names.split())
        self._closers.append(lambda: source.param.unwatch(watcher))
        if now:
            action()

    def later(self, action: Callable[[], None]) -> None:
        """Call `action` in this page's turn: at once if that is now."""
        # Bokeh's current document is the process's, not the thread's.
        ours = threading.get_ident() == self._thread and pn.state.curdoc is self._document
        if self._document is None or ours:
            self._do(action)
            return
        with self._lock:
            if action in self._waiting or not self.is_open:
                return
            self._waiting.add(action)
            if self._queue is not None:
                self._queue.append(action)
                return
        self._document.add_next_tick_callback(lambda: self._take(action))

    @property
    def is_served(self) -> bool:
        """Whether the page has a clock of its own, as a server's has."""
        return self._document is not None

    def soon(self, action: Callable[[], None], milliseconds: int) -> None:
        """Call `action` once after a while, however often it is asked for until then; in a notebook at once."""
        if self._document is None:
            self._do(action)
        elif action not in self._soon and self.is_open:
            self._soon.add(action)
            self._document.add_timeout_callback(lambda: self._come(action), milliseconds)

    def _come(self, action: Callable[[], None]) -> None:
        self._soon.discard(action)
        if self.is_open:
            self._do(action)

    def _begin(self) -> None:
        """The browser has the page. What is sent before that may be lost on the way."""
        with self._lock:
            queue, self._queue = self._queue, None
        for action in queue or ():
            self._take(action)

    def _take(self, action: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.discard(action)
        if self.is_open:
            self._do(action)

    def _do(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (OSError, CubeError) as error:
            self._tell(sentence(error))
        except Exception:  # the edge of a callback: one part that fails must not keep the others from following
            logging.getLogger(__name__).exception("a page could not follow")

    def work(self, job: Callable[[], object], then: Callable[[object], None]) -> None:
        """Do `job` beside the page and bring what it returns back to it."""
        if self._document is None:
            then(job())
            return

        def run() -> None:
            try:
                result = job()
            except (OSError, ValueError) as error:
                reason = sentence(error)
                self.later(lambda: self._tell(reason))
                return
            except Exception:  # the edge of a thread: nothing above could show the failure
                logging.getLogger(__name__).exception("the page's work failed")
                return
            self.later(lambda: then(result))

        _workers().submit(run)

    def on_close(self, action: Callable[[], None]) -> None:
        """Call `action` when the page is closed."""
        self._closers.append(action)

    def close(self) -> None:
        """Stop following; the session lives on."""
        self.is_open = False
        while self._closers:
            self._closers.pop()()


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="page")
