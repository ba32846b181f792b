"""What a session's folder holds, read without opening it: nothing is written, nothing is run, no scene is touched.

The folder may come from anybody, so it is looked at as ``stranger`` does, and a scene or truth outside of it is taken
only if it is named, or if this user opened it in the session before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyproj import CRS

from workbench.cubes.remote import Address, is_remote, located
from workbench.session.allowed import Allowed, is_sealed
from workbench.session.folder import LABELS, RUNS, STATE, read_json
from workbench.session.geopackage import LabelStore
from workbench.session.kept_map import KeptMap, read_map
from workbench.session.marks import LabelState
from workbench.session.origin import read_origin
from workbench.session.runs import Run, read_runs
from workbench.session.stranger import refuse_odd_files, refuse_odd_state


@dataclass(frozen=True, slots=True)
class Held:
    """A session at rest."""

    folder: Path
    """Where it lies."""

    state: dict
    """``session.json``."""

    labels: LabelState
    """Marks and classes."""

    crs: CRS | None
    """Of the marks; None on a pixel grid."""

    runs: list[Run]
    """The oldest first."""

    map: KeptMap | None
    """The class map that was put away last."""

    @property
    def scene(self) -> str:
        """Its scene, as ``session.json`` names it."""
        return self.state.get("scene", "")

    @property
    def truth(self) -> str:
        """Its truth, as ``session.json`` names it; empty without one."""
        return self.state.get("truth", "")

    @property
    def scene_origin(self) -> dict:
        """Which file the scene is, as the newest of its results has noted; empty where none has."""
        noted = [self.map.card.get("origin")] if self.map else []
        noted += [read_origin(run) for run in reversed(self.runs) if run.settings["scene"] == self.scene]
        found = (one.get("scene") for one in noted if isinstance(one, dict))
        return next((one for one in found if isinstance(one, dict) and one), {})

    def options_of(self, place: Path | Address) -> dict:
        """How the scene is read at `place`: as ever, unless it is a converted copy, which says that itself."""
        alike = Path(str(place)).suffix == Path(self.scene).suffix
        return self.state.get("options", {}) if alike else {}

    def place(self, path: str) -> Path | Address:
        """Where a scene or a truth lies that the folder names, if it may be opened.

        Raises
        ------
        PermissionError
            If it lies outside and this user never opened it here.
        FileNotFoundError
            If there is no such file.
        """
        words = [self.scene, self.state.get("options", {}), self.truth, self.state.get("truth_options", {})]
        place = located(path) if is_remote(path) else self.folder.absolute() / path
        sealed = is_sealed([self._full(self.scene), words[1], self._full(self.truth), words[3]], self.state.get("seal"))
        if not (sealed and path in (self.scene, self.truth)):
            try:
                Allowed((self.folder.absolute(),), takes_addresses=False).check(place)
            except PermissionError as error:
                raise PermissionError(
                    f"the session names {place}, which lies outside of it and was not opened here; name the file itself"
                ) from error
        if isinstance(place, Path) and not place.exists():
            raise FileNotFoundError(f"the session's {place} is no longer there; name where it is now")
        return place

    def _full(self, path: str) -> str:
        return path if is_remote(path) or not path else str(self.folder.absolute() / path)


def read_held(folder: str | Path) -> Held:
    """What a session's folder holds.

    Raises
    ------
    FileNotFoundError
        If it is no session's folder.
    ValueError
        If it holds what no session puts there, or is damaged.
    """
    folder = Path(folder).expanduser().absolute()
    if not (folder / STATE).is_file():
        raise FileNotFoundError(f"a session is a folder with {STATE}, but there is none in {folder}; name another")
    refuse_odd_files(folder)
    state = read_json(folder / STATE)
    refuse_odd_state(state, folder / STATE)
    labels, crs = LabelStore(folder / LABELS).read()
    return Held(folder, state, labels, crs, read_runs(folder / RUNS), read_map(folder))
