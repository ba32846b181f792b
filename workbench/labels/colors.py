"""Twenty class colours that colour-blind people can tell apart, given by name where a cover has a usual colour.

Found by search: as far apart as possible in OKLab, seen normally and through the full protanopia and deuteranopia of
Machado et al. Any two of the twenty differ by at least 8.7 (of 100), any two of the first eight by 15; the
well-known eight colours of Okabe and Ito reach 7.6 on the same scale (tests/test_labels_colors.py).

References
----------
Machado, Oliveira, Fernandes (2009). *A physiologically-based model for simulation of color vision deficiency.*
IEEE TVCG. doi:10.1109/TVCG.2009.113. Ottosson (2020). *A perceptual color space for image processing* (OKLab).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PALETTE = (
    *("#3f5ddb", "#b74c0c", "#043f2b", "#8bdba0", "#d38e00", "#788b9a", "#e6fa2a", "#ba9cff"),
    *("#450085", "#525c7c", "#b4faff", "#f5b600", "#64bd85", "#433e67", "#c9b9e5", "#a86fff"),
    *("#4e43a9", "#716d5c", "#aa825c", "#ff4fc4"),
)

# (words found in a class name, colours wished for, the best first); the first row with a word in the name decides
USUAL = (
    (("shadow", "shade"), ("#433e67",)),
    (("dry vegetation", "dry grass", "senesced", "stubble", "straw", "hay"), ("#f5b600", "#e6fa2a")),
    (("water", "river", "lake", "sea", "pond", "canal"), ("#3f5ddb", "#4e43a9")),
    (("snow", "ice", "cloud"), ("#b4faff", "#c9b9e5")),
    (("tree", "forest", "wood", "conifer", "broadleaf", "orchard"), ("#043f2b", "#64bd85")),
    (("grass", "meadow", "lawn", "pasture", "low vegetation"), ("#8bdba0", "#64bd85")),
    (("wheat", "barley", "rye", "oat", "cereal", "rapeseed", "canola"), ("#f5b600", "#e6fa2a")),
    (("vegetation", "crop", "maize", "corn", "soybean", "beet", "potato", "shrub", "bush", "vineyard"), ("#64bd85",)),
    (("soil", "bare", "fallow", "earth"), ("#aa825c", "#716d5c")),
    (("sand", "gravel", "beach"), ("#d38e00", "#f5b600")),
    (("roof", "building", "tile", "brick"), ("#b74c0c", "#ff4fc4")),
    (("asphalt", "road", "pavement", "impervious", "parking", "concrete"), ("#788b9a", "#525c7c")),
)


def class_colors(classes: int | Sequence[str]) -> list[str]:
    """Colours of classes: the usual one where the name tells, else the next free one of ``PALETTE``.

    Parameters
    ----------
    classes : int or sequence of str
        How many, or their names.

    Returns
    -------
    list of str
        ``#rrggbb``, all different up to 20 classes; from the 21st on the palette starts again.

    Examples
    --------
    >>> class_colors(2)
    ['#3f5ddb', '#b74c0c']
    >>> class_colors(["Roof", "River", "other"])
    ['#b74c0c', '#3f5ddb', '#043f2b']
    """
    names = [""] * classes if isinstance(classes, int) else list(classes)
    given: dict[int, str] = {}
    # Covers that a colour is usual for choose first; the others take what they leave.
    for i in sorted(range(len(names)), key=lambda i: not usual_colors(names[i])):
        given[i] = next_color(names[i], [(color, names[k]) for k, color in given.items()])
    return [given[i] for i in range(len(names))]


def next_color(name: str, taken: Sequence[tuple[str, str]]) -> str:
    """The colour of one class more.

    Parameters
    ----------
    name : str
        Of the class.
    taken : sequence of (str, str)
        Colour, ``#rrggbb``, and name of every class there is.

    Returns
    -------
    str
        The cover's usual colour; its second one, which is much alike, only beside another class of that cover; else the
        first of ``PALETTE`` that is free, and once none is, the one in its turn.

    Examples
    --------
    >>> [next_color("river", [("#3f5ddb", other)]) for other in ("lake", "roof")]
    ['#4e43a9', '#b74c0c']
    """
    usual, used = usual_colors(name), {color.lower() for color, _ in taken}
    beside = any(color == usual[0] and usual_colors(other) == usual for color, other in taken) if usual else False
    for color in (*(usual if beside else usual[:1]), *PALETTE):
        if color not in used:
            return color
    return PALETTE[len(taken) % len(PALETTE)]


def usual_colors(name: str) -> tuple[str, ...]:
    """The colours a cover usually has, the best first; empty where the name tells nothing.

    Parameters
    ----------
    name : str
        A class name in English.

    Returns
    -------
    tuple of str
    """
    for words, colors in USUAL:
        if any(re.search(rf"\b{word}(s|es)?\b", name.lower()) for word in words):
            return colors
    return ()
