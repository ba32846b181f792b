"""Products of matrices in one thread: where the work is shared out already, or too small to be worth it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

from threadpoolctl import OpenBLASController, ThreadpoolController

SMALL = 1 << 20
"""Numbers below which threads of a product wait for each other longer than they work; on a busy machine, many times."""


class _OneThread:
    """A limit of one thread for the libraries' products, for as long as anybody wants it.

    The limit is the whole process's. Were each to keep what it found and put it back, two that overlap would leave the
    limit behind for good; so the first takes it and the last gives it back.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._users = 0
        self._libraries: ThreadpoolController | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While this lasts, products stay in the thread that asks for them."""
        with self._guard:
            if self._libraries is None:
                self._libraries = ThreadpoolController()  # looking for them takes as long as half a map
            if not self._users:
                self._limit = self._libraries.limit(limits=1)
            self._users += 1
        try:
            yield
        finally:
            with self._guard:
                self._users -= 1
                if not self._users:
                    _any_thread_may_set_limits()
                    self._limit.restore_original_limits()


def _any_thread_may_set_limits() -> None:
    """From threadpoolctl 3.8 on, OpenBLAS heeds only the thread that set a limit first; the last must undo it."""
    release = getattr(OpenBLASController, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)


one_thread = _OneThread()


@contextmanager
def one_core_each(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads, and while they work, products of matrices stay in the thread that asks for them."""
    with one_thread(), ThreadPoolExecutor(workers) as pool:
        yield pool


def one_core_if_small(size: int) -> AbstractContextManager[None]:
    """A context in which products stay in one thread, if there are few numbers."""
    return one_thread() if size < SMALL else nullcontext()
