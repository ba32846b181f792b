"""xarray opens scenes by our readers, when asked, and by itself only what no other engine opens."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import scipy.io
import xarray as xr

from workbench.cubes import CubeError, open_cube, save_cube, simulated_scene
from workbench.cubes.engine import WorkbenchBackend


def test_the_engine_is_installed():
    assert isinstance(xr.backends.list_engines()["workbench"], WorkbenchBackend)


@pytest.mark.realdata
def test_an_envi_header_opens_by_itself_as_a_dataset_of_its_quantity(real_data):
    path = real_data / "hymap_berlin/HyMap02_Berlin_Urban_Gradient_2009.hdr"
    cube = open_cube(path)
    for found in (xr.open_dataset(path), xr.open_dataset(str(path), engine="workbench")):
        assert list(found.data_vars) == ["reflectance"]
        xr.testing.assert_identical(found["reflectance"], cube.rename("reflectance"))
        assert float(found.sel(wavelength=860, method="nearest").wavelength) == pytest.approx(860, abs=10)


def test_a_large_scene_stays_lazy(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    path = save_cube(simulated_scene(24, 32, n_bands=12)[0], tmp_path / "a.tif")
    found = xr.open_dataset(path, engine="workbench")
    assert isinstance(found["reflectance"].data, da.Array)
    np.testing.assert_array_equal(found["reflectance"], open_cube(path))


def test_options_and_format_reach_the_reader(tmp_path):
    first = np.arange(6 * 5 * 9).reshape(6, 5, 9)
    scipy.io.savemat(tmp_path / "a.mat", {"first": first, "second": first + 1})
    found = xr.open_dataset(
        tmp_path / "a.mat", options={"variable": "second"}, format="mat", drop_variables="band_name"
    )
    np.testing.assert_array_equal(found["dn"], first.transpose(2, 0, 1) + 1)
    assert "band_name" not in found.coords
    with pytest.raises(CubeError, match="pass variable= to choose"):
        xr.open_dataset(tmp_path / "a.mat")


def test_other_engines_files_are_left_to_them(tmp_path):
    cube = simulated_scene(16, 16, n_bands=8)[0]
    product = tmp_path / "folder"
    product.mkdir()
    ours = WorkbenchBackend().guess_can_open
    for ending in (".tif", ".nc", ".zarr"):
        assert not ours(save_cube(cube, tmp_path / f"a{ending}"))
    assert not ours("https://example.org/a.hdr")
    assert not ours(product)
    assert not ours(b"CDF")
    assert ours(tmp_path / "a.HDR")
