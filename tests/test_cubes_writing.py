"""A cube comes back from every kind of file as it went in, whatever it has: to the last bit, by many made-up cubes."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo.cogeo import cog_validate

from workbench.cli.program import parser
from workbench.cubes import CubeError, open_cube, save_cube, simulated_scene, transform_of
from workbench.cubes.contract import DIMS, check_cube
from workbench.cubes.geotiff_writing import OWN
from workbench.cubes.grid import place
from workbench.cubes.writing import WRITERS

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
UPRIGHT = st.builds(
    lambda left, top, size, shape: Affine(size, 0, left, 0, -size * shape, top),
    st.floats(-1e6, 1e6),
    st.floats(-1e7, 1e7),
    st.floats(0.1, 1000),
    st.floats(0.5, 2),
)
ROTATED = st.builds(lambda grid, angle: grid @ Affine.rotation(angle), UPRIGHT, st.floats(5, 85))


@st.composite
def cubes(draw: st.DrawFn) -> xr.DataArray:
    """Any small cube that keeps the contract."""
    n_bands, height, width = draw(st.integers(1, 6)), draw(st.integers(1, 20)), draw(st.integers(1, 37))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = (rng.normal(size=(n_bands, height, width)) * 10.0 ** rng.integers(-20, 20)).astype("float32")
    if draw(st.booleans()):
        values[rng.random(values.shape) < 0.4] = np.nan
        values[:, rng.integers(height), rng.integers(width)] = 1.0  # a band without any data is marked on opening
    centres = 300 + np.cumsum(rng.uniform(0.01, 90, n_bands))
    if draw(st.booleans()):
        centres[rng.random(n_bands) < draw(st.sampled_from([0.3, 1.0]))] = np.nan
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
    if draw(st.booleans()):
        coords["fwhm"] = ("band", rng.uniform(0.2, 20, n_bands), {"units": "nm"})
    if draw(st.booleans()):
        good = rng.random(n_bands) < 0.5
        good[rng.integers(n_bands)] = True
        coords["good"] = ("band", good)
    if draw(st.booleans()):
        names = draw(st.lists(WORDS, min_size=n_bands, max_size=n_bands))
        coords["band_name"] = ("band", np.array(names, dtype=object))
    attrs = {
        "quantity": draw(st.sampled_from(["reflectance", "radiance", "dn"])),
        "sensor": draw(WORDS),
        "masks": draw(st.lists(WORDS, max_size=2)),
        "acquired": "2022-07-24T10:33:12Z",
        "sun_zenith": draw(st.floats(0, 90)),
    }
    cube = xr.DataArray(values, dims=DIMS, coords=coords, attrs=attrs)
    crs = draw(st.sampled_from([None, "EPSG:32633", "EPSG:4326", "EPSG:2056", "+proj=laea +lat_0=12 +lon_0=5"]))
    return check_cube(place(cube, crs, draw(st.one_of(UPRIGHT, ROTATED))))


def without_file(cube: xr.DataArray) -> xr.DataArray:
    """The cube but for where it was read from, and how its CRS is spelt."""
    attrs = {key: value for key, value in cube.attrs.items() if key not in ("source", "format", "options")}
    return cube.drop_attrs(deep=False).assign_attrs(attrs).drop_vars("spatial_ref", errors="ignore")


def assert_same(back: xr.DataArray, cube: xr.DataArray) -> None:
    """Values, coordinates, words and place are the very same."""
    xr.testing.assert_identical(without_file(back), without_file(cube))
    assert back.values.tobytes() == cube.values.tobytes()
    assert {name: back[name].dtype.kind for name in back.coords} == {
        name: cube[name].dtype.kind for name in cube.coords
    }
    assert ("wavelength" in back.xindexes) == ("wavelength" in cube.xindexes)
    assert back.rio.crs == cube.rio.crs
    assert transform_of(back) == transform_of(cube)


@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(cube=cubes())
def test_any_cube_comes_back_the_same(ending, cube):
    with tempfile.TemporaryDirectory() as folder:
        assert_same(open_cube(save_cube(cube, Path(folder) / f"a{ending}")), cube)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_lazy_cube_comes_back_the_same_and_is_read_once(tmp_path, ending):
    cube = simulated_scene(150, 170, seed=2, n_bands=9)[0]
    reads = np.zeros(cube.shape, int)

    def counted(block, block_info=None):
        reads[tuple(slice(*ends) for ends in block_info[0]["array-location"])] += 1
        return block

    blocks = da.from_array(cube.values, chunks=(4, 70, 60)).map_blocks(counted, dtype="float32")
    reads[:] = 0
    save_cube(cube.copy(data=blocks), tmp_path / f"a{ending}")
    assert reads.min() == reads.max() == 1
    back = open_cube(tmp_path / f"a{ending}")
    assert_same(back, cube)
    assert [file.name for file in tmp_path.iterdir()] == [f"a{ending}"]


@pytest.mark.parametrize("ending", [ending for ending in WRITERS if ending != ".tif"])
def test_a_swath_keeps_the_places_of_its_pixels(tmp_path, ending):
    cube = swath()
    back = open_cube(save_cube(cube, tmp_path / f"a{ending}"))
    assert_same(back, cube)


def test_a_geotiff_refuses_a_swath_rather_than_lose_its_places(tmp_path):
    with pytest.raises(CubeError, match=r"no place for each pixel's longitude and latitude.*write it to .zarr"):
        save_cube(swath(), tmp_path / "a.tif")
    assert not list(tmp_path.iterdir())


def swath() -> xr.DataArray:
    cube = xr.DataArray(np.ones((3, 4, 5), "float32"), dims=DIMS, attrs={"quantity": "radiance", "sensor": ""})
    rows, columns = np.mgrid[:4, :5]
    places = {"longitude": (("y", "x"), 13 + columns / 7), "latitude": (("y", "x"), 52 - rows / 3)}
    return check_cube(
        place(cube.assign_coords(wavelength=("band", [450.0, 550, 650], {"units": "nm"}), **places), None, None)
    )


@pytest.fixture(scope="module")
def cog(tmp_path_factory) -> tuple[xr.DataArray, Path]:
    cube = simulated_scene(300, 530, seed=4, n_bands=8)[0]
    cube = cube.assign_coords(band_name=("band", np.array([f"B{i} <µ>" for i in range(8)], dtype=object)))
    return cube, save_cube(cube, tmp_path_factory.mktemp("cog") / "a.tif")


def test_a_geotiff_is_cloud_optimised_by_the_judgement_of_rio_cogeo(cog):
    is_valid, errors, remarks = cog_validate(cog[1], strict=True, quiet=True)
    assert (is_valid, errors, remarks) == (True, [], [])


def test_other_programs_find_everything_in_the_geotiff(cog):
    cube, path = cog
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(), cube.values)
        assert (file.dtypes[0], file.crs.to_epsg(), file.overviews(1)) == ("float32", 32633, [2, 4])
        assert file.transform == transform_of(cube)
        assert np.isnan(file.nodata)
        assert file.descriptions[5] == "B5 <µ>"
        tags = [file.tags(i) for i in file.indexes]
        attrs = json.loads(file.tags()[OWN])
    assert [float(tag["wavelength"]) for tag in tags] == cube.wavelength.values.tolist()
    assert {tag["wavelength_units"] for tag in tags} == {"Nanometers"}
    assert [float(tag["fwhm"]) for tag in tags] == cube.fwhm.values.tolist()
    assert [tag["bbl"] == "1" for tag in tags] == cube.good.values.tolist()
    assert attrs["quantity"] == "reflectance"


def test_an_overview_is_the_mean_of_the_pixels_with_data(tmp_path):
    cube = simulated_scene(300, 300, seed=4, n_bands=8)[0][:2].copy()
    cube[0, :3, :3] = np.nan
    path = save_cube(cube, tmp_path / "a.tif")
    with rasterio.open(path, overview_level=0) as file:
        seen = file.read(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean of no pixels
        expected = np.nanmean(cube[0].values.reshape(150, 2, 150, 2), axis=(1, 3))
    np.testing.assert_allclose(seen, expected, rtol=1e-5)


def test_a_part_that_another_program_cut_out_keeps_its_own_bands(cog, tmp_path):
    cube, path = cog
    with rasterio.open(path) as file:
        tags = file.tags()
        kept = [(file.read(i), file.tags(i)) for i in (6, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            tmp_path / "b.tif", "w", driver="GTiff", count=2, height=300, width=530, dtype="float32"
        ) as file:
            file.update_tags(**tags)
            for i, (values, told) in enumerate(reversed(kept), 1):
                file.write(values, i)
                file.update_tags(i, **told)
    back = open_cube(tmp_path / "b.tif")
    assert back.wavelength.values.tolist() == cube.wavelength.values[[1, 5]].tolist()
    assert back.band_name.values.tolist() == ["B1 <µ>", "B5 <µ>"]
    assert back.attrs["quantity"] == "reflectance"


def test_a_file_that_another_program_rescaled_is_no_longer_ours(cog, tmp_path):
    with rasterio.open(cog[1]) as file:
        tags, told, values = file.tags(), [file.tags(i) for i in file.indexes], file.read()
    shape = {"count": 8, "height": 300, "width": 530, "dtype": "int16"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(tmp_path / "b.tif", "w", driver="GTiff", **shape) as file:
            file.update_tags(**tags)
            file.write(np.nan_to_num(values * 10_000).astype("int16"))
            for i, tag in enumerate(told, 1):
                file.update_tags(i, **tag)
    back = open_cube(tmp_path / "b.tif")
    assert (back.attrs["quantity"], back.attrs["stored_dtype"]) != ("reflectance", "float32")


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["terramind/S2L2A/637U_59R_1_3.tif", "landsat7/L7_ETMs.tif"])
def test_a_saved_product_is_ours_before_it_is_the_products(real_data, tmp_path, name):
    cube = open_cube(real_data / name)
    back = open_cube(save_cube(cube, tmp_path / Path(name).name))
    assert_same(back, cube.astype("float32").rename(None))
    assert back.attrs["format"] == "cog"


def test_numbers_of_numpy_in_attrs_are_written_as_numbers(tmp_path):
    cube = simulated_scene(16, 16, n_bands=8)[0].assign_attrs(sun=np.float64(31.5), angles=np.arange(3), masks=("a",))
    for ending in WRITERS:
        back = open_cube(save_cube(cube, tmp_path / f"a{ending}"))
        assert (back.attrs["sun"], list(back.attrs["angles"]), list(back.attrs["masks"])) == (31.5, [0, 1, 2], ["a"])
    with pytest.raises(CubeError, match=r"attrs are text, numbers and lists, got object in attrs\['thing'\]; remove"):
        save_cube(cube.assign_attrs(thing=object()), tmp_path / "b.tif")


def test_the_command_line_offers_every_kind_of_file(tmp_path):
    for ending in WRITERS:
        assert parser().parse_args(["convert", "a.hdr", str(tmp_path / f"b{ending}")]).out.suffix == ending


def test_a_store_is_cut_so_that_pictures_and_spectra_touch_little_of_it(tmp_path):
    cube = xr.DataArray(da.ones((96, 600, 600), dtype="float32", chunks=(32, 200, 600)), dims=DIMS)
    cube = place(cube.assign_coords(wavelength=("band", 400.0 + np.arange(96))), None, None)
    save_cube(cube.assign_attrs(quantity="dn"), tmp_path / "a.zarr")
    chunks = xr.open_zarr(tmp_path / "a.zarr", consolidated=False)["cube"].encoding["chunks"]
    assert chunks[0] * chunks[1] * chunks[2] * 4 <= 6 * 2**20
    assert chunks[0] <= cube.sizes["band"] / 3  # a picture's band
    assert chunks[1] * chunks[2] <= cube.sizes["y"] * cube.sizes["x"] / 9  # a pixel's spectrum
