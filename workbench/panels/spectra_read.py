"""Spectra that stand beside that of the pixel: class means, kept ones, a library's and a selection's.

What has to be read is read beside the page. What was read of another scene, of older labels, or to be drawn in another
shape is let go of when it comes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes import good_bands, shape_spectra, spectrum
from workbench.panels.kept import kept_here
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.pictures import SELECTION
from workbench.panels.spectra_figure import Spectrum
from workbench.panels.spectra_legend import KEPT, LIBRARY
from workbench.panels.spectra_list import library_hues
from workbench.session import Session, class_spectra, mean_spectrum


class ReadSpectra:
    """What is there to be drawn, all of it in the shape that the page looks at.

    Parameters
    ----------
    session, look, page
        What is followed.
    draw : callable
        Called when there is something else to draw.
    """

    def __init__(self, session: Session, look: Look, page: Page, draw: Callable[[], None]) -> None:
        self.session, self.look, self._page, self._draw = session, look, page, draw
        self._read: dict[tuple[int, int], NDArray] = {}
        self._kept: dict[tuple[int, int], NDArray] = {}
        self._means: dict[int, tuple] = {}
        self._selected: tuple | None = None

    def follow(self) -> None:
        """Follow what changes on a scene; what changes with the scene itself has to be followed before."""
        session, page = self.session, self._page
        page.follow(session, "labels classes", self._read_means, now=False)
        page.follow(session, "kept", self._read_kept, now=False)
        page.follow(session, "library_here library_drawn", self._draw, now=False)
        page.follow(self.look, "selection", self._read_selection, now=False)

    def open(self) -> None:
        """Begin with another scene."""
        self._read, self._kept = {}, {}
        self.renew()

    def renew(self) -> None:
        """Begin again, in another shape."""
        self._means, self._selected = {}, None
        self._read_kept()
        self._read_means()
        self._read_selection()

    @property
    def has_kept(self) -> bool:
        """Whether spectra of this scene are kept."""
        return bool(kept_here(self.session))

    def shaper(self) -> Callable[[NDArray], NDArray]:
        """Spectra (n, n_bands) of this scene as the page looks at them now."""
        cube, shape = self.session.cube, self.look.shape
        wavelength, good = cube["wavelength"].values.astype(float), good_bands(cube)
        return lambda spectra: shape_spectra(spectra, wavelength, good, shape)

    def spectra(self) -> list[Spectrum]:
        """All that are known, over the scene's bands."""
        means = [
            Spectrum(one.name, one.color, *self._means[one.code])
            for one in self.session.classes
            if one.code in self._means
        ]
        selected = [] if self._selected is None else [Spectrum("selection", SELECTION, *self._selected)]
        return [*means, *self._of_kept(), *self._of_library(), *selected]

    def _of_kept(self) -> list[Spectrum]:
        kept = [one for one in kept_here(self.session) if one[0].pixel in self._kept]
        if not kept:
            return []
        values = self.shaper()(np.stack([self._kept[one.pixel] for one, _ in kept]))
        classes = [self.session.class_of(one) for one, _ in kept]
        return [
            Spectrum(f"{known.name}: {one.name}" if known else one.name, color, shaped, dash=KEPT)
            for (one, color), known, shaped in zip(kept, classes, values, strict=True)
        ]

    def _of_library(self) -> list[Spectrum]:
        here, drawn = self.session.library_here, self.session.library_drawn
        if here is None or not drawn:
            return []
        names, values = here["spectrum_name"].values, self.shaper()(here.values[drawn])
        hues = library_hues(drawn).items()
        return [
            Spectrum(str(names[i]), hue, shaped, dash=LIBRARY) for (i, hue), shaped in zip(hues, values, strict=True)
        ]

    def _read_means(self) -> None:
        cube, labels, shape = self.session.cube, self.session.labels, self.look.shape
        if cube is None or labels is None or not (labels.values > 0).any():
            self._take_means((labels, shape, {}))
            return
        read, shaper = self._read, self.shaper()
        self._page.work(lambda: (labels, shape, class_spectra(cube, labels, read, shaper)), self._take_means)

    def _take_means(self, found: tuple) -> None:
        labels, shape, means = found
        if labels is self.session.labels and shape == self.look.shape:  # else newer ones are being read
            self._means = means
            self._draw()

    def _read_kept(self) -> None:
        cube = self.session.cube
        new = [one.pixel for one, _ in kept_here(self.session) if one.pixel not in self._kept]
        if cube is None or not new:
            self._draw()
            return

        def values() -> tuple[xr.DataArray, dict]:
            return cube, {pixel: spectrum(self.session.scene_at_hand(), *pixel).values for pixel in new}

        self._page.work(values, self._take_kept)

    def _take_kept(self, found: tuple) -> None:
        cube, values = found
        if cube is self.session.cube:
            self._kept |= values
            self._draw()

    def _read_selection(self) -> None:
        cube, pixels, shape = self.session.cube, self.look.selection, self.look.shape
        if cube is None or not pixels:
            self._take_selection((pixels, shape, None))
            return
        rows, columns = np.array(pixels, int).T
        shaper = self.shaper()
        self._page.work(
            lambda: (pixels, shape, mean_spectrum(cube, rows, columns, shaper=shaper)), self._take_selection
        )

    def _take_selection(self, found: tuple) -> None:
        pixels, shape, selected = found
        if pixels is self.look.selection and shape == self.look.shape:
            self._selected = selected
            self._draw()
