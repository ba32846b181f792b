"""A cube as a Zarr store (format 3): lazy, compressed, and the same cube again when it is read."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path

import numpy as np
import xarray as xr
from zarr.codecs import BloscCodec

from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.remote import Address

_CHUNK = 1_280_000
"""Most values in one chunk. Of 600 × 600 × 200 a picture then takes 50 ms and a spectrum 20; with chunks three times as
large 50 and 35, with smaller ones the picture slows down. Shards read no quicker, and are written whole from memory."""


DAMAGED_CHUNK = (
    *(RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, struct.error),
)
"""What Zarr and its codecs say of a store that is damaged, when it is opened or a chunk is read."""


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() == ".zarr"


def read(path: Path | Address) -> xr.DataArray:
    """The store's one cube, as dask blocks of the store's chunks."""
    # An address cannot list its files, so that a store there had better say which it has.
    consolidated = False if isinstance(path, Path) else None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*consolidated metadata", RuntimeWarning)
            warnings.filterwarnings("ignore", ".*Consolidated metadata", UserWarning)
            store = xr.open_zarr(os.fspath(path), chunks={}, consolidated=consolidated)
            store = store.assign_coords({name: c.load() for name, c in store.coords.items() if c.ndim < 2})
    except ImportError as error:
        raise ImportError(f"reading {path} needs a package of fsspec's ({error}); install it with conda") from error
    except (FileNotFoundError, *DAMAGED_CHUNK) as error:
        raise CubeError(
            f"a .zarr folder is a Zarr store, but {path.name} is not or is damaged; write it again"
        ) from error
    cubes = [name for name, variable in store.data_vars.items() if set(DIMS) == set(variable.dims)]
    if len(cubes) != 1:
        found = ", ".join(f"{name} {variable.dims}" for name, variable in store.data_vars.items()) or "nothing"
        raise CubeError(f"one array with dims {DIMS} is needed, but {path.name} holds {found}; write it with save_cube")
    cube = store[cubes[0]].transpose(*DIMS)
    names = cube.attrs.pop("band_name", None)
    if names is not None:
        cube = cube.assign_coords(band_name=("band", np.array(names, dtype=object)))
    cube.encoding = {}
    return _as_ours(cube.rename(None))


def _as_ours(cube: xr.DataArray) -> xr.DataArray:
    """Somebody else's store with what ours always have: float32, a quantity, places of pixels."""
    stored = {"stored_dtype": str(cube.dtype)} if cube.dtype != np.float32 else {}
    if stored and cube.dtype.kind in "buif":
        cube = cube.astype("float32")
    if "quantity" not in cube.attrs:
        stored |= {"quantity": "dn", "units": "", "scaling": "values as stored; the store does not say what they are"}
    missing = {dim: np.arange(cube.sizes[dim]) + 0.5 for dim in ("y", "x") if dim not in cube.coords}
    return cube.assign_coords(missing).assign_attrs({**stored, **cube.attrs})


def write(cube: xr.DataArray, path: Path) -> None:
    """In chunks of a few bands of a block of pixels, so that pictures and spectra are both quick to read."""
    n_bands, height, width = cube.shape
    # Short runs of bands serve pictures, square blocks serve spectra and patches.
    bands = min(n_bands, 32)
    side = max(16, int((_CHUNK / bands) ** 0.5))
    chunks = (bands, min(height, side), min(width, side))
    names = [str(name) for name in cube["band_name"].values] if "band_name" in cube.coords else None
    plain = cube.drop_vars("band_name", errors="ignore")
    if "wavelength" in plain.xindexes:
        plain = plain.drop_indexes("wavelength")
    if names is not None:
        plain = plain.assign_attrs(band_name=names)  # as JSON: Zarr 3 has no settled string type yet
    if plain.chunks is not None:
        plain = plain.chunk(dict(zip(DIMS, chunks, strict=True)))
    for name in plain.coords:
        plain[name].encoding = {}
    dataset = plain.rename("cube").to_dataset()
    # Reflectance hardly compresses; a quick codec reads a picture several times faster than Zarr's own choice.
    codec = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=4)
    dataset["cube"].encoding = {"chunks": chunks, "compressors": (codec,)}
    dataset.to_zarr(path, mode="w-", zarr_format=3, consolidated=False)
