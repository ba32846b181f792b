"""What is open: a folder, a scene and, where there is one, its truth."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import param
import xarray as xr

from workbench.cubes import CubeError, open_cube
from workbench.cubes.remote import Address, is_remote, located
from workbench.files import write_json
from workbench.labels import open_labels
from workbench.session.allowed import LOG, Allowed, is_sealed, sealed
from workbench.session.commands import command, sentence
from workbench.session.folder import LABELS, RUNS, STATE
from workbench.session.limits import Limits
from workbench.session.who import user_of_this_process


def at_once(change: Callable[[], None]) -> None:
    """Do it now, in this thread: right where no screen has a thread of its own."""
    change()


class SceneState(param.Parameterized):
    """Folder, scene and truth, remembered in ``session.json``."""

    folder = param.ClassSelector(class_=Path, constant=True, doc="Where everything is kept")
    scene = param.String(default="", doc="Path of the open scene")
    cube = param.ClassSelector(class_=xr.DataArray, doc="The open scene (band, y, x), lazy; None before one is open")
    truth = param.ClassSelector(class_=xr.DataArray, doc="Full reference (y, x) int16; None without one")
    view = param.Dict(default={}, doc="What the screen remembers: bands, stretch, opacity …; JSON values")
    message = param.String(default="", doc="One sentence for the user: the reason of a refusal, or what was done")
    is_refusal = param.Boolean(default=False, doc="Whether ``message`` tells of trouble rather than of what was done")
    post = param.Callable(default=at_once, doc="Carries a change to the thread that owns the screens")

    def __init__(self, folder: str | Path, **params: object) -> None:
        super().__init__(folder=Path(folder), **params)
        self.lock = threading.RLock()
        self.doing = ""  # the command under way, in words
        self.allowed: Allowed | None = None
        self.limits = Limits()
        self.who: Callable[[], str] = user_of_this_process
        self._trusted: set[str] = set()
        self._restoring = False
        self._options: dict = {}
        self._truth_path, self._truth_options = "", {}
        self._shape: tuple[int, ...] = ()

    def tell(self, message: str) -> None:
        """Say what was done."""
        self.param.update(message=message, is_refusal=False)

    def refuse(self, reason: str) -> None:
        """Say what was not done, and why."""
        self.param.update(message=reason, is_refusal=True)

    def remember(self, **what: object) -> None:
        """Put `what` (JSON values) to what the screen remembers, beside what is there."""
        self.view = {**self.view, **what}

    def scene_at_hand(self) -> xr.DataArray:
        """The open scene, to read from.

        Raises
        ------
        CubeError
            If its file has gone since it was opened: a store of many files would give no data in its place.
        """
        here = self.cube.chunks is None or is_remote(self.scene) or Path(self.scene).exists()
        if not here:
            raise CubeError(f"{self.scene} was there when it was opened and is gone; put it back, the labels are kept")
        return self.cube

    @property
    def labels_path(self) -> Path:
        """The GeoPackage of labels."""
        return self.folder / LABELS

    @property
    def runs_path(self) -> Path:
        """The folder of runs."""
        return self.folder / RUNS

    @command
    def open_scene(self, path: str | Path, **options: object) -> None:
        """Open the scene at `path`; `options` go to its format (:func:`workbench.cubes.open_cube`)."""
        path = located(path).absolute()
        self._admit(path)
        cube = open_cube(path, **options)
        self.limits.check_scene(cube, path.name)
        if not self._can_show(path, cube):
            raise ValueError(
                f"labels move between scenes with a CRS only, and this session's lie on {Path(self.scene).name}; "
                f"open {path.name} in a new session folder"
            )
        self._options, self._shape = options, cube.shape[1:]
        self._truth_path, self._truth_options = "", {}
        self.param.update(cube=cube, scene=str(path), **self._without_a_scene())
        self._trust(path)
        self._scene_changed()
        self._save_state()

    @command
    def open_truth(self, path: str | Path, **options: object) -> None:
        """Take the full reference at `path`, a raster or a vector file, to compare models with."""
        if self.cube is None:
            raise ValueError("a truth lies on a scene; open a scene first")
        path = Path(path).expanduser().absolute()
        self._admit(path)
        self.truth = open_labels(path, self.cube, **options)
        self._truth_path, self._truth_options = str(path), options
        self._trust(path)
        self._save_state()

    @property
    def truth_path(self) -> str:
        """File the truth came from, or an empty string."""
        return self._truth_path

    def _admit(self, path: Path | Address) -> None:
        """Refuse a file that this desk may not open, and log who asked for it."""
        if self.allowed is None or str(path) in self._trusted:
            return
        try:
            if self._restoring and isinstance(path, Address) and str(path) not in self.allowed.named:
                raise PermissionError(f"the session's folder names {path}, which was not opened here; open it by name")
            self.allowed.check(path)
        except PermissionError as error:
            LOG.warning("%r asked for %r: %s", self.who(), str(path), error)
            raise

    def _trust(self, path: Path | Address) -> None:
        """What somebody opened here may be opened here again; what the folder itself names is no such thing."""
        if not self._restoring:
            self._trusted.add(str(path))

    def _can_show(self, path: Path, cube: xr.DataArray) -> bool:
        """May `cube` be shown with the labels there are?"""
        return True

    def _without_a_scene(self) -> dict[str, object]:
        """What lies on a scene's grid, let go of: nobody may see the last one's beside the next one's cube."""
        return {"truth": None}

    def _scene_changed(self) -> None:
        """Later layers follow."""

    def _remembered(self) -> dict:
        """What ``session.json`` holds."""
        return {
            "scene": self._portable(self.scene),
            "options": self._options,
            "shape": self._shape,
            "truth": self._portable(self._truth_path),
            "truth_options": self._truth_options,
            "view": self.view,
            "seal": self._seal(),
        }

    def _take_seal(self, words: list[object], paths: set[str], seal: str) -> None:
        """Trust the paths that ``session.json`` names if this user opened them here before."""
        if is_sealed(words, seal):
            self._trusted |= paths

    def _paths(self) -> set[str]:
        """What is open, by path."""
        return {path for path in (self.scene, self._truth_path) if path}

    def _words(self) -> list[object]:
        """What a seal is put on: what lies elsewhere, and how it is read."""
        return [self.scene, self._options, self._truth_path, self._truth_options]

    def _seal(self) -> str:
        """So that what this user opened here may be opened again, and what a stranger wrote into the file may not."""
        outside = {path for path in self._paths() if self._portable(path) == path}
        return sealed(self._words()) if outside and outside <= self._trusted else ""

    def _save_state(self, *_: object) -> None:
        """Write ``session.json``; a failure is said, and the next change tries again."""
        try:
            write_json(self.folder / STATE, self._remembered())
        except OSError as error:
            self.refuse(f"the session's choices were not saved: {sentence(error)}")

    def _portable(self, path: str) -> str:
        """Relative inside the folder, so that the folder can be moved; else as it is."""
        here = self.folder.absolute()
        return Path(path).relative_to(here).as_posix() if path and Path(path).is_relative_to(here) else path

    def _absolute(self, path: str) -> str:
        if is_remote(path):
            return path
        return str(self.folder.absolute() / path) if path else ""
