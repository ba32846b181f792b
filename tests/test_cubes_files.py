"""Which file is opened by which reader, what cannot be opened, and cubes that come back the same from disk."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, save_cube, simulated_scene, spectrum, transform_of
from workbench.cubes.grid import place


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    return simulated_scene(24, 32, seed=1, n_bands=40)[0]


def without_file(cube: xr.DataArray) -> xr.DataArray:
    """The cube but for where it was read from."""
    attrs = {key: value for key, value in cube.attrs.items() if key not in ("source", "format", "options")}
    return cube.drop_attrs(deep=False).assign_attrs(attrs)


def rotated() -> xr.DataArray:
    cube = simulated_scene(16, 20, n_bands=8)[0].drop_vars(["x", "y", "spatial_ref"])
    grid = Affine.translation(4e5, 5e6) @ Affine.rotation(25) @ Affine.scale(10, -10)
    return place(cube, "EPSG:32633", grid)


def nameless() -> xr.DataArray:
    cube = simulated_scene(16, 20, n_bands=8)[0].fillna(0).drop_vars(["x", "y", "spatial_ref", "fwhm", "good"])
    cube = cube.drop_indexes("wavelength").assign_coords(wavelength=("band", np.full(8, np.nan), {"units": "nm"}))
    return place(
        cube.assign_coords(band_name=("band", np.array([f"Höhe {i}" for i in range(8)], dtype=object))), None, None
    )


@pytest.mark.parametrize("ending", [".zarr", ".npz"])
@pytest.mark.parametrize("make", [None, rotated, nameless])
def test_a_saved_cube_comes_back_the_same(tmp_path, scene, ending, make):
    cube = scene if make is None else make()
    back = open_cube(save_cube(cube, tmp_path / f"a{ending}"))
    xr.testing.assert_identical(without_file(back), without_file(cube))
    assert ("wavelength" in back.xindexes) == ("wavelength" in cube.xindexes)
    assert transform_of(back) == transform_of(cube)
    assert back.rio.crs == cube.rio.crs
    assert (back.attrs["source"], back.attrs["format"]) == (str(tmp_path / f"a{ending}"), ending[1:])


def test_a_large_store_stays_lazy(tmp_path, scene, monkeypatch):
    save_cube(scene, tmp_path / "a.zarr")
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(tmp_path / "a.zarr")
    assert cube.chunks is not None
    np.testing.assert_array_equal(spectrum(cube, 3, 5), scene[:, 3, 5])
    again = open_cube(save_cube(cube, tmp_path / "b.zarr"))
    xr.testing.assert_identical(without_file(again), without_file(cube))


def test_nothing_is_overwritten_unasked(tmp_path, scene):
    path = save_cube(scene, tmp_path / "a.zarr")
    with pytest.raises(FileExistsError, match=r"a.zarr is there already; remove it or pass overwrite=True"):
        save_cube(scene + 1, path)
    assert open_cube(path).equals(scene)
    save_cube(scene[:8], path, overwrite=True)
    assert open_cube(path).sizes["band"] == 8


@pytest.mark.parametrize("ending", [".zarr", ".npz"])
def test_a_crash_while_writing_leaves_the_old_file_alone(tmp_path, scene, ending, monkeypatch):
    path = save_cube(scene, tmp_path / f"a{ending}")

    def full(*args):
        args[1].mkdir() if ending == ".zarr" else args[1].write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setitem(__import__("workbench.cubes.writing", fromlist=["WRITERS"]).WRITERS, ending, full)
    with pytest.raises(OSError, match="no space left"):
        save_cube(scene, path, overwrite=True)
    assert open_cube(path).equals(scene)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_other_endings_are_refused_before_anything_is_written(tmp_path, scene):
    with pytest.raises(ValueError, match=r"written to one of .zarr, .*got a.jpg; change the ending"):
        save_cube(scene, tmp_path / "a.jpg")
    assert not list(tmp_path.iterdir())


def test_what_is_no_scene_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "a.npz").write_text("hello")
    (tmp_path / "a.zarr").mkdir()
    refusals = {
        "nothing.tif": (FileNotFoundError, r"no file at .*nothing.tif"),
        "folder": (CubeError, r"a scene is a file or a product's folder, but no format knows .*folder; name the file"),
        "notes.txt": (CubeError, r"no format claims notes.txt; pass format= one of: .*envi, .*zarr"),
        "a.npz": (CubeError, r"a.npz is not or is damaged"),
        "a.zarr": (CubeError, r"a.zarr is not or is damaged"),
    }
    for name, (error, message) in refusals.items():
        with pytest.raises(error, match=message) as refusal:
            open_cube(tmp_path / name)
        assert "\n" not in str(refusal.value)


def test_an_unknown_format_or_option_is_named(tmp_path, scene):
    path = save_cube(scene, tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a format is one of .*envi, .* got 'jpeg'"):
        open_cube(path, format="jpeg")
    with pytest.raises(ValueError, match=r"'npz' files takes the options: variable; got colour"):
        open_cube(path, colour="red")


def test_a_foreign_archive_needs_one_cube(tmp_path):
    cube = np.random.default_rng(0).random((9, 8, 4)).astype("float32")
    np.savez(tmp_path / "a.npz", reflectance=cube, wavelength=np.array([450.0, 550, 650, 860]))
    np.testing.assert_array_equal(open_cube(tmp_path / "a.npz"), cube.transpose(2, 0, 1))
    assert open_cube(tmp_path / "a.npz").attrs["quantity"] == "reflectance"
    np.savez(tmp_path / "b.npz", one=cube, two=cube)
    with pytest.raises(CubeError, match=r"b.npz holds one \(9, 8, 4\), two \(9, 8, 4\); pass variable= to choose"):
        open_cube(tmp_path / "b.npz")
    assert open_cube(tmp_path / "b.npz", variable="two").sizes["band"] == 4


@pytest.mark.realdata
def test_an_archive_of_landsat_keeps_its_bands(real_data):
    path = real_data / "landsat_clouds/landsat5.npz"
    np.testing.assert_array_equal(open_cube(path, variable="img").values.transpose(1, 2, 0), np.load(path)["img"])


def test_a_description_says_what_info_promises(tmp_path, scene):
    facts = describe(open_cube(save_cube(scene, tmp_path / "a.zarr")))
    promised = "format sensor bands height width dtype wavelength_min wavelength_max crs pixel_size nodata_fraction"
    assert set(promised.split()) | {"bad_bands", "bytes"} <= set(facts)
    assert (facts["bands"], facts["height"], facts["width"], facts["crs"]) == (40, 24, 32, "EPSG:32633")
    assert facts["pixel_size"] == [30, 30]
    assert facts["bytes"] == 40 * 24 * 32 * 4
    np.testing.assert_allclose([scene.wavelength[band] for band in facts["bad_bands"]], scene.wavelength[~scene.good])


def test_a_rotated_pixel_is_as_long_as_it_is():
    np.testing.assert_allclose(describe(rotated())["pixel_size"], [10, 10])


def test_nodata_is_a_share_of_pixels(scene):
    holed = scene.copy()
    holed[:, :6] = np.nan
    assert describe(holed)["nodata_fraction"] == pytest.approx(0.25)
