"""The learn panel: choose what to learn by, start, watch the loss fall, stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import holoviews as hv
import panel as pn
import panel_material_ui as pmui

from workbench.panels.described import loss_words
from workbench.panels.grouped import OneOf, SomeOf, grouped
from workbench.panels.menu import Menu
from workbench.panels.pages import Page
from workbench.panels.plots import loss_plot
from workbench.panels.run_names import by_name
from workbench.panels.style import action, dock_row, line, note, stack
from workbench.session import Run, Session

FIRST = "Learning needs no labels: press Start, and the encoder learns from all pixels of the scene."
NOT_TERMS = {"step", "seconds", "loss", "samples_per_second", "memory_bytes", "gpu_bytes"}

MEMORY = {"memory_bytes": "", "gpu_bytes": " of the GPU"}


class LearnPanel(pn.viewable.Viewer):
    """Choices left, the run right."""

    def __init__(self, session: Session, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self._page, self._terms = session, page, ()
        self._seed, self._others = 0, {}  # of a run that is repeated
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._objective = OneOf("barlow_twins", label="Objective", **small)
        self._encoder = OneOf("auto", label="Encoder", **small)
        self._steps = pmui.IntInput(label="Steps", value=800, start=1, end=1_000_000, step=100, **small)
        self._without = SomeOf([], label="Views do without", chip=False, margin=0)
        self._without.param.update(visual_size="small", sizing_mode="stretch_width")
        self._start = action("Start learning", "play_arrow", "Start learning (T)", self.begin, main=True)
        self._stop = action("Stop", "stop", "Stop (Shift X)", session.stop)
        self._run = pmui.Select(label="Encoder in use", options={"none": ""}, **small)
        self._run.param.watch(self._activate, "value")
        self._bar = pmui.LinearProgress(value=0, variant="determinate", margin=0, sizing_mode="stretch_width")
        self._status = note(FIRST)
        self._history = hv.streams.Pipe(data=([], {}))
        self._curve = pn.pane.HoloViews(
            None, sizing_mode="stretch_both", margin=0, linked_axes=False, css_classes=["loss"]
        )
        self._watch = stack(self._bar, self._curve, gap=6, sizing_mode="stretch_both", visible=False)
        page.follow(session, "job cube", self._draw)
        page.follow(session, "runs active_run", self._list)

    def offer(self, menu: Menu) -> None:
        """Fill the choices."""
        learnt = dict.fromkeys(menu.objectives, "self-supervised")
        self._objective.offer(grouped(menu.objectives, learnt), self._objective.value)
        looks_at = {name: group for name, (group, _) in menu.encoders.items()}
        self._encoder.offer(grouped(menu.encoders, looks_at), self._encoder.value)
        parts = {f"{name}: {does}": name for name, does in menu.views.items()}
        self._without.offer({"Parts of a view": parts}, self._without.value)

    def __panel__(self) -> pn.Row:
        """Choices, then progress over the curve."""
        choices = stack(
            line(self._objective, self._encoder), line(self._steps, self._without), self._run,
            line(self._start, self._stop),
            gap=8, width=300, sizing_mode="stretch_height",
        )  # fmt: skip
        watch = stack(self._status, self._watch, gap=6, sizing_mode="stretch_both")
        return dock_row(choices, watch)

    def begin(self) -> None:
        """Start with what is chosen."""
        self.session.start_pretraining(
            objective=self._objective.value,
            encoder=self._encoder.value,
            steps=self._steps.value or 1,
            without=self._without.value,
            seed=self._seed,
            **self._others,
        )

    def repeat(self, run: Run) -> None:
        """Offer the choices of a run, to be changed and started."""
        recipe = run.settings.get("recipe")
        recipe = dict(recipe) if isinstance(recipe, dict) else {}
        for choice, name in ((self._objective, "objective"), (self._encoder, "encoder")):
            if recipe.get(name) in choice.names:
                choice.value = recipe[name]
        known = set(self._without.options.values())
        self._without.value = [name for name in recipe.get("without", ()) if name in known]
        steps, seed = recipe.get("steps"), recipe.get("seed")
        self._steps.value = steps if isinstance(steps, int) else self._steps.value
        self._seed = seed if isinstance(seed, int) else 0
        shown = {"objective", "encoder", "without", "steps", "seed"}
        self._others = {name: value for name, value in recipe.items() if name not in shown}

    def _activate(self, event: object) -> None:
        if event.new and event.new != self.session.active_run:
            self.session.activate_run(event.new)
        elif not event.new and self.session.active_run:
            self.session.activate_run("")

    def _list(self) -> None:
        named = by_name(self.session.runs).items()
        options = {name: run.id for name, run in named if run.encoder is not None or run.id == self.session.active_run}
        self._run.param.update(options={"none": "", **options}, value=self.session.active_run)

    def _draw(self) -> None:
        job, has_scene = self.session.job, self.session.cube is not None
        busy = job is not None and job.state == "running"
        self._start.disabled, self._stop.disabled = not has_scene, not busy
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
        self._page.words.tell("loss", partial(loss_words, *data))
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
    return f"{title}: {job.note or 'learning'} · {100 * job.fraction:.0f} %{rest}{_pace(job.history)}"


def _pace(history: Sequence[Mapping[str, float]]) -> str:
    """How much it learns of and holds."""
    last = history[-1] if history else {}
    told = [f"{last['samples_per_second']:,.0f} pixels/s"] if "samples_per_second" in last else []
    told += [f"{last[name] / 2**30:.1f} GiB{of}" for name, of in MEMORY.items() if name in last]
    return "".join(f" · {one}" for one in told)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
