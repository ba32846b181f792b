"""Scores and runs as HTML tables: pure functions, coloured by the page's own variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

FAMILIES = ("self-supervised", "semi-supervised", "supervised", "baseline")

STYLE = """
<style>
table { border-collapse: collapse; width: 100%; font-size: 12.5px; font-variant-numeric: tabular-nums;
  color: var(--desk-ink); }
th { text-align: right; font-weight: 500; color: var(--desk-quiet); padding: 3px 6px;
  position: sticky; top: 0; background: var(--desk-surface); white-space: nowrap; }
td { text-align: right; padding: 3px 6px; border-top: 1px solid var(--desk-edge); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.family td { font-size: 11px; letter-spacing: .05em; text-transform: uppercase; text-align: left; padding: 8px 0 2px;
  color: var(--desk-quiet); border-top: 0; }
.interval { color: var(--desk-quiet); font-size: 11px; }
b { font-weight: 650; }
</style>
"""


def score_html(scores: pd.DataFrame) -> str:
    """Models by family, a line a (model, budget, split); the best overall accuracy of each task is bold.

    Parameters
    ----------
    scores : pandas.DataFrame
        What ``compare.summarise`` gives: means over draws, ``oa_ci95`` as (low, high), accuracies 0…1.
    """
    best = scores.groupby(["budget", "split"])["oa_mean"].transform("max") == scores["oa_mean"]
    heads = ("model", "labels", "OA [%]", "AA [%]", "κ", "F1", "s")
    lines = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    known = [family for family in FAMILIES if family in set(scores["family"])]
    for family in known:
        lines.append(f'<tr class="family"><td colspan="{len(heads)}">{escape(family)}</td></tr>')
        lines += [_line(row, is_best=bool(best[i])) for i, row in scores[scores["family"] == family].iterrows()]
    return f"{STYLE}<table>{''.join(lines)}</table>"


def runs_html(runs: Sequence[Mapping[str, str]]) -> str:
    """Runs, a line each; ``why`` is told where the pointer rests on how it stands."""
    heads = ("#", "began", "what", "state", "loss", "s")
    lines = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for run in runs:
        cells = [f"<td>{escape(run[head])}</td>" for head in heads]
        cells[3] = f'<td title="{escape(run["why"])}">{escape(run["state"])}</td>'
        lines.append(f"<tr>{''.join(cells)}</tr>")
    left = "<style>th:nth-child(3), td:nth-child(3) { text-align: left; white-space: normal; }</style>"
    return f"{STYLE}{left}<table>{''.join(lines)}</table>"


def _line(row: pd.Series, *, is_best: bool) -> str:
    low, high = row["oa_ci95"]
    accuracy = f"{100 * row['oa_mean']:.1f}"
    accuracy = f"<b>{accuracy}</b>" if is_best else accuracy
    interval = f' <span class="interval">{100 * low:.1f} … {100 * high:.1f}</span>' if pd.notna(low) else ""
    task = [escape(str(row["model"]).replace("_", " ")), f"{row['budget']} {escape(str(row['split']))}"]
    others = [f"{100 * row['aa_mean']:.1f}", f"{row['kappa_mean']:.3f}", f"{row['f1_mean']:.3f}"]
    cells = [*task, accuracy + interval, *others, f"{row['seconds_mean']:.1f}"]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
