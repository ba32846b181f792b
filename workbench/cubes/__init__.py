"""FILE → CUBE.

In: a scene: a file, a product's folder or archive, tiles, dates, an address (see ``formats``); a spectral library; the
    catalogue of public scenes; or a seed for the simulated one.
Out: a checked cube (see ``contract``), stacks and series of them, pictures, spectra, indices and facts of it, the same
    scene filtered, resampled or in other directions, matches with a library, and files that read back as the same.
May use: numpy, scipy, xarray, dask, rasterio, rioxarray, pyproj, h5py, h5netcdf, zarr, fsspec, pooch, requests,
    spyndex, pyogrio (only its raw part).
Never: labels, learning, a screen; a value changed without saying so in ``attrs``.
"""

from workbench.cubes.bad_bands import detect_bad_bands
from workbench.cubes.components import Components, components_of, fit_components, principal_components
from workbench.cubes.continuum import remove_continuum
from workbench.cubes.contract import CubeError, check_cube, good_bands, has_wavelengths, valid_pixels
from workbench.cubes.formats import FORMATS
from workbench.cubes.formula import band_formula, formula_bands, formula_values
from workbench.cubes.grid import transform_of
from workbench.cubes.indices import index_bands, index_names, spectral_index
from workbench.cubes.info import describe, facts_in_words
from workbench.cubes.libraries import open_library, save_library
from workbench.cubes.library import check_library, join_libraries, make_library
from workbench.cubes.library_pixels import resample_library, spectra_at
from workbench.cubes.matching import best_match, spectral_angle, spectral_divergence
from workbench.cubes.mnf import Mnf, fit_mnf, mnf, mnf_denoise, mnf_inverse
from workbench.cubes.normalising import unit_area, unit_length, unit_mean, z_scores
from workbench.cubes.opening import open_cube
from workbench.cubes.parts import split_at
from workbench.cubes.reading import even_sample, read_bands, read_pixels, read_window
from workbench.cubes.rendering import (
    PRESETS,
    band_title,
    natural_limits,
    picture_limits,
    possible_presets,
    preset_bands,
    render,
    stretch_limits,
)
from workbench.cubes.resampling import resample, resample_to
from workbench.cubes.sensor_bands import SENSORS
from workbench.cubes.series import open_series
from workbench.cubes.shaping import SHAPES, shape_spectra
from workbench.cubes.simulated import simulated_scene
from workbench.cubes.smoothing import derivative, gaussian_smooth, savitzky_golay
from workbench.cubes.spectra import spectrum
from workbench.cubes.stacking import stack
from workbench.cubes.writing import save_cube

__all__ = [
    "FORMATS",
    "PRESETS",
    "SENSORS",
    "SHAPES",
    "Components",
    "CubeError",
    "Mnf",
    "band_formula",
    "band_title",
    "best_match",
    "check_cube",
    "check_library",
    "components_of",
    "derivative",
    "describe",
    "detect_bad_bands",
    "even_sample",
    "facts_in_words",
    "fit_components",
    "fit_mnf",
    "formula_bands",
    "formula_values",
    "gaussian_smooth",
    "good_bands",
    "has_wavelengths",
    "index_bands",
    "index_names",
    "join_libraries",
    "make_library",
    "mnf",
    "mnf_denoise",
    "mnf_inverse",
    "natural_limits",
    "open_cube",
    "open_library",
    "open_series",
    "picture_limits",
    "possible_presets",
    "preset_bands",
    "principal_components",
    "read_bands",
    "read_pixels",
    "read_window",
    "remove_continuum",
    "render",
    "resample",
    "resample_library",
    "resample_to",
    "save_cube",
    "save_library",
    "savitzky_golay",
    "shape_spectra",
    "simulated_scene",
    "spectra_at",
    "spectral_angle",
    "spectral_divergence",
    "spectral_index",
    "spectrum",
    "split_at",
    "stack",
    "stretch_limits",
    "transform_of",
    "unit_area",
    "unit_length",
    "unit_mean",
    "valid_pixels",
    "z_scores",
]
