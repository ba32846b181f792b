"""Painters of what was computed of a scene: only the window's pixels are coloured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.panels.maps import Painter
from workbench.panels.pictures import class_picture, disagreement_picture, scalar_picture
from workbench.panels.view import Window


def of_codes(class_map: xr.DataArray | None, colors: Sequence[str], confidence: xr.DataArray | None = None) -> Painter:
    """A painter of class codes in their classes' colours; only the window's are coloured."""

    def paint(window: Window) -> NDArray[np.uint8] | None:
        if class_map is None:
            return None
        sure = None if confidence is None else window.take(confidence.values)
        return window.clear(class_picture(window.take(class_map.values), colors, sure))

    return paint


def of_disagreement(maps: list[xr.DataArray]) -> Painter:
    """A painter of the pixels that models give different classes, the stronger the more of them do."""

    def paint(window: Window) -> NDArray[np.uint8] | None:
        if len(maps) < 2:
            return None
        return window.clear(disagreement_picture(np.stack([window.take(one.values) for one in maps])))

    return paint


def of_confidence(confidence: xr.DataArray | None) -> Painter:
    """A painter of confidence."""
    return lambda window: None if confidence is None else window.clear(scalar_picture(window.take(confidence.values)))
