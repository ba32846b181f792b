"""A session: one folder, one scene, its labels, runs and results; what every screen shows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from workbench.session import exports
from workbench.session.allowed import Allowed
from workbench.session.commands import command
from workbench.session.dropped import clear_drafts
from workbench.session.families import Families
from workbench.session.folder import STATE, FolderLock, read_json
from workbench.session.limits import Limits
from workbench.session.stranger import refuse_odd_files, refuse_odd_state


class Session(Families):
    """The state behind the screens. Commands return True, or False with the reason in ``message``; none raises.

    Parameters
    ----------
    folder : str or Path
        Made on first use. What it holds is shown again.
    allowed : Allowed, optional
        Which files may be opened, the scene that the folder names among them; any by default.
    limits : Limits, optional
        What it may take; as much as there is by default.

    Raises
    ------
    RuntimeError
        If another program has the folder open.
    OSError, ValueError
        If the folder cannot be used, or what it holds is damaged.
    """

    living: ClassVar[dict[Path, Session]] = {}
    _door: ClassVar[threading.RLock] = threading.RLock()

    def __init__(
        self, folder: str | Path, allowed: Allowed | None = None, limits: Limits | None = None, **params: object
    ) -> None:
        folder = Path(folder).expanduser().absolute()
        if folder.is_dir():
            refuse_odd_files(folder)
        self._held = FolderLock(folder)
        try:
            super().__init__(folder, **params)
            clear_drafts(folder)
            self.allowed, self.limits, self._restoring = allowed, limits or Limits(), True
            self._restore()
            self._restoring = False
        except BaseException:
            self._held.release()
            raise
        self.param.watch(self._save_state, ["view", "current_class", "live"])

    @classmethod
    def at(cls, folder: str | Path, allowed: Allowed | None = None, limits: Limits | None = None) -> Session:
        """The session of `folder`: the living one where there is one, so that a second tab and a reload share it."""
        place = Path(folder).expanduser().resolve()
        with cls._door:
            if place not in cls.living:
                cls.living[place] = cls(place, allowed, limits)
            return cls.living[place]

    def close(self) -> None:
        """End the job and let others have the folder; what waits for the job is left to be resumed."""
        self.is_closing = True
        if self._worker is not None:
            worker = self._worker
            self.stop()
            worker.wait(worker.grace + 4)
        self.limits.leave(self)
        self._end_scoring()
        for thread in (self._refit, self._rival, self._adviser, self._scorer):
            thread.forget()
            thread.wait(30)
        self._held.release()
        with self._door:
            for place in [place for place, session in self.living.items() if session is self]:
                del self.living[place]

    @command
    def export_map(self, path: str | Path) -> None:
        """Write the class map as a cloud-optimised GeoTIFF, its confidence beside it."""
        if self.class_map is None:
            raise ValueError(f"there is no class map yet: {self.map_note or 'it is being made'}")
        if self.map_state == "computing":
            raise ValueError("the class map of the newest labels is being made; export it when it is there")
        from workbench.probe import write_class_map

        files = write_class_map(self.class_map, self.confidence, Path(path).expanduser())
        self.tell(f"class map written to {files[0]}")

    @command
    def export_labels(self, path: str | Path) -> None:
        """Write the labels as .gpkg, .geojson or .shp as they were given, or as .tif on the scene's grid."""
        path, _ = Path(path).expanduser(), self._scene()
        exports.export_labels(self.marks, self.labels, path, {one.name: one.group for one in self.classes})
        self.tell(f"labels written to {path}")

    @command
    def export_spectra(self, path: str | Path, pixels: Sequence[tuple[int, int]] = ()) -> None:
        """Write kept spectra, those of `pixels` (row, column), and every class's mean and spread, as .csv or .sli."""
        path, _ = Path(path).expanduser(), self._scene()
        here = [(one.name, self.class_of(one), one.pixel) for one in self.kept if one.pixel is not None]
        others = [(f"row {row}, column {column}", None, (row, column)) for row, column in pixels]
        exports.export_spectra(self.cube, self.labels, [*here, *others], path)
        self.tell(f"spectra written to {path}")

    @command
    def export_scores(self, path: str | Path) -> None:
        """Write every row of the last comparison as .parquet or .csv."""
        path = Path(path).expanduser()
        exports.export_scores(self.rows, path)
        self.tell(f"scores written to {path}")

    @command
    def export_session(self, path: str | Path, *, most: int | None = None) -> None:
        """Write all that is kept into one .zip to hand on (``workbench unpack``), the scene by name and SHA-256."""
        from workbench.session.packing import pack

        path = Path(path).expanduser()
        pack(self.folder, path, most=most)
        self.tell(f"session written to {path}")

    def _restore(self) -> None:
        """Show what the folder holds: choices first, then the scene, then what lies on it."""
        state = read_json(self.folder / STATE)
        refuse_odd_state(state, self.folder / STATE)
        self._chosen = "model" in state
        self._shape = tuple(state.get("shape", ()))
        self.param.update(
            view=state.get("view", {}),
            model=state.get("model", self.model),
            live=state.get("live", True),
            scene=self._absolute(state.get("scene", "")),
        )
        self._restore_kept(state.get("kept", []))
        self._restore_runs(state.get("active_run", ""))
        said = []
        truth, options = self._absolute(state.get("truth", "")), state.get("truth_options", {})
        library, drawn = self._absolute(state.get("library", "")), state.get("library_drawn", [])
        words = [self.scene, state.get("options", {}), truth, options, *([library] if library else [])]
        self._take_seal(words, {self.scene, truth, library}, state.get("seal", ""))
        self._library_path = library
        if self.scene and not self.open_scene(self.scene, **state.get("options", {})):
            said.append(self.message)
        self.current_class = min(max(state.get("current_class", 1), 1), len(self.classes))
        if truth and self.cube is not None and not self.open_truth(truth, **options):
            said.append(self.message)
        self._truth_path, self._truth_options = truth, options
        self._restore_library(library, drawn)
        if library and self.cube is not None and self.library is None:
            said.append(self.message)
        said += [wrong] if (wrong := self._restore_points()) else []
        if said:
            self.refuse("; ".join(said))
