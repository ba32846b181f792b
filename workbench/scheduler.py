"""A dask scheduler: reached, or refused within seconds, and what has to be the same on both sides."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future as Answer
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.record import versions

if TYPE_CHECKING:
    from distributed import Client

ANSWER = 10.0
"""A scheduler answers within so long [s]."""

ALIKE = ("workbench", "numpy", "torch", "scikit-learn")
"""Packages whose versions must be the same on both sides, for the same numbers."""

Versions = tuple[tuple[str, str], ...]


@contextmanager
def connected(address: str, answer: float | None = None) -> Iterator[Client]:
    """A client of the scheduler at `address`.

    Raises
    ------
    ConnectionError
        If none answers within `answer` seconds, by default ``ANSWER``.
    """
    answer = answer or ANSWER
    # In a thread: dask's own time-out does not cover a port that takes the call and then says nothing.
    asked: Answer = Answer()
    threading.Thread(target=_ask, args=(asked, address, answer), daemon=True).start()
    try:
        client = asked.result(2 * answer)
    except (OSError, ValueError) as error:  # a time-out is the former
        raise ConnectionError(
            f"no dask scheduler answered at {address} within {answer:.0f} s; start one with dask scheduler, or leave "
            "the cluster out"
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=answer)


def deciding_versions() -> Versions:
    """Of what decides the numbers, here."""
    return tuple((name, version) for name, version in versions().items() if name in ALIKE)


def refuse_other_versions(theirs: Versions) -> None:
    """Let a worker refuse to compute otherwise than whoever asks it does.

    Raises
    ------
    RuntimeError
        Names both sides' versions.
    """
    if (ours := deciding_versions()) != theirs:
        here, there = (", ".join(f"{name} {v}" for name, v in told) for told in (ours, theirs))
        raise RuntimeError(f"a worker computes as the asker does, but it has {here} instead of {there}; install these")


def _ask(asked: Answer, address: str, answer: float) -> None:
    from distributed import Client

    try:
        asked.set_result(Client(address, timeout=answer, set_as_default=False))
    except Exception as error:  # noqa: BLE001, the end of a thread: whoever waits for the answer gets it
        asked.set_exception(error)
