"""Tables of a comparison that people read: scores, differences, what the maps are worth, what more labels would bring.

Several small ones under each other: one with every figure would be wider than a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def all_tables(table: pd.DataFrame, summary: pd.DataFrame, asked: Sequence[str], against: str) -> str:
    """Every table that has something to say, a line between them.

    Parameters
    ----------
    table, summary : pandas.DataFrame
        Rows of the comparison, and what ``summarise`` made of them.
    asked : sequence of str
        Splits, in the order of the columns.
    against : str
        The model the others are held against.
    """
    from workbench.compare import differences_from, forecasts

    apart = differences_from(table, against)
    parts = [scores(summary, asked), *([differences(apart, asked)] if len(apart) else [])]
    return "\n\n".join([*parts, maps(summary, asked), ahead(forecasts(table), asked)])


def scores(summary: pd.DataFrame, asked: Sequence[str]) -> str:
    """Overall accuracy of every model and budget, one column a split, and the gap."""
    heads = ["model", "family", "budget", *(f"OA {split} [95 %]" for split in asked), "AA", "kappa"]
    lines = [[*heads, "gap"] if len(asked) > 1 else heads]
    for (model, family, budget), rows in summary.groupby(["model", "family", "budget"], sort=False):
        by_split = {row["split"]: row for row in rows.to_dict("records")}
        first = by_split[asked[0]]
        cells = [model, family, str(budget)]
        cells += [_accuracy(by_split.get(split), "oa_mean", "oa_ci95") for split in asked]
        cells += [f"{first['aa_mean']:.3f}", f"{first['kappa_mean']:.3f}"]
        if len(asked) > 1:
            both = {"random", "blocks"} <= set(by_split)
            cells.append(f"{by_split['random']['oa_mean'] - by_split['blocks']['oa_mean']:+.3f}" if both else "")
        lines.append(cells)
    notes = [f"AA and kappa are of the {asked[0]} split; accuracies 0…1, means over draws."]
    if len(asked) > 1:
        notes.append(
            "gap: how much higher random is than blocks, that is, by how much neighbouring test pixels flatter."
        )
    return _laid_out(lines, notes)


def differences(apart: pd.DataFrame, asked: Sequence[str]) -> str:
    """How much better each model is than the one they are held against, and whether luck explains it."""
    against = apart["against"].iloc[0]
    lines = [[f"minus {against}", "budget", *(head for split in asked for head in (f"OA {split} [95 %]", "p"))]]
    for (model, budget), rows in apart.groupby(["model", "budget"], sort=False):
        by_split = {row["split"]: row for row in rows.to_dict("records")}
        cells = [model, str(budget)]
        for split in asked:
            row = by_split.get(split)
            cells += [_accuracy(row, "difference", "ci95", "+"), "–" if row is None else f"{row['p_holm']:.3f}"]
        lines.append(cells)
    notes = [
        "p: how often the luck of the draws alone would set them so far apart in either direction (sign-flip test),",
        f"corrected for the {len(apart)} comparisons of this table (Holm). It speaks of this scene only.",
    ]
    least = min(1.0, len(apart) * 2 / 2 ** apart["draws"].max())
    if least > 0.05:
        notes.append(f"With {apart['draws'].max()} draws no p here can be below {least:.3f}; more --draws could tell.")
    return _laid_out(lines, notes)


def maps(summary: pd.DataFrame, asked: Sequence[str]) -> str:
    """What the whole class map is worth: accuracy by area, and whether its confidence can be believed."""
    lines = [["map", "budget", "OA by area", "±", "confidence", "its error"]]
    for row in summary[summary["split"] == asked[0]].to_dict("records"):
        figures = [row[f"{score}_mean"] for score in ("oa_area", "oa_area_se", "confidence", "ece")]
        lines.append([row["model"], str(row["budget"]), *("–" if isnan(one) else f"{one:.3f}" for one in figures)])
    notes = [
        f"Of the {asked[0]} split. By area: test pixels weighted by the area of their mapped class, ± its standard",
        "error, were they drawn from it at random. Error of the confidence: its distance from the share that is right.",
    ]
    return _laid_out(lines, notes)


def ahead(found: pd.DataFrame, asked: Sequence[str]) -> str:
    """What twice the largest budget would bring, or why that cannot be said."""
    if found["oa"].isna().all():
        return f"No forecast: {found['note'].iloc[0]}."
    lines = [["forecast", "budget", *(f"OA {split} [95 %]" for split in asked)]]
    for (model, budget), rows in found.groupby(["model", "budget"], sort=False):
        by_split = {row["split"]: row for row in rows.to_dict("records")}
        lines.append([model, str(budget), *(_accuracy(by_split.get(split), "oa", "ci95") for split in asked)])
    return _laid_out(lines, ["If the errors go on falling by the power law that fits the budgets best."])


def _accuracy(row: dict | None, score: str, interval: str, sign: str = "") -> str:
    """A figure and its interval; a dash without one, no interval for a single draw."""
    if row is None or isnan(row[score]):
        return "–"
    low, high = row[interval]
    return f"{row[score]:{sign}.3f}" + (f" [{low:{sign}.3f}, {high:{sign}.3f}]" if not isnan(low) else "")


def _laid_out(lines: list[list[str]], notes: list[str]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*table, "", *notes])
