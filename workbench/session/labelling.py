"""Labels and classes: given, taken back and given again; every change is on disk before the next click."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import param
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from workbench.labels import counts
from workbench.labels.rasterise import grid_of
from workbench.session import classes as legend
from workbench.session import groups
from workbench.session.audit import AuditLog
from workbench.session.classes import LabelClass
from workbench.session.commands import command, sentence
from workbench.session.folder import HISTORY
from workbench.session.geopackage import LabelStore
from workbench.session.grid import burn, frame, pixel_square
from workbench.session.history import History
from workbench.session.imports import found_in
from workbench.session.marks import LabelState, Mark
from workbench.session.scene import SceneState


class Labelling(SceneState):
    """Marks and classes as one value, their raster, undo and redo."""

    classes = param.List(default=[], item_type=LabelClass, doc="By code; changed by the commands only")
    current_class = param.Integer(default=0, bounds=(0, None), doc="Code that a click gives; 0 without classes")
    marks = param.List(default=[], item_type=Mark, doc="Labels as they were given, oldest first")
    labels = param.ClassSelector(class_=xr.DataArray, doc="Marks on the scene's grid, int16; None without a scene")
    counts = param.Dict(default={}, doc="Labelled pixels by class name")
    can_undo = param.Boolean(default=False)
    can_redo = param.Boolean(default=False)
    saved = param.Boolean(default=True, doc="Is everything in labels.gpkg? False while the disk refuses it")

    def __init__(self, folder: str | Path, **params: object) -> None:
        super().__init__(folder, **params)
        self._store = LabelStore(self.labels_path)
        self._history = History()
        self._audit = AuditLog(self.folder / HISTORY)
        self._state, self._crs = self._store.read()
        self._show(self._state)

    @command
    def label_pixel(self, row: int, column: int) -> None:
        """Give the pixel the current class; if it has that class already, take it away."""
        name, square = self._class_name(), pixel_square(self._scene(), row, column)
        if int(self.labels[row, column]) == self.current_class:
            self._become(self._state.cut(name, square))
            return
        self._become(self._clicked(name, square))

    @command
    def label_polygon(self, geometry: BaseGeometry) -> None:
        """Give the pixels whose centres lie in `geometry` (scene coordinates) the current class."""
        name, cube = self._class_name(), self._scene()
        mark = (name, shapely.make_valid(geometry), "polygon")
        if not burn(LabelState(classes=self._state.classes).with_marks(mark), cube).any():
            raise ValueError("the area holds no pixel's centre; draw it larger, on the scene")
        self._become(self._state.with_marks(mark))

    @command
    def import_labels(self, path: str | Path, column: str | None = None) -> None:
        """Add the labels of a vector file or a raster; classes that are new are added too, under their groups."""
        path = Path(path).expanduser()
        found = found_in(path, self._scene(), column)
        state = replace(self._state, classes=groups.add_missing(self._state.classes, found.colors, found.groups))
        self._become(state.with_marks(*((name, area, f"import:{path.name}") for name, area in found.areas)))
        if self.saved:
            self.tell(found.said(path.name))

    @command
    def remove_mark(self, id: int) -> None:
        """Take away one mark."""
        if id not in {m.id for m in self._state.marks}:
            raise ValueError(f"there is no mark {id}; it may have been undone")
        self._become(self._state.without(id))

    @command
    def add_class(self, name: str = "", color: str = "") -> None:
        """One class more, which becomes the current one."""
        self._become(replace(self._state, classes=legend.add(self._state.classes, name, color)))
        self.current_class = len(self.classes)

    @command
    def rename_class(self, code: int, name: str) -> None:
        """Give class `code` another name; its labels keep it."""
        old, classes = legend.find(self._state.classes, code), legend.rename(self._state.classes, code, name)
        new = legend.find(classes, code).name
        marks = tuple(replace(m, class_name=new) if m.class_name == old.name else m for m in self._state.marks)
        self._become(replace(self._state, marks=marks, classes=classes))

    @command
    def recolor_class(self, code: int, color: str) -> None:
        """Give class `code` another colour, ``#rrggbb``."""
        self._become(replace(self._state, classes=legend.recolor(self._state.classes, code, color)))

    @command
    def remove_class(self, code: int) -> None:
        """Take away class `code` with its labels."""
        gone = legend.find(self._state.classes, code).name
        marks = tuple(m for m in self._state.marks if m.class_name != gone)
        self._become(replace(self._state, marks=marks, classes=legend.remove(self._state.classes, code)))

    @command
    def undo(self) -> None:
        """Take back the last change of labels or classes."""
        self._become(self._history.back(self._state), remember=False)

    @command
    def redo(self) -> None:
        """Do again what was undone."""
        self._become(self._history.forward(self._state), remember=False)

    def _scene(self) -> xr.DataArray:
        if self.cube is None:
            raise ValueError("there is no scene yet; open one first")
        return self.cube

    def _class_name(self) -> str:
        return legend.find(self._state.classes, self.current_class).name

    def _clicked(self, name: str, square: BaseGeometry) -> LabelState:
        """With this class on one pixel's ground. It takes the place of a pixel's label there; they do not pile up."""
        under = [m.id for m in self._state.marks if m.is_pixel and square.contains(m.geometry)]
        return self._state.without(*under).with_marks((name, square.centroid, "click"))

    def _become(self, state: LabelState, *, remember: bool = True) -> None:
        """Store `state`, then show it: what is seen is on the disk. If that refuses, the next change stores both."""
        before = self._state
        if remember and state != before:
            self._history.push(before)
        self._state = state
        self._store_labels()
        with param.parameterized.batch_call_watchers(self):  # the next map is on its way before pages draw the label
            self._show(state)
            self._tell_apart(before)
            self._labels_changed(before)

    def _show(self, state: LabelState) -> None:
        labels = None if self.cube is None else burn(state, self.cube)
        self.param.update(
            classes=list(state.classes),
            current_class=min(max(self.current_class, 1), len(state.classes)),
            marks=list(state.marks),
            labels=labels,
            counts={} if labels is None else counts(labels).to_dict(),
            can_undo=bool(self._history.before),
            can_redo=bool(self._history.after),
        )

    def _store_labels(self) -> None:
        try:
            self._store.write(self._state, self._crs)
            self.saved = True
        except Exception as error:  # noqa: BLE001, the label stays on the screen whatever the disk says
            self.saved = False
            self.refuse(f"labels are not saved yet: {sentence(error)}; the next change will try again")

    def _tell_apart(self, before: LabelState) -> None:
        """Log what has changed and who did it; marks that only moved with the scene's CRS are no news."""
        if self.doing == "open scene":
            return
        try:
            self._audit.write(self.who(), self.doing, before, self._state)
        except OSError as error:
            if self.saved:
                self.refuse(f"{HISTORY} does not have this yet: {sentence(error)}; the next change will try again")

    def _labels_changed(self, before: LabelState) -> None:
        """Later layers follow."""

    def _can_show(self, path: Path, cube: xr.DataArray) -> bool:
        """Marks on the Earth go with any scene on the Earth; marks on a pixel grid with that grid only."""
        if not self._state.marks or str(path) == self.scene:
            return True
        crs = grid_of(cube).crs
        return crs is not None if self._crs is not None else crs is None and self._shape == cube.shape[1:]

    def _without_a_scene(self) -> dict[str, object]:
        return {**super()._without_a_scene(), "labels": None}

    def _scene_changed(self) -> None:
        super()._scene_changed()
        state, crs = self._state, grid_of(self.cube).crs
        if state.marks and crs is not None and crs != self._crs:
            places = frame(state.marks, self._crs).to_crs(crs).geometry
            state = replace(
                state, marks=tuple(replace(m, geometry=g) for m, g in zip(state.marks, places, strict=True))
            )
            self._history = History()
        self._crs = crs
        self._become(state, remember=False)
