"""Some spectra in memory as they are, freed of their continuum, or as slopes: what a plot of them switches between.

What a cube's functions do to every pixel at once, for spectra that each may lack other bands: those a spectrum does not
have take no part in it, as bad bands take none.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.continuum import removed
from workbench.cubes.smoothing import polynomial_weights

PLAIN, CONTINUUM, SLOPE = "plain", "continuum removed", "first derivative"
SHAPES = (PLAIN, CONTINUUM, SLOPE)
"""Ways to look at a spectrum."""


def shape_spectra(
    spectra: NDArray[np.floating], wavelength: NDArray[np.floating], good: NDArray[np.bool_], shape: str
) -> NDArray[np.float64]:
    """Spectra as one of ``SHAPES``.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_bands)
        NaN where one lacks a band.
    wavelength : ndarray of shape (n_bands,)
        Band centres [nm], increasing; for ``plain`` they may be NaN.
    good : ndarray of bool, shape (n_bands,)
        False for bands that take no part.
    shape : str
        ``plain``, ``continuum removed`` (:func:`remove_continuum`) or ``first derivative`` (:func:`derivative`, in
        1/nm).

    Returns
    -------
    ndarray of shape (n, n_bands)
        NaN at bad bands and those that a spectrum lacks, but for ``plain``, which changes nothing.

    Raises
    ------
    ValueError
        If there is no such shape.

    Examples
    --------
    >>> wavelength, good = np.array([400.0, 500, 600]), np.ones(3, bool)
    >>> shape_spectra(np.array([[0.2, 0.1, 0.4]]), wavelength, good, "continuum removed").round(3).tolist()
    [[1.0, 0.333, 1.0]]
    """
    if shape not in SHAPES:
        raise ValueError(f"a spectrum is drawn as one of {', '.join(SHAPES)}, got {shape!r}")
    spectra = np.asarray(spectra, float)
    if shape == PLAIN:
        return spectra
    found = np.full(spectra.shape, np.nan)
    known = np.isfinite(spectra) & good
    for bands in np.unique(known, axis=0):
        which, places = (known == bands).all(axis=1), np.flatnonzero(bands)
        if len(places) < 2:
            continue
        here, centres = spectra[np.ix_(which, places)], np.asarray(wavelength, float)[places]
        if shape == CONTINUUM:
            block = removed(here.T[:, :, None], centres, places, len(bands))
            found[which] = block[:, :, 0].T
        else:
            found[np.ix_(which, places)] = here @ _slopes(centres.tobytes())
    return found


@lru_cache(8)
def _slopes(centres: bytes) -> NDArray[np.float64]:
    """Weights that give the slope at each of some bands, a column each; NaN where there are too few bands for one.

    They take longer to work out than all else here, and are mostly those of the spectrum before.
    """
    weights = polynomial_weights(np.frombuffer(centres), 3, 2, 1).T
    weights[:, ~weights.any(axis=0)] = np.nan
    return weights
