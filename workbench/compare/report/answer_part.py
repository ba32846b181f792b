"""The front of the page: what was asked, the answer, and the order of families held against the published one."""

from __future__ import annotations

import pandas as pd

from workbench.compare.families import ABOVE, BELOW, family_order
from workbench.compare.report.answer import Answer, answers_of
from workbench.compare.report.finished import Finished, of_labels, of_split
from workbench.compare.report.html import Markup, estimate, interval, number, paragraphs, section, table, tag

NAMED = 3
"""Settings named in a sentence; the table has all of them."""


def answer_part(finished: Finished) -> Markup:
    """Question and answer in a sentence each; below, the answer for every budget and split."""
    budgets, models = [f"{budget:,}" for budget in finished.budgets], finished.models
    listed = budgets[0] if len(budgets) == 1 else f"{', '.join(budgets[:-1])} or {budgets[-1]}"
    unit = "label" if listed == "1" else "labels"
    count = f"{len(models)} models" if len(models) > 1 else "one model"
    asked = f"Which of {count} makes the best class map of {finished.scene} from {listed} {unit} a class?"
    told = answers_of(finished.table, finished.against)
    main = told[finished.task]
    tasks = [(budget, split) for split in finished.splits for budget in finished.budgets]
    found = [told[task] for task in tasks if task in told]
    caption = "The model with the highest mean overall accuracy (0…1), and its leads, at every number of labels"
    heads = ["labels a class", "split", "highest", "overall accuracy [95 %]", "next", "lead [95 %]", "verdict"]
    caveat = (
        "Intervals are about draws of labels on this scene, and say nothing of other scenes. A model is called best "
        "where its lead over the next has an interval above 0; it is picked by its test scores, which flatters its "
        "lead a little."
    )
    beside = (
        " All test pixels are those of the random split, often right beside training pixels, which flatters models "
        "that look at a pixel's surroundings; how much, only a block split would tell."
    )
    return section(
        "Question and answer",
        tag("p", asked),
        tag("p", f"{main.sentence} {main.against}", class_="answer"),
        tag("p", caveat, beside if finished.splits == ["random"] else None, class_="note"),
        table(caption, heads, [_row(one) for one in found], words=(1, 2, 4, 6), groups=1) if len(models) > 1 else None,
    )


def families_part(finished: Finished) -> Markup:
    """Whether self- and semi-supervised models stand above supervised ones here."""
    order = family_order(finished.table)
    published = (
        "Published for few labels: self-supervised (arXiv:2206.12117) and semi-supervised learning (arXiv:2306.10955) "
        "above networks taught from scratch on the labels alone. Below, each family is the mean of its models, draw "
        "by draw; baselines are no part of that order."
    )
    if order.empty:
        lacking = [name for name in (*ABOVE, BELOW) if name not in set(finished.table["family"])]
        why = f"This comparison cannot be held against that order: it has no {_listed(lacking, 'or')} model."
        return section("Order of families", paragraphs(published, why))
    rows = [
        [
            row["family"],
            row["budget"],
            row["split"],
            estimate(row["difference"], row["ci95"], sign=True),
            row["draws"],
            tag("strong", "disagrees") if row["verdict"] == "disagrees" else row["verdict"],
        ]
        for row in order.to_dict("records")
    ]
    caption = f"Overall accuracy of a family minus that of {BELOW} models (0…1)"
    heads = ["family", "labels a class", "split", "difference [95 %]", "draws", "this scene"]
    members = finished.table.groupby("family", sort=False)["model"].unique()
    who = [f"{family}: {', '.join(members[family])}." for family in (*ABOVE, BELOW) if family in members]
    told = [_family_sentence(family, order) for family in ABOVE if family in set(order["family"])]
    alone = [f"No {name} model was compared." for name in (*ABOVE, BELOW) if name not in members]
    return section(
        "Order of families",
        tag("p", published),
        tag("p", " ".join([*told, *alone]), class_="answer"),
        table(caption, heads, rows, words=(2, 5), groups=0),
        tag("p", " ".join(who), class_="note"),
    )


def _family_sentence(family: str, order: pd.DataFrame) -> str:
    """How often a family agrees with the published order and the data cannot tell, and each time it disagrees."""
    own = order[order["family"] == family]
    times = own["verdict"].value_counts()
    agrees, cannot, against = (int(times.get(verdict, 0)) for verdict in ("agrees", "cannot tell", "disagrees"))
    start = f"{family.capitalize()} models are above {BELOW} ones, as published, in {agrees} of {len(own)} settings"
    start += f"; in {cannot} the data cannot tell." if cannot else "."
    if not against:
        return start
    where = [
        f"with {of_labels(row['budget'])} on {of_split(row['split'])} by {number(-row['difference'])} "
        f"{interval([-row['ci95'][1], -row['ci95'][0]])}"
        for row in own[own["verdict"] == "disagrees"].to_dict("records")
    ]
    where = where if against <= NAMED else [*where[:NAMED], f"in {against - NAMED} more, set bold below"]
    return f"{start} This scene disagrees in {against}: {BELOW} ones are above {_listed(where, 'and')}."


def _row(one: Answer) -> list[object]:
    budget, split = one.task
    best = tag("strong", one.best) if one.verdict == "best" else one.best
    lead = estimate(one.next.difference, one.next.ci95, sign=True)
    return [budget, split, best, estimate(one.oa, one.ci95), one.next.over, lead, one.verdict]


def _listed(parts: list[str], word: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
