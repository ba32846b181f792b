"""The compare panel: which model serves this scene best, measured; and two of their maps side by side."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from workbench.panels.access import reads
from workbench.panels.families import families_html, said
from workbench.panels.grouped import SomeOf, grouped
from workbench.panels.layers import map_name
from workbench.panels.learn import job_in_words
from workbench.panels.look import Look
from workbench.panels.menu import Menu
from workbench.panels.pages import Page
from workbench.panels.style import action, dock_row, line, note, stack
from workbench.panels.tables import score_html
from workbench.session import Session

COMPARE_TAB = "Compare"
FIRST = (
    "Choose models and press Start: each is fitted to a few labels a class, drawn at random, and tested on the rest."
)
SPLITS = {"random": ["random"], "blocks (spatially apart)": ["blocks"], "both": ["random", "blocks"]}
USUAL = ("auto", "svm", "random_forest", "barlow_twins")


class ComparePanel(pn.viewable.Viewer):
    """Choices left, scores right."""

    def __init__(self, session: Session, look: Look, page: Page, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        small = {"size": "small", "margin": 0, "sizing_mode": "stretch_width"}
        self._models = SomeOf(list(USUAL), label="Models", chip=False, margin=0)
        self._models.param.update(visual_size="small", sizing_mode="stretch_width")
        self._budgets = pmui.TextInput(label="Labels a class", value="5, 20", **small)
        self._draws = pmui.IntInput(label="Draws", value=5, start=1, end=100, **small)
        self._split = pmui.Select(label="Split", options=list(SPLITS), value="random", **small)
        self._truth = pmui.Select(label="Truth", options={"my labels": "labels"}, **small)
        self._start = action("Start comparing", "play_arrow", "Start comparing (R)", self.begin, main=True)
        self._stop = action("Stop", "stop", "Stop (Shift X)", session.stop)
        self._swipe = pmui.Button(
            label="Swipe the two best maps", icon="compare", variant="text", size="small", margin=0, visible=False,
            on_click=lambda _: self.swipe_best(),
            description="Swipe the two best maps: those of your labels by the models that scored best (Shift W)",
        )  # fmt: skip
        self._live = pmui.Switch(label="Live families", value=False, size="small", margin=0)
        self._live.param.watch(lambda event: self._follow_families(event.new), "value")
        self.keys = {"shift+w": self.swipe_best, "shift+f": self.turn_live}
        self._status = note(FIRST)
        self._bar = pmui.LinearProgress(value=0, variant="determinate", margin=0, sizing_mode="stretch_width")
        scrolls = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"overflow": "auto"}}
        self._table = pn.pane.HTML("", **scrolls, **reads("scores"))
        page.follow(session, "job cube", self._draw)
        page.follow(session, "truth cube", self._offer_truth)
        page.follow(session, "scores rows families", self._draw_scores)
        page.follow(session, "families families_note", self._say, now=False)
        page.on_close(lambda: session.want_families(self, False))

    def offer(self, menu: Menu) -> None:
        """Fill the choices, family by family."""
        family = {name: family for name, (family, _) in menu.models.items()}
        self._models.offer(grouped(menu.models, family), [name for name in USUAL if name in menu.models])

    def __panel__(self) -> pn.Row:
        """Choices and scores."""
        how = line(self._budgets, self._draws), line(self._split, self._truth), line(self._start, self._stop)
        choices = stack(self._models, *how, gap=8, width=260, sizing_mode="stretch_height")
        above = line(self._live, self._status, self._swipe)
        scores = stack(above, self._bar, self._table, gap=6, sizing_mode="stretch_both")
        return dock_row(choices, scores)

    def begin(self) -> None:
        """Start with what is chosen."""
        try:
            budgets = [int(part) for part in self._budgets.value.replace(",", " ").split()]
        except ValueError:
            self.session.refuse(f"labels a class are whole numbers, got {self._budgets.value!r}; for example 5, 20")
            return
        self.session.start_comparison(
            models=self._models.value, budgets=budgets, draws=self._draws.value,
            splits=SPLITS[self._split.value], truth=self._truth.value,
        )  # fmt: skip

    def turn_live(self) -> None:
        """Score a model of each family after every label from now on, or no more."""
        self.look.tab = COMPARE_TAB
        self._live.value = not self._live.value

    def swipe_best(self) -> None:
        """Lay the maps of the two models that scored best side by side."""
        if not self._swipe.visible:
            self.session.refuse("two models have to be compared before their maps are swiped; start comparing")
            return
        best = self.session.scores.groupby("model")["oa_mean"].mean().sort_values(ascending=False).index[:2]
        self.look.param.update(left=map_name(best[0]), right=map_name(best[-1]), swipe=True)

    def _offer_truth(self) -> None:
        has_file = self.session.truth is not None
        self._truth.options = ({"truth file": "file"} if has_file else {}) | {"my labels": "labels"}
        self._truth.value = "file" if has_file else "labels"

    def _draw(self) -> None:
        job, has_scene = self.session.job, self.session.cube is not None
        busy = job is not None and job.state == "running"
        self._start.disabled, self._stop.disabled = not has_scene, not busy
        ours = job is not None and job.kind == "comparison"
        self._bar.visible = ours and busy
        self._bar.value = 100 * job.fraction if ours else 0
        self._say()

    def _say(self) -> None:
        """How the comparison stands; what the live scores say once it is over."""
        session, job = self.session, self.session.job
        ours = job is not None and job.kind == "comparison"
        live = said(session.families, session.families_note) if self._live.value else ""
        if ours and (job.state == "running" or not live):
            self._status.object = job_in_words(job)
        else:
            self._status.object = live or (FIRST if session.cube is not None else "Open a scene first.")

    def _follow_families(self, wanted: bool) -> None:
        self.session.want_families(self, wanted)
        self._draw_scores()
        self._say()

    def _draw_scores(self) -> None:
        scores = self.session.scores
        has_scores = scores is not None and len(scores) > 0
        live = families_html(self.session.families) if self._live.value else ""
        self._table.object = live + (score_html(scores) if has_scores else "")
        self._swipe.visible = has_scores and scores["model"].nunique() > 1
