"""Runs and the job under way: followed while it lasts, put down in its folder when it ends, found again later."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import param
import xarray as xr

from workbench.session.answering import Answering
from workbench.session.commands import command, sentence
from workbench.session.jobs import Job, Worker, outcome
from workbench.session.runs import WAITING, Run, read_embedding, read_runs, write_run
from workbench.session.told import in_order, part_done, steps_told


class Following(Answering):
    """Runs, the active one, and one job at a time in a worker process."""

    runs = param.List(default=[], item_type=Run, doc="All of them, the oldest first")
    active_run = param.String(default="", doc="Id of the run whose embedding is used; empty without")
    job = param.ClassSelector(class_=Job, doc="What is under way or was last; None before the first")
    cluster = param.String(default="", doc="Address of a dask scheduler whose workers do the jobs; empty: this machine")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._worker: Worker | None = None
        self._last: dict = {}
        self.is_closing = False
        super().__init__(folder, **params)

    @command
    def stop(self) -> None:
        """Stop the job; what it has so far is kept."""
        if self._worker is None:
            raise ValueError("nothing is under way")
        self.job = replace(self.job, note="stopping")
        self._worker.stop()

    def _use(self, id: str) -> None:
        """Use this run's embedding for the class map; if it has only an encoder, a job makes the embedding first."""
        run = self._run(id)
        if run is None or run.encoder is None:
            raise ValueError(f"run {id!r} has no encoder; choose one that was pretrained to its end")
        if not self.is_here(run):
            raise ValueError(f"run {id} is of {Path(run.settings['scene']).name}; open that scene first")
        if run.embedding is None:
            if self._worker is None and not self.limits.take(self):
                raise ValueError(f"{self.limits.said()}; try again when one has ended")
            self._follow_worker(run, "embedding", f"embedding of {run.title}")
        else:
            self._activate(run)

    @property
    def is_busy(self) -> bool:
        """Whether a job is under way."""
        return self._worker is not None

    def is_here(self, run: Run) -> bool:
        """Whether a run is of the scene that is open."""
        return bool(self.scene) and self._absolute(run.settings["scene"]) == self.scene

    def _use_none(self) -> None:
        self.active_run = ""
        self._save_state()
        self._show_embedding(None)

    def wait_for_job(self, timeout: float | None = None) -> bool:
        """Until the job is over; for scripts and tests. False if that took longer than `timeout` seconds."""
        worker = self._worker
        return worker is None or worker.wait(timeout)

    def _run(self, id: str) -> Run | None:
        return next((run for run in self.runs if run.id == id), None)

    def _follow_worker(self, run: Run, kind: str, title: str) -> None:
        if self._worker is not None:
            raise ValueError(f"{self.job.title} is under way; stop it first")
        self._last = {}
        so_far = steps_told(run)
        self.job = Job(run.id, kind, title, "running", part_done(so_far, run), run.seconds, so_far, note="starting")
        heard, ended = partial(self._heard, run), partial(self._ended, run)
        is_weighed = self.limits.memory and not self.cluster  # which holds it on a machine of its own
        too_much = self.limits.overrun if is_weighed else None
        try:
            self._worker = Worker(run.folder, kind, heard, ended, self.cluster, too_much)
        except OSError:
            self.limits.leave(self)
            raise

    def _heard(self, run: Run, report: dict) -> None:
        """In the worker's thread: what a report changes is worked out here and shown by the screen's thread."""
        if {"end", "error"} & set(report):
            self._last = report
            return
        self.post(partial(self._show_report, run, report))

    def _show_report(self, run: Run, report: dict) -> None:
        with self.lock:
            if self.job is None or self.job.id != run.id:
                return
            told = {key: report[key] for key in ("fraction", "seconds") if key in report}
            note = self.job.note if self.job.note == "stopping" else report.get("note", "")
            history = in_order(self.job.history, report["progress"]) if "progress" in report else self.job.history
            self.job = replace(self.job, history=history, note=note, **told)
            if "embedding" in report and self.is_here(run):
                self._activate(run)

    def _ended(self, run: Run, status: int) -> None:
        """In the worker's thread: the end is put down in ``run.json`` whether or not anybody looks."""
        stopping = self.job.note == "stopping"
        job = replace(self.job, **outcome(self._last, status, stopping, run.folder), note="")
        if job.state == "done":
            job = replace(job, fraction=1.0)
        try:
            if job.kind == run.kind:
                write_run(replace(run, state=job.state, error=job.error, seconds=job.seconds))
        except OSError as error:
            self.post(partial(self.refuse, f"the end of {run.id} was not noted: {sentence(error)}"))
        self.post(partial(self._show_end, run, job))

    def _show_end(self, run: Run, job: Job) -> None:
        with self.lock:
            self._worker = None
            self.limits.leave(self)
            self.param.update(job=replace(job, history=self.job.history), runs=read_runs(self.runs_path))

    def _activate(self, run: Run) -> None:
        values = read_embedding(run.embedding)
        if values.shape[1:] != self.cube.shape[1:]:
            raise ValueError(f"the embedding of {run.id} is of another size than the scene; pretrain on this scene")
        coords = {name: self.cube.coords[name] for name in ("y", "x", "spatial_ref") if name in self.cube.coords}
        if self.active_run != run.id:
            self.active_run = run.id
            self._save_state()
        learnt_by = {"objective": run.objective} if run.objective else {}
        self._show_embedding(xr.DataArray(values, dims=("feature", "y", "x"), coords=coords, attrs=learnt_by))

    def _scene_changed(self) -> None:
        super()._scene_changed()
        run = self._run(self.active_run)
        if run and run.embedding and self.is_here(run):
            try:
                self._activate(run)
                return
            except ValueError as error:
                self.refuse(sentence(error))
        self.active_run = ""

    def _map_of(self) -> dict[str, object]:
        return {**super()._map_of(), "run": self.active_run if self.embedding is not None else ""}

    def _remembered(self) -> dict:
        return super()._remembered() | {"active_run": self.active_run}

    def _restore_runs(self, active_run: str) -> None:
        """The runs of the folder. One that says it is running belongs to a server that has died: we hold the folder."""
        for run in read_runs(self.runs_path):
            if run.state in ("running", WAITING):
                with suppress(OSError):
                    write_run(replace(run, state="interrupted"))
        self.param.update(runs=read_runs(self.runs_path), active_run=active_run)
        last = next((run for run in reversed(self.runs) if run.kind == "pretraining"), None)
        if last:
            history = steps_told(last)
            fraction = part_done(history, last)
            self.job = Job(
                last.id, last.kind, last.title, last.state, fraction, last.seconds, history, error=last.error
            )
