"""The runs panel: what was learnt and compared so far, what waits; use, go on with, repeat or delete one of them."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui

from workbench.panels.access import reads
from workbench.panels.pages import Page
from workbench.panels.run_names import began, by_name, in_short
from workbench.panels.style import action, dock_row, line, note, stack
from workbench.panels.tables import runs_html
from workbench.session import Run, Session

RUNS_TAB = "Runs"
FIRST = "Nothing has run yet: press T to start learning."
ENDED_EARLY = ("stopped", "failed", "interrupted")
REALLY = 10_000
"""Time to press Delete again [ms]."""


class RunsPanel(pn.viewable.Viewer):
    """One of the runs and what can be done to it left, all of them right.

    Parameters
    ----------
    session, page
        What is shown, and where.
    repeat : callable
        Given a run, offers its choices to be changed and started again.
    """

    def __init__(self, session: Session, page: Page, repeat: Callable[[Run], None], **params: object) -> None:
        super().__init__(**params)
        self.session, self._page, self._sure = session, page, ""
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._run = pmui.Select(label="Run", options={}, **small)
        self._run.param.watch(lambda _: self._enable(), "value")
        self._use = action("Use", "check", "Use: the class map is made of what this run learnt (Shift U)", self.use)
        self._resume = action(
            "Resume", "play_arrow", "Resume: go on from the last checkpoint (Shift G)", self.resume, main=True
        )
        self._repeat = action("Repeat", "content_copy", "Repeat: choose the same again (Shift T)", self.repeat)
        self._delete = action("Delete", "delete", "Delete this run with all that came of it (Shift D)", self.delete)
        self._file = pmui.TextInput(placeholder="path of an encoder, then Enter", label="Encoder file", **small)
        self._file.param.watch(lambda _: self._take(), "enter_pressed")
        self._again = repeat
        scrolls = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"overflow": "auto"}}
        self._table = pn.pane.HTML("", **scrolls, **reads("runs"))
        self._status = note(FIRST)
        page.follow(session, "runs active_run job scene", self._list)

    def __panel__(self) -> pn.Row:
        """What to do, then the table."""
        do = line(self._use, self._resume), line(self._repeat, self._delete)
        left = stack(self._run, *do, self._file, gap=10, width=260, sizing_mode="stretch_height")
        return dock_row(left, stack(self._status, self._table, gap=4, sizing_mode="stretch_both"))

    @property
    def chosen(self) -> Run | None:
        """The run that is looked at."""
        return next((run for run in self.session.runs if run.id == self._run.value), None)

    def use(self) -> None:
        """Use what it learnt, or, if that is used, none."""
        run = self._asked()
        if run:
            self.session.activate_run("" if run.id == self.session.active_run else run.id)

    def resume(self) -> None:
        """Go on with it."""
        run = self._asked()
        if run:
            self.session.resume_run(run.id)

    def repeat(self) -> None:
        """Offer its choices again."""
        run = self._asked()
        if run and run.kind == "pretraining":
            self._again(run)
        elif run:
            self.session.refuse(f"{run.title} is a {run.kind}; only a pretraining is repeated here")

    def delete(self) -> None:
        """Delete it, once it is asked for twice."""
        run = self._asked()
        if run is None:
            return
        if self._sure == run.id:
            self._sure = ""
            self.session.remove_run(run.id)
            return
        self._sure = run.id
        self._enable()
        self._page.soon(self._unsure, REALLY)

    def _unsure(self) -> None:
        self._sure = ""
        self._enable()

    def _asked(self) -> Run | None:
        run = self.chosen
        if run is None:
            self.session.refuse("there is no run yet; start learning first")
        return run

    def _take(self) -> None:
        path = (self._file.value_input or self._file.value).strip()
        if path and self.session.take_encoder(path):
            self._file.param.update(value="", value_input="")

    def _list(self) -> None:
        runs = self.session.runs
        self._status.visible = not runs
        options = {name: run.id for name, run in by_name(runs).items()} or {"none yet": ""}
        chosen = self._run.value if self._run.value in options.values() else next(iter(options.values()), None)
        self._run.param.update(options=options, value=chosen)
        self._table.object = runs_html([self._row(n, runs[n - 1]) for n in range(len(runs), 0, -1)]) if runs else ""
        self._enable()

    def _row(self, number: int, run: Run) -> dict[str, str]:
        job = self.session.job
        ours = job is not None and job.id == run.id
        state = f"{100 * job.fraction:.0f} %" if ours and job.state == "running" else run.state
        loss = f"{job.history[-1]['loss']:.3g}" if ours and job.history else ""
        seconds = job.seconds if ours else run.seconds
        return {
            "#": str(number),
            "began": began(run),
            "what": in_short(run),
            "state": "in use" if run.id == self.session.active_run and state == "done" else state,
            "loss": loss,
            "s": f"{seconds:.0f}" if seconds else "",
            "why": run.error,
        }

    def _enable(self) -> None:
        run, active = self.chosen, self.session.active_run
        here = run is not None and self.session.is_here(run)
        self._use.disabled = not (here and run.encoder is not None)
        self._use.label = "Use none" if run is not None and run.id == active else "Use"
        self._resume.disabled = not (run and run.kind == "pretraining" and run.state in ENDED_EARLY)
        self._repeat.disabled = not (run and run.kind == "pretraining")
        self._delete.disabled = run is None or run.state == "running"
        self._delete.label = "Delete for good?" if run is not None and self._sure == run.id else "Delete"
