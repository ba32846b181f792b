"""Several sessions of one desk: a folder each, below one folder, by its name.

A session is opened when the first page asks for it, and put away some time after the last page has left, so that it
takes memory no longer; not while a job is under way. What it holds is in its folder, so that it comes back as it was.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path

from workbench.session.session import Session

NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")
"""Of a session: letters and digits first, so that none is hidden or lies elsewhere."""

PATIENCE = 60.0
"""Seconds that a session waits for a page to come back: a reload leaves and comes again."""


class Sessions:
    """The sessions below a folder.

    Parameters
    ----------
    folder : Path
        Made at the first session.
    begin : callable
        Given a session's folder, opens it.
    most : int
        Sessions open at once.
    patience : float
        Seconds after its last page until a session is put away.
    """

    def __init__(
        self, folder: Path, begin: Callable[[Path], Session], *, most: int = 20, patience: float = PATIENCE
    ) -> None:
        self.folder, self.most, self.patience = folder, most, patience
        self._begin, self._lock = begin, threading.RLock()
        self._open: dict[str, Session] = {}
        self._pages: dict[str, int] = {}
        self._timers: dict[str, threading.Timer] = {}

    @property
    def names(self) -> list[str]:
        """Of the open ones."""
        return list(self._open)

    def enter(self, name: str) -> Session:
        """The session of that name, for a page that will :meth:`leave` it.

        Raises
        ------
        ValueError
            If no session may be named so.
        RuntimeError
            If as many are open as may be, or another program has it.
        OSError
            If its folder cannot be used.
        """
        if not NAME.fullmatch(name):
            raise ValueError(
                f"a session is named by letters, digits and . _ - + @, a letter or digit first, got {name[:64]!r}"
            )
        with self._lock:
            if name not in self._open:
                if len(self._open) >= self.most:
                    raise RuntimeError(f"this desk keeps {self.most} sessions open at once; come back in a while")
                self.folder.mkdir(parents=True, exist_ok=True)
                self._open[name] = self._begin(self.folder / name)
            if timer := self._timers.pop(name, None):
                timer.cancel()
            self._pages[name] = self._pages.get(name, 0) + 1
            return self._open[name]

    def leave(self, name: str) -> None:
        """A page of that session is closed."""
        with self._lock:
            self._pages[name] -= 1
            if not self._pages[name]:
                self._wait(name)

    def close(self) -> None:
        """Put all away."""
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            self._timers = {}
            for name in list(self._open):
                self._open.pop(name).close()

    def _wait(self, name: str) -> None:
        timer = self._timers[name] = threading.Timer(self.patience, self._put_away, [name])
        timer.daemon = True
        timer.start()

    def _put_away(self, name: str) -> None:
        """In a timer's thread: unless a page has come back, or something is under way."""
        with self._lock:
            if self._timers.pop(name, None) is None or self._pages.get(name) or name not in self._open:
                return
            if self._open[name].is_busy:
                self._wait(name)
                return
            session = self._open.pop(name)
            del self._pages[name]
            try:
                session.close()
            except OSError:
                logging.getLogger(__name__).exception("session %s was not closed in order", name)
