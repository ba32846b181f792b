"""Three families on the same labels, scored again after every label while somebody looks: supervised, semi-supervised,
self-supervised.

The class map comes first: scores begin once it is on the screen and labels have ceased to come for a moment, in a
thread of their own, and end at the next fit when a newer label comes. While nobody looks, nothing is scored.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from pathlib import Path

import param

from workbench.session.commands import sentence
from workbench.session.family_points import Point, alike, read_points, up_to, with_point, write_points
from workbench.session.family_scores import Basis, scored
from workbench.session.learning import Learning
from workbench.session.live import Refit


class Families(Learning):
    """The newest scores, and those of fewer labels."""

    families = param.Dict(default={}, doc="A point of family_points: that of the labels there are, or were just now")
    families_note = param.String(default="", doc="What is being scored, or why nothing can be; empty when all is well")
    family_points = param.List(default=[], doc="See family_points.py: scores by number of labels, the newest last")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._lookers: set[Hashable] = set()
        self._scoring, self._scored_basis = 0, None
        self._footprints: dict[str, int] = {}
        self._scorer = Refit(lambda *_: None, self._score_families)
        super().__init__(folder, **params)
        self.param.watch(lambda *_: self._follow_families(), ["labels", "truth", "embedding", "map_state"])

    def want_families(self, who: Hashable, wanted: bool = True) -> None:
        """Say whether `who` looks at the families' scores; as long as somebody does they follow the labels."""
        with self.lock:
            (self._lookers.add if wanted else self._lookers.discard)(who)
            self._follow_families()

    @property
    def live_curve(self) -> list[Point]:
        """Points of the open scene that were measured as the newest one was, fewest labels first."""
        return alike(self.family_points, Path(self.scene).name)

    def wait_for_families(self, timeout: float | None = None) -> bool:
        """Until the scores that are wanted are there; for scripts and tests. False if that took longer."""
        return self._refit.wait(timeout) and self._scorer.wait(timeout)

    def _without_a_scene(self) -> dict[str, object]:
        return {**super()._without_a_scene(), "families": {}, "families_note": ""}

    def _follow_families(self) -> None:
        """After anything that scores are made of has changed."""
        with self.lock:
            self._let_go_of_points()
            if not self._lookers or self.labels is None:
                self._end_scoring()
                self._scored_basis = None
                self.param.update(families={}, families_note="")
                return
            scene = Path(self.scene).name
            basis = Basis(scene, self.cube, self.labels, self.truth, self.embedding, *self._encoder_in_use())
            if basis.is_like(self._scored_basis):
                return
            self._end_scoring()
            n = sum(self.counts.values())
            if self.map_state == "computing":
                self.families_note = f"{n} labels are scored as soon as their class map is there"
                return
            self.families_note = f"{n} labels are being scored …" if n else ""
            self._scorer.ask(self._scoring, lambda: basis)

    def _end_scoring(self) -> None:
        """What is under way ends at its next fit."""
        self._scoring += 1
        self._scorer.forget()

    def _encoder_in_use(self) -> tuple[str, Path | None]:
        run = self._run(self.active_run) if self.embedding is not None else None
        return (run.id, run.encoder) if run else ("", None)

    def _score_families(self, number: int, basis: Basis) -> None:
        """In the background, once labels have ceased to come for a moment."""
        try:
            made = self._point(number, basis)
        except Exception as error:  # noqa: BLE001, the edge of a thread: the screen says it
            made = sentence(error)
        if made is not None:
            self.post(partial(self._families_done, number, basis, made))

    def _point(self, number: int, basis: Basis) -> Point | None:
        if number != self._scoring:
            return None
        self.scene_at_hand()
        return scored(basis, self._at_hand, self._footprint(basis), lambda: number == self._scoring)

    def _footprint(self, basis: Basis) -> int:
        """Pixels across that the widest model sees."""
        if basis.embedding is None:
            return 1
        if basis.encoder is None:
            raise ValueError("how far the encoder in use sees is not known, its file is gone; use another run")
        if basis.run not in self._footprints:
            from workbench.pretrain import load_encoder

            self._footprints[basis.run] = int(load_encoder(basis.encoder).footprint)
        return self._footprints[basis.run]

    def _families_done(self, number: int, basis: Basis, made: Point | str) -> None:
        with self.lock:
            if number != self._scoring:
                return
            self._scored_basis = basis
            if isinstance(made, str):
                self.param.update(families={}, families_note=made)
                return
            points = with_point(self.family_points, made)
            self.param.update(families=made, families_note="", family_points=points)
            self._keep_points()

    def _let_go_of_points(self) -> None:
        """Undone labels leave no points on the curve."""
        if self.labels is not None:
            left = up_to(self.family_points, Path(self.scene).name, sum(self.counts.values()))
            if len(left) < len(self.family_points):
                self.family_points = left
                self._keep_points()

    def _restore_points(self) -> str:
        """Take what the folder holds; why it cannot be taken, in words."""
        try:
            self.family_points = read_points(self.folder)
        except ValueError as error:
            return sentence(error)
        self._let_go_of_points()
        return ""

    def _keep_points(self) -> None:
        try:
            write_points(self.folder, self.family_points)
        except OSError as error:
            self.refuse(f"the families' scores are shown, but were not put away: {sentence(error)}")
