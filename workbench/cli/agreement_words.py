"""What ``agree`` says: as plain values for a program, and in a few lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.compare.agreement import Agreement, Pair
    from workbench.compare.people import Opinions
    from workbench.session.people import People


def told(people: People, opinions: Opinions, found: Agreement) -> dict:
    """All of it as values; None where a coefficient has no interval."""
    return {
        "people": [
            {"name": one.name, "pixels": len(one.pixels), "marks": len(set(one.marks.tolist()))}
            for one in people.labels
        ],
        "unknown_marks": people.unknown,
        "classes": opinions.classes,
        "only": [{"class": name, "person": person} for name, person in opinions.only.items()],
        "all": {
            "pixels": found.pixels,
            "groups": found.groups,
            "agreement": found.agreement,
            "alpha": found.alpha,
            "alpha_ci95": _interval(found.alpha_ci95),
        },
        "pairs": [{**row_of(pair), "confusion": pair.confusion} for pair in found.pairs],
        "differing_pixels": int((~opinions.agreed).sum()),
    }


def row_of(pair: Pair) -> dict:
    """A row of the table of pairs."""
    names = ("a", "b", "pixels", "groups", "agreement", "kappa")
    return {name: getattr(pair, name) for name in names} | {"kappa_ci95": _interval(pair.kappa_ci95)}


def cells_of(pair: Pair, classes: Sequence[str]) -> list[tuple[str, str, int]]:
    """Class by A, class by B, pixels: of every cell that has any."""
    rows = enumerate(pair.confusion.tolist())
    return [(classes[i], classes[j], pixels) for i, row in rows for j, pixels in enumerate(row) if pixels]


def lines_of(result: dict) -> list[str]:
    """For a terminal."""
    every, people = result["all"], result["people"]
    lines = [f"{one['name']}: {one['pixels']:,} pixels labelled, by {one['marks']:,} marks" for one in people]
    if unknown := result["unknown_marks"]:
        lines.append(f"left out: {unknown:,} marks that history.jsonl names nobody for")
    lines += [f"class {one['class']!r}: only {one['person']} has it" for one in result["only"]]
    lines += [
        "",
        f"{every['pixels']:,} pixels in {every['groups']:,} groups of marks were labelled by two or more; "
        f"all who did agree on {100 * every['agreement']:.1f} % of them",
        f"Krippendorff's alpha {_figure(every['alpha'], every['alpha_ci95'])}",
        "",
    ]
    rows = [("pair", "pixels", "groups", "agree", "kappa [95 %]"), *(_cells(pair) for pair in result["pairs"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for pair in result["pairs"]:
        lines += _most_confused(pair, result["classes"])
    return lines


def _cells(pair: dict) -> tuple[str, ...]:
    told = ("–", "–")
    if pair["pixels"]:
        told = f"{100 * pair['agreement']:.1f} %", _figure(pair["kappa"], pair["kappa_ci95"])
    return (f"{pair['a']} – {pair['b']}", f"{pair['pixels']:,}", f"{pair['groups']:,}", *told)


def _most_confused(pair: dict, classes: Sequence[str], most: int = 5) -> list[str]:
    """The cells beside the diagonal that have most pixels."""
    cells = [
        (pixels, classes[i], classes[j])
        for i, row in enumerate(pair["confusion"])
        for j, pixels in enumerate(row)
        if pixels and i != j
    ]
    if not cells:
        return []
    shown = sorted(cells, key=lambda cell: -cell[0])[:most]
    more = f" (and {len(cells) - most} more)" if len(cells) > most else ""
    words = ", ".join(f"{one} – {other} {pixels:,}" for pixels, one, other in shown)
    return ["", f"{pair['a']} says – {pair['b']} says, pixels: {words}{more}"]


def _figure(value: float | None, ci95: Sequence[float] | None) -> str:
    """With its interval, or that there is none."""
    if value is None or isnan(value):
        return "cannot be told: one class is all there is"
    return f"{value:.3f} " + (f"[{ci95[0]:.3f}, {ci95[1]:.3f}]" if ci95 else "(no interval)")


def _interval(found: tuple[float, float]) -> list[float] | None:
    return None if isnan(found[0]) else list(found)
