"""What one page looks at: which bands, which layers, which pixel. Changing it changes nothing in the session."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import param
import xarray as xr

from workbench.cubes import SHAPES, formula_bands, good_bands, index_names, possible_presets, preset_bands
from workbench.panels.scene_picture import COMPONENTS
from workbench.session.painting import LARGEST, SMALLEST

OWN_BANDS, INDEX, FORMULA = "three bands", "spectral index", "own formula"
"""The choices of a picture beside the presets: by wavelength, by the catalogue of indices, by band arithmetic."""

RADII = (SMALLEST, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, LARGEST)
"""Radii of the brush [pixels of the scene]; the smallest one paints single pixels."""


class Look(param.Parameterized):
    """The choices of one open page."""

    mode = param.Selector(default="inspect", objects=["inspect", "pixel", "polygon", "brush"], doc="What a click does")
    radius = param.Selector(default=3.0, objects=list(RADII), doc="Of the brush [pixels of the scene]")
    erase = param.Boolean(default=False, doc="Whether the brush takes labels away")
    picture = param.String(default="", doc="A preset's name, one of COMPONENTS, or of the choices beside them")
    index = param.String(default="", doc="Which index, where one is shown or was")
    formula = param.String(default="", doc="Of which bands, where a formula is shown or was")
    legend = param.String(default="", doc="What the picture's colours stand for, once it has been made")
    bands = param.Tuple(default=(0, 0, 0), length=3, doc="Bands shown red, green and blue")
    playing = param.Boolean(default=False, doc="Whether the bands are shown one after the other")
    drawn = param.Parameter(default=None, doc="Bands of the picture that was drawn last")
    percent = param.Range(default=(2.0, 98.0), bounds=(0, 100), doc="Percentiles shown black and white [%]")
    opacity = param.Number(default=0.65, bounds=(0, 1), doc="Of the class map")
    by_confidence = param.Boolean(default=False, doc="Whether the class map fades where the model is unsure")
    by_group = param.Boolean(default=False, doc="Whether classes are shown as the groups that they stand under")
    base_map = param.String(default="none", doc="Which map of the world lies below, asked of the network; or none")
    graticule = param.Boolean(default=False, doc="Whether lines of longitude and latitude lie on the map")
    coast = param.Boolean(default=False, doc="Whether coastlines lie on the map")
    swipe = param.Boolean(default=False, doc="Whether two layers stand side by side")
    left = param.String(default="picture", doc="Layer left of the handle")
    right = param.String(default="class map", doc="Layer right of the handle")
    shape = param.Selector(default=SHAPES[0], objects=list(SHAPES), doc="How spectra are drawn")
    pixel = param.Parameter(default=None, doc="The (row, column) clicked last, or None")
    hover = param.Parameter(default=None, doc="The (row, column) under the pointer, or None")
    walking = param.Boolean(default=False, doc="Whether the map goes to what is advised, and keys answer it")
    tab = param.String(default="Learn", doc="Title of the dock's tab that is open")
    selection = param.List(default=[], doc="Pixels that were selected somewhere, each (row, column)")
    rivals = param.List(default=[], item_type=str, doc="Models whose maps are held against each other")

    def start_with(self, cube: xr.DataArray, view: dict | None = None) -> None:
        """Look at a scene: as `view` remembers it, else its first possible picture; nothing clicked."""
        self.param.update(pixel=None, hover=None, selection=[], swipe=False, walking=False)
        presets = possible_presets(cube)
        if not self._recall(cube, view or {}):
            self.show(cube, presets[0] if presets else OWN_BANDS)

    @property
    def is_explained(self) -> bool:
        """Whether the picture's colours need words, since they are no bands' own."""
        return self.picture in (INDEX, FORMULA, *COMPONENTS)

    def remembered(self) -> dict:
        """Picture, bands, stretch and opacity as JSON values."""
        bands, percent = [int(band) for band in self.bands], [float(part) for part in self.percent]
        shown = {"picture": self.picture, "index": self.index, "formula": self.formula}
        return {**shown, "bands": bands, "percent": percent, "opacity": float(self.opacity)}

    def _recall(self, cube: xr.DataArray, view: dict) -> bool:
        """Take up what :meth:`remembered` said, unless it is damaged or of another cube."""
        try:
            bands = tuple(int(band) for band in view["bands"])
            percent, opacity = tuple(float(part) for part in view["percent"]), float(view["opacity"])
            fits = len(bands) == 3 and min(bands) >= 0 and max(bands) < cube.sizes["band"]
            index, formula = str(view.get("index", "")), str(view.get("formula", ""))
            if view["picture"] == INDEX:
                fits = fits and index in index_names(cube)
            if view["picture"] == FORMULA:
                formula_bands(cube, formula)
            if fits and view["picture"] in {*possible_presets(cube), *COMPONENTS, OWN_BANDS, INDEX, FORMULA}:
                shown = {"picture": view["picture"], "index": index, "formula": formula, "bands": bands}
                self.param.update(**shown, percent=percent, opacity=opacity)
                return True
        except (LookupError, TypeError, ValueError):
            pass
        return False

    def show(self, cube: xr.DataArray, picture: str) -> None:
        """Show a preset; ``three bands`` keeps the bands there are, if the cube has them, and an index likewise."""
        bands = self.bands
        if picture == INDEX:
            names = index_names(cube)
            usual = "NDVI" if "NDVI" in names else names[0]
            self.param.update(picture=INDEX, index=self.index if self.index in names else usual, legend="")
            return
        if picture == FORMULA:
            self.param.update(picture=FORMULA, formula=_a_formula(cube, self.formula), legend="")
            return
        if picture in COMPONENTS:
            self.param.update(picture=picture, legend="")
            return
        if picture != OWN_BANDS:
            bands = preset_bands(cube, picture)
        elif len(set(bands)) < 2 or max(bands) >= cube.sizes["band"]:
            good = np.flatnonzero(good_bands(cube))
            bands = tuple(int(good[int(part * (len(good) - 1))]) for part in (0.75, 0.5, 0.25))
        self.param.update(picture=picture, bands=bands)

    @param.depends("mode", watch=True)
    def _lay_down(self) -> None:
        """The eraser is laid down with the brush."""
        self.erase = self.erase and self.mode == "brush"

    def resize(self, by: int) -> None:
        """Take the next larger or smaller radius, if there is one."""
        self.radius = RADII[min(max(RADII.index(self.radius) + by, 0), len(RADII) - 1)]


def _a_formula(cube: xr.DataArray, last: str) -> str:
    """The last formula if this cube has its bands, else one to begin with."""
    first, last_band = (int(band) + 1 for band in np.flatnonzero(good_bands(cube))[[0, -1]])
    by_number = f"(b{last_band} - b{first}) / (b{last_band} + b{first})"
    for formula in (last, "(R860 - R650) / (R860 + R650)"):
        with suppress(ValueError):
            formula_bands(cube, formula)
            return formula
    return by_number
