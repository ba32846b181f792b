"""Parts of a spectrum as cubes of their own: what two detectors of one sensor saw, say."""

from __future__ import annotations

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError, good_bands


def split_at(cube: xr.DataArray, wavelength: float) -> tuple[xr.DataArray, xr.DataArray]:
    """The bands below a wavelength, and those from it on.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        With wavelengths.
    wavelength : float
        Where to split [nm]; 1000 parts the silicon detector (VNIR) from the one for longer waves (SWIR).

    Returns
    -------
    tuple of two xarray.DataArray
        On the grid of `cube`; lazy if it is.

    Raises
    ------
    CubeError
        If the cube has no wavelengths, or no good band on one side.

    Examples
    --------
    >>> from workbench.cubes import simulated_scene
    >>> short, long = split_at(simulated_scene(16, 16, n_bands=20)[0], 1000)
    >>> short.sizes["band"] + long.sizes["band"], bool((short.wavelength < 1000).all())
    (20, True)
    """
    known = cube["wavelength"].values.astype("float64")
    if np.isnan(known).any():
        raise CubeError("a spectrum is split by wavelength, but the scene has bands without one; give two scenes")
    above, good = known >= wavelength, good_bands(cube)
    for side, where in (("below", ~above), ("from", above)):
        if not (where & good).any():
            raise CubeError(
                f"no good band lies {side} {wavelength:g} nm{' on' if side == 'from' else ''}, the scene has "
                f"{known[good].min():.0f} to {known[good].max():.0f} nm; split inside"
            )
    return cube.isel(band=~above), cube.isel(band=above)
