"""EMIT scenes, from files written after the public specification (LP DAAC's description of the NetCDF product)."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from workbench.cubes import CubeError, describe, open_cube, spectrum, transform_of
from workbench.cubes.emit_geometry import Orthorectified
from workbench.cubes.hdf5_array import Array

DOWN, ACROSS, BANDS = 40, 30, 16
ORTHO = (50, 60)
WAVELENGTHS = np.linspace(381, 2493, BANDS).astype("float32")
NAME = "EMIT_L2A_RFL_001_20220903T163129_2224611_012.nc"
MASKS = ("Cloud flag", "Cirrus flag", "AOD550", "Aggregate Flag")


def lookup() -> tuple[np.ndarray, np.ndarray]:
    """A swath turned by some 27°, as the station's orbit turns it; every 7th pixel is filled in from its neighbour."""
    row, column = np.mgrid[: ORTHO[0], : ORTHO[1]]
    down, across = np.round(0.9 * row + 0.45 * column - 12), np.round(0.9 * column - 0.45 * row)
    inside = (down >= 0) & (down < DOWN) & (across >= 0) & (across < ACROSS)
    sign = np.where((row + column) % 7, 1, -1)
    return np.where(inside, sign * (across + 1), 0).astype("i4"), np.where(inside, sign * (down + 1), 0).astype("i4")


def write(path: Path, values: np.ndarray, quantity: str = "reflectance", **changes) -> Path:
    """A scene as LP DAAC describes it; the changes spoil parts."""
    glt_x, glt_y = lookup()
    with h5py.File(path, "w") as file:
        file.attrs["time_coverage_start"] = "2022-09-03T16:31:29+0000"
        file.attrs["geotransform"] = changes.get("grid", np.array([-61.6, 0.00054, 0, -39.2, 0, -0.00054]))
        file.attrs["spatial_ref"] = changes.get("wkt", CRS.from_epsg(4326).to_wkt())
        cube = file.create_dataset(quantity, data=values, chunks=(8, 8, 8), compression="gzip")
        cube.attrs["_FillValue"] = np.float32([-9999])
        bands = file.create_group("sensor_band_parameters")
        bands["wavelengths"] = changes.get("wavelengths", WAVELENGTHS)
        bands["wavelengths"].attrs["units"] = "nm"
        bands["fwhm"] = np.full(BANDS, 8.5, "float32")
        if quantity == "reflectance":
            bands["good_wavelengths"] = (np.arange(BANDS) != 7).astype("uint8")
        place = file.create_group("location")
        place["lon"], place["lat"] = np.meshgrid(np.linspace(-61, -60, ACROSS), np.linspace(-39, -40, DOWN))
        place["glt_x"], place["glt_y"] = glt_x * changes.get("times", 1), glt_y[:, : changes.get("columns")]
        for name in ("lon", "lat"):
            place[name].attrs["_FillValue"] = -9999.0
    return path


def write_mask(path: Path, rows: int = DOWN) -> Path:
    with h5py.File(path, "w") as file:
        mask = np.zeros((rows, ACROSS, len(MASKS)), "float32")
        mask[10:14, 5:9, 0] = 1
        mask[20:23, 9, 3] = 1
        mask[..., 2] = 1  # an optical depth of 1 is no flag
        file["mask"] = mask
        file["sensor_band_parameters/mask_bands"] = np.array(MASKS, dtype=object)
    return path


@pytest.fixture
def values() -> np.ndarray:
    values = np.random.default_rng(0).random((DOWN, ACROSS, BANDS)).astype("float32")
    values[20, 20] = -9999
    return values


def slowly(values: np.ndarray) -> np.ndarray:
    """The lookup of the specification, one pixel at a time."""
    glt_x, glt_y = lookup()
    laid = np.full((BANDS, *ORTHO), np.nan, "float32")
    for row in range(ORTHO[0]):
        for column in range(ORTHO[1]):
            x, y = abs(glt_x[row, column]), abs(glt_y[row, column])
            if x and y and values[y - 1, x - 1, 0] != -9999:
                laid[:, row, column] = values[y - 1, x - 1]
    return laid


def test_a_scene_of_the_specification_lies_where_its_lookup_table_says(tmp_path, values):
    cube = open_cube(write(tmp_path / NAME, values))
    expected = slowly(values)
    assert 0.2 < np.isfinite(expected[0]).mean() < 0.8
    np.testing.assert_array_equal(cube, expected)
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS, atol=1e-6)
    np.testing.assert_array_equal(cube.good, np.arange(BANDS) != 7)
    assert cube.rio.crs.to_epsg() == 4326
    np.testing.assert_allclose(transform_of(cube)[:6], Affine(0.00054, 0, -61.6, 0, -0.00054, -39.2)[:6])
    facts = describe(cube)
    assert (facts["format"], facts["acquired"], facts["masks"]) == ("emit", "2022-09-03T16:31:29Z", [])


def test_the_swath_of_the_specification_is_as_it_was_scanned(tmp_path, values):
    path = write(tmp_path / NAME.replace("L2A_RFL", "L1B_RAD"), values, "radiance")
    cube = open_cube(path, geometry="swath")
    np.testing.assert_array_equal(cube, np.where(values == -9999, np.nan, values).transpose(2, 0, 1))
    assert (cube.attrs["quantity"], cube.rio.crs) == ("radiance", None)
    np.testing.assert_allclose(cube.longitude[5], np.linspace(-61, -60, ACROSS))
    np.testing.assert_allclose(cube.latitude[:, 5], np.linspace(-39, -40, DOWN))


def test_flags_of_the_mask_file_beside_hide_their_pixels(tmp_path, values):
    path = write(tmp_path / NAME, values)
    write_mask(tmp_path / NAME.replace("RFL", "MASK"))
    hidden = values.copy()
    hidden[20:23, 9] = -9999
    np.testing.assert_array_equal(open_cube(path, mask="aggregate"), slowly(hidden))
    hidden[10:14, 5:9] = -9999
    cube = open_cube(path, mask="cloud,aggregate")
    np.testing.assert_array_equal(cube, slowly(hidden))
    assert cube.attrs["masks"] == ["cloud", "cirrus", "aggregate"]
    with pytest.raises(CubeError, match=r"got 'aod550', but \S+ has cloud, cirrus, aggregate"):
        open_cube(path, mask="aod550")


def test_a_mask_file_of_another_size_is_refused(tmp_path, values):
    path = write(tmp_path / NAME, values)
    write_mask(tmp_path / NAME.replace("RFL", "MASK"), rows=DOWN - 1)
    with pytest.raises(CubeError, match=r"a mask file has one value a pixel, got shape \(39, 30\) for \(40, 30\)"):
        open_cube(path)


def test_a_window_reads_only_the_part_of_the_swath_it_shows(tmp_path, values, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    monkeypatch.setattr("workbench.cubes.emit_geometry.TILE", 8)
    cube = open_cube(write(tmp_path / NAME, values))
    read = []
    plain = Array.__getitem__
    monkeypatch.setattr(
        Array, "__getitem__", lambda self, key: read.append((self.name, plain(self, key))) or read[-1][1]
    )
    expected = slowly(values)
    np.testing.assert_array_equal(spectrum(cube, 25, 25), expected[:, 25, 25])
    assert sum(block.size for name, block in read if name == "reflectance") == BANDS
    read.clear()
    np.testing.assert_array_equal(cube[3, 20:28, 20:28], expected[3, 20:28, 20:28])
    assert 64 <= sum(block.size for name, block in read if name == "reflectance") <= 12 * 12
    read.clear()
    np.testing.assert_array_equal(cube[3], expected[3])
    assert sum(block.size for name, block in read if name == "reflectance") < 4 * DOWN * ACROSS


@pytest.mark.parametrize("key", [np.s_[10:40:3, ::-2, 4:9], (slice(20, 22), slice(3, 50), np.array([9, 1]))])
def test_any_selection_of_the_map_is_the_map_selected(tmp_path, values, key):
    write(tmp_path / NAME, values)
    from workbench.cubes.hdf5 import Hdf5

    file = Hdf5(tmp_path / NAME)
    laid = Orthorectified(*(file.array(name) for name in ("reflectance", "location/glt_x", "location/glt_y")), NAME)
    whole = laid[:, :, :]
    np.testing.assert_array_equal(laid[key], whole[key])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(laid))[key], whole[key])


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"geometry": "round"}, r"geometry= is ortho or swath, got 'round' for EMIT"),
        ({}, {"mask": "cloud"}, r"got 'cloud', but EMIT\S+ has none beside it or in it"),
        ({"wavelengths": WAVELENGTHS[:4]}, {}, r"wavelengths has 16 values, got shape \(4,\)"),
        ({"wavelengths": WAVELENGTHS * np.nan}, {}, r"wavelengths has 16 numbers, got text, NaN or infinity"),
        ({"grid": np.zeros(6)}, {}, r"a geotransform has 6 numbers that span a pixel, got '\[0"),
        ({"grid": np.zeros(4)}, {}, r"a geotransform has 6 numbers that span a pixel, got"),
        ({"wkt": "here"}, {}, r"a CRS is WKT or an EPSG code, got 'here'"),
        ({"times": 5}, {}, r"a lookup table points into the swath of 40 × 30, but in EMIT\S+ to row \d+, column 1\d\d"),
        ({"columns": 9}, {}, r"location/glt_y has 50 × 60 values, got shape \(50, 9\)"),
    ],
)
def test_what_breaks_the_specification_is_refused_in_a_sentence(tmp_path, values, changes, options, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path / NAME, values, **changes), **options)
    assert "\n" not in str(refusal.value)
