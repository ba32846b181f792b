"""Reading rasters at a coarse step: the pixels themselves, or what the file's overviews hold, and little memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from tests.test_cubes_geotiff import GRID, write
from workbench.cubes import CubeError, open_cube, read_bands
from workbench.cubes.raster import Raster


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 9000, (3, 208, 304)).astype("int16")


@pytest.fixture(scope="module")
def tiled(tmp_path_factory, numbers) -> Path:
    """Without overviews."""
    path = tmp_path_factory.mktemp("raster") / "tiled.tif"
    return write(path, numbers, crs="EPSG:32633", transform=GRID, tiled=True, blockxsize=32, blockysize=32)


@pytest.fixture(scope="module")
def layered(tmp_path_factory, numbers) -> Path:
    """With overviews of means, 2, 4 and 8 times coarser."""
    path = tmp_path_factory.mktemp("raster") / "layered.tif"
    write(path, numbers, crs="EPSG:32633", transform=GRID, tiled=True, blockxsize=32, blockysize=32)
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4, 8], Resampling.average)
    return path


WINDOWS = [
    (slice(None), slice(None, None, 7), slice(None, None, 7)),
    ([2, 0], slice(11, 190, 5), slice(3, None, 2)),
    (slice(1, 3), slice(None, None, 100), slice(250, 20, -3)),
    (slice(None), slice(150, 20, -1), slice(4, 5)),
    (slice(None), slice(7, 7), slice(None)),
]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("block", [1, 5000, 4_000_000])
def test_any_step_gives_the_pixels_themselves(tiled, layered, numbers, window, block, monkeypatch):
    monkeypatch.setattr("workbench.cubes.raster.BLOCK", block)
    for path in (tiled, layered):
        np.testing.assert_array_equal(Raster(path)[window], numbers[window[0]][:, window[1], window[2]])
    np.testing.assert_array_equal(Raster(tiled).coarse(window), numbers[window[0]][:, window[1], window[2]])


@pytest.mark.parametrize(("step", "level"), [(2, 0), (3, 0), (5, 1), (8, 2), (30, 2)])
def test_a_picture_at_a_coarse_step_comes_from_the_overview(layered, step, level):
    rows, columns = slice(16, 190, step), slice(8, None, step)
    with rasterio.open(layered, overview_level=level) as oracle:
        values = oracle.read()
    factor = 2 ** (level + 1)
    down, right = np.arange(208)[rows] // factor, np.arange(304)[columns] // factor
    found = Raster(layered).coarse((slice(None), rows, columns))
    np.testing.assert_array_equal(found, values[:, down][:, :, right])
    assert found.shape == (3, len(down), len(right))


def test_an_overview_lies_where_the_scene_does(tmp_path):
    """A ramp read from overviews of means is the ramp to within the half pixel of the overview."""
    ramp = np.add.outer(np.arange(640), np.arange(1000))[None].astype("float32")
    path = write(tmp_path / "ramp.tif", ramp, crs="EPSG:32633", transform=GRID, tiled=True)
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4, 8, 16], Resampling.average)
    for step in (2, 5, 16, 40):
        at = slice(step // 2, None, step)
        assert np.abs(Raster(path).coarse((slice(None), at, at)) - ramp[:, at, at]).max() <= 16


def test_a_cube_selected_by_xarray_is_exact_and_a_picture_is_not(layered, numbers, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(layered)
    step = slice(None, None, 8)
    np.testing.assert_array_equal(cube[:, step, step], numbers[:, step, step])
    (plane,) = read_bands(cube, [1], step, step)
    assert np.abs(plane - numbers[1, step, step]).max() > 100
    assert plane.std() < 0.5 * numbers[1, step, step].std()  # means of 64 random pixels, or nearly


def test_a_coarse_picture_takes_the_memory_of_a_strip(tmp_path):
    path = tmp_path / "wide.tif"
    shape = {"count": 3, "height": 8000, "width": 4000, "dtype": "uint16"}
    with rasterio.open(path, "w", driver="GTiff", sparse_ok=True, crs="EPSG:32633", transform=GRID, **shape):
        pass
    raster = Raster(path)
    tracemalloc.start()
    assert raster[:, ::3, ::3].shape == (3, 2667, 1334)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 2**20  # the answer takes 20 MB, the window 183


def test_pixels_that_are_cut_off_are_named(tmp_path, numbers):
    path = write(tmp_path / "a.tif", numbers, crs="EPSG:32633", transform=GRID, compress="lzw")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CubeError, match=r"a\.tif could not be read to its end and may be cut off; copy it again"):
        Raster(path)[:, :, :]


def test_words_that_are_no_utf_8_are_named(tmp_path, numbers):
    path = write(tmp_path / "a.tif", numbers, crs="EPSG:32633", transform=GRID)
    with rasterio.open(path, "r+") as file:
        file.units = ["metre"] * 3
    path.write_bytes(path.read_bytes().replace(b">metre<", b">m\xa0tre<"))
    with pytest.raises(CubeError, match=r"the words in a\.tif are not UTF-8, or damaged .*; copy it again, or take"):
        open_cube(path)
