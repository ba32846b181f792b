"""Kept spectra of a session: of a class or of none, in ``session.json`` before the next click."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import param

from workbench.labels.grid import grid_of
from workbench.session.classes import LONGEST, LabelClass
from workbench.session.commands import command
from workbench.session.folder import STATE
from workbench.session.grid import pixel_centres
from workbench.session.kept import MOST, KeptSpectrum, as_json, from_json, name_of, placed
from workbench.session.labelling import Labelling
from workbench.session.marks import LabelState


class Keeping(Labelling):
    """Which spectra stay in sight."""

    kept = param.List(default=[], item_type=KeptSpectrum, doc="Oldest first; those with a pixel lie on the open scene")

    @command
    def keep_spectrum(self, row: int, column: int, name: str = "") -> None:
        """Keep the spectrum of a pixel, as one of the current class.

        One that is kept already gets the current class, or is freed of it if it has it. A `name` is given to it in
        either case; without one it is called by its row and column.
        """
        cube, pixel, name = self._scene(), (int(row), int(column)), name.strip()
        (place,) = pixel_centres(cube, [pixel])
        if len(name) > LONGEST:
            raise ValueError(f"a kept spectrum's name has at most {LONGEST} letters, got {len(name)}; choose a shorter")
        chosen = self._class_name() if self.classes else ""
        there = next((one for one in self.kept if one.pixel == pixel), None)
        if there is None:
            if len(self.kept) >= MOST:
                raise ValueError(f"at most {MOST} spectra are kept; let go of them first (Shift M)")
            crs = name_of(grid_of(cube).crs)
            name = name or f"row {row}, column {column}"
            new = KeptSpectrum(name, chosen, place.x, place.y, crs, cube.shape[1:], pixel)
            kept = [*self.kept, new]
        else:
            new = replace(there, name=name or there.name, class_name="" if there.class_name == chosen else chosen)
            kept = [new if one is there else one for one in self.kept]
        other = f"M again: {'without' if new.class_name else 'with'} a class" if self.classes else ""
        self.tell(f"{new.name} is kept{f' as {new.class_name}' if new.class_name else ''}{other and f' ({other})'}")
        self._keep(kept)

    @command
    def let_go_of_spectra(self) -> None:
        """Keep no spectrum of the open scene any more; those of other scenes stay."""
        self._keep([one for one in self.kept if one.pixel is None])

    def class_of(self, one: KeptSpectrum) -> LabelClass | None:
        """The class of a kept spectrum, if there is one of that name."""
        return next((known for known in self.classes if known.name == one.class_name), None)

    def _keep(self, kept: Iterable[KeptSpectrum]) -> None:
        self.kept = list(kept)
        self._save_state()

    def _labels_changed(self, before: LabelState) -> None:
        """Kept spectra go along with a class that gets another name, and gets it back."""
        super()._labels_changed(before)
        was, now = before.classes, self._state.classes
        renamed = {old.name: new.name for old, new in zip(was, now, strict=False) if old.name != new.name}
        if len(was) == len(now) and renamed and self.kept:
            self._keep(replace(one, class_name=renamed.get(one.class_name, one.class_name)) for one in self.kept)

    def _without_a_scene(self) -> dict[str, object]:
        return {**super()._without_a_scene(), "kept": placed(self.kept, None)}

    def _scene_changed(self) -> None:
        super()._scene_changed()
        self.kept = placed(self.kept, grid_of(self.cube))

    def _remembered(self) -> dict:
        return super()._remembered() | {"kept": as_json(self.kept)}

    def _restore_kept(self, rows: list) -> None:
        """Take what ``session.json`` holds; where it lies is told when the scene is open."""
        try:
            self.kept = from_json(rows)
        except ValueError as error:
            raise ValueError(f"kept in {self.folder / STATE}: {error}; move it away to start anew") from error
