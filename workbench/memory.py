"""Memory given back to the system between two pieces of work, so that a second one does not come on top of the first.

The allocator of Linux keeps what a program let go of for its next wish. Blocks of another size seldom fit there: what
pretraining held would stay resident while a scene is mapped, and every block of a scene would leave a little behind.
"""

from __future__ import annotations

import ctypes
import gc
from functools import cache


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
