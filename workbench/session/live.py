"""The class map behind the labels: computed in one background thread, the newest wish first, old wishes dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable

Work = Callable[[], object]
Deliver = Callable[[int, object], None]

QUIET = 1.0
"""Seconds without a newer wish after which what can wait is done."""


class Refit:
    """At most one piece of work at a time and at most one waiting: a newer wish takes the place of the waiting one.

    Parameters
    ----------
    deliver : callable
        Called in the background thread with the wish's generation and its result, or the exception it ended with.
    afterwards : callable, optional
        Called likewise, when no newer wish has come for a while or somebody waits for the end.
    """

    def __init__(self, deliver: Deliver, afterwards: Deliver | None = None) -> None:
        self._deliver, self._afterwards = deliver, afterwards
        self._stirred, self._awaited = threading.Event(), 0
        self._guard = threading.Lock()
        self._waiting: tuple[int, Work] | None = None
        self._thread: threading.Thread | None = None

    def ask(self, generation: int, work: Work) -> None:
        """Do `work` as soon as what is under way has ended, unless a newer wish comes first."""
        with self._guard:
            self._waiting = (generation, work)
            self._stirred.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="class map", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """Drop what is waiting."""
        with self._guard:
            self._waiting = None

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing is under way; False if that took longer than `timeout` seconds."""
        thread = self._thread
        if thread is not None:
            with self._guard:
                self._awaited += 1
                self._stirred.set()
            thread.join(timeout)
            with self._guard:
                self._awaited -= 1
        return self._thread is None

    def _run(self) -> None:
        while True:
            with self._guard:
                if self._waiting is None:
                    self._thread = None
                    return
                (generation, work), self._waiting = self._waiting, None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
                result = error
            self._deliver(generation, result)
            if self._afterwards is not None and self._is_quiet():
                self._afterwards(generation, result)

    def _is_quiet(self) -> bool:
        """Whether no newer wish comes for a while; at once where somebody waits for the end."""
        with self._guard:
            if self._waiting is None and not self._awaited:
                self._stirred.clear()
        self._stirred.wait(QUIET)
        with self._guard:
            return self._waiting is None
