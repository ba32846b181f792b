"""What a map is worth: whether its confidence can be believed, its accuracy by area, and which classes it confuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.compare.calibration import calibration_error, reliability_table
from workbench.compare.metrics import producers_accuracy, users_accuracy
from workbench.compare.report.finished import Finished, of_labels, of_split
from workbench.compare.report.html import Markup, join, number, paragraphs, section, swatch, table, tag
from workbench.compare.report.reliability_chart import reliability_chart
from workbench.compare.summary import summarise

NARROW = 8
"""Classes up to which two matrices stand beside each other."""


def calibration_part(finished: Finished) -> Markup:
    """Reliability diagrams of all models, their figures, and the calibration error of every task."""
    budget, split = finished.task
    bins = {name: np.sum(list(finished.rows(name, finished.task)["reliability"]), axis=0) for name in finished.models}
    charts = [
        tag(
            "figure",
            reliability_chart(each, f"Confidence against accuracy of {name}; the table below has the figures"),
            tag("figcaption", f"{name}: error {number(calibration_error(each))}"),
        )
        for name, each in bins.items()
    ]
    tables = {name: reliability_table(each).to_dict("records") for name, each in bins.items()}
    heads = [f"{row['low']:.1f} to {row['high']:.1f}" for row in tables[finished.models[0]]]
    rows = [[name, *map(_bin, each)] for name, each in tables.items()]
    caption = f"Share that is right of the test pixels of each confidence, and how many pixels; {_at(budget, split)}"
    meant = (
        "A confidence of 0.8 can be believed if 80 % of such pixels are right. On the dashed line it can; below it the "
        "model is too sure of itself. The expected calibration error (0…1) is the mean distance from the line over the "
        f"test pixels. The diagrams are of {_at(budget, split)}, all draws together; a circle's area is its share of "
        "the pixels."
    )
    return section(
        "Calibration",
        tag("p", meant),
        tag("div", charts, class_="small-charts"),
        table(caption, ["confidence", *heads], rows),
        _by_budget(finished, "Expected calibration error (0…1), mean over draws", lambda row: number(row["ece_mean"])),
    )


def area_part(finished: Finished) -> Markup:
    """Overall accuracy with test pixels weighted by the area of their mapped class."""
    meant = (
        "Test pixels rarely stand in a scene as its classes do. By area, each is weighted by the area that its mapped "
        "class has in the whole map (Olofsson et al. 2014, doi:10.1016/j.rse.2014.02.015). The standard error would be "
        "right if test pixels were drawn from the map at random; those of whole reference fields make it too small. "
        "A dash: a mapped class has no test pixel."
    )
    caption = "Overall accuracy by area ± standard error (0…1), means over draws; that of the test pixels is in Scores"
    shown = _by_budget(finished, caption, _area)
    return section("Accuracy by area", tag("p", meant), shown)


def confusion_part(finished: Finished, colors: list[str]) -> Markup:
    """A matrix a model, all draws together."""
    budget, split = finished.task
    meant = (
        f"Test pixels of {_at(budget, split)}, all draws together. Rows are the truth, columns are the map: a row says "
        "what became of the pixels that truly are its class, and the shade of a cell is its share of the row. Right of "
        "a row stands the share that is right (recall, producer's accuracy), below a column the share of what is "
        "mapped as its class that truly is (precision, user's accuracy), both 0…1."
    )
    legend = [tag("li", swatch(color), f"{code} {name}") for code, (name, color) in _numbered(finished.classes, colors)]
    shown = [
        _matrix(name, np.sum(list(finished.rows(name, finished.task)["confusion"]), axis=0), finished.classes)
        for name in finished.models
    ]
    return section(
        "Confusion matrices",
        paragraphs(meant),
        tag("ul", legend, class_="legend"),
        tag("div", shown, class_="matrices" if len(colors) <= NARROW else "matrices one"),
    )


def _matrix(model: str, confusion: NDArray[np.integer], names: list[str]) -> Markup:
    """Rows are the truth, columns the map."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    recall, precision = producers_accuracy(confusion), users_accuracy(confusion)
    heads = [
        tag("th", code, tag("span", f" {name} in the map", class_="unseen"), scope="col")
        for code, name in _codes(names)
    ]
    corner = tag("th", "truth ↓ map →", scope="col", class_="words")
    lines = [tag("tr", corner, heads, tag("th", "recall", scope="col"))]
    for i, (code, name) in enumerate(_codes(names)):
        cells = [
            tag("td", f"{pixels:,}", style=f"--share:{100 * part:.0f}%", class_="shade")
            for pixels, part in zip(confusion[i].tolist(), share[i].tolist(), strict=True)
        ]
        lines.append(
            tag("tr", tag("th", f"{code} {name}", scope="row", class_="words"), cells, tag("td", number(recall[i])))
        )
    below = [tag("td", number(value)) for value in precision]
    last = tag("tr", tag("th", "precision", scope="row", class_="words"), below, tag("td", ""))
    whole = tag("table", tag("caption", f"{model} [pixels]"), tag("thead", lines[0]), tag("tbody", lines[1:], last))
    return tag("div", whole, class_="wide matrix", tabindex=0, role="group", aria_label=f"Confusion matrix of {model}")


def _by_budget(finished: Finished, caption: str, cell: Callable[[dict[str, object]], object]) -> Markup:
    """A table of models and splits with a column a budget."""
    told = {(row["model"], row["split"], row["budget"]): row for row in summarise(finished.table).to_dict("records")}
    rows = []
    for split in finished.splits:
        for model in finished.models:
            keys = [(model, split, budget) for budget in finished.budgets]
            rows.append([model, split, *(cell(told[key]) if key in told else "–" for key in keys)])
    return table(caption, ["model", "split", *(f"{n} a class" for n in finished.budgets)], rows, words=(1,), groups=1)


def _area(row: dict[str, float]) -> Markup:
    """By area, and its standard error."""
    return join(number(row["oa_area_mean"]), tag("span", f" ± {number(row['oa_area_se_mean'])}", class_="interval"))


def _bin(row: dict[str, float]) -> Markup | str:
    if not row["pixels"]:
        return "–"
    return join(number(row["accuracy"], digits=2), tag("span", f" of {row['pixels']:,}", class_="interval"))


def _codes(names: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(names, start=1))


def _numbered(names: list[str], colors: list[str]) -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(zip(names, colors, strict=True), start=1))


def _at(budget: int, split: str) -> str:
    return f"{of_split(split)} with {of_labels(budget)} a class"
