"""Windows and pixels of a lazy cube are those of the cube in memory, and nothing else is read for them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.test_cubes_envi import listed, write
from workbench.cubes import open_cube, picture_limits, read_pixels, render, save_cube, simulated_scene, spectrum
from workbench.cubes.binary import Binary
from workbench.cubes.reading import read_bands
from workbench.cubes.stored import stored_of

WINDOWS = [(slice(None), slice(None)), (slice(3, 20, 4), slice(1, None, 3)), (slice(5, 6), slice(0, 9))]


@pytest.fixture(params=["bsq", "bil", "bip", "zarr"])
def lazy(request, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = simulated_scene(24, 32, n_bands=9)[0]
    if request.param == "zarr":
        return cube, open_cube(save_cube(cube, tmp_path / "a.zarr"))
    path = write(
        tmp_path, cube.values, interleave=request.param, wavelength=listed(cube.wavelength.values), data_type=4
    )
    return cube, open_cube(path)


@pytest.mark.parametrize("window", WINDOWS)
def test_bands_of_a_window(lazy, window):
    cube, large = lazy
    rows, columns = window
    for found, band in zip(read_bands(large, (7, 2, 2, 0), rows, columns), (7, 2, 2, 0), strict=True):
        np.testing.assert_array_equal(found, cube.values[band, rows, columns])


def test_every_pixels_spectrum(lazy):
    cube, large = lazy
    for row in range(0, 24, 5):
        for column in range(0, 32, 7):
            np.testing.assert_array_equal(spectrum(large, row, column), cube.values[:, row, column])


def test_pixels_here_and_there_come_in_the_order_asked_for(lazy):
    cube, large = lazy
    rows, columns = np.array([20, 3, 3, 0, 23]), np.array([1, 30, 2, 0, 31])
    np.testing.assert_array_equal(read_pixels(large, rows, columns), cube.values[:, rows, columns].T)


def test_a_picture_of_a_window_is_a_part_of_the_whole_picture(lazy):
    cube, large = lazy
    limits = picture_limits(cube, (6, 4, 1))
    np.testing.assert_array_equal(
        render(large, (6, 4, 1), limits, slice(2, 20, 3), slice(5, 30)),
        render(cube, (6, 4, 1), limits)[2:20:3, 5:30],
    )


def test_a_part_of_a_cube_knows_no_file(lazy):
    _, large = lazy
    assert stored_of(large.isel(x=slice(3, None))) is None
    assert stored_of(large.isel(band=[3, 1])) is None
    assert stored_of(large + 1) is None
    np.testing.assert_array_equal(read_bands(large.isel(x=slice(3, None)), [2])[0], large.values[2, :, 3:])


def test_a_picture_reads_its_bands_and_its_rows_only(lazy, monkeypatch):
    _, large = lazy
    if stored_of(large) is None:
        pytest.skip("a store's chunks hold many bands")
    read = []
    plain = Binary._read
    monkeypatch.setattr(Binary, "_read", lambda self, buffer, at: read.append(len(buffer)) or plain(self, buffer, at))
    monkeypatch.setattr("workbench.cubes.binary._GAP", 0)
    read_bands(large, [3], slice(4, 10), slice(8, 16))
    assert sum(read) <= 2 * 6 * 8 * 4 * 9 if stored_of(large).layout == ("y", "x", "band") else 2 * 6 * 32 * 4


def test_the_last_pixels_chunk_of_a_store_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = simulated_scene(24, 32, n_bands=9)[0]
    large = open_cube(save_cube(cube, tmp_path / "a.zarr"))
    spectrum(large, 3, 3)
    monkeypatch.setattr("xarray.DataArray.compute", None)  # nothing more is read
    np.testing.assert_array_equal(spectrum(large, 4, 5), cube.values[:, 4, 5])


def test_pixels_here_and_there_load_each_block_once():
    cube = xr.DataArray(np.arange(3 * 40 * 60, dtype="float32").reshape(3, 40, 60), dims=("band", "y", "x"))
    loaded = []

    def load(block: np.ndarray) -> np.ndarray:
        loaded.append(block.shape)
        return block

    lazy = cube.chunk({"band": 3, "y": 16, "x": 16})
    lazy = lazy.copy(data=lazy.data.map_blocks(load, dtype="float32", meta=np.zeros((0, 0, 0), "float32")))
    rows, columns = np.random.default_rng(0).integers(0, (40, 60), (200, 2)).T
    np.testing.assert_array_equal(read_pixels(lazy, rows, columns), cube.values[:, rows, columns].T)
    assert len(loaded) == 3 * 4
