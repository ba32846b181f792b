"""The scores: means with intervals and the gap between splits, differences, learning curves, and the forecast."""

from __future__ import annotations

import pandas as pd

from workbench.compare.curves import learning_curves
from workbench.compare.differences import differences_from
from workbench.compare.forecast import forecasts
from workbench.compare.report.curves import STYLES, Curve, learning_chart
from workbench.compare.report.finished import Finished, of_split
from workbench.compare.report.html import Markup, estimate, number, paragraphs, section, table, tag
from workbench.compare.summary import summarise


def scores_part(finished: Finished) -> Markup:
    """Overall accuracy of every model and budget, a column a split, and the gap; then the other scores."""
    summary = summarise(finished.table)
    best = summary.groupby(["budget", "split"])["oa_mean"].transform("max") == summary["oa_mean"]
    splits = finished.splits
    gap = {"random", "blocks"} <= set(splits)
    heads = ["model", "family", "labels a class", *(f"{split} [95 %]" for split in splits), *(["gap"] if gap else [])]
    rows = []
    for (model, family, budget), part in summary.groupby(["model", "family", "budget"], sort=False):
        by = {row["split"]: (row, bool(best[i])) for i, row in part.iterrows()}
        cells = [_accuracy(*by[split]) if split in by else "–" for split in splits]
        apart = [_gap({split: row for split, (row, _) in by.items()})] if gap else []
        rows.append([model, family, budget, *cells, *apart])
    over = f"mean over {finished.draws} draws with its 95 % interval" if finished.draws > 1 else "of a single draw"
    caption = f"Overall accuracy (0…1), {over}; the highest of its kind bold"
    notes = [
        "Gap: random minus blocks, that is, by how much test pixels beside the training ones flatter." if gap else None,
        "With a single draw there is no interval." if finished.draws < 2 else None,
    ]
    others = [
        [
            *(row["model"], row["budget"], row["split"], row["draws"], number(row["oa_mean"]), number(row["oa_sd"])),
            *(number(row[f"{score}_mean"]) for score in ("aa", "kappa", "f1")),
            number(row["seconds_mean"], digits=2),
        ]
        for row in summary.to_dict("records")
    ]
    all_heads = ["model", "labels a class", "split", "draws", "OA", "OA sd", "AA", "κ", "F1", "seconds"]
    all_caption = (
        "All scores, means over draws: overall accuracy (OA) and its standard deviation, average accuracy of the "
        "classes (AA), Cohen's κ, macro F1; seconds to fit and map"
    )
    return section(
        "Scores",
        table(caption, heads, rows, words=(1,), groups=2),
        paragraphs(*notes),
        table(all_caption, all_heads, others, words=(2,), groups=1),
    )


def differences_part(finished: Finished) -> Markup | None:
    """Every model against the one named beforehand, draw by draw; nothing where there is only one."""
    apart = differences_from(finished.table, finished.against)
    if apart.empty:
        return None
    rows = [
        [
            *(row["model"], row["budget"], row["split"], estimate(row["difference"], row["ci95"], sign=True)),
            *(f"{100 * row['wins']:.0f}", number(row["p"]), number(row["p_holm"])),
        ]
        for row in apart.to_dict("records")
    ]
    heads = ["model", "labels a class", "split", "difference [95 %]", "draws won [%]", "p", "p (Holm)"]
    caption = f"Overall accuracy minus that of {finished.against}, paired draw by draw (0…1)"
    most = int(apart["draws"].max())
    least = min(1.0, len(apart) * 2 / 2**most)
    notes = [
        "p: how often the luck of the draws alone would set two equal models so far apart, in either direction "
        f"(sign-flip test); corrected by Holm for the {len(apart)} comparisons of this table. It speaks of this scene.",
        f"With {most} draws no corrected p here can be below {number(least)}; more draws could tell."
        if least > 0.05
        else None,
    ]
    return section("Differences", table(caption, heads, rows, words=(2,), groups=0), paragraphs(*notes))


def curves_part(finished: Finished) -> Markup:
    """Learning curves: charts with the intervals as bands, and the same figures as a table."""
    told = learning_curves(finished.table)
    family = dict(zip(finished.table["model"], finished.table["family"], strict=True))
    figures = []
    for split in finished.splits:
        rows = told[told["split"] == split]
        for title, models in _charts(finished.models, family):
            curves = [_curve(rows, model) for model in models if model in set(rows["model"])]
            if not curves:
                continue
            caption = f"{of_split(split).capitalize()}{title}: mean over draws and 95 % interval"
            label = f"Learning curves on {of_split(split)}{title}; the table below has their figures"
            figures.append(tag("figure", learning_chart(curves, label), tag("figcaption", caption)))
    heads = ["model", "split", *(f"{budget} a class [95 %]" for budget in finished.budgets)]
    rows = []
    for (split, model), curve in told.groupby(["split", "model"], sort=False):
        by = {row["budget"]: estimate(row["mean"], row["ci95"]) for row in curve.to_dict("records")}
        rows.append([model, split, *(by.get(budget, "–") for budget in finished.budgets)])
    figures_table = table(
        "Overall accuracy (0…1) by labels a class, as in the charts", heads, rows, words=(1,), groups=1
    )
    return section("Learning curves", tag("div", figures, class_="charts"), figures_table)


def forecast_part(finished: Finished) -> Markup:
    """What twice the most labels would bring, or why that cannot be said."""
    found = forecasts(finished.table)
    if found["oa"].isna().all():
        return section("Forecast", tag("p", f"None: {found['note'].iloc[0]}."))
    noted = bool(found["note"].any())
    rows = [
        [
            *(row["model"], row["split"], row["budget"], estimate(row["oa"], row["ci95"]), number(1 - row["floor"])),
            *([row["note"]] if noted else []),
        ]
        for row in found.to_dict("records")
    ]
    heads = ["model", "split", "labels a class", "overall accuracy [95 %]", "in the end", *(["note"] if noted else [])]
    caption = "Overall accuracy (0…1) to be expected at twice the most labels, and with labels without end"
    law = (
        "If errors go on falling by the power law that fits the budgets best. The interval holds the luck of the "
        "draws, not the doubt in the law; what the end would be is the law's word alone."
    )
    return section("Forecast", table(caption, heads, rows, words=(1, 5)), tag("p", law, class_="note"))


def _charts(models: list[str], family: dict[str, str]) -> list[tuple[str, list[str]]]:
    """One chart of all models, or one a family where they are too many for one."""
    if len(models) <= STYLES:
        return [("", models)]
    return [
        (f", {name}", [model for model in models if family[model] == name]) for name in dict.fromkeys(family.values())
    ]


def _curve(rows: pd.DataFrame, model: str) -> Curve:
    own = rows[rows["model"] == model].to_dict("records")
    return Curve(model, tuple((row["budget"], row["mean"], *row["ci95"]) for row in own))


def _accuracy(row: pd.Series, is_best: bool) -> Markup:
    cell = estimate(row["oa_mean"], row["oa_ci95"])
    return tag("strong", cell) if is_best else cell


def _gap(by_split: dict[str, pd.Series]) -> str:
    both = {"random", "blocks"} <= set(by_split)
    return number(by_split["random"]["oa_mean"] - by_split["blocks"]["oa_mean"], sign=True) if both else "–"
