"""GeoTIFFs read as rasterio reads them, with the wavelengths of their tags and the scale they state."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.raster import Raster

GRID = Affine(30, 0, 366_000, 0, -30, 5_810_000)


def write(
    path: Path, values: np.ndarray, *, tags: list[dict[str, str]] = (), imagery: list[dict] = (), **profile
) -> Path:
    """A GeoTIFF written by rasterio."""
    scales, offsets = profile.pop("scales", None), profile.pop("offsets", None)
    named = profile.pop("descriptions", ())
    count, height, width = values.shape
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **shape, **profile) as file:
            file.write(values)
            for i, tag in enumerate(tags, 1):
                file.update_tags(i, **tag)
            for i, tag in enumerate(imagery, 1):
                file.update_tags(i, ns="IMAGERY", **tag)
            for i, name in enumerate(named, 1):
                file.set_band_description(i, name)
            if scales:
                file.scales, file.offsets = scales, offsets
    return path


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 9000, (4, 20, 30)).astype("int16")


@pytest.mark.parametrize("interleave", ["band", "pixel"])
def test_values_and_place_are_rasterios(tmp_path, numbers, interleave):
    numbers[0, 2, 3] = -1
    path = write(tmp_path / "a.tif", numbers, crs="EPSG:32633", transform=GRID, nodata=-1, interleave=interleave)
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        np.testing.assert_array_equal(cube, oracle.read(masked=True).astype("f4").filled(np.nan))
        assert transform_of(cube) == oracle.transform
        np.testing.assert_allclose(cube.x[7], oracle.xy(4, 7)[0])
        np.testing.assert_allclose(cube.y[4], oracle.xy(4, 7)[1])
    assert cube.rio.crs.to_epsg() == 32633


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"tags": [{"wavelength": w, "wavelength_units": "Nanometers"} for w in ("450", "550", "650", "860")]}, 450),
        ({"tags": [{"wavelength": w} for w in ("0.45", "0.55", "0.65", "0.86")]}, 450),
        ({"imagery": [{"CENTRAL_WAVELENGTH_UM": w, "FWHM_UM": "0.01"} for w in ("0.45", "0.55", "0.65", "0.86")]}, 450),
        ({"descriptions": [f"band ({w} Nanometers)" for w in (450, 550, 650, 860)]}, 450),
    ],
)
def test_wavelengths_are_found_wherever_they_stand(tmp_path, numbers, kind, expected):
    cube = open_cube(write(tmp_path / "a.tif", numbers, crs="EPSG:32633", transform=GRID, **kind))
    np.testing.assert_allclose(cube.wavelength, [expected, 550, 650, 860])
    if "imagery" in kind:
        np.testing.assert_allclose(cube.fwhm, 10)


def test_scale_and_offset_of_each_band_are_applied(tmp_path, numbers):
    tags = [{"wavelength": w} for w in ("450", "550", "650", "860")]
    scales, offsets = (1e-4, 1e-4, 2e-4, 1e-4), (0.0, -0.1, 0.0, 0.0)
    path = write(
        tmp_path / "a.tif", numbers, tags=tags, scales=scales, offsets=offsets, crs="EPSG:32633", transform=GRID
    )
    expected = numbers * np.reshape(scales, (-1, 1, 1)) + np.reshape(offsets, (-1, 1, 1))
    cube = open_cube(path)
    np.testing.assert_allclose(cube, expected, rtol=1e-5, atol=1e-7)
    assert cube.attrs["quantity"] == "reflectance"
    assert "scale and offset" in cube.attrs["scaling"]


def test_a_band_is_good_if_the_file_says_so_and_it_has_data(tmp_path, numbers):
    numbers[3] = -1
    tags = [{"wavelength": w, "bbl": b} for w, b in (("450", "1"), ("550", "0"), ("650", "1"), ("860", "1"))]
    cube = open_cube(write(tmp_path / "a.tif", numbers, tags=tags, nodata=-1))
    assert cube.good.values.tolist() == [True, False, True, False]


def test_thousands_in_a_file_that_calls_itself_reflectance_are_divided_and_said(tmp_path, numbers):
    tags = [{"wavelength": w} for w in ("450", "550", "650", "860")]
    plain = open_cube(write(tmp_path / "scene.tif", numbers, tags=tags, crs="EPSG:32633", transform=GRID))
    assert plain.attrs["quantity"] == "dn"
    np.testing.assert_array_equal(plain, numbers)
    said = open_cube(write(tmp_path / "scene_reflectance.tif", numbers, tags=tags, crs="EPSG:32633", transform=GRID))
    assert said.attrs["quantity"] == "reflectance"
    assert said.attrs["scaling"].startswith("inferred")
    np.testing.assert_allclose(said, numbers / 1e4, rtol=1e-6)


def test_a_picture_without_a_crs_lies_on_the_pixel_grid(tmp_path, numbers):
    cube = open_cube(write(tmp_path / "a.tif", numbers))
    assert cube.rio.crs is None
    assert cube.x[:2].values.tolist() == cube.y[:2].values.tolist() == [0.5, 1.5]
    assert cube.band_name.values.tolist() == ["band 1", "band 2", "band 3", "band 4"]
    assert transform_of(cube) == Affine.identity()


@pytest.mark.parametrize(
    "key",
    [
        np.s_[:, :, :],
        np.s_[1:2, :, :],
        np.s_[:, 3:4, 4:5],
        (np.array([2, 0]), slice(3, 9), slice(None)),
        np.s_[::2, 5:9, ::7],
        np.s_[2:0:-1, ::-3, 29:3:-5],
        np.s_[0:1, 0:0, :],
    ],
)
def test_any_selection_reads_as_from_memory(tmp_path, numbers, key):
    raster = Raster(write(tmp_path / "a.tif", numbers))
    np.testing.assert_array_equal(raster[key], numbers[key])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(raster))[key], numbers[key])


def test_a_large_file_stays_lazy_and_reads_only_its_picture(tmp_path, monkeypatch):
    from workbench.cubes import opening, render

    monkeypatch.setattr(opening, "SMALL", 0)
    cube = open_cube(
        write(tmp_path / "a.tif", np.ones((40, 64, 64), "float32"), tiled=True, blockxsize=32, blockysize=32)
    )
    assert cube.chunks is not None
    read = []
    plain = Raster.__getitem__
    monkeypatch.setattr(Raster, "__getitem__", lambda self, key: read.append(plain(self, key)) or read[-1])
    render(cube, (3, 20, 11), np.array([[0, 1]] * 3))
    assert sum(block.size for block in read) == 3 * 64 * 64


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, numbers, damage):
    path = write(tmp_path / "a.tif", numbers)
    path.write_bytes(b"no picture at all" if damage == "text" else path.read_bytes()[:3000])
    with pytest.raises(CubeError, match=r"a.tif .*copy it again") as refusal:
        open_cube(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.realdata
def test_an_enmap_tile_is_rasterios_sorted_by_wavelength(real_data):
    path = real_data / "enmap_potsdam/images/enmap_potsdam_tile_128_0.tif"
    cube = open_cube(path)
    with rasterio.open(path) as oracle:
        stored = oracle.read(masked=True).astype("f8").filled(np.nan) * np.reshape(oracle.scales, (-1, 1, 1))
        tags = [oracle.tags(i) for i in oracle.indexes]
        assert transform_of(cube) == oracle.transform
    wavelength, fwhm, bbl = (np.array([float(tag[name]) for tag in tags]) for name in ("wavelength", "fwhm", "bbl"))
    order = np.argsort(wavelength)
    np.testing.assert_allclose(cube, stored[order], rtol=1e-6)
    np.testing.assert_allclose(cube.wavelength, wavelength[order])
    np.testing.assert_allclose(cube.fwhm, fwhm[order])
    np.testing.assert_array_equal(cube.good, (bbl[order] > 0) & np.isfinite(stored[order]).any(axis=(1, 2)))
    assert cube.attrs["quantity"] == "reflectance"
    assert "overlap at 902–993 nm" in describe(cube)["wavelength_note"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name", ["landsat7/L7_ETMs.tif", "terramind/S1RTC/38D_378R_2_3.tif", "terramind/S2L2A/38D_378R_2_3.tif"]
)
def test_stacks_without_wavelengths_are_cubes_too(real_data, name):
    cube = open_cube(real_data / name, format="geotiff")
    with rasterio.open(real_data / name) as oracle:
        np.testing.assert_allclose(cube, oracle.read(), rtol=1e-6)
        np.testing.assert_allclose(transform_of(cube)[:6], oracle.transform[:6])
    assert np.isnan(cube.wavelength).all()
    assert cube.attrs["quantity"] == "dn"
