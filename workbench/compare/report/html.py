"""HTML from values: whatever is not markup already is escaped, so that no name a person typed can break the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from math import isnan

EMPTY = ("img", "meta", "link", "hr")
"""Elements without an end."""


LONG = 40
"""Rows of a table that stand on the page; a longer one is opened by a click, and printed whole."""


class Markup(str):
    """Text that is HTML already; any other text is not."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element of HTML or SVG.

    Parameters
    ----------
    name : str
        Of the element.
    *children : object
        Markup as it is, other values escaped, lists one after the other; None is nothing.
    **attributes : object
        ``class_`` is class and ``stroke_width`` is stroke-width; None leaves one out.

    Returns
    -------
    Markup

    Examples
    --------
    >>> tag("p", "a < b", tag("b", 2), class_="note")
    '<p class="note">a &lt; b<b>2</b></p>'
    """
    known = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    opened = f"<{name}" + "".join(f' {key}="{escape(str(value))}"' for key, value in known.items()) + ">"
    return Markup(opened if name in EMPTY else f"{opened}{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Children one after the other, as ``tag`` takes them."""
    parts = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, Iterable) and not isinstance(child, str):
            parts.append(join(*child))
        elif child is not None:
            parts.append(escape(str(child)))
    return Markup("".join(parts))


def slug(text: str) -> str:
    """A name for links: letters, digits and hyphens.

    Examples
    --------
    >>> slug("Learning curves")
    'learning-curves'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def section(title: str, *children: object) -> Markup:
    """A part of the page, under a heading that the contents can point to."""
    return tag("section", tag("h2", title, id=slug(title)), *children)


def paragraphs(*texts: object) -> Markup:
    """A paragraph each; None is left out."""
    return join(*(tag("p", text) for text in texts if text is not None))


def table(
    caption: str,
    heads: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    words: Sequence[int] = (),
    groups: int | None = None,
) -> Markup:
    """A table: the first cell of a row heads it, the others are numbers to the right, but for columns of `words`.

    Parameters
    ----------
    caption : str
        What it shows, in which unit.
    heads : sequence
        A cell a column.
    rows : iterable of sequence
        Cells of each row, as many as heads.
    words : sequence of int
        Columns, from 0, that hold words.
    groups : int, optional
        Column in which a new value begins a group of rows.

    Returns
    -------
    Markup
        In a box that scrolls sideways where the page is narrow; one of more than ``LONG`` rows is folded away.
    """
    kinds = ["words" if i == 0 or i in words else None for i in range(len(heads))]
    top = tag("tr", [tag("th", head, scope="col", class_=kind) for head, kind in zip(heads, kinds, strict=True)])
    lines, before = [], None
    for row in rows:
        cells = [tag("td", cell, class_=kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)]
        is_new = groups is not None and lines and row[groups] != before
        before = row[groups] if groups is not None else None
        head = tag("th", row[0], scope="row", class_="words")
        lines.append(tag("tr", head, cells, class_="group" if is_new else None))
    whole = tag("table", tag("caption", caption), tag("thead", top), tag("tbody", lines))
    box = tag("div", whole, class_="wide", tabindex=0, role="group", aria_label=caption)
    return tag("details", tag("summary", f"{caption} ({len(lines)} rows)"), box) if len(lines) > LONG else box


def facts(rows: Iterable[tuple[object, object]]) -> Markup:
    """Names and what they are; rows of None are left out."""
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value not in (None, "")]
    return tag("dl", pairs)


def number(value: float, *, sign: bool = False, digits: int = 3) -> str:
    """A figure as it stands everywhere; a dash where there is none.

    Examples
    --------
    >>> number(0.12345), number(0.5, sign=True), number(float("nan"))
    ('0.123', '+0.500', '–')
    """
    return "–" if value is None or isnan(value) else f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def interval(bounds: Sequence[float], *, sign: bool = False) -> str:
    """Low and high in brackets; nothing where they are not known.

    Examples
    --------
    >>> interval([-0.1, 0.25], sign=True), interval([float("nan")] * 2)
    ('[−0.100, +0.250]', '')
    """
    low, high = bounds
    return "" if isnan(low) else f"[{number(low, sign=sign)}, {number(high, sign=sign)}]"


def estimate(value: float, bounds: Sequence[float], *, sign: bool = False) -> Markup:
    """A figure and its interval in one cell."""
    inside = interval(bounds, sign=sign)
    return join(number(value, sign=sign), tag("span", f" {inside}", class_="interval") if inside else None)


def swatch(color: str) -> Markup:
    """A patch of a class colour."""
    return tag("span", class_="swatch", style=f"background:{color}")
