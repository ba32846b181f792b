"""Runs one after the other: one that is asked for while another is under way waits; one that ended early goes on.

What waits begins when the one before it ends, however it ends. Nothing begins by itself when a server starts: what
waited then is said to be interrupted, as what ran is, and both can be resumed.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

from workbench.session.commands import command, sentence
from workbench.session.following import Following
from workbench.session.jobs import Job
from workbench.session.runs import ENCODER, ENDED_EARLY, PRETRAINING, WAITING, Run, new_run, read_runs, write_run


class Queueing(Following):
    """Which run begins when, and which are kept."""

    @property
    def is_busy(self) -> bool:
        """Whether a job is under way, or will begin."""
        return super().is_busy or bool(self.waiting)

    @property
    def waiting(self) -> list[Run]:
        """Runs that will begin, the next one first."""
        return [run for run in self.runs if run.state == WAITING]

    @command
    def resume_run(self, id: str) -> None:
        """Go on with a pretraining that ended early, from its last checkpoint; without one, from the beginning."""
        run = self._found(id)
        if run.kind != PRETRAINING:
            raise ValueError(f"{run.title} is a {run.kind}, and only a pretraining goes on; start it anew")
        if run.state not in ENDED_EARLY:
            raise ValueError(f"{run.title} is {run.state}; one that was stopped, failed or was interrupted goes on")
        self._scene()
        self._line_up(run)

    @command
    def remove_run(self, id: str) -> None:
        """Delete a run with all that came of it; one that is under way has to be stopped first."""
        run = self._found(id)
        if self._worker is not None and self.job.id == id:
            raise ValueError(f"{run.title} is under way; stop it first")
        if self.active_run == id:
            self._use_none()
        shutil.rmtree(run.folder)
        self.runs = read_runs(self.runs_path)
        if self.job is not None and self.job.id == id:
            self.job = None

    @command
    def take_encoder(self, path: str | Path) -> None:
        """Use the encoder in a .safetensors file, which is copied into the session; its card lies beside it (.json)."""
        path = Path(path).expanduser().absolute()
        self._admit(path)
        card = path.with_suffix(".json")
        if path.suffix != ".safetensors" or not path.is_file() or not card.is_file():
            raise ValueError(
                f"an encoder is a .safetensors file with its .json beside it, got {path}; name what workbench pretrain "
                "--out wrote"
            )
        self._begin("encoder", f"encoder {path.name}", {"encoder": str(path)}, (path, card))

    @command
    def activate_run(self, id: str) -> None:
        """Use this run's embedding for the class map, or none (an empty name)."""
        if id:
            self._use(id)
        else:
            self._use_none()

    def _begin(self, kind: str, title: str, settings: dict, files: tuple[Path, ...] = ()) -> None:
        """Make a run, with copies of `files` as its encoder's; it begins at once if nothing is under way."""
        self._scene()
        where = {"scene": self._portable(self.scene), "options": self._options}
        run = new_run(self.runs_path, kind, title, where | settings)
        try:
            for file in files:
                shutil.copyfile(file, (run.folder / ENCODER).with_suffix(file.suffix))
            self._prepare(run)
        except BaseException:
            shutil.rmtree(run.folder)
            raise
        self._line_up(run)

    def _prepare(self, run: Run) -> None:
        """Put into the run's folder what the worker needs."""

    def _starting(self, run: Run) -> None:
        """What is shown of the last run of this kind goes."""

    def _line_up(self, run: Run) -> None:
        """Begin a run, or let it wait for the one that is under way."""
        run = replace(run, state=WAITING, error="")
        write_run(run)
        self.runs = read_runs(self.runs_path)
        if self._worker is not None:
            self.tell(f"{run.title} waits until {self.job.title} has ended")
        elif not self._begin_next():
            self.tell(f"{run.title} waits: {self.limits.said()}")

    def _begin_next(self) -> bool:
        """Begin the first run that waits, if there is one and the desk has room for it."""
        # In a thread of its own: whoever leaves holds a lock of another session.
        tell = threading.Thread(target=lambda: self.post(self._its_turn), name="its turn", daemon=True)
        if not self.limits.take(self, tell.start):
            return False
        try:
            self._start(self.waiting[0])
        except BaseException:
            self.limits.leave(self)
            raise
        return True

    def _its_turn(self) -> None:
        """Another session's job is over."""
        with self.lock:
            if self._worker is None and self.waiting and not self.is_closing:
                try:
                    self._begin_next()
                except (OSError, ValueError) as error:
                    self.refuse(f"{self.waiting[0].title} did not begin: {sentence(error)}")
            elif self._worker is None:
                self.limits.leave(self)
            else:
                self.limits.pass_turn()

    def _start(self, run: Run) -> None:
        write_run(replace(run, state="running"))
        self.runs = read_runs(self.runs_path)
        self._starting(run)
        self._follow_worker(run, run.kind, run.title)

    def _show_end(self, run: Run, job: Job) -> None:
        with self.lock:
            super()._show_end(run, job)
            self._its_turn()

    def _found(self, id: str) -> Run:
        run = self._run(id)
        if run is None:
            raise ValueError(f"there is no run {id!r}; choose one of the list")
        return run
