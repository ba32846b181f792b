"""A small archive of patches in a published layout, cut from the simulated scene: to try things before the terabytes.

Folders, names, bands and stored numbers are those of the archive, so that what works here works there. The ground is
the simulated landscape, whose pixels of 30 m stand for the archive's own; its truth comes as masks and as labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from workbench.cubes import resample_to, simulated_scene, transform_of
from workbench.pretrain.archives import Archive, find_archive

PART = 0.1
"""Share of a patch from which on a cover is among its labels."""

COARSER = {"B1": 6, "B9": 6, **dict.fromkeys(("B5", "B6", "B7", "B8A", "B11", "B12"), 2)}
"""Bands of Sentinel-2 that are stored with fewer pixels, and how many times fewer across."""


@dataclass(frozen=True, slots=True)
class SimulatedArchive:
    """Where a simulated archive lies."""

    patches: Path
    """Folder of the patches, in the published layout."""

    masks: Path
    """Folder of a raster a patch, with the codes 1…12 of ``simulated_scene``."""

    labels: Path
    """Table of the covers of each patch that take a tenth of it or more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How an archive keeps a patch."""

    dtype: str
    """Of the numbers as stored."""

    place: Callable[[int, int, int], str]
    """From location, date and number to a patch's file, or the folder of its bands' files."""

    sensor: str = ""
    """Whose bands they are, in ``SENSORS``; empty where they are as narrow as the simulated ones."""

    by_band: bool = False
    """Whether each band is a file."""


def _month(date: int) -> str:
    return f"2021{1 + 3 * date:02d}15"


KEPT = {
    "spectral_earth": Kept("int16", lambda location, _, number: f"enmap/{location:07d}/{number:05d}.tif"),
    "ssl4eo_l_oli_sr": Kept(
        "uint8",
        lambda location, date, _: f"ssl4eo_l_oli_sr/{location:07d}/LC08_193023_{_month(date)}/all_bands.tif",
        "landsat-8",
    ),
    "ssl4eo_s12_l2a": Kept(
        "uint16",
        lambda location, date, _: f"s2a/{location:07d}/{_month(date)}T101559_{_month(date)}T101559_T33UUU",
        "sentinel-2",
        by_band=True,
    ),
}
"""By name in ``ARCHIVES``."""


def simulated_archive(
    root: str | Path, archive: str, *, locations: int = 24, dates: int = 2, size: int = 24, seed: int = 0
) -> SimulatedArchive:
    """Write a small simulated archive and the truth of its patches.

    Parameters
    ----------
    root : str or Path
        An empty folder, or one to be made.
    archive : str
        ``"spectral_earth"``, ``"ssl4eo_l_oli_sr"`` or ``"ssl4eo_s12_l2a"``.
    locations : int
        Squares of one landscape, side by side.
    dates : int
        Of each location, up to 4.
    size : int
        Side of a patch [pixels], at least 16; a multiple of 6 for Sentinel-2, whose coarser bands have fewer.
    seed : int
        Of the landscape.

    Returns
    -------
    SimulatedArchive
        Its ``patches`` are for ``pretrain_archive``; with ``masks`` or ``labels`` for ``workbench.probe.open_patches``.

    Raises
    ------
    ValueError
        If there is no such archive, or a number is out of range.
    FileExistsError
        If the folder holds something.
    """
    root, kept, card = Path(root), _checked(archive, locations, dates, size), find_archive(archive)
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise FileExistsError(f"{root} holds something already; name an empty folder")
    across, rows = int(np.ceil(np.sqrt(locations))), ["file,labels"]
    for date in range(dates):
        cube, truth = simulated_scene(-(-locations // across) * size, across * size, seed=seed, date=date)
        values, names = _as_stored(cube, card, kept)
        for location in range(locations):
            top, left = (size * part for part in divmod(location, across))
            inside = slice(top, top + size), slice(left, left + size)
            ground = {"crs": cube.rio.crs, "transform": transform_of(cube) @ Affine.translation(left, top)}
            file, covers = kept.place(location, date, location * dates + date), truth.values[inside]
            bands = {f"{file}/{name}.tif": slice(k, k + 1) for k, name in enumerate(names)}
            for path, some in bands.items() if kept.by_band else [(file, slice(None))]:
                step = COARSER.get(Path(path).stem, 1)
                _write(root / path, _coarse(values[some, *inside], step), ground, card.nodata, step)
            inner = file.partition("/")[2]
            _write((root / "land_cover" / inner).with_suffix(".tif"), covers[None].astype("uint8"), ground)
            rows.append(f"{inner},{';'.join(_labels(covers, truth.attrs['classes']))}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return SimulatedArchive(root / file.partition("/")[0], root / "land_cover", root / "labels.csv")


def _checked(archive: str, locations: int, dates: int, size: int) -> Kept:
    """How the archive keeps its patches; refuses what cannot be meant."""
    if archive not in KEPT:
        raise ValueError(f"archives that are simulated are {', '.join(KEPT)}, got {archive!r}; choose one of them")
    if locations < 1 or not 1 <= dates <= 4 or size < 16:
        raise ValueError(
            "a simulated archive has a location, 1 to 4 dates and patches of 16 pixels across or more, got "
            f"{locations}, {dates} and {size}"
        )
    if KEPT[archive].by_band and size % 6:
        raise ValueError(f"Sentinel-2's coarsest bands have a sixth of a patch's pixels, got {size} across; try 24")
    return KEPT[archive]


def _as_stored(cube: xr.DataArray, card: Archive, kept: Kept) -> tuple[NDArray, tuple[str, ...]]:
    """Numbers (n_bands, height, width) as the archive stores them, and the names of its bands."""
    names = ()
    if kept.sensor:
        seen = resample_to(cube, kept.sensor)
        seen = seen.isel(band=[int(np.abs(seen.wavelength.values - centre).argmin()) for centre in card.wavelength])
        values, names = seen.values, tuple(map(str, seen.band_name.values))
    else:
        # Bands that water vapour takes are laid between their neighbours, as EnMAP's products do.
        whole = cube.isel(band=np.flatnonzero(cube.good.values))
        each = [np.interp(card.wavelength, whole.wavelength.values, one) for one in np.eye(len(whole))]
        values = np.tensordot(np.array(each, "float32").T, whole.values, axes=1)
    gain, offset = (np.reshape(number, (-1, 1, 1)) for number in (card.gain, card.offset))
    limits = np.iinfo(kept.dtype)
    return np.clip(np.round((values - offset) / gain), limits.min, limits.max).astype(kept.dtype), names


def _coarse(values: NDArray, step: int) -> NDArray:
    """Means over squares of `step` pixels."""
    n, height, width = values.shape
    return values.reshape(n, height // step, step, width // step, step).mean(axis=(2, 4)).astype(values.dtype)


def _labels(covers: NDArray[np.integer], names: list[str]) -> list[str]:
    """Of what takes a large enough part of a patch; of the most common cover at least."""
    counts = np.bincount(covers.ravel(), minlength=len(names) + 1)[1:]
    return [name for name, n in zip(names, counts, strict=True) if n >= min(PART * covers.size, counts.max())]


def _write(path: Path, values: NDArray, ground: dict, nodata: float | None = None, step: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    profile = ground | {"transform": ground["transform"] @ Affine.scale(step), "nodata": nodata, "compress": "lzw"}
    profile |= {"count": count, "height": height, "width": width, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **profile) as file:
        file.write(values)
