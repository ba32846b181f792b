"""Tanager scenes, from files written after the public specification (the layout that Planet's own reader documents)."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from affine import Affine

from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.hdf5 import Hdf5
from workbench.cubes.hdf5_array import Array
from workbench.cubes.tanager import recognises

BANDS, HEIGHT, WIDTH = 12, 9, 14
WAVELENGTHS = np.linspace(400, 2500, BANDS).astype("float32")
LEFT, TOP, PIXEL = 312_960.0, 6_624_060.0, 30.0


@pytest.fixture
def values() -> np.ndarray:
    values = np.random.default_rng(0).random((BANDS, HEIGHT, WIDTH)).astype("float32")
    values[:, 0, :3] = -9999
    return values


def write(path: Path, values: np.ndarray, *, ortho: bool = True, name: str = "surface_reflectance", **changes) -> Path:
    """A scene as Planet's reader finds it; the changes spoil or leave out parts."""
    group = f"HDFEOS/{'GRIDS' if ortho else 'SWATHS'}/HYP"
    with h5py.File(path, "w") as file:
        cube = file.create_dataset(f"{group}/Data Fields/{name}", data=values, chunks=(4, 5, 7), compression="gzip")
        cube.attrs["_FillValue"] = np.float32(-9999)
        cube.attrs["wavelengths"] = changes.get("wavelengths", WAVELENGTHS)
        cube.attrs["fwhm"] = np.full(BANDS, 5.5, "float32")
        if name == "surface_reflectance":
            cube.attrs["good_wavelengths"] = changes.get("good", (np.arange(BANDS) != 5).astype("uint8"))
        for plane in ("beta_cloud_mask", "beta_cirrus_mask", "nodata_pixels"):
            mask = np.zeros((HEIGHT, WIDTH), "uint8")
            mask[2, 3], mask[4, 5], mask[0, :3] = plane == "beta_cloud_mask", plane == "beta_cirrus_mask", 255
            file[f"{group}/Data Fields/{plane}"] = mask
        if ortho:
            file[group].attrs["epsg_code"] = np.int64(changes.get("epsg", 32750))
            corner = f"({LEFT + WIDTH * PIXEL},{TOP - HEIGHT * PIXEL})"
            said = (
                f'GROUP=GRID_1\n\t\tGridName="HYP"\n\t\tUpperLeftPointMtrs=({LEFT},{TOP})\n\t\tLowerRightMtrs={corner}'
            )
            file["HDFEOS INFORMATION/StructMetadata.0"] = changes.get("grid", said + "\nEND_GROUP=GRID_1\n")
        else:
            longitude, latitude = np.meshgrid(np.linspace(7, 7.1, WIDTH), np.linspace(50, 49.9, HEIGHT))
            longitude[0, 0] = -9999
            for key, plane in {"Longitude": longitude, "Latitude": latitude}.items():
                file[f"{group}/Geolocation Fields/{key}"] = plane[: changes.get("rows", HEIGHT)]
                file[f"{group}/Geolocation Fields/{key}"].attrs["_FillValue"] = -9999.0
            file[f"{group}/Geolocation Fields/Time"] = np.linspace(1.778e9, 1.7781e9, HEIGHT)
    return path


def test_an_ortho_reflectance_scene_of_the_specification_lies_on_its_grid(tmp_path, values):
    path = write(tmp_path / "20250321_054913_40_4001_ortho_sr_hdf5.h5", values)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube, np.where(values == -9999, np.nan, values))
    np.testing.assert_array_equal(cube.wavelength, WAVELENGTHS)
    np.testing.assert_array_equal(cube.fwhm, 5.5)
    np.testing.assert_array_equal(cube.good, np.arange(BANDS) != 5)
    assert cube.rio.crs.to_epsg() == 32750
    assert transform_of(cube) == Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["acquired"]) == ("tanager", "Tanager", "2025-03-21T05:49:13Z")
    assert (facts["quantity"], facts["masks"], facts["dtype"]) == (
        "reflectance",
        ["cloud", "cirrus", "nodata"],
        "float32",
    )


def test_a_basic_radiance_scene_of_the_specification_is_a_swath_in_our_units(tmp_path, values):
    cube = open_cube(write(tmp_path / "scene.h5", values, ortho=False, name="toa_radiance"))
    # 1 W m⁻² sr⁻¹ µm⁻¹ = 10⁶ µW / (10⁴ cm² · sr · 10³ nm)
    np.testing.assert_allclose(cube, np.where(values == -9999, np.nan, values * 1e6 / 1e4 / 1e3), rtol=1e-6)
    assert (cube.attrs["quantity"], cube.attrs["units"]) == ("radiance", "µW cm⁻² nm⁻¹ sr⁻¹")
    assert cube.rio.crs is None
    assert np.isnan(cube.longitude[0, 0])
    np.testing.assert_allclose(cube.longitude[3], np.linspace(7, 7.1, WIDTH))
    np.testing.assert_allclose(cube.latitude[:, 3], np.linspace(50, 49.9, HEIGHT))
    assert cube.attrs["acquired"] == "2026-05-05T16:53:20Z"


def test_masks_of_the_specification_hide_their_pixels_and_only_these(tmp_path, values):
    path = write(tmp_path / "scene.h5", values)
    plain, masked = open_cube(path), open_cube(path, mask="Cirrus, cloud")
    expected = plain.values.copy()
    expected[:, 4, 5] = np.nan
    np.testing.assert_array_equal(open_cube(path, mask="cirrus"), expected)
    expected[:, 2, 3] = np.nan
    np.testing.assert_array_equal(masked, expected)
    with pytest.raises(CubeError, match=r"got 'haze', but scene.h5 has cloud, cirrus, nodata"):
        open_cube(path, mask="haze")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wavelengths": WAVELENGTHS[:5]}, r"'wavelengths' has 12 numbers, got shape \(5,\) in scene.h5"),
        ({"wavelengths": np.full(BANDS, np.nan)}, r"'wavelengths' has 12 numbers, got text, NaN or infinity"),
        ({"good": np.zeros(3)}, r"'good_wavelengths' has 12 numbers, got shape \(3,\)"),
        ({"good": np.zeros(BANDS)}, r"at least one good band, got none of 12"),
        ({"grid": "nothing"}, r"an ortho scene names its corners and UTM zone, but scene.h5 does not"),
        ({"epsg": 999999}, r"a CRS is WKT or an EPSG code, got 'EPSG:999999' in scene.h5"),
        ({"name": "plume"}, r"has surface_reflectance or toa_radiance, but scene.h5 has neither"),
        ({"ortho": False, "rows": 4}, r"Longitude has 9 × 14 values, got shape \(4, 14\) in scene.h5"),
    ],
)
def test_a_scene_that_breaks_the_specification_is_refused_in_a_sentence(tmp_path, values, changes, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path / "scene.h5", values, **changes))
    assert "\n" not in str(refusal.value)


def test_only_a_sound_file_of_that_layout_is_recognised(tmp_path, values):
    path = write(tmp_path / "scene.h5", values)
    assert recognises(path)
    path.write_bytes(path.read_bytes()[:3000])
    assert not recognises(path)
    with pytest.raises(CubeError, match=r"scene.h5 is no HDF5 file, cut off or damaged; copy it again"):
        open_cube(path, format="tanager")


@pytest.mark.parametrize(
    "key",
    [
        np.s_[:, :, :],
        np.s_[3:4, 2:3, 5:6],
        (np.array([7, 2, 2, 11]), slice(1, 8), slice(None)),
        np.s_[::-1, 7:2:-2, ::3],
        np.s_[0:1, 0:0, :],
        np.s_[3, 2:5, -1],
    ],
)
def test_any_selection_of_an_hdf5_array_reads_as_from_memory(tmp_path, values, key):
    array = Hdf5(write(tmp_path / "scene.h5", values)).array("HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance")
    np.testing.assert_array_equal(array[key], values[key])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array))[key], values[key])


def test_an_hdf5_array_serves_many_threads(tmp_path, values):
    array = Hdf5(write(tmp_path / "scene.h5", values)).array("HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance")
    with ThreadPoolExecutor(8) as threads:
        rows = list(threads.map(lambda row: array[:, row : row + 1, :], [i % HEIGHT for i in range(100)]))
    np.testing.assert_array_equal(np.concatenate(rows[:HEIGHT], axis=1), values)


def test_a_picture_reads_its_bands_and_a_spectrum_its_pixel(tmp_path, values, monkeypatch):
    from workbench.cubes import opening, render, spectrum

    monkeypatch.setattr(opening, "SMALL", 0)
    cube = open_cube(write(tmp_path / "scene.h5", values), mask="cloud")
    read = []
    plain = Array.__getitem__
    monkeypatch.setattr(Array, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(cube, (1, 5, 3), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) == (3 + 1) * HEIGHT * WIDTH  # the mask once for the three
    read.clear()
    cube.isel(band=3, y=slice(2, 6)).compute()
    assert sum(block.size for block in read) == 2 * 4 * WIDTH
    read.clear()
    spectrum(cube, 4, 6)
    assert sum(block.size for block in read) == BANDS + 1


@pytest.mark.parametrize("chunks", [None, (10**6, 10**6)])
def test_a_size_beyond_the_file_is_refused_before_it_is_allocated(tmp_path, chunks):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset(
            "a", (10**7, 10**7) if chunks is None else (10**4, 10**4), "uint8", chunks=chunks and (100, 100)
        )
    with pytest.raises(CubeError, match=r"a claims 10+ bytes, but a.h5 has \d+ in all; copy it again"):
        Hdf5(tmp_path / "a.h5").array("a")
