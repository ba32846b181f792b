"""Pretraining and comparison: begun by a click, their results as tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import param

from workbench.labels import write_labels
from workbench.session.commands import command, sentence
from workbench.session.exports import export_scores
from workbench.session.predicted import Confused, confused
from workbench.session.queueing import Queueing
from workbench.session.runs import SCORES, TRUTH, Run
from workbench.session.told import reports

SCORE_EVERY = 0.5
"""Least time between two updates of the score table [s]."""


class Learning(Queueing):
    """What one may let the machine learn, and how well it did."""

    rows = param.DataFrame(default=None, allow_None=True, doc="One row a (model, budget, draw, split)")
    scores = param.DataFrame(default=None, allow_None=True, doc="Their means with 95 % intervals")
    scored_run = param.String(default="", doc="Id of the run that they are of")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._heard_rows: list[dict] = []
        self._scored, self._heard_run = 0.0, ""
        super().__init__(folder, **params)

    @command
    def start_pretraining(
        self,
        objective: str = "barlow_twins",
        encoder: str = "auto",
        steps: int = 800,
        seed: int = 0,
        **others: object,
    ) -> None:
        """Let an encoder learn from the scene's unlabelled pixels; `others` are fields of ``pretrain.Recipe``."""
        recipe = {"objective": objective, "encoder": encoder, "steps": steps, "seed": seed, **others}
        self._begin("pretraining", f"{objective} · {encoder} · {steps} steps", {"recipe": recipe})

    @command
    def start_comparison(
        self,
        models: Sequence[str] = ("svm", "random_forest", "barlow_twins"),
        budgets: Sequence[int] = (5, 20),
        draws: int = 10,
        splits: Sequence[str] = ("random",),
        truth: str = "file",
        seed: int = 0,
    ) -> None:
        """Score models with few labels and test them on the rest of `truth`: ``file``, or ``labels`` given here."""
        if not (models and budgets and splits and draws > 0):
            raise ValueError("a comparison needs at least one model, budget, draw and split; choose them first")
        if truth not in ("file", "labels"):
            raise ValueError(f"truth comes from file or labels, got {truth!r}; choose one of them")
        if truth == "file" and not self.truth_path:
            raise ValueError("there is no truth file yet; open one, or compare on the session's own labels")
        if truth == "labels" and sum(pixels > 0 for pixels in self.counts.values()) < 2:
            raise ValueError("a comparison needs labels of at least two classes; label some, or open a truth file")
        run = self._run(self.active_run)
        settings = {
            "models": list(models),
            "budgets": list(budgets),
            "draws": draws,
            "splits": list(splits),
            "seed": seed,
            "truth": self._portable(self.truth_path) if truth == "file" else "",
            "truth_options": self._truth_options if truth == "file" else {},
            "encoder": self._portable(str(run.encoder)) if run and run.encoder else "",
        }
        self._begin("comparison", f"{', '.join(models)} · {draws} draws", settings)

    def confusion(self, model: str, budget: int, split: str) -> np.ndarray:
        """Confusion matrix (truth, predicted) of all draws together [pixels]; empty where nothing was compared."""
        if self.rows is None:
            return np.zeros((0, 0), int)
        matrices = self._rows_of(model, budget, split)["confusion"]
        return sum((np.array(matrix) for matrix in matrices), start=np.zeros((1, 1), int))

    def confused(
        self, model: str, budget: int, split: str, true: int | Sequence[int], named: int | Sequence[int]
    ) -> Confused:
        """The pixels of one cell of that matrix: of class `true`, taken for `named` (codes 1…K), or of several cells.

        Raises
        ------
        ValueError
            If they were not kept, or lie on another scene than the open one.
        """
        run = self._run(self.scored_run)
        if self.rows is None or run is None:
            raise ValueError("the run of this comparison is gone; compare again to see its pixels")
        if self.cube is None or not self.is_here(run):
            scene = Path(run.settings["scene"]).name
            raise ValueError(f"these pixels lie on {scene}, which is not open; open it to see them")
        draws = self._rows_of(model, budget, split)["draw"]
        return confused(run.folder, ((model, split, budget, n) for n in draws), true, named, self.cube.shape[1:])

    def _rows_of(self, model: str, budget: int, split: str) -> pd.DataFrame:
        table = self.rows
        return table[(table["model"] == model) & (table["budget"] == budget) & (table["split"] == split)]

    def _prepare(self, run: Run) -> None:
        super()._prepare(run)
        if run.kind == "comparison" and not run.settings["truth"]:
            write_labels(self.labels, run.folder / TRUTH)

    def _starting(self, run: Run) -> None:
        super()._starting(run)
        if run.kind == "comparison":
            self._heard_rows, self._scored, self._heard_run = [], 0.0, run.id

    def _heard(self, run: Run, report: dict) -> None:
        if "row" in report:
            self._heard_rows.append(report["row"])
            if time.monotonic() - self._scored > SCORE_EVERY:
                self._score()
        super()._heard(run, report)

    def _ended(self, run: Run, status: int) -> None:
        if run.kind == "comparison":
            self._score()
            self._keep_scores(run)
        super()._ended(run, status)

    def _score(self) -> None:
        """In the worker's thread: tables of the rows so far."""
        if self._heard_rows:
            rows, scores = _tables(self._heard_rows)
            self.post(partial(self.param.update, rows=rows, scores=scores, scored_run=self._heard_run))
            self._scored = time.monotonic()

    def _keep_scores(self, run: Run) -> None:
        """The table of a worker that was ended before it could write one itself."""
        if self._heard_rows and not (run.folder / SCORES).exists():
            with suppress(OSError):  # progress.jsonl has every row
                export_scores(_tables(self._heard_rows)[0], run.folder / SCORES)

    def _restore_runs(self, active_run: str) -> None:
        super()._restore_runs(active_run)
        last = next((run for run in reversed(self.runs) if run.kind == "comparison"), None)
        self._heard_rows = [report["row"] for report in reports(last) if "row" in report] if last else []
        if self._heard_rows:
            try:
                rows, scores = _tables(self._heard_rows)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                self._heard_rows = []
                self.refuse(f"the scores of {last.id} are damaged ({sentence(error)[:80]}); compare again")
                return
            self.param.update(rows=rows, scores=scores, scored_run=last.id)


def _tables(rows: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    from workbench.compare import score_table, summarise

    table = score_table(rows)
    return table, summarise(table)
