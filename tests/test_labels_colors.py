"""The palette is what it claims: told apart with any eyes, usual colours for usual covers."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.labels import PALETTE, class_colors
from workbench.labels.colors import next_color

# Machado et al. 2009, severity 1.0, on linear RGB
SEEN = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#f0e442", "#e69f00", "#56b4e9", "#cc79a7", "#000000")


def oklab(colors, eyes: str) -> np.ndarray:
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SEEN[eyes]).T, 0, 1)
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return 100 * np.cbrt(seen @ np.array(to_lms).T) @ np.array(to_lab).T


def nearest_two(colors) -> float:
    """Smallest difference between any two colours, with the worst eyes."""
    smallest = []
    for eyes in SEEN:
        lab = oklab(colors, eyes)
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)
        smallest.append(apart[np.triu_indices(len(colors), 1)].min())
    return min(smallest)


def test_twenty_colours_are_told_apart_with_any_eyes():
    assert len(set(PALETTE)) == 20
    assert nearest_two(PALETTE) > 8.6
    assert nearest_two(PALETTE[:8]) > 14.9
    assert nearest_two(PALETTE) > nearest_two(OKABE_ITO)


@pytest.mark.parametrize(
    ("name", "leading"),
    [("Water", 2), ("river bank lake", 2), ("Low vegetation", 1), ("Trees", 1), ("grass", 1), ("Roof tiles", 0)],
)
def test_a_usual_cover_has_its_usual_colour(name, leading):
    color = class_colors([name])[0]
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    assert int(np.argmax(rgb)) == leading


def test_a_word_inside_another_is_no_cover():
    assert class_colors(["Seattle", "Iceberg lettuce"]) == class_colors(2)


def test_two_classes_never_share_a_colour_up_to_twenty():
    names = ["water", "river", "sea", "lake", *"abcdefghijklmnop"]
    colors = class_colors(names)
    assert len(set(colors)) == 20
    assert set(colors) == set(PALETTE)
    assert len(class_colors(45)) == 45


def test_a_cover_is_told_apart_from_another_that_has_its_colour():
    """A class without a usual cover took the blue; water that comes later must not be almost as blue."""
    colors = [next_color("first", [])]
    colors.append(next_color("water", [(colors[0], "first")]))
    assert nearest_two(colors) > 14.9
    assert class_colors(["first", "water"])[1] == PALETTE[0]
