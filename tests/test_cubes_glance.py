"""Opening and describing a large scene reads a few of its blocks, spread over it, and knows from them what matters."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import xarray as xr
from zarr.storage import LocalStore

from workbench.cubes import CubeError, describe, open_cube, save_cube, simulated_scene
from workbench.cubes.raster import Raster

SHAPE = (10, 400, 300)


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """Every scene is a large one, and a look is short."""
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    monkeypatch.setattr("workbench.cubes.looking.MOST_VALUES", 40_000)


def to_tif(path, values, nodata=None, **profile):
    n_bands, height, width = values.shape
    shape = {"count": n_bands, "height": height, "width": width, "dtype": values.dtype, "nodata": nodata}
    grid = rasterio.Affine(30, 0, 0, 0, -30, 0)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=grid, **shape, **profile) as file:
        file.write(values)
    return path


@pytest.mark.parametrize(
    "profile",
    [
        {"interleave": "pixel"},
        {"interleave": "band"},
        {"interleave": "pixel", "tiled": True, "blockxsize": 64, "blockysize": 64},
    ],
)
def test_opening_and_describing_a_geotiff_reads_few_of_its_numbers(tmp_path, monkeypatch, profile):
    values = np.random.default_rng(0).integers(1, 99, SHAPE).astype("int16")
    path = to_tif(tmp_path / "a.tif", values, nodata=0, **profile)
    touched = np.zeros(SHAPE[1:], int)
    plain = Raster.__getitem__

    def counted(self, key):
        touched[key[1:]] += 1
        with rasterio.open(path) as file:
            rows, columns = file.block_shapes[0]
        for picked, size in zip(key[1:], (rows, columns), strict=True):
            assert picked.step in (None, 1), "a sparse grid reads every block"
            assert (picked.start or 0) % size == 0
        return plain(self, key)

    monkeypatch.setattr(Raster, "__getitem__", counted)
    describe(open_cube(path))
    assert 0 < (touched > 0).mean() < 0.2


def test_opening_and_describing_a_store_reads_few_of_its_chunks(tmp_path, monkeypatch):
    cube = simulated_scene(64, 96, n_bands=12)[0]
    monkeypatch.setattr("workbench.cubes.zarr._CHUNK", 12 * 256)
    path = save_cube(cube, tmp_path / "a.zarr")
    read = []
    plain = LocalStore.get
    monkeypatch.setattr(LocalStore, "get", lambda self, key, **how: read.append(key) or plain(self, key, **how))
    monkeypatch.setattr("workbench.cubes.looking.MOST_VALUES", 12 * 256 * 3)
    describe(open_cube(path))
    assert len([key for key in read if key.startswith("cube/c/")]) == 3  # of 4 × 6


def test_every_block_has_its_turn_until_one_has_data(tmp_path):
    values = np.zeros(SHAPE, "int16")
    values[:, 398, 7] = 5
    cube = open_cube(to_tif(tmp_path / "a.tif", values, nodata=0, interleave="pixel"))
    assert "good" not in cube.coords
    with pytest.raises(CubeError, match=r"all of b.tif is nodata or NaN; check its nodata value"):
        open_cube(to_tif(tmp_path / "b.tif", np.zeros(SHAPE, "int16"), nodata=0))


def test_what_is_seen_is_even_over_the_scene(tmp_path):
    values = np.ones(SHAPE, "int16")
    values[:, :100] = values[3] = 0  # a quarter without data, and a band without any
    cube = open_cube(to_tif(tmp_path / "a.tif", values, nodata=0, interleave="pixel"))
    assert np.flatnonzero(~cube.good).tolist() == [3]
    facts = describe(cube)
    assert facts["nodata_sampled"]
    assert facts["nodata_fraction"] == pytest.approx(0.25, abs=0.12)


def test_another_cube_is_looked_at_again(tmp_path):
    values = np.ones(SHAPE, "int16")
    values[:, :200] = 0
    cube = open_cube(to_tif(tmp_path / "a.tif", values, nodata=0, interleave="pixel"))
    assert isinstance(cube, xr.DataArray)
    assert describe(cube.isel(y=slice(200, None)))["nodata_fraction"] == 0
    assert describe(cube.isel(y=slice(0, 200)))["nodata_fraction"] == 1
