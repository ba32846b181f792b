"""Lazy maps on disk: written tile by tile, they are those from memory, and what was written is read back."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rio_cogeo import cog_validate

from tests.scenes import few
from workbench.cubes import grid, simulated_scene
from workbench.labels.tiled import check_written, write_tiled
from workbench.probe import classify_scene, write_class_map


def test_a_lazy_map_on_disk_is_like_one_from_memory(tmp_path):
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=30)
    made = classify_scene("knn", cube, few(truth, 5))
    write_class_map(made.class_map, made.confidence, tmp_path / "memory.tif")
    write_class_map(made.class_map.chunk(9), made.confidence.chunk(7), tmp_path / "lazy.tif")
    for end in (".tif", "_confidence.tif"):
        with rasterio.open(tmp_path / f"memory{end}") as one, rasterio.open(tmp_path / f"lazy{end}") as two:
            np.testing.assert_array_equal(one.read(), two.read())
            assert one.tags() == two.tags()
            mine, theirs = dict(one.profile), dict(two.profile)
            assert str(mine) == str(theirs)
            if end == ".tif":
                assert one.colormap(1) == two.colormap(1)
        assert cog_validate(tmp_path / f"lazy{end}", strict=True, quiet=True) == (True, [], [])


def test_a_large_map_has_overviews(tmp_path):
    values = xr.DataArray(np.zeros((1, 900, 1100), "float32"), dims=("band", "y", "x"))
    scene = grid.place(values, "EPSG:32633", Affine(30, 0, 3e5, 0, -30, 5e6))
    codes = scene[0].copy(data=np.arange(900 * 1100).reshape(900, 1100) % 5).astype("int16").chunk(300)
    codes.attrs = {"classes": list("abcd"), "colors": ["#000000"] * 4}
    write_class_map(codes, codes.astype("float32"), tmp_path / "m.tif")
    with rasterio.open(tmp_path / "m.tif") as file:
        np.testing.assert_array_equal(file.read(1), codes.values)
        assert file.overviews(1)
    assert cog_validate(tmp_path / "m.tif", strict=True, quiet=True) == (True, [], [])


def test_a_file_that_does_not_read_back_is_refused(tmp_path):
    cube, _ = simulated_scene(40, 48, n_bands=30)
    image = cube[0].chunk(20)
    write_tiled(image, tmp_path / "i.tif", nodata=np.nan, crs=cube.rio.crs, transform=grid.transform_of(cube))
    check_written(image, tmp_path / "i.tif")
    other = image.compute()
    other[39, 47] += 1
    with pytest.raises(OSError, match=r"i\.tif does not read back as it was written"):
        check_written(other.chunk(30), tmp_path / "i.tif")
