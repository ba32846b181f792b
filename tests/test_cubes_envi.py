"""ENVI files read as SPy and GDAL read them, and refused where they cannot be read."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
import spectral

from workbench.cubes import CubeError, describe, open_cube, transform_of
from workbench.cubes.envi_header import read_header

WAVELENGTHS = [450.0, 550.0, 650.0, 860.0, 1650.0]


def write(folder: Path, values: np.ndarray, *, interleave: str = "bsq", name: str = "scene", **fields: object) -> Path:
    """An ENVI file written by NumPy alone; returns the header."""
    order = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}[interleave]
    codes = {"uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12, "uint32": 13}
    header = {
        "samples": values.shape[2],
        "lines": values.shape[1],
        "bands": values.shape[0],
        "data type": codes[values.dtype.newbyteorder("=").name],
        "interleave": interleave,
        "byte order": int(values.dtype.byteorder == ">"),
    } | {key.replace("_", " "): value for key, value in fields.items()}
    (folder / f"{name}.{interleave}").write_bytes(np.ascontiguousarray(values.transpose(order)).tobytes())
    path = folder / f"{name}.hdr"
    path.write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in header.items() if value is not None))
    return path


def listed(values: list[float]) -> str:
    return "{" + ", ".join(map(str, values)) + "}"


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(3).integers(-50, 9000, (5, 7, 6)).astype("int16")


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<f4", ">f8", "u1"])
def test_every_interleave_and_byte_order_agrees_with_spy(tmp_path, interleave, dtype):
    written = np.random.default_rng(0).integers(0, 200, (7, 6, 5)).astype(dtype)  # rows, columns, bands
    order = "big" if dtype[0] == ">" else "little"
    hdr = str(tmp_path / "spy.hdr")
    metadata = {"wavelength": WAVELENGTHS}
    spectral.envi.save_image(
        hdr, written, dtype=written.dtype, interleave=interleave, byteorder=order, metadata=metadata
    )
    cube = open_cube(tmp_path / "spy.img")
    oracle = spectral.envi.open(hdr)
    np.testing.assert_array_equal(cube.values.transpose(1, 2, 0), np.asarray(oracle.load()))
    np.testing.assert_array_equal(cube.wavelength, oracle.bands.centers)


def test_header_and_binary_open_the_same_cube(tmp_path, numbers):
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS))
    np.testing.assert_array_equal(open_cube(header), open_cube(tmp_path / "scene.bsq"))


def test_a_gzip_compressed_binary_reads_as_the_plain_one(tmp_path, numbers):
    plain = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS)))
    header = write(tmp_path, numbers, name="packed", wavelength=listed(WAVELENGTHS), file_compression=1)
    packed = tmp_path / "packed.bsq"
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    np.testing.assert_array_equal(open_cube(header), plain)
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(CubeError, match=r"packed.bsq is gzip-compressed, but its data are cut off"):
        open_cube(header)


def test_a_large_gzip_compressed_binary_is_unpacked_beside_memory(tmp_path, numbers, monkeypatch):
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), file_compression=1)
    packed = tmp_path / "scene.bsq"
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    in_memory = open_cube(header)
    monkeypatch.setattr("workbench.cubes.envi._IN_MEMORY", 10)
    np.testing.assert_array_equal(open_cube(header), in_memory)


def test_header_offset_is_skipped(tmp_path, numbers):
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), header_offset=11)
    binary = tmp_path / "scene.bsq"
    binary.write_bytes(b"hello there" + binary.read_bytes())
    np.testing.assert_array_equal(open_cube(header), numbers)


def test_nodata_is_nan_and_compared_before_scaling(tmp_path, numbers):
    numbers[:, 2, 3] = -99
    fields = {"data_ignore_value": -99, "reflectance_scale_factor": 10000}
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), **fields))
    expected = np.where(numbers == -99, np.nan, numbers / 1e4)
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    assert cube.attrs["quantity"] == "reflectance"
    assert "reflectance scale factor" in cube.attrs["scaling"]


def test_a_nodata_value_the_type_cannot_hold_marks_nothing(tmp_path):
    values = np.full((5, 3, 4), 255, "uint8")
    cube = open_cube(write(tmp_path, values, wavelength=listed(WAVELENGTHS), data_ignore_value=-9999))
    assert np.isfinite(cube).all()


@pytest.mark.parametrize(
    ("units", "values"),
    [
        ("Micrometers", [w / 1000 for w in WAVELENGTHS]),
        ("Nanometers", WAVELENGTHS),
        (None, [w / 1000 for w in WAVELENGTHS]),
        ("Unknown", WAVELENGTHS),
        ("um", [w / 1000 for w in WAVELENGTHS]),
    ],
)
def test_wavelengths_are_nanometres_whatever_the_header_counts_in(tmp_path, numbers, units, values):
    cube = open_cube(
        write(tmp_path, numbers, wavelength=listed(values), wavelength_units=units, fwhm=listed([0.01] * 5))
    )
    np.testing.assert_allclose(cube.wavelength, WAVELENGTHS)
    np.testing.assert_allclose(cube.fwhm, 10.0 if units != "Nanometers" and units != "Unknown" else cube.fwhm)


def test_bbl_marks_bad_bands(tmp_path, numbers):
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), bbl="{1, 0, 1, 1, 0}"))
    assert cube.good.values.tolist() == [True, False, True, True, False]
    assert describe(cube)["bad_bands"] == [1, 4]


def test_a_band_without_data_is_not_good(tmp_path, numbers):
    numbers[2] = -99
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), data_ignore_value=-99))
    assert cube.good.values.tolist() == [True, True, False, True, True]


def test_overlapping_detectors_are_sorted_and_said(tmp_path):
    vnir, swir = np.arange(400, 1000, 20.0), np.arange(905, 1400, 30.0)
    wavelength = np.concatenate([vnir, swir])
    values = np.broadcast_to(wavelength[:, None, None], (len(wavelength), 3, 4)).astype("float32")
    cube = open_cube(
        write(tmp_path, values, wavelength=listed(wavelength.tolist()), fwhm=listed((wavelength / 50).tolist()))
    )
    np.testing.assert_array_equal(cube[:, 0, 0], cube.wavelength)
    np.testing.assert_allclose(cube.fwhm, cube.wavelength / 50)
    assert cube.sizes["band"] == len(wavelength)
    assert "overlap at 905–980 nm" in cube.attrs["wavelength_note"]


@pytest.mark.parametrize("rotation", [0, 30, -75.5])
def test_place_is_where_gdal_puts_it(tmp_path, numbers, rotation):
    info = f"{{UTM, 1, 1, 383472.37, 5818302.35, 30, 30, 33, North, WGS-84, units=Meters, rotation={rotation}}}"
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), map_info=info)
    cube = open_cube(header)
    with rasterio.open(tmp_path / "scene.bsq") as oracle:
        np.testing.assert_allclose(transform_of(cube)[:6], oracle.transform[:6], atol=1e-6)
        assert cube.rio.crs.to_epsg() == oracle.crs.to_epsg() == 32633
    part = transform_of(cube.isel(y=slice(2, None), x=slice(3, None)))
    np.testing.assert_allclose(part @ (0, 0), oracle.transform @ (3, 2))


def test_the_reference_pixel_need_not_be_the_first(tmp_path, numbers):
    info = "{UTM, 3, 2, 500000, 4000000, 10, 10, 11, South, WGS-84}"
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), map_info=info))
    assert transform_of(cube) @ (2, 1) == (500000, 4000000)
    assert cube.rio.crs.to_epsg() == 32711


def spoil(text: str, pattern: str, new: str) -> str:
    spoiled = re.sub(pattern, new, text, flags=re.MULTILINE)
    assert spoiled != text
    return spoiled


@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (r"^bands = 5$", "", r"says 'bands', but scene.hdr does not; add the line"),
        (r"^lines = 7$", "lines = many", r"'lines' .* whole number, got 'many' in scene.hdr"),
        (r"^samples = 6$", "samples = 60", r"scene.bsq needs 4200 bytes by its header, but has 420; copy it again"),
        (r"^data type = 2$", "data type = 6", r"data type is one of .*, got 6 in scene.hdr"),
        (r"^interleave = bsq$", "interleave = bsx", r"interleave is bsq, bil or bip, got 'bsx'"),
        (r"^ENVI$", "Hello", r"begins with the line 'ENVI', but scene.hdr begins with 'Hello'"),
        (
            r"450.0, 550.0",
            "550.0, 450.0",
            r"wavelengths must increase, but band 2 \(450 nm\) follows band 1 \(550 nm\)",
        ),
        (r"450.0, 550.0", "450.0, 450.0", r"band 2 \(450 nm\) follows band 1 \(450 nm\)"),
        (r"450.0, 550.0", "450.0", r"'wavelength' has one number a band, got 4 for 5 bands"),
        (r"450.0, 550.0", "450.0, blue", r"'wavelength' holds numbers, but in scene.hdr .*'blue'"),
        (r"^wavelength units = .*$", "wavelength units = Wavenumber", r"nm or µm, got units 'Wavenumber'"),
    ],
)
def test_a_bad_header_is_refused_in_a_sentence(tmp_path, numbers, pattern, new, message):
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), wavelength_units="Nanometers")
    header.write_text(spoil(header.read_text(), pattern, new))
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(header)
    assert "\n" not in str(refusal.value)


def test_one_pair_of_swapped_bands_is_no_detector_overlap(tmp_path):
    wavelength = np.linspace(400, 1000, 40).round(1)
    wavelength[[20, 21]] = wavelength[[21, 20]]
    with pytest.raises(CubeError, match="wavelengths must increase, but band 22"):
        open_cube(write(tmp_path, np.ones((40, 2, 2), "float32"), wavelength=listed(wavelength.tolist())))


def test_a_scene_without_any_data_is_refused(tmp_path):
    values = np.full((5, 4, 4), np.nan, "float32")
    with pytest.raises(CubeError, match=r"a scene needs a pixel with data, but all of scene.hdr is nodata"):
        open_cube(write(tmp_path, values, wavelength=listed(WAVELENGTHS)))


def test_a_header_alone_and_a_binary_alone_are_named(tmp_path, numbers):
    header = write(tmp_path, numbers, wavelength=listed(WAVELENGTHS))
    (tmp_path / "scene.bsq").rename(tmp_path / "other.bsq")
    with pytest.raises(FileNotFoundError, match=r"no binary beside .*scene.hdr; put scene.bsq"):
        open_cube(header)
    with pytest.raises(CubeError, match=r"no format claims other.bsq; .*needs its .hdr beside it"):
        open_cube(tmp_path / "other.bsq")


SCENES = [
    "hymap_berlin/HyMap02_Berlin_Urban_Gradient_2009",
    "enmap_berlin/EnMAP_BerlinUrbanGradient",
    "aviris_ng/ang20160910t185702_2rdn_img",
    "aviris_ng/ang20170323t202244_rdn_7000-7010",
    "fenix/image",
]


def pixels(path: Path, header: dict[str, str]) -> np.ndarray:
    """The file's numbers (rows, columns, bands) as SPy reads them; gzip by hand, which SPy cannot."""
    if header.get("file compression") == "1":
        shape = tuple(int(header[name]) for name in ("bands", "lines", "samples"))
        return np.frombuffer(gzip.decompress(path.read_bytes()), "<i2").reshape(shape).transpose(1, 2, 0).astype("f4")
    return np.asarray(spectral.envi.open(str(path.with_suffix(".hdr")), str(path)).load(scale=False))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("scene", "binary", "factor", "quantity", "n_bands", "first", "last"),
    [
        (SCENES[0], ".bsq", 1, "reflectance", 111, 455.4, 2446.5),
        (SCENES[1], ".bsq", 1e4, "reflectance", 177, 460.0, 2409.0),
        (SCENES[2], "", 1, "radiance", 425, 376.44, 2500.12),
        (SCENES[3], "", 1, "radiance", 425, 376.86, 2500.54),
        (SCENES[4], ".dat", 65535, "reflectance", 450, 378.190002, 2503.72998),
    ],
)
def test_real_scenes_read_as_spy_reads_them(real_data, scene, binary, factor, quantity, n_bands, first, last):
    path = real_data / f"{scene}{binary}"
    header = read_header(real_data / f"{scene}.hdr")
    cube = open_cube(path)
    stored = pixels(path, header)
    nodata = float(header.get("data ignore value", "nan"))
    expected = np.where(stored == nodata, np.nan, stored / factor).transpose(2, 0, 1)
    np.testing.assert_allclose(cube, expected, rtol=2e-7, atol=0)
    assert (cube.attrs["quantity"], cube.sizes["band"]) == (quantity, n_bands)
    np.testing.assert_allclose(cube.wavelength[[0, -1]], [first, last])


@pytest.mark.realdata
@pytest.mark.parametrize(("scene", "binary", "epsg"), [(SCENES[0], ".bsq", 32633), (SCENES[2], "", 32611)])
def test_real_scenes_lie_where_gdal_puts_them(real_data, scene, binary, epsg):
    cube = open_cube(real_data / f"{scene}.hdr")
    with rasterio.open(real_data / f"{scene}{binary}") as oracle:
        np.testing.assert_allclose(transform_of(cube)[:6], oracle.transform[:6], rtol=1e-12)
        np.testing.assert_allclose(cube, oracle.read(), rtol=2e-7)
    assert cube.rio.crs.to_epsg() == epsg


@pytest.mark.realdata
def test_wavelengths_stand_in_hymaps_band_names_alone(real_data):
    header = read_header(real_data / f"{SCENES[0]}.hdr")
    assert "wavelength" not in header
    micrometres = [
        float(n) for n in re.findall(r"\(([\d.]+) Micrometers\)", (real_data / f"{SCENES[0]}.hdr").read_text())
    ]
    np.testing.assert_allclose(open_cube(real_data / f"{SCENES[0]}.hdr").wavelength, np.array(micrometres) * 1000)


@pytest.mark.realdata
def test_angles_beside_a_scene_are_a_cube_of_named_bands(real_data):
    cube = open_cube(real_data / "aviris_ng/ang20160910t185702_obs_ortdem_mod")
    oracle = spectral.envi.open(str(real_data / "aviris_ng/ang20160910t185702_obs_ortdem_mod.hdr"))
    np.testing.assert_allclose(cube.values.transpose(1, 2, 0), np.asarray(oracle.load(dtype="f8")), rtol=1e-6)
    assert np.isnan(cube.wavelength).all()
    assert cube.band_name.values[0] == "Path length (m)"
    assert cube.attrs["quantity"] == "dn"


@pytest.mark.realdata
def test_a_spectral_library_is_not_taken_for_a_scene(real_data):
    with pytest.raises(CubeError, match="is a spectral library; open an ENVI image"):
        open_cube(real_data / "enmap_berlin/library_berlin.hdr")
