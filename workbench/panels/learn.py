"""The learn panel: choose what to learn by, start, watch the loss fall, stop."""

from __future__ import annotations

import holoviews as hv
import panel as pn
import panel_material_ui as pmui

from workbench.panels.grouped import OneOf, grouped
from workbench.panels.menu import Menu
from workbench.panels.pages import Page
from workbench.panels.plots import loss_plot
from workbench.panels.style import action, dock_row, line, note, stack
from workbench.session import Session

FIRST = "Learning needs no labels: press Start, and the encoder learns from all pixels of the scene."
NOT_TERMS = {"step", "seconds", "loss"}


class LearnPanel(pn.viewable.Viewer):
    """Choices left, the run right."""

    def __init__(self, session: Session, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self._terms = session, ()
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._objective = OneOf("barlow_twins", label="Objective", **small)
        self._encoder = OneOf("auto", label="Encoder", **small)
        self._steps = pmui.IntInput(label="Steps", value=800, start=1, end=1_000_000, step=100, **small)
        self._start = action("Start learning", "play_arrow", "Start learning (T)", self.begin, main=True)
        self._stop = action("Stop", "stop", "Stop (Shift X)", session.stop)
        self._run = pmui.Select(label="Encoder in use", options={"none": ""}, **small)
        self._run.param.watch(self._activate, "value")
        self._bar = pmui.LinearProgress(value=0, variant="determinate", margin=0, sizing_mode="stretch_width")
        self._status = note(FIRST)
        self._history = hv.streams.Pipe(data=([], {}))
        self._curve = pn.pane.HoloViews(None, sizing_mode="stretch_both", margin=0, linked_axes=False)
        self._watch = stack(self._bar, self._curve, gap=6, sizing_mode="stretch_both", visible=False)
        page.follow(session, "job cube", self._draw)
        page.follow(session, "runs active_run", self._list)

    def offer(self, menu: Menu) -> None:
        """Fill the choices."""
        learnt = dict.fromkeys(menu.objectives, "self-supervised")
        self._objective.offer(grouped(menu.objectives, learnt), self._objective.value)
        looks_at = {name: group for name, (group, _) in menu.encoders.items()}
        self._encoder.offer(grouped(menu.encoders, looks_at), self._encoder.value)

    def __panel__(self) -> pn.Row:
        """Choices, then progress over the curve."""
        choices = stack(
            line(self._objective, self._encoder), line(self._steps, self._run), line(self._start, self._stop),
            gap=12, width=300, sizing_mode="stretch_height",
        )  # fmt: skip
        watch = stack(self._status, self._watch, gap=6, sizing_mode="stretch_both")
        return dock_row(choices, watch)

    def begin(self) -> None:
        """Start with what is chosen."""
        self.session.start_pretraining(
            objective=self._objective.value, encoder=self._encoder.value, steps=self._steps.value or 1
        )

    def _activate(self, event: object) -> None:
        if event.new and event.new != self.session.active_run:
            self.session.activate_run(event.new)

    def _list(self) -> None:
        done = [run for run in self.session.runs if run.encoder is not None or run.id == self.session.active_run]
        options = {f"{run.created[5:16].replace('T', ' ')} · {run.title}".replace("_", " "): run.id for run in done}
        self._run.param.update(options={"none": "", **options}, value=self.session.active_run)

    def _draw(self) -> None:
        job, has_scene = self.session.job, self.session.cube is not None
        busy = job is not None and job.state == "running"
        self._start.disabled, self._stop.disabled = busy or not has_scene, not busy
        if job is None or job.kind != "pretraining":
            self._watch.visible = False
            self._status.object = FIRST if has_scene else "Open a scene first."
            return
        self._watch.visible = True
        self._bar.value = 100 * job.fraction
        self._status.object = job_in_words(job)
        terms = tuple(name for name in (job.history[-1] if job.history else {}) if name not in NOT_TERMS)
        rows = [row for row in job.history if all(name in row for name in terms)]
        data = [row["step"] for row in rows], {name: [row[name] for row in rows] for name in terms}
        if terms and terms == self._terms:
            self._history.send(data)
        elif terms:
            self._terms, self._history = terms, hv.streams.Pipe(data=data)
            self._curve.object = hv.DynamicMap(lambda data: loss_plot(*data), streams=[self._history])


def job_in_words(job: object) -> str:
    """How a job stands, on one line."""
    title = job.title.replace("_", " ")
    if job.state == "failed":
        return f"{title}: failed, {job.error}"
    if job.state != "running":
        return f"{title}: {job.state} after {job.seconds:.0f} s"
    left = job.seconds_left
    rest = f" · about {_time(left)} left" if left is not None and job.fraction > 0.02 else ""
    return f"{title}: {job.note or 'learning'} · {100 * job.fraction:.0f} %{rest}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
