"""Patches of SpectralEarth and HySpecNet, written here after their descriptions: 202 bands each, but not the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.test_cubes_geotiff import GRID, write
from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.enmap_bands import HYSPECNET, SPECTRAL_EARTH, WAVELENGTH
from workbench.cubes.enmap_patches import recognises

STEM = "ENMAP01-____L2A-DT0000004950_20221103T162438Z_001_V010110_20221118T145147Z-Y01460273_X03110438"


def patch(path: Path, n_bands: int = 202, nodata: float | None = -32768) -> np.ndarray:
    """A patch whose numbers are their band's; returns them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.broadcast_to(np.arange(1, n_bands + 1, dtype="int16")[:, None, None], (n_bands, 16, 16)).copy()
    values[:, 0, 0] = -32768
    write(path, values, crs="EPSG:32618", transform=GRID, nodata=nodata)
    return values


def test_nominal_wavelengths_are_those_of_the_published_list_to_half_a_nanometre():
    # DLR's list of bands, by number from 1: ends of both detectors, their overlap, and where the archives differ.
    listed = {1: 418.416, 86: 928.204, 91: 951.36, 127: 1294.91, 131: 1342.82, 142: 1530.29, 153: 1653.0, 224: 2445.3}
    assert max(abs(WAVELENGTH[number - 1] - centre) for number, centre in listed.items()) < 0.5


@pytest.mark.parametrize("nodata", [-32768, None])
def test_a_spectralearth_patch_has_the_bands_that_its_paper_keeps(tmp_path, nodata):
    path = tmp_path / "spectral_earth/enmap/0000823/04138.tif"
    stored = patch(path, nodata=nodata)
    cube = open_cube(path)
    np.testing.assert_allclose(cube, np.where(stored == -32768, np.nan, stored / 1e4), rtol=1e-6)
    # Bands 1–126, 142–145, 153–224 of EnMAP; index 130 is at some 1653 nm.
    kept = [*range(1, 127), *range(142, 146), *range(153, 225)]
    np.testing.assert_array_equal(cube.wavelength, [WAVELENGTH[band - 1] for band in kept])
    assert float(cube.wavelength[130]) == pytest.approx(1653, abs=0.5)
    assert transform_of(cube) == GRID
    facts = describe(cube)
    assert (facts["format"], facts["sensor"], facts["quantity"]) == ("enmap-patch", "EnMAP", "reflectance")
    assert "nominal" in facts["wavelength_note"]
    with pytest.raises(CubeError, match=r"mask= names quality masks .* has none"):
        open_cube(path, mask="cloud")


@pytest.mark.parametrize("name", [f"{STEM}-SPECTRAL_IMAGE.TIF", "tile_001-patch_01-SPECTRAL_IMAGE.TIF"])
def test_a_hyspecnet_patch_has_the_bands_that_its_paper_keeps(tmp_path, name):
    patch(tmp_path / name)
    reduced = open_cube(tmp_path / name)
    kept = [*range(1, 127), *range(142, 161), *range(168, 225)]
    np.testing.assert_array_equal(reduced.wavelength, [WAVELENGTH[band - 1] for band in kept])
    stored = patch(tmp_path / name, 224)
    whole = open_cube(tmp_path / name)
    np.testing.assert_allclose(whole, np.where(stored == -32768, np.nan, stored / 1e4), rtol=1e-6)
    np.testing.assert_array_equal(whole.wavelength[whole.good], reduced.wavelength)
    assert whole.attrs["acquired"] == ("2022-11-03T16:24:38Z" if name.startswith("ENMAP") else "")


def test_the_two_archives_differ_at_15_bands():
    differ = np.flatnonzero(SPECTRAL_EARTH != HYSPECNET)
    assert len(SPECTRAL_EARTH) == len(HYSPECNET) == 202
    assert differ.tolist() == list(range(130, 145))


def test_a_hyspecnet_patch_has_its_quality_masks(tmp_path):
    path = tmp_path / f"{STEM}-SPECTRAL_IMAGE.TIF"
    patch(path)
    cloud = np.zeros((1, 16, 16), "uint8")
    cloud[0, 3] = 1
    write(tmp_path / f"{STEM}-QL_QUALITY_CLOUD.TIF", cloud, crs="EPSG:32618", transform=GRID)
    expected = open_cube(path).values
    expected[:, 3] = np.nan
    np.testing.assert_array_equal(open_cube(path, mask="cloud"), expected)
    assert open_cube(path).attrs["masks"] == ["cloud"]


@pytest.mark.parametrize(
    ("name", "n_bands"),
    [
        ("somewhere/04138.tif", 202),
        ("enmap/823/04138.tif", 202),
        ("desis/0000823/04138.tif", 202),
        ("enmap/0000823/04138.tif", 224),
        (f"{STEM}-SPECTRAL_IMAGE.TIF", 218),
        (f"{STEM}-QL_VNIR.TIF", 202),
    ],
)
def test_what_fits_neither_is_not_guessed(tmp_path, name, n_bands):
    patch(tmp_path / name, n_bands)
    assert not recognises(tmp_path / name)
    cube = open_cube(tmp_path / name)
    assert cube.attrs["format"] == "geotiff"
    assert np.isnan(cube.wavelength).all()
    with pytest.raises(CubeError, match=r"a patch of SpectralEarth has 202 bands .* give it back its place and name"):
        open_cube(tmp_path / name, format="enmap-patch")


def test_a_damaged_patch_is_not_recognised(tmp_path):
    path = tmp_path / "enmap/0000823/04138.tif"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"hello")
    assert not recognises(path)
