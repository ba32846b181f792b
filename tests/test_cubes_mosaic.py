"""A mosaic of tiles is rasterio's, lazily: a window opens only the tiles it touches."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.merge import merge

from workbench.cubes import CubeError, describe, open_cube, spectrum, transform_of
from workbench.cubes.raster import Raster

GRID = Affine(30, 0, 400_000, 0, -30, 5_800_000)


def tile(path: Path, values: np.ndarray, row: int = 0, column: int = 0, grid: Affine = GRID, **profile) -> Path:
    """A tile whose corner is so many pixels from the grid's."""
    path.parent.mkdir(exist_ok=True)
    names = profile.pop("wavelength", ())
    count, height, width = values.shape
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype}
    place = {"crs": "EPSG:32633", "transform": grid @ Affine.translation(column, row)}
    with rasterio.open(path, "w", driver="GTiff", **shape, **(place | profile)) as file:
        file.write(values)
        for i, name in enumerate(names, 1):
            file.update_tags(i, wavelength=str(name))
    return path


def merged(paths: list[Path], nodata: float) -> tuple[np.ndarray, Affine]:
    values, transform = merge(sorted(paths), nodata=nodata, dtype="float32")
    return np.where(values == nodata, np.nan, values), transform


@pytest.fixture
def tiles(tmp_path) -> Path:
    """Six tiles of 8 × 10 with holes between, some overlapping, some nodata inside."""
    rng = np.random.default_rng(0)
    for i, (row, column) in enumerate([(0, 0), (0, 10), (5, 4), (8, 20), (30, 3), (24, 40)]):
        values = rng.integers(1, 900, (3, 8, 10)).astype("int16")
        values[rng.random(values.shape) < 0.2] = -99
        tile(tmp_path / "tiles" / f"t_{i}.tif", values, row, column, nodata=-99)
    return tmp_path / "tiles"


def test_overlaps_and_holes_are_those_of_rasterios_merge(tiles):
    cube = open_cube(tiles)
    expected, transform = merged(list(tiles.iterdir()), -99)
    np.testing.assert_array_equal(cube, expected)
    assert transform_of(cube) == transform
    assert (cube.attrs["format"], cube.attrs["tiles"]) == ("mosaic", 6)


def test_a_pattern_names_some_of_the_tiles(tiles):
    assert open_cube(str(tiles / "t_?.tif")).attrs["tiles"] == 6
    some = open_cube(tiles / "*_0.t*f", format="mosaic")
    assert some.shape == (3, 8, 10)
    with pytest.raises(FileNotFoundError, match=r"no file at .*u_\*.tif"):
        open_cube(tiles / "u_*.tif")


@pytest.mark.parametrize(("dtype", "expected"), [("uint8", "float32"), ("float32", "float32")])
def test_holes_are_nan_where_the_files_have_no_nodata_value(tmp_path, dtype, expected):
    values = np.arange(60).reshape(1, 6, 10).astype(dtype)
    tile(tmp_path / "t" / "a.tif", values)
    tile(tmp_path / "t" / "b.tif", values, 6, 10)
    cube = open_cube(tmp_path / "t")
    assert cube.dtype == expected
    assert cube.shape == (1, 12, 20)
    np.testing.assert_array_equal(cube[:, :6, :10], values)
    np.testing.assert_array_equal(cube[:, 6:, 10:], values)
    assert int(np.isnan(cube).sum()) == 120


def test_each_tile_keeps_its_own_nodata_value(tmp_path):
    values = np.full((1, 4, 4), 7, "int16")
    values[0, 1, 1], values[0, 2, 2] = -1, -2
    tile(tmp_path / "t" / "a.tif", values, nodata=-1)
    tile(tmp_path / "t" / "b.tif", values, 0, 4, nodata=-2)
    cube = open_cube(tmp_path / "t")
    assert np.argwhere(np.isnan(cube.values[0])).tolist() == [[1, 1], [2, 6]]
    assert (cube.values[0, 1, 5], cube.values[0, 2, 2]) == (-1, -2)


@pytest.mark.parametrize(
    "key",
    [np.s_[:, :, :], np.s_[1:2, 3:20, ::3], np.s_[::2, 25:3:-2, 7:44], (np.array([2, 0]), slice(4, 30), slice(5))],
)
def test_any_selection_reads_as_from_the_whole(tiles, key):
    from workbench.cubes.mosaic import Tiles

    paths = sorted(tiles.iterdir())
    source = Tiles(paths, Raster(paths[0]), tiles)
    whole = source[:, :, :]
    np.testing.assert_array_equal(source[key], whole[key])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source))[key], whole[key])


def test_a_window_and_a_spectrum_open_only_the_tiles_they_touch(tiles, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    cube = open_cube(tiles)
    assert cube.chunks is not None
    whole = open_cube(tiles).values
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(Raster, "__getitem__", lambda self, key: read.append((self.path.name, key)) or plain(self, key))
    np.testing.assert_array_equal(cube[1, 8:16, 20:30], whole[1, 8:16, 20:30])
    assert [name for name, _ in read] == ["t_3.tif"]
    read.clear()
    np.testing.assert_array_equal(spectrum(cube, 25, 45), whole[:, 25, 45])
    assert {name for name, _ in read} == {"t_5.tif"}
    read.clear()
    assert np.isnan(cube[:, 18:22]).all()
    assert not read


def test_few_tiles_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    monkeypatch.setattr("workbench.cubes.opened.Opened.__init__.__defaults__", (3,))
    for i in range(12):
        tile(tmp_path / "t" / f"{i:02}.tif", np.full((1, 4, 4), i + 1, "int16"), 0, 4 * i)
    cube = open_cube(tmp_path / "t")
    np.testing.assert_array_equal(cube.compute()[0, 0, ::4], np.arange(12) + 1)
    held = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert sum(path.parent == (tmp_path / "t").resolve() for path in held) <= 4  # the first one's header, too


REFUSALS = [
    ({"crs": "EPSG:32632"}, r"b.tif has CRS EPSG:32632 where the first has EPSG:32633; leave it out"),
    ({"grid": Affine(20, 0, 400_000, 0, -20, 5_800_000)}, r"b.tif has pixels of 20 × 20 where the first has 30 × 30"),
    ({"column": 4.3}, r"lie whole pixels apart, but b.tif is 0.30 columns and 0.00 rows off the first"),
    ({"values": np.ones((2, 4, 4), "int16"), "wavelength": ()}, r"b.tif has 2 bands where the first has 3"),
    ({"wavelength": (450, 550, 680)}, r"b.tif has other wavelengths or band names than the first"),
    ({"column": 2**31}, r"at most 4,000,000,000 pixels, but the tiles of .* span 4 × 2,147,483,652"),
]


@pytest.mark.parametrize(("other", "message"), REFUSALS)
def test_tiles_that_do_not_fit_are_refused_by_name(tmp_path, other, message):
    alike = {"values": np.ones((3, 4, 4), "int16"), "wavelength": (450, 550, 650)}
    tile(tmp_path / "t" / "a.tif", **alike)
    tile(tmp_path / "t" / "b.tif", **(alike | {"column": 4} | other))
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(tmp_path / "t")
    assert "\n" not in str(refusal.value)


def test_a_damaged_tile_is_named(tiles):
    (tiles / "t_4.tif").write_bytes((tiles / "t_4.tif").read_bytes()[:200])
    with pytest.raises(CubeError, match=r"t_4.tif"):
        open_cube(tiles)


@pytest.mark.realdata
def test_the_real_tiles_of_potsdam_are_rasterios_mosaic(real_data, monkeypatch):
    folder = real_data / "enmap_potsdam/images"
    cube = open_cube(folder)
    expected, transform = merged(list(folder.glob("*.tif")), -32768)
    with rasterio.open(sorted(folder.glob("*.tif"))[0]) as first:
        wavelength = np.array([float(first.tags(i)["wavelength"]) for i in first.indexes])
        scale = np.reshape(first.scales, (-1, 1, 1))
    order = np.argsort(wavelength)
    np.testing.assert_allclose(cube, (expected * scale)[order], rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, wavelength[order])
    assert transform_of(cube) == transform
    facts = describe(cube)
    assert (facts["sensor"], facts["quantity"], facts["format"]) == ("EnMAP", "reflectance", "mosaic")
    assert facts["nodata_fraction"] == pytest.approx(0.4)  # 18 of 30 places have a tile


@pytest.mark.realdata
def test_real_tiles_of_several_places_are_refused(real_data, tmp_path):
    for i, path in enumerate(sorted((real_data / "terramind/S2L2A").iterdir())):
        shutil.copy(path, tmp_path / f"{i}.tif")
    with pytest.raises(CubeError, match=r"1.tif has CRS EPSG:\d+ where the first has EPSG:\d+"):
        open_cube(tmp_path)
