"""NetCDF: written so that others understand it and that it reads back the same; others' files read by CF's words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import dask.array as da
import h5netcdf
import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from pyproj import CRS

from tests.test_cubes_files import nameless, rotated, without_file
from workbench.cubes import CubeError, check_cube, open_cube, render, simulated_scene, spectrum, transform_of
from workbench.cubes.grid import place
from workbench.cubes.hdf5_array import Array
from workbench.cubes.netcdf import write
from workbench.cubes.netcdf_file import Stripped
from workbench.cubes.netcdf_writing import RECORD

WAVELENGTHS = np.array([450.0, 550, 650, 860])


def scene() -> xr.DataArray:
    cube = simulated_scene(24, 32, seed=1, n_bands=40)[0]
    cube[3, 4:6, 7] = np.nan
    return cube.assign_attrs(acquired="2022-07-24T10:33:12Z", masks=["cloud"], dates=("a", "b"), cover=0.25, n=3)


def swath() -> xr.DataArray:
    cube = simulated_scene(16, 20, n_bands=8)[0].drop_vars(["x", "y", "spatial_ref"])
    places = np.random.default_rng(0).random((2, 16, 20))
    places[0, 3, 4] = np.nan
    cube = place(cube, None, None)
    return cube.assign_coords(longitude=(("y", "x"), places[0]), latitude=(("y", "x"), places[1]))


def odd() -> xr.DataArray:
    """What no other cube has: names with zeros and line breaks, infinity, one row, a time, good alone."""
    cube = simulated_scene(16, 16, n_bands=8)[0].isel(band=[0, 3, 6], y=[4])
    names = np.array(["Höhe\0[m]", "🛰\n", ""], dtype=object)
    cube[0, 0, :3] = [np.inf, -np.inf, -0.0]
    return cube.assign_coords(band_name=("band", names), time=np.datetime64("2020-01-02", "ns"), day=("y", [5]))


@pytest.mark.parametrize("make", [scene, rotated, nameless, swath, odd])
def test_a_written_cube_comes_back_the_same(tmp_path, make):
    cube = check_cube(make())
    write(cube, tmp_path / "a.nc")
    back = open_cube(tmp_path / "a.nc")
    xr.testing.assert_identical(without_file(back), without_file(cube))
    assert back.values.tobytes() == cube.values.tobytes()
    assert all(back[name].dtype == cube[name].dtype for name in cube.coords)
    assert ("wavelength" in back.xindexes) == ("wavelength" in cube.xindexes)
    assert (transform_of(back), back.rio.crs) == (transform_of(cube), cube.rio.crs)
    assert (back.attrs["source"], back.attrs["format"]) == (str(tmp_path / "a.nc"), "netcdf")


def test_another_program_sees_the_cube_on_its_grid(tmp_path):
    cube = scene()
    write(cube, tmp_path / "a.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'a.nc'}:reflectance") as oracle:
        np.testing.assert_array_equal(oracle.read(), cube)
        assert oracle.crs == cube.rio.crs
        np.testing.assert_allclose(oracle.transform[:6], transform_of(cube)[:6])
    turned = rotated()
    write(turned, tmp_path / "b.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'b.nc'}:reflectance") as oracle:
        np.testing.assert_allclose(oracle.transform[:6], transform_of(turned)[:6])


def test_another_program_reads_the_words_of_the_conventions(tmp_path):
    write(scene(), tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf", decode_coords="all") as oracle:
        assert oracle.attrs["Conventions"].startswith("CF-1.")
        assert oracle.attrs["time_coverage_start"] == "2022-07-24T10:33:12Z"
        cube = oracle["reflectance"]
        assert (cube.attrs["standard_name"], cube.attrs["units"]) == ("surface_bidirectional_reflectance", "1")
        assert set(cube.coords) >= {"wavelength", "fwhm", "good", "x", "y", "spatial_ref"}
        assert (cube.wavelength.attrs["standard_name"], cube.wavelength.attrs["units"]) == (
            "radiation_wavelength",
            "nm",
        )
        assert cube.x.attrs["standard_name"] == "projection_x_coordinate"
        assert CRS.from_cf(cube.spatial_ref.attrs) == CRS.from_epsg(32633)


def test_a_part_of_a_rotated_cube_is_told_to_others_where_it_lies(tmp_path):
    part = rotated().isel(y=slice(3, None), x=slice(5, None))
    write(part, tmp_path / "a.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'a.nc'}:reflectance") as oracle:
        np.testing.assert_allclose(oracle.transform[:6], transform_of(part)[:6])
    assert transform_of(open_cube(tmp_path / "a.nc")) == transform_of(part)


def test_a_lazy_cube_is_written_in_parts_and_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cubes.netcdf_writing._IN_MEMORY", 8 * 128 * 128)
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    values = np.random.default_rng(0).random((20, 300, 280)).astype("float32")
    most = []

    def part(block: np.ndarray) -> np.ndarray:
        most.append(block.size)
        return block

    lazy = da.from_array(values, chunks=(20, 50, 280)).map_blocks(part, dtype="f4", meta=np.empty((0,) * 3, "f4"))
    coords = {"wavelength": ("band", np.linspace(400, 900, 20), {"units": "nm"})}
    cube = xr.DataArray(lazy, dims=("band", "y", "x"), coords=coords, attrs={"quantity": "dn", "units": ""})
    write(check_cube(place(cube, None, None)), tmp_path / "a.nc")
    assert max(most) <= 20 * 50 * 280
    back = open_cube(tmp_path / "a.nc")
    assert back.chunks is not None
    np.testing.assert_array_equal(back, values)

    read = []
    plain = Array.__getitem__
    monkeypatch.setattr(Array, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(back, (3, 11, 7), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) == 3 * 300 * 280
    read.clear()
    np.testing.assert_array_equal(spectrum(back, 200, 100), values[:, 200, 100])
    assert sum(block.size for block in read) == 20


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: "nonsense", r"'workbench_cube' in a.nc does not fit its cube; write the file again"),
        (lambda record: json.dumps([1]), r"'workbench_cube' in a.nc does not fit its cube"),
        (lambda record: record.replace('"wavelength"', '"wavelengths"'), r"a.nc has no wavelengths"),
        (lambda record: record.replace('"<f8"', '"<Q9"'), r"'workbench_cube' in a.nc does not fit its cube"),
        (lambda record: record.replace('"reflectance"', '"x"', 1), r"x has \? × \? × \? values, got shape \(32,\)"),
    ],
)
def test_a_record_that_was_tampered_with_is_refused(tmp_path, spoil, message):
    write(scene(), tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc", "r+") as file:
        file[RECORD][()] = spoil(file[RECORD][()].decode())
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(tmp_path / "a.nc")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_that_is_cut_off_is_refused(tmp_path, share):
    write(scene(), tmp_path / "a.nc")
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CubeError, match=r"a.nc .*copy it again") as refusal:
        open_cube(tmp_path / "a.nc")
    assert "\n" not in str(refusal.value)


# Other people's files, written by xarray after the CF conventions.


def foreign(path: Path, dims: tuple[str, ...] = ("band", "y", "x"), engine: str = "h5netcdf", **changes) -> np.ndarray:
    """A file of 4 bands × 5 × 7 in 10,000ths; returns the reflectance it means."""
    stored = np.random.default_rng(0).integers(0, 9000, (4, 5, 7)).astype("int16")
    stored[:, 0, 0] = -999
    sizes = dict(zip(("band", "y", "x"), stored.shape, strict=True))
    names = changes.get("names", {"band": "band", "y": "y", "x": "x"})
    attrs = {"standard_name": "surface_bidirectional_reflectance", "units": "1", "grid_mapping": "crs"}
    attrs |= {"_FillValue": np.int16(-999), "scale_factor": 1e-4, **changes.get("attrs", {})}
    order = [("band", "y", "x").index(dim) for dim in dims]
    dataset = xr.Dataset({"rfl": ([names[dim] for dim in dims], stored.transpose(order), attrs)})
    dataset["centre"] = (names["band"], changes.get("wavelengths", WAVELENGTHS / 1000))
    dataset["centre"].attrs = {"standard_name": "radiation_wavelength", "units": "um", **changes.get("wavelength", {})}
    dataset["FWHM"] = (names["band"], np.full(4, 0.01), {"units": "um"})
    dataset["good_wavelengths"] = (names["band"], np.array([1, 1, 0, 1], "u1"))
    down = -30 if changes.get("north_up", True) else 30
    dataset[names["y"]] = (names["y"], 5e6 + down * np.arange(sizes["y"]), {"standard_name": "projection_y_coordinate"})
    dataset[names["x"]] = (names["x"], 4e5 + 30.0 * np.arange(sizes["x"]), {"standard_name": "projection_x_coordinate"})
    dataset["crs"] = ((), np.int32(0), CRS.from_epsg(32633).to_cf())
    dataset = changes.get("edit", lambda same: same)(dataset)
    dataset.to_netcdf(path, engine=engine, format="NETCDF4" if engine == "h5netcdf" else "NETCDF3_64BIT")
    dataset.close()
    return np.where(stored == -999, np.nan, stored * 1e-4)


@pytest.mark.parametrize("dims", [("band", "y", "x"), ("y", "x", "band"), ("y", "band", "x"), ("x", "y", "band")])
@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_cf_is_understood_whatever_the_order_of_dims(tmp_path, dims, engine):
    expected = foreign(tmp_path / "a.nc", dims, engine)
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS)
    np.testing.assert_allclose(cube.fwhm, 10)
    np.testing.assert_array_equal(cube.good, [True, True, False, True])
    assert cube.rio.crs.to_epsg() == 32633
    assert transform_of(cube) == Affine(30, 0, 4e5 - 15, 0, -30, 5e6 + 15)
    assert (cube.attrs["quantity"], cube.attrs["stored_dtype"]) == ("reflectance", "int16")


def test_rows_listed_from_the_south_are_turned_as_rasterio_turns_them(tmp_path):
    foreign(tmp_path / "a.nc", north_up=False)
    cube = open_cube(tmp_path / "a.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'a.nc'}:rfl") as oracle:
        np.testing.assert_allclose(cube, oracle.read(masked=True).astype("f8").filled(np.nan) * 1e-4, rtol=1e-6)
        assert transform_of(cube) == oracle.transform


def test_falling_wavelengths_are_turned(tmp_path):
    expected = foreign(tmp_path / "a.nc", wavelengths=WAVELENGTHS[::-1] / 1000)
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected[::-1], rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS)
    np.testing.assert_array_equal(cube.good, [True, False, True, True])


@pytest.mark.parametrize(
    ("units", "factor", "quantity"),
    [
        ("W m-2 sr-1 um-1", 0.1, "radiance"),
        ("mW/m^2/sr/nm", 0.1, "radiance"),
        ("uW/cm^2/SR/nm", 1.0, "radiance"),
        ("W/(m^2 sr nm)", 100.0, "radiance"),
        ("furlong", 1.0, "dn"),
    ],
)
def test_radiance_is_converted_by_its_units_or_left_as_it_is(tmp_path, units, factor, quantity):
    attrs = {"standard_name": "toa_outgoing_radiance_per_unit_wavelength", "units": units, "scale_factor": 0.5}
    expected = foreign(tmp_path / "a.nc", attrs=attrs)
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected * 1e4 * 0.5 * factor, rtol=1e-6)
    assert cube.attrs["quantity"] == quantity
    assert units in cube.attrs["scaling"]


def test_a_swath_has_its_longitudes_and_latitudes(tmp_path):
    def edit(dataset: xr.Dataset) -> xr.Dataset:
        longitude, latitude = np.meshgrid(np.linspace(7, 8, 7), np.linspace(50, 49, 5))
        dataset = dataset.drop_vars(["y", "x", "crs"])
        dataset["lon"] = (("y", "x"), longitude, {"standard_name": "longitude", "_FillValue": 7.0})
        dataset["nav_lat"] = (("x", "y"), latitude.T, {"units": "degrees_north"})
        return dataset

    expected = foreign(tmp_path / "a.nc", edit=edit)
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    assert cube.rio.crs is None
    np.testing.assert_allclose(cube.longitude[2], [np.nan, *np.linspace(7, 8, 7)[1:]])
    np.testing.assert_allclose(cube.latitude[:, 2], np.linspace(50, 49, 5))


def test_a_grid_in_degrees_needs_no_grid_mapping_and_an_uneven_one_is_a_swath(tmp_path):
    def edit(dataset: xr.Dataset, power: float = 1) -> xr.Dataset:
        latitude = ("y", 50 - 0.1 * np.arange(5.0) ** power, {"standard_name": "latitude"})
        longitude = ("x", 7 + 0.1 * np.arange(7.0), {"standard_name": "longitude"})
        return dataset.drop_vars("crs").assign_coords(y=latitude, x=longitude)

    foreign(tmp_path / "a.nc", edit=edit)
    cube = open_cube(tmp_path / "a.nc")
    assert cube.rio.crs.to_epsg() == 4326
    np.testing.assert_allclose(transform_of(cube)[:6], (0.1, 0, 6.95, 0, -0.1, 50.05))
    foreign(tmp_path / "b.nc", edit=lambda dataset: edit(dataset, 2))
    cube = open_cube(tmp_path / "b.nc")
    assert cube.rio.crs is None
    np.testing.assert_allclose(cube.latitude[:, 3], 50 - 0.1 * np.arange(5.0) ** 2)
    np.testing.assert_allclose(cube.longitude[3], 7 + 0.1 * np.arange(7.0))


def test_bands_without_wavelengths_keep_their_names(tmp_path):
    def edit(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.drop_vars(["centre", "FWHM"]).assign_coords(band=["VV", "VH", "Höhe", "dem"])

    expected = foreign(tmp_path / "a.nc", edit=edit)
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    assert np.isnan(cube.wavelength).all()
    assert cube.band_name.values.tolist() == ["VV", "VH", "Höhe", "dem"]
    assert cube.attrs["wavelength_note"] == "band number only"


def two(dataset: xr.Dataset) -> xr.Dataset:
    dataset["other"] = dataset["rfl"] * 2
    return dataset


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"edit": two}, {}, r"must be the cube, but a.nc holds rfl, other; pass variable= to choose"),
        (
            {},
            {"variable": "crs"},
            r"variable= names a cube, but 'crs' is no cube of bands, rows and columns; a.nc",
        ),
        ({}, {"variable": "nothing"}, r"variable= names a cube, but 'nothing' is not there; a.nc holds rfl"),
        ({"names": {"band": "a", "y": "b", "x": "c"}, "wavelength": {"standard_name": "x"}}, {}, r"name a dim 'band'"),
        ({"wavelengths": np.array([0.4, 0.5, 0.5, 0.6])}, {}, r"wavelengths must increase"),
        ({"wavelength": {"units": "furlong"}}, {}, r"wavelengths are in nm or µm, got units 'furlong'"),
        (
            {"edit": lambda d: d.assign(crs=((), 0, {"crs_wkt": "here"}))},
            {},
            r"a CRS is WKT or an EPSG code, got 'here'",
        ),
    ],
)
def test_a_file_that_is_no_one_cube_is_refused_in_a_sentence(tmp_path, changes, options, message):
    foreign(tmp_path / "a.nc", **changes)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(tmp_path / "a.nc", **options)
    assert "\n" not in str(refusal.value)


def test_of_two_cubes_one_can_be_chosen_and_a_helper_is_none(tmp_path):
    expected = foreign(tmp_path / "a.nc", edit=two)
    np.testing.assert_allclose(open_cube(tmp_path / "a.nc", variable="rfl"), expected, rtol=1e-6)
    foreign(tmp_path / "b.nc", edit=two, attrs={"ancillary_variables": "other"})
    np.testing.assert_allclose(open_cube(tmp_path / "b.nc"), expected, rtol=1e-6)


def test_a_cube_in_a_group_is_found(tmp_path):
    expected = foreign(tmp_path / "root.nc")
    with xr.open_dataset(tmp_path / "root.nc", engine="h5netcdf", decode_cf=False) as dataset:
        dataset[["rfl", "centre"]].to_netcdf(tmp_path / "a.nc", group="data", engine="h5netcdf", mode="w")
    cube = open_cube(tmp_path / "a.nc")
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS)
    assert cube.attrs["variable"] == "data/rfl"


@pytest.mark.parametrize(("size", "chunks"), [(200, None), (100_000, None), (100_000, (4, 100, 100))])
def test_a_size_beyond_the_file_is_refused_before_it_is_allocated(tmp_path, size, chunks):
    with h5netcdf.File(tmp_path / "a.nc", "w") as file:
        file.dimensions = {"band": 4, "y": size, "x": size}
        file.create_variable("reflectance", ("band", "y", "x"), "f4", chunks=chunks)
    with pytest.raises(CubeError, match=r"'reflectance' claims \d+ bytes, but a.nc has \d+ in all; copy it again"):
        open_cube(tmp_path / "a.nc")


def test_text_is_no_netcdf(tmp_path):
    (tmp_path / "a.nc").write_text("hello")
    with pytest.raises(CubeError, match=r"a.nc is no NetCDF file, cut off or damaged; copy it again"):
        open_cube(tmp_path / "a.nc")


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_others_files_are_read_lazily_and_anywhere(tmp_path, engine, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    expected = foreign(tmp_path / "a.nc", engine=engine)
    cube = open_cube(tmp_path / "a.nc")
    assert cube.chunks is not None
    np.testing.assert_allclose(pickle.loads(pickle.dumps(cube)), expected, rtol=1e-6)
    read = []
    plain = Stripped.__getitem__
    monkeypatch.setattr(Stripped, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(cube, (0, 3, 1), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) == 3 * 5 * 7
