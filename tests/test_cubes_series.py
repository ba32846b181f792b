"""Scenes of one place at several times: eo-learn's patch as NumPy reads it, and dated GeoTIFFs as rasterio does."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, open_series, transform_of
from workbench.cubes.contract import check_cube
from workbench.cubes.raster import Raster

GRID = Affine(10, 0, 400_000, 0, -10, 5_800_000)
DATES = ["2016-01-07T10:12:43", "2015-07-11T10:00:08", "2015-07-31"]


def tif(path: Path, values: np.ndarray, grid: Affine = GRID, **profile) -> Path:
    count, height, width = values.shape
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **shape, crs="EPSG:32633", transform=grid, **profile) as file:
        file.write(values)
    return path


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 9000, (3, 12, 5, 7)).astype("int16")


@pytest.fixture
def dated(tmp_path, numbers) -> Path:
    """Three rasters, not in order of time by name."""
    folder = tmp_path / "stack"
    folder.mkdir()
    for name, values in zip(("b_20160107T101243", "c_20150711T100008", "a_2015-07-31"), numbers, strict=True):
        tif(folder / f"{name}.tif", values, nodata=-1)
    return folder


@pytest.fixture
def patch(tmp_path) -> Path:
    """A patch of eo-learn with a date for each of its scenes."""
    folder = tmp_path / "patch"
    (folder / "data").mkdir(parents=True)
    values = np.random.default_rng(0).random((3, 6, 8, 13)).astype("float32")
    np.save(folder / "data" / "BANDS-S2-L1C.npy", values)
    np.save(folder / "DEM.npy", values[0, :, :, :1])
    (folder / "timestamps.json").write_text(json.dumps(sorted(DATES)))
    box = [[400_000, 5_799_940], [400_000, 5_800_000], [400_080, 5_800_000], [400_080, 5_799_940]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    (folder / "bbox.geojson").write_text(json.dumps({"crs": crs, "type": "Polygon", "coordinates": [[*box, box[0]]]}))
    return folder


def test_dated_rasters_are_rasterios_in_order_of_time(dated, numbers):
    series = open_series(dated)
    np.testing.assert_array_equal(series, numbers[[1, 2, 0]])
    assert series.dims == ("time", "band", "y", "x")
    assert series.time.values.tolist() == np.array(sorted(DATES), "datetime64[ns]").tolist()
    assert series.chunks is not None
    for i in range(3):
        cube = check_cube(series.isel(time=i))
        np.testing.assert_array_equal(cube, numbers[[1, 2, 0][i]])
        assert transform_of(cube) == GRID
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(series)).isel(time=2), numbers[0])


@pytest.mark.parametrize(
    ("time", "index"), [(0, 0), ("2", 2), (-1, 2), ("2015-07-11", 0), ("20150731", 1), ("2016", None), ("2016-01", 2)]
)
def test_a_place_or_a_date_opens_one_scene(dated, numbers, time, index):
    if index is None:
        with pytest.raises(CubeError, match=r"time= is a place from 0 to 2 in stack, got 2016; or a date"):
            open_cube(dated, time=time)
        return
    cube = open_cube(dated, time=time)
    np.testing.assert_array_equal(cube, numbers[[1, 2, 0][index]])
    assert cube.attrs["acquired"] == ["2015-07-11T10:00:08Z", "2015-07-31", "2016-01-07T10:12:43Z"][index]
    assert cube.attrs["dates"] == sorted(DATES)


def test_the_first_scene_is_opened_unless_told(dated, numbers):
    np.testing.assert_array_equal(open_cube(dated), numbers[1])
    assert describe(open_cube(dated))["format"] == "series"


def test_a_pattern_names_the_dates_too(dated, numbers):
    assert open_series(dated / "?_2015*.tif").sizes["time"] == 2
    np.testing.assert_array_equal(open_cube(dated / "*_20*.tif", time=1), numbers[2])


def test_a_sensor_that_is_told_or_named_gives_every_date_its_wavelengths(dated, numbers):
    series = open_series(dated, sensor="sentinel-2")
    np.testing.assert_allclose(series, numbers[[1, 2, 0]] / 1e4, rtol=1e-6)
    assert float(series.sel(wavelength=865, method="nearest").wavelength) == 864.7
    for path in dated.iterdir():
        path.rename(path.with_name(f"S2A_MSIL2A_{path.name.split('_')[1]}"))
    assert open_series(dated).attrs["sensor"] == "Sentinel-2"


def test_one_scene_opens_one_file_and_a_window_reads_itself(dated, monkeypatch):
    series = open_series(dated)
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(
        Raster, "__getitem__", lambda self, key: read.append(plain(self, key).shape) or plain(self, key)
    )
    series.isel(time=1, band=3, y=slice(1, 3), x=slice(2, 6)).compute()
    assert read == [(1, 2, 4)]


def test_tiles_of_several_places_are_no_series(dated, numbers):
    tif(dated / "a_2015-01-01.tif", numbers[0], GRID @ Affine.translation(7, 0), nodata=-1)
    assert open_cube(dated).attrs["format"] == "mosaic"
    with pytest.raises(CubeError, match=r"2015-07-11|c_20150711T100008.tif has another place than the first"):
        open_series(dated)


def test_a_patch_is_numpys_with_its_box_and_dates(patch):
    values = np.load(patch / "data" / "BANDS-S2-L1C.npy")
    series = open_series(patch)
    np.testing.assert_array_equal(series, values.transpose(0, 3, 1, 2))
    assert series.time.values.tolist() == np.array(sorted(DATES), "datetime64[ns]").tolist()
    assert transform_of(series.isel(time=0)) == GRID
    assert series.rio.crs.to_epsg() == 32633
    assert series.band_name.values.tolist()[-3:] == ["B10", "B11", "B12"]
    assert series.attrs["quantity"] == "reflectance"
    cube = open_cube(patch, time="2015-07-31")
    np.testing.assert_array_equal(cube, values[1].transpose(2, 0, 1))


@pytest.mark.realdata
def test_the_real_patch_is_numpys_and_its_dates_are_not_made_up(real_data):
    folder = real_data / "eolearn"
    values = np.load(folder / "REFERENCE_SCENES.npy")
    series = open_series(folder, sensor="sentinel-2")
    np.testing.assert_array_equal(series, values.transpose(0, 3, 1, 2))
    assert series.time.values.tolist() == [0, 1, 2, 3, 4]
    cube = open_cube(folder, time="3", sensor="sentinel-2")
    np.testing.assert_array_equal(cube, values[3].transpose(2, 0, 1))
    assert cube.attrs["dates_note"] == "timestamps.json has 68 dates for 5 scenes, so that none is known"
    left, bottom, right, top = 465181.0522318204, 5079244.8912012065, 466180.53145382757, 5080254.63349641
    assert cube.rio.bounds() == pytest.approx((left, bottom, right, top), abs=1e-3)
    assert cube.rio.crs.to_epsg() == 32633
    with pytest.raises(CubeError, match=r"got '2015-07-11'; timestamps.json has 68 dates for 5 scenes"):
        open_cube(folder, time="2015-07-11")
    assert np.isnan(open_cube(folder).wavelength).all()  # the folder does not say whose bands they are


def spoil_box(folder: Path, box: object) -> None:
    (folder / "bbox.geojson").write_text(box if isinstance(box, str) else json.dumps(box))


PATCH_REFUSALS = [
    (lambda f: spoil_box(f, "{"), {}, r"bbox.geojson in patch is no JSON"),
    (lambda f: spoil_box(f, {"type": "Polygon"}), {}, r"bbox.geojson has a CRS and a rectangle, but that in patch"),
    (lambda f: spoil_box(f, []), {}, r"bbox.geojson has a CRS and a rectangle"),
    (
        lambda f: spoil_box(
            f, {"crs": {"properties": {"name": "EPSG:32633"}}, "coordinates": [[[1, 2], [1, 5], [1, 2]]]}
        ),
        {},
        r"bbox.geojson is a rectangle, got x 1 to 1",
    ),
    (lambda f: (f / "timestamps.json").write_text('["soon", "2015", "x"]'), {}, r"timestamps.json is a list of dates"),
    (
        lambda f: np.save(f / "B.npy", np.ones((2, 3, 4, 5))),
        {},
        r"has .*BANDS-S2-L1C \(3, 6, 8, 13\).*; pass variable=",
    ),
    (None, {"variable": "DEM"}, r"one array .* is read, but patch has BANDS-S2-L1C"),
    (None, {"time": "2014"}, r"time= is a place from 0 to 2 in patch, got 2014"),
    (None, {"time": "2014-01-01"}, r"'2014-01-01' fits 0 of 2015-07-11T10:00:08, 2015-07-31, 2016"),
    (None, {"time": "noon"}, r"'noon' fits 0 of"),
    (None, {"sensor": "landsat-8"}, r"a stack of landsat-8 has .* bands, but BANDS-S2-L1C.npy has 13"),
]


@pytest.mark.parametrize(("spoil", "options", "message"), PATCH_REFUSALS)
def test_a_spoiled_patch_is_refused_in_a_sentence(patch, spoil, options, message):
    if spoil:
        spoil(patch)
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(patch, **options)
    assert "\n" not in str(refusal.value)


class Touches:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_pickles_and_cut_arrays_are_never_opened(patch):
    file = patch / "data" / "BANDS-S2-L1C.npy"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CubeError):
        open_cube(patch, format="series")
    np.save(file, np.full((2, 3, 4, 5), {"a": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(CubeError):
        open_cube(patch, format="series")
    file.write_bytes(pickle.dumps(Touches(patch / "opened")))
    with pytest.raises(CubeError):
        open_cube(patch, format="series")
    assert not (patch / "opened").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, v: tif(f / "a_2015-01-01.tif", v[0, :4], nodata=-1), r"has 12 bands where the first has 4"),
        (lambda f, v: tif(f / "d_2017-01-01.tif", v[0, :, :4], nodata=-1), r"2017-01-01.tif has \(4, 7\) pixels"),
        (lambda f, v: tif(f / "d_2017-01-01.tif", v[0], nodata=-2), r"has nodata -2.0 where the first has -1.0"),
        (lambda f, v: tif(f / "d_undated.tif", v[0], nodata=-1), r"a date of its own in each name"),
    ],
)
def test_dates_that_do_not_fit_are_refused_by_name(dated, numbers, change, message):
    change(dated, numbers)
    with pytest.raises(CubeError, match=message) as refusal:
        open_series(dated)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder at .*nothing; check the path"):
        open_series(tmp_path / "nothing")
