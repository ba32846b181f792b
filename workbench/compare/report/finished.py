"""A finished comparison as a report reads it: its rows, what was asked, and which of its figures stand in front."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workbench.compare.progress import PROGRESS
from workbench.compare.record import NESTED, ROW, TIMES, read_scores

NEEDED = {*ROW, *NESTED, *TIMES, "family", "transductive", "seed", "n_train", "n_test", "oa", "aa", "kappa", "f1"} | {
    *("oa_area", "oa_area_se", "ece", "confidence", "chosen", "footprint", "block", "note")
}
"""Columns of a whole row."""

SPLITS = {"random": "the random split", "blocks": "the block split", "official": "the official split"}

Task = tuple[int, str]
"""Budget and split."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A comparison that ended."""

    folder: Path
    """Where it was kept."""

    table: pd.DataFrame
    """As ``score_table`` gives it."""

    record: Mapping[str, object]
    """Its ``run.json``."""

    against: str
    """The model the others are held against."""

    @property
    def models(self) -> list[str]:
        """Names, in the order of the comparison."""
        return list(dict.fromkeys(self.table["model"]))

    @property
    def budgets(self) -> list[int]:
        """Labels a class, from few to many."""
        return sorted({int(budget) for budget in self.table["budget"]})

    @property
    def splits(self) -> list[str]:
        """Names, the one that was asked for first in front."""
        asked = [name for name in self.record["arguments"].get("splits", []) if name in set(self.table["split"])]
        return list(dict.fromkeys([*asked, *self.table["split"]]))

    @property
    def draws(self) -> int:
        """Random choices of labels of each task."""
        return int(self.table["draw"].nunique())

    @property
    def classes(self) -> list[str]:
        """Names, by code from 1."""
        return list(self.table["classes"].iloc[0])

    @property
    def task(self) -> Task:
        """What the answer is about: the most labels, and the first split that does not test beside training pixels."""
        apart = [split for split in self.splits if split != "random"]
        return self.budgets[-1], (apart or self.splits)[0]

    @property
    def shown(self) -> Task:
        """What maps are shown of: the most labels, and the split that was asked for first."""
        return self.budgets[-1], self.splits[0]

    @property
    def scene(self) -> str:
        """The scene's name for people."""
        path = self.record["arguments"].get("scene")
        return Path(path).stem if path else "a scene made in memory"

    def rows(self, model: str, task: Task) -> pd.DataFrame:
        """Draws of a model at a task."""
        there = (self.table["model"] == model) & (self.table["budget"] == task[0]) & (self.table["split"] == task[1])
        return self.table[there]


def of_split(split: str) -> str:
    """A split in words: "the block split"."""
    return SPLITS.get(split, f"the {split} split")


def of_labels(budget: int) -> str:
    """A budget in words: "20 labels"."""
    return f"{budget} {'label' if budget == 1 else 'labels'}"


def read_finished(folder: str | Path) -> Finished:
    """The comparison in a folder, if it is whole.

    Parameters
    ----------
    folder : str or Path
        Where ``workbench compare --out`` or ``write_scores`` kept it.

    Returns
    -------
    Finished

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no comparison, or one that was stopped on its way, or was written by an older workbench.
    """
    folder = Path(folder)
    remedy = "name a folder that `workbench compare … --out` wrote"
    if not folder.exists():
        raise FileNotFoundError(f"no folder at {folder}; {remedy}")
    if not folder.is_dir():
        raise ValueError(f"a report is made of a folder, got the file {folder}; {remedy}")
    if (folder / PROGRESS).exists():
        raise ValueError(
            f"the comparison in {folder} is not finished, its rows so far are in {PROGRESS}; give its command again, "
            "and it goes on from there"
        )
    if missing := [name for name in ("scores.parquet", "run.json") if not (folder / name).is_file()]:
        raise ValueError(f"no comparison is in {folder}, which has no {missing[0]}; {remedy}")
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        is_ours = record["verb"] == "compare" and isinstance(record["arguments"], dict)
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise ValueError(f"run.json in {folder} is not that of a comparison; {remedy}")
    try:
        table = read_scores(folder)
    except (ValueError, OSError) as error:
        raise ValueError(f"scores.parquet in {folder} is damaged; give the comparison's command again") from error
    if lacking := sorted(NEEDED - set(table)):
        raise ValueError(
            f"scores.parquet in {folder} has no column {lacking[0]!r}; give the comparison's command again"
        )
    if table.empty:
        raise ValueError(f"scores.parquet in {folder} has no row; give the comparison's command again")
    table.attrs = {}  # the record has them; pandas would copy them at every step
    told = [row.get("against") for row in record.get("summary", [])]
    against = next((name for name in told if name in set(table["model"])), table["model"].iloc[0])
    return Finished(folder, table, record, against)
