"""Memory given back to the system between two pieces of work, so that a second one does not come on top of the first.

The allocator of Linux keeps what a program let go of for its next wish. Blocks of another size seldom fit there: what
pretraining held would stay resident while a scene is mapped, and every block of a scene would leave a little behind.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from functools import cache

LARGE = 8 * 2**20
"""Arrays from this size on [bytes] get memory of their own, which is the system's again when they are gone."""

_MMAP_THRESHOLD = -3
"""What glibc's ``mallopt`` calls it."""


def keep_large_apart() -> None:
    """Give every large array memory of its own from now on, in the whole process; nothing where that cannot be told.

    By itself glibc does so only until the first of them is gone, and then lays them among the small ones. It saves a
    scene of many blocks a tenth of what is resident, and costs it some of its time.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)


def give_back(*, collect: bool = False) -> None:
    """Let the system have what the program no longer uses; nothing where its allocator cannot be told.

    Parameters
    ----------
    collect : bool
        Look for objects that only hold each other first, which takes a tenth of a second or two.
    """
    if collect:
        gc.collect()
    if (trim := _trimmer()) is not None:
        trim(0)


@cache
def _trimmer() -> ctypes._CFuncPtr | None:
    """The C library's ``malloc_trim``, which only glibc has."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
