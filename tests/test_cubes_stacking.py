"""A stack has every cube's bands on the grid of the first, as GDAL's own warp lays them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from scipy.ndimage import map_coordinates

from workbench.cubes import CubeError, has_wavelengths, open_cube, simulated_scene, stack, transform_of
from workbench.cubes.contract import check_cube
from workbench.cubes.grid import place


def cube_of(
    values: np.ndarray, transform: Affine, crs: str | None = "EPSG:32633", *, sensor: str = "", wavelength=None, **attrs
) -> xr.DataArray:
    n_bands = len(values)
    centres = np.full(n_bands, np.nan) if wavelength is None else np.asarray(wavelength, float)
    coords = {"wavelength": ("band", centres)}
    if wavelength is None:
        coords["band_name"] = ("band", np.array([f"band {i + 1}" for i in range(n_bands)], dtype=object))
    attrs = {"quantity": "dn", "units": "", "sensor": sensor, "source": "", "scaling": "as made"} | attrs
    cube = xr.DataArray(values.astype("float32"), dims=("band", "y", "x"), coords=coords, attrs=attrs)
    return check_cube(place(cube, crs, transform))


FIRST = Affine(10, 0, 400_000, 0, -10, 5_800_000)


@pytest.fixture
def first() -> xr.DataArray:
    values = np.random.default_rng(0).random((2, 60, 80))
    return cube_of(values, FIRST, sensor="Sentinel-1", units="dB")


def warped(values: np.ndarray, own: Affine, own_crs: str, shape: tuple[int, int], how: Resampling) -> np.ndarray:
    out = np.full((len(values), *shape), np.nan, "float32")
    reproject(
        values.astype("float32"),
        out,
        src_transform=own,
        src_crs=own_crs,
        dst_transform=FIRST,
        dst_crs="EPSG:32633",
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=how,
    )
    return out


@pytest.mark.realdata
@pytest.mark.parametrize("place_name", ["38D_378R_2_3", "433D_629L_3_1", "637U_59R_1_3"])
def test_radar_reflectance_and_elevation_of_a_real_place_are_one_cube(real_data, place_name):
    paths = [real_data / f"terramind/{kind}/{place_name}.tif" for kind in ("S2L2A", "S1RTC", "DEM")]
    cube = stack([open_cube(path) for path in paths])
    assert cube.shape == (15, 224, 224)
    assert cube.band_name.values.tolist()[:3] == ["S2 B01", "S2 B02", "S2 B03"]
    assert cube.band_name.values.tolist()[-3:] == ["S1 VV", "S1 VH", "elevation [m]"]
    for start, path, scale in ((0, paths[0], 1e-4), (12, paths[1], 1), (14, paths[2], 1)):
        with rasterio.open(path) as oracle:
            values = oracle.read() * scale
        np.testing.assert_allclose(cube[start : start + len(values)], values, rtol=1e-5)
    with rasterio.open(paths[0]) as oracle:
        assert transform_of(cube)[:6] == pytest.approx(oracle.transform[:6])
        assert cube.rio.crs == oracle.crs
    assert np.isfinite(cube.wavelength[:12]).all()
    assert np.isnan(cube.wavelength[12:]).all()
    assert cube.attrs["quantity"] == "dn"
    assert cube.attrs["sensor"] == "Sentinel-2 + Sentinel-1"
    assert "decibel" in cube.attrs["scaling"] or "dB" in cube.attrs["scaling"]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("own", "crs", "how"),
    [  # between two CRS GDAL places pixels to an eighth of a pixel, and better in a small block
        (Affine(30, 0, 399_900, 0, -30, 5_800_200), "EPSG:32633", Resampling.bilinear),
        (Affine(14, 0, 400_033, 0, -14, 5_799_987), "EPSG:32633", Resampling.bilinear),
        (Affine(4, 0, 400_100, 0, -4, 5_799_900), "EPSG:32633", Resampling.average),
        (Affine(0.0003, 0, 13.5180, 0, -0.0002, 52.3430), "EPSG:4326", Resampling.bilinear),
        (Affine(20, 0, 400_000, 0, 20, 5_799_000), "EPSG:32633", Resampling.bilinear),
        (
            Affine.translation(400_100, 5_799_900) @ Affine.rotation(20) @ Affine.scale(25, -25),
            "EPSG:32633",
            Resampling.bilinear,
        ),
    ],
)
def test_another_grid_is_laid_on_the_first_as_gdal_does(first, monkeypatch, own, crs, how, lazy):
    monkeypatch.setattr("workbench.cubes.stacking._BLOCK", 16)
    values = np.random.default_rng(1).random((3, 90, 110)).astype("float32")
    values[1, 20:30, 20:30] = np.nan
    other = cube_of(values, own, crs)
    joined = stack([first, other.chunk({"band": 2, "y": 13, "x": 17}) if lazy else other])
    assert joined.chunks is not None
    expected = warped(values, own, crs, (60, 80), how)
    assert np.isfinite(expected[0]).sum() > 200
    np.testing.assert_allclose(joined[2:], expected, atol=2e-5 if crs == "EPSG:32633" else 1e-3)
    np.testing.assert_array_equal(joined[:2], first)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(joined))[3, 7:9, 11], joined[3, 7:9, 11])


def test_a_warped_pixel_is_the_mean_of_the_four_around_its_place(first):
    own = Affine(0.0003, 0, 13.5180, 0, -0.0002, 52.3430)
    values = np.random.default_rng(1).random((1, 90, 110))
    columns, rows = np.meshgrid(np.arange(80) + 0.5, np.arange(60) + 0.5)
    back = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    across, down = ~own @ back.transform(*(FIRST @ (columns, rows)))
    expected = map_coordinates(values[0], [down - 0.5, across - 0.5], order=1)
    np.testing.assert_allclose(stack([first, cube_of(values, own, "EPSG:4326")])[2], expected, atol=1e-3)


def test_a_cube_one_pixel_off_is_moved_by_one_pixel(first):
    values = np.random.default_rng(1).random((1, 60, 80)).astype("float32")
    joined = stack([first, cube_of(values, FIRST @ Affine.translation(1, 2))])
    np.testing.assert_allclose(joined[2, 2:, 1:], values[0, :-2, :-1], atol=1e-6)
    assert np.isnan(joined[2, :1]).all()


def test_a_slope_keeps_its_height_at_every_pixel(first):
    own = Affine(30, 0, 399_700, 0, -30, 5_800_300)
    columns, rows = np.meshgrid(np.arange(60) + 0.5, np.arange(50) + 0.5)
    x, y = own @ (columns, rows)
    joined = stack([first, cube_of((x - 400_000 + 2 * (y - 5_800_000))[None], own)])
    expected = (joined.x - 400_000) + 2 * (joined.y - 5_800_000)
    np.testing.assert_allclose(joined[2], expected.transpose("y", "x"), atol=0.05)


def test_a_window_of_a_warped_cube_reads_what_lies_under_it(first):
    import dask.array as da

    read = []
    values = np.random.default_rng(1).random((3, 400, 500)).astype("float32")

    class Counted:
        shape, dtype, ndim = values.shape, values.dtype, 3

        def __getitem__(self, key):
            if values[key].size:
                read.append(values[key].shape)
            return values[key]

    other = cube_of(values, Affine(10, 0, 399_005, 0, -10, 5_801_005))
    other = other.copy(data=da.from_array(Counted(), chunks=(3, 400, 500), name=False, lock=False))
    joined = stack([first, other])
    read.clear()
    joined[3, 10:20, 30:35].compute()
    assert len(read) == 1
    assert np.prod(read) <= 20 * 20


def test_bands_with_wavelengths_are_sorted_and_others_come_last(first):
    one = cube_of(np.full((2, 60, 80), 1.0), FIRST, sensor="EnMAP", wavelength=[500, 900], quantity="reflectance")
    two = cube_of(np.full((2, 60, 80), 2.0), FIRST, sensor="Sentinel-2A", wavelength=[490, 700], quantity="reflectance")
    both = stack([one.assign_coords(fwhm=("band", [5.0, 6.0])), two.assign_coords(good=("band", [False, True]))])
    assert both.wavelength.values.tolist() == [490, 500, 700, 900]
    assert both.band_name.values.tolist() == ["S2 490 nm", "EnMAP 500 nm", "S2 700 nm", "EnMAP 900 nm"]
    assert both[:, 0, 0].values.tolist() == [2, 1, 2, 1]
    assert both.good.values.tolist() == [False, True, True, True]
    np.testing.assert_array_equal(both.fwhm, [np.nan, 5, np.nan, 6])
    assert has_wavelengths(both)
    assert both.attrs["quantity"] == "reflectance"
    mixed = stack([first, one])
    assert mixed.band_name.values.tolist() == ["EnMAP 500 nm", "EnMAP 900 nm", "S1 band 1", "S1 band 2"]
    assert not has_wavelengths(mixed)
    assert mixed.attrs["quantity"] == "dn"


def test_one_picture_of_a_lazy_stack_reads_its_bands(first):
    import dask.array as da

    read = []

    class Counted:
        dtype, ndim, shape = np.dtype("float32"), 3, (2, 60, 80)

        def __getitem__(self, key):
            values = np.ones(self.shape, "float32")[key]
            read.append(values.size)
            return values

    lazy = da.from_array(Counted(), chunks=(2, 60, 80), name=False, lock=False)
    one = cube_of(np.ones((2, 60, 80)), FIRST, wavelength=[500, 900]).copy(data=lazy)
    two = cube_of(np.ones((2, 60, 80)), FIRST, wavelength=[490, 700])
    joined = stack([one, two])
    read.clear()
    joined[1].compute()
    assert sum(read) == 60 * 80


REFUSALS = [
    (lambda first: [], r"made of one cube or more, got none"),
    (lambda first: [first, cube_of(np.ones((1, 4, 5)), FIRST, None, source="b.hdr")], r"but b.hdr has no CRS"),
    (
        lambda first: [first, cube_of(np.ones((1, 4, 5)), FIRST @ Affine.translation(500, 0), source="b.tif")],
        r"b.tif and Sentinel-1 have no ground in common",
    ),
    (
        lambda first: [first, cube_of(np.ones((1, 4, 5)), Affine(0.001, 0, -80, 0, -0.001, 10), "EPSG:4326")],
        r"no ground in common; open scenes of one place",
    ),
    (
        lambda first: [cube_of(np.ones((1, 60, 80)), FIRST, wavelength=[500], source=name) for name in ("a", "b")],
        r"but a and b both have one at 500 nm; leave one of them out",
    ),
    (
        lambda first: [
            first.assign_coords({name: (("y", "x"), np.zeros((60, 80))) for name in ("longitude", "latitude")})
        ],
        r"is a swath; lay it on a grid first",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSALS)
def test_what_does_not_belong_together_is_refused_in_a_sentence(first, make, message):
    with pytest.raises(CubeError, match=message) as refusal:
        stack(make(first))
    assert "\n" not in str(refusal.value)


def test_a_stack_survives_the_disk(first, tmp_path):
    from workbench.cubes import save_cube

    joined = stack([simulated_scene(16, 16, n_bands=8)[0]])
    for ending in (".zarr", ".npz"):
        back = open_cube(save_cube(joined, tmp_path / f"a{ending}"))
        np.testing.assert_array_equal(back, joined)
        assert back.band_name.values.tolist() == joined.band_name.values.tolist()
