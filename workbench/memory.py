"""Memory given back to the system between two pieces of work, so that a second one does not come on top of the first.

The allocator of Linux keeps what a program let go of for its next wish. Blocks of another size seldom fit there, and
what pretraining held would stay resident while a scene is mapped.
"""

from __future__ import annotations

import ctypes
import gc
from functools import cache


def give_back() -> None:
    """Let the system have what the program no longer uses; nothing where its allocator cannot be told."""
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
