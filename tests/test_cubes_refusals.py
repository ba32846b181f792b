"""Files with a fault inside are refused in one sentence that names the rule, what was found and what to do."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.test_cubes_envi import WAVELENGTHS, listed, write
from workbench.cubes import CubeError, open_cube, save_cube, simulated_scene

VALUES = np.random.default_rng(0).random((5, 7, 6)).astype("float32")


def archive(**fields):
    """A maker of an .npz file with a fault."""

    def make(folder: Path) -> Path:
        np.savez(folder / "a.npz", **{"values": VALUES, "wavelength": np.array(WAVELENGTHS), **fields})
        return folder / "a.npz"

    return make


def envi(**fields):
    """A maker of an ENVI file with a fault."""
    return lambda folder: write(folder, VALUES, **{"wavelength": listed(WAVELENGTHS), **fields})


def store(values=VALUES, attrs=None, **coords):
    """A maker of somebody else's Zarr store."""

    def make(folder: Path) -> Path:
        array = xr.DataArray(values, dims=("band", "y", "x"), coords=coords, attrs=attrs or {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # text has no settled form in Zarr 3
            array.to_dataset(name="cube").to_zarr(folder / "a.zarr", zarr_format=3, consolidated=False)
        return folder / "a.zarr"

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (archive(attrs=np.array("[1]")), r"'attrs' of an .npz cube are a JSON object, got '\[1\]' in a.npz"),
        (archive(attrs=np.array("{nonsense")), r"'attrs' of an .npz cube are a JSON object, got '{nonsense' in a.npz"),
        (archive(wavelength=np.float64(450)), r"'wavelength' has one number a band, got shape \(\) for 5 bands"),
        (archive(wavelength=np.array([450.0, 550])), r"'wavelength' has one number a band, got shape \(2,\) for 5"),
        (archive(wavelength=np.array(list("abcde"))), r"'wavelength' has one number a band, got text .* in a.npz"),
        (archive(fwhm=np.ones(3)), r"'fwhm' has one number a band, got shape \(3,\) for 5 bands in a.npz"),
        (archive(good=np.float64(1)), r"'good' has one number a band, got shape \(\) for 5 bands in a.npz"),
        (archive(band_name=np.array("x")), r"'band_name' has one text a band, got shape \(\) for 5 bands"),
        (archive(crs=np.array("EPSG:32633"), transform=np.ones(3)), r"'transform' has 6 numbers, got 3 in a.npz"),
        (archive(crs=np.array("EPSG:32633"), transform=np.array("x")), r"'transform' has 6 numbers, got .* in a.npz"),
        (
            archive(crs=np.array("hello"), transform=np.ones(6)),
            r"a CRS is WKT or an EPSG code, got 'hello' in a.npz",
        ),
        (archive(values=np.full((5, 7, 6), "x")), r"a cube holds numbers, but 'values' in a.npz holds <U1"),
        (envi(bbl="{0,0,0,0,0}"), r"at least one good band, got none of 5; correct .*'bbl'"),
        (envi(lines=10**30), r"scene.bsq needs \d+ bytes by its header, but has 840"),
        (envi(header_offset=10**30), r"scene.bsq needs \d+ bytes by its header, but has 840"),
        (envi(map_info="{UTM, 1, 1, 5e5, 5e6, 30, 30, 99, North, WGS-84}"), r"a UTM zone is .* got '99'"),
        (store(wavelength=("band", list("abcde")), attrs={"quantity": "dn"}), r"wavelengths are numbers .* got 'a'"),
    ],
)
def test_a_fault_in_a_file_is_named(tmp_path, make, message):
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(make(tmp_path))
    assert "\n" not in str(refusal.value)


def test_no_good_band_with_data_is_refused(tmp_path):
    values = VALUES.copy()
    values[:2] = -1
    with pytest.raises(CubeError, match=r"at least one good band, got none of 5"):
        open_cube(write(tmp_path, values, data_ignore_value=-1, bbl="{1, 1, 0, 0, 0}"))


@pytest.mark.parametrize("units", [None, "Nanometers", "Micrometers"])
def test_wavelengths_that_are_all_nan_are_unknown(tmp_path, units):
    nan = listed([np.nan] * 5)
    cube = open_cube(write(tmp_path, VALUES, wavelength=nan, fwhm=nan, wavelength_units=units))
    assert np.isnan(cube.wavelength).all()
    assert cube.band_name.values[0] == "band 1"
    assert "fwhm" not in cube.coords


def test_somebody_elses_store_of_doubles_opens(tmp_path):
    cube = open_cube(store(VALUES.astype("float64"), wavelength=("band", WAVELENGTHS))(tmp_path))
    np.testing.assert_array_equal(cube, VALUES)
    assert (cube.dtype, cube.attrs["stored_dtype"], cube.attrs["quantity"]) == (np.float32, "float64", "dn")
    assert cube.x[0] == 0.5


def test_only_a_store_cannot_decompress(tmp_path, monkeypatch):
    def fails(path):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("workbench.cubes.npz.read", fails)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        open_cube(archive()(tmp_path))


@pytest.mark.parametrize("small", [0, 2**30])
def test_a_damaged_chunk_of_a_store_is_named(tmp_path, monkeypatch, small):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", small)
    path = save_cube(simulated_scene(24, 32, n_bands=8)[0], tmp_path / "a.zarr")
    chunk = next(file for file in (path / "cube" / "c").rglob("*") if file.is_file())
    chunk.write_bytes(chunk.read_bytes()[:100])
    with pytest.raises(CubeError, match=r"a.zarr could not be read to its end and may be cut off; copy it again"):
        open_cube(path)
