"""Selections made of many pixels at once: as many as a page can carry, said in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 5000
"""Pixels of a selection: of more, evenly chosen ones."""

Pixel = tuple[int, int]
"""Row and column."""


def some_of(pixels: NDArray[np.integer], most: int = MOST) -> list[Pixel]:
    """Pixels (n, 2) as a selection; of more than `most`, evenly chosen ones in their order.

    Examples
    --------
    >>> some_of(np.array([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]), most=3)
    [(0, 1), (4, 5), (8, 9)]
    """
    if len(pixels) > most:
        pixels = pixels[np.linspace(0, len(pixels) - 1, most).astype(int)]
    return list(map(tuple, pixels.tolist()))


def counted(found: int, shown: int) -> str:
    """How many pixels are selected.

    Examples
    --------
    >>> counted(1, 1), counted(12000, 5000)
    ('1 pixel', '5,000 of 12,000 pixels, evenly chosen')
    """
    if shown < found:
        return f"{shown:,} of {found:,} pixels, evenly chosen"
    return f"{found:,} pixel{'' if found == 1 else 's'}"
