"""The answer of a comparison in words: which model is best, by how much, and whether the draws can tell.

A model is only called best where its lead over the next has an interval that excludes 0. Who is best and who is next is
seen from test scores, which flatters the lead a little; so the lead over the model that was named before looking stands
beside it, with Holm's correction for all comparisons of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import pandas as pd

from workbench.compare.differences import differences_from, paired
from workbench.compare.report.finished import Task, of_labels, of_split
from workbench.compare.report.html import interval, number
from workbench.compare.summary import summarise

LUCK = 0.05
"""A p above it is luck's."""


@dataclass(frozen=True, slots=True)
class Lead:
    """How far the best model is above another."""

    over: str
    difference: float
    ci95: tuple[float, float]
    """In overall accuracy, paired draw by draw; the interval is NaN for a single draw."""

    @property
    def is_sure(self) -> bool:
        """Whether the interval lies above 0."""
        return self.ci95[0] > 0

    def __str__(self) -> str:
        """The figure and its interval."""
        return f"{number(self.difference, sign=True)} {interval(self.ci95, sign=True)}".strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """The model of a task that has the highest mean overall accuracy, and how sure that is."""

    task: Task
    best: str
    oa: float
    ci95: tuple[float, float]
    """Mean 0…1, and its 95 % interval."""

    next: Lead | None
    """Over the second; None for a single model."""

    named: Lead | None
    """Over the model named before looking; None where that is the best itself."""

    p_holm: float
    """Of the lead over the named model; NaN where there is none."""

    comparisons: int
    """How many p was corrected for."""

    draws: int

    @property
    def verdict(self) -> str:
        """The answer in a word or two: "best", or "cannot tell"."""
        return "best" if self.next and self.next.is_sure else "cannot tell"

    @property
    def sentence(self) -> str:
        """The whole answer."""
        budget, split = self.task
        where = f"With {of_labels(budget)} a class, tested on {of_split(split)}"
        own = f"overall accuracy, {number(self.oa)} {interval(self.ci95)}".strip()
        if self.next is None:
            return f"{where}, {self.best} has an {own}; no other model was compared, so nothing tells which is best."
        if self.next.is_sure:
            lead = f"a lead of {self.next} over the next, {self.next.over}"
            return f"{where}, {self.best} is best: it has the highest {own}, {lead}, and its interval excludes 0."
        why = "a single draw has no interval" if isnan(self.next.ci95[0]) else "its interval includes 0"
        return (
            f"{where}, the data cannot tell which model is best: {self.best} has the highest {own}, but its lead over "
            f"the next, {self.next.over}, is {self.next}, and {why}."
        )

    @property
    def against(self) -> str:
        """A second sentence, about the model that was named before looking."""
        if self.next is None:
            return ""
        if self.named is None:
            return f"{self.best} is the model that was named beforehand, which the others are held against."
        start = f"Its lead over {self.named.over}, the model named beforehand, is {self.named}"
        if isnan(self.named.ci95[0]):
            return f"{start}."
        if not self.named.is_sure:
            return f"{start}, which includes 0."
        p = f"p = {number(self.p_holm)}"
        p += f" after Holm's correction for {self.comparisons} comparisons" if self.comparisons > 1 else ""
        if self.p_holm <= LUCK:
            return f"{start}, which excludes 0 ({p})."
        least = min(1.0, self.comparisons * 2 / 2**self.draws)
        few = f"; {self.draws} draws cannot bring it below {number(least)}" if least > LUCK else ""
        return f"{start}, which excludes 0, but luck is not ruled out ({p}{few})."


def answers_of(table: pd.DataFrame, against: str) -> dict[Task, Answer]:
    """The best model of every task, by its mean overall accuracy, and how sure that is.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` gives it.
    against : str
        The model named before looking.

    Returns
    -------
    dict of (int, str) to Answer
        By budget and split, in the order of the table.
    """
    apart, found = differences_from(table, against), {}
    for (budget, split), here in summarise(table).groupby(["budget", "split"], sort=False):
        ranked = here.sort_values("oa_mean", ascending=False, kind="stable")
        first, others, task = ranked.iloc[0], list(ranked["model"][1:]), (int(budget), str(split))
        own = table[(table["budget"] == budget) & (table["split"] == split)]
        best = first["model"]
        held = apart[(apart["model"] == best) & (apart["budget"] == budget) & (apart["split"] == split)]
        found[task] = Answer(
            task=task,
            best=best,
            oa=float(first["oa_mean"]),
            ci95=tuple(first["oa_ci95"]),
            next=_lead(own, best, others[0]) if others else None,
            named=_lead(own, best, against) if against in others else None,
            p_holm=float(held["p_holm"].iloc[0]) if len(held) else float("nan"),
            comparisons=len(apart),
            draws=int(first["draws"]),
        )
    return found


def _lead(rows: pd.DataFrame, best: str, other: str) -> Lead:
    """Of two models of one task."""
    apart = paired(rows, best, other).iloc[0]
    return Lead(other, float(apart["difference"]), tuple(apart["ci95"]))
