"""The spectral library of a session: opened by the rules for scenes, on the open scene's bands, and there again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import param
import xarray as xr

from workbench.cubes import CubeError, open_library
from workbench.session.beside import on_bands
from workbench.session.commands import command, sentence
from workbench.session.scene import SceneState

MOST_DRAWN = 12
"""Spectra of a library that are drawn at once."""

LARGEST = 2**28
"""Most bytes of a library's files, which are read whole."""


class WithLibrary(SceneState):
    """A library, and which of its spectra stand beside the scene's."""

    library = param.ClassSelector(class_=xr.DataArray, doc="(spectrum, band) as its file has it; None without one")
    library_here = param.ClassSelector(class_=xr.DataArray, doc="On the open scene's bands; None where that cannot be")
    library_note = param.String(default="", doc="What to mind when it is looked at beside the scene")
    library_drawn = param.List(default=[], item_type=int, doc="Which of its spectra are drawn, 0 first")

    def __init__(self, folder: str | Path, **params: object) -> None:
        self._library_path = ""
        super().__init__(folder, **params)

    @property
    def library_path(self) -> str:
        """File or folder the library came from, or an empty string."""
        return self._library_path

    @command
    def open_library(self, path: str | Path) -> None:
        """Lay the spectral library at `path`, a file or a folder of them, beside the open scene."""
        if self.cube is None:
            raise ValueError("a library lies beside a scene; open a scene first")
        path = Path(path).expanduser().absolute()
        was_named = self.allowed is None or str(path) in self._trusted
        self._admit(path)
        size = sum(_sizes(path))
        if size > LARGEST:
            raise ValueError(
                f"a library has up to {LARGEST >> 20} MiB, got {size >> 20} in {path}; take the spectra that you need"
            )
        library = open_library(path)
        for file in () if was_named else library.attrs["files"]:
            self._admit(Path(file))
        here, note = on_bands(library, self.cube)
        self._library_path = str(path)
        self.param.update(library=library, library_here=here, library_note=note, library_drawn=[])
        self._trust(path)
        self.tell(f"{library.sizes['spectrum']} spectra from {path.name}{note and f': {note}'}")
        self._save_state()

    @command
    def close_library(self) -> None:
        """Have no library beside the scene any more."""
        self._library_path = ""
        self.param.update(library=None, library_here=None, library_note="", library_drawn=[])
        self._save_state()

    @command
    def draw_library(self, which: Sequence[int]) -> None:
        """Draw these spectra of the library, and no others."""
        drawn = list(dict.fromkeys(int(i) for i in which))
        if self.library is None:
            raise ValueError("there is no spectral library yet; open one first")
        outside = [i for i in drawn if not 0 <= i < self.library.sizes["spectrum"]]
        if outside:
            raise IndexError(f"the library has {self.library.sizes['spectrum']} spectra, got number {outside[0] + 1}")
        if len(drawn) > MOST_DRAWN:
            raise ValueError(f"at most {MOST_DRAWN} spectra of a library are drawn at once; take one away first")
        self.library_drawn = drawn
        self._save_state()

    def _without_a_scene(self) -> dict[str, object]:
        return {**super()._without_a_scene(), "library_here": None, "library_note": ""}

    def _scene_changed(self) -> None:
        super()._scene_changed()
        if self.library is not None:
            try:
                here, note = on_bands(self.library, self.cube)
            except CubeError as error:
                here, note = None, sentence(error)
            self.param.update(library_here=here, library_note=note)

    def _remembered(self) -> dict:
        return super()._remembered() | {
            "library": self._portable(self._library_path),
            "library_drawn": self.library_drawn,
        }

    def _words(self) -> list[object]:
        return [*super()._words(), *([self._library_path] if self._library_path else [])]

    def _paths(self) -> set[str]:
        return super()._paths() | ({self._library_path} if self._library_path else set())

    def _restore_library(self, path: str, drawn: list) -> None:
        """Open the library that ``session.json`` names; one that cannot be stays named there."""
        if not path or self.cube is None:
            return
        if self.open_library(path):
            last = self.library.sizes["spectrum"] - 1
            kept = [i for i in drawn if isinstance(i, int) and not isinstance(i, bool) and 0 <= i <= last]
            self.draw_library(kept[:MOST_DRAWN])
            self.tell("")


def _sizes(path: Path) -> Iterator[int]:
    """Bytes of a file, or of the files in a folder, the .sli beside a .hdr among them."""
    if path.is_dir():
        with os.scandir(path) as entries:
            yield from (entry.stat().st_size for entry in entries if entry.is_file())
    elif path.exists():
        beside = path.with_suffix(".sli") if path.suffix.lower() == ".hdr" else path
        yield (beside if beside.exists() else path).stat().st_size
