"""One table of what every real file is, taken from its own header by another program, and what we say of it.

The numbers were read by rasterio (GeoTIFF), SciPy and NumPy, or from the text of the ``.hdr``, and written down here by
hand. Wavelengths stand only where the file itself has them.
"""

from __future__ import annotations

import gzip
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
import scipy.io
import spectral
from numpy.typing import NDArray

from workbench.cli import main
from workbench.cubes import CubeError, open_cube, transform_of

pytestmark = pytest.mark.realdata


@dataclass(frozen=True)
class Truth:
    """What a file's header says."""

    shape: tuple[int, int, int]
    dtype: str
    sensor: str
    wavelength: tuple[float, float] | None = None
    crs: str | None = None
    corner: tuple[float, float] | None = None
    pixel: float | None = None
    nodata: float | None = None
    bad: tuple[int, ...] = ()
    gain: float = 1.0
    variable: str = ""


UTM33, WHOLE = "EPSG:32633", (418.24, 2445.53)


def potsdam(left: int, top: int) -> Truth:
    """A tile of EnMAP's Potsdam scene."""
    return Truth((224, 32, 32), "float32", "EnMAP", WHOLE, UTM33, (left, top), 30, -32768, tuple(range(129, 135)), 1e-4)


def terramind(n_bands: int, dtype: str, place: str, sensor: str = "") -> Truth:
    """A stack of one of TerraMind's three places."""
    crs, corner = {
        "38D": ("EPSG:32736", (617301.8198784497, 9625098.22745184)),
        "433D": ("EPSG:32718", (717729.8352053782, 5700093.330553154)),
        "637U": ("EPSG:32632", (549892.6970314482, 6344077.6142594535)),
    }[place]
    return Truth((n_bands, 224, 224), dtype, sensor, None, crs, corner, 10)


ENVI = {
    "hymap_berlin/HyMap02_Berlin_Urban_Gradient_2009.hdr": Truth(
        (111, 100, 67), "float32", "HyMap", (455.4, 2446.5), UTM33, (383851.349, 5819308.225), 9
    ),
    "enmap_berlin/EnMAP_BerlinUrbanGradient.hdr": Truth(
        (177, 80, 60), "int16", "EnMAP", (460.0, 2409.0), UTM33, (383472.37, 5818302.35), 30, -99, (), 1e-4
    ),
    "aviris_ng/ang20160910t185702_2rdn_img.hdr": Truth(
        (425, 25, 30),
        "float32",
        "AVIRIS-NG",
        (376.44, 2500.12),
        "EPSG:32611",
        (353128.751647949, 3813729.76806641),
        15,
        -9999,
    ),
    "aviris_ng/ang20160910t185702_obs_ortdem_mod.hdr": Truth(
        (11, 25, 30), "float64", "AVIRIS-NG", None, "EPSG:32611", (353128.751647949, 3813729.76806641), 15, -9999
    ),
    "aviris_ng/ang20170323t202244_rdn_7000-7010.hdr": Truth((425, 10, 10), "float32", "AVIRIS-NG", (376.86, 2500.54)),
    "fenix/image.hdr": Truth((450, 38, 23), "uint16", "Fenix", (378.190002, 2503.72998), nodata=0, gain=1 / 65535),
}

TIFF = {
    **{
        f"enmap_potsdam/images/enmap_potsdam_tile_{name}.tif": potsdam(*corner)
        for name, corner in {
            "128_0": (366015, 5809965),
            "128_128": (366015, 5806125),
            "128_32": (366015, 5809005),
            "128_96": (366015, 5807085),
            "160_128": (366975, 5806125),
            "160_160": (366975, 5805165),
            "160_64": (366975, 5808045),
            "160_96": (366975, 5807085),
            "192_128": (367935, 5806125),
            "192_160": (367935, 5805165),
            "192_64": (367935, 5808045),
            "192_96": (367935, 5807085),
            "64_0": (364095, 5809965),
            "64_32": (364095, 5809005),
            "96_0": (365055, 5809965),
            "96_128": (365055, 5806125),
            "96_32": (365055, 5809005),
            "96_96": (365055, 5807085),
        }.items()
    },
    "landsat7/L7_ETMs.tif": Truth(
        (6, 352, 349),
        "uint8",
        "Landsat 7 ETM+",
        None,
        "EPSG:31985",
        (288776.25000080315, 9120760.750028737),
        28.49999999927454,
    ),
    **{
        f"terramind/{kind}/{name}.tif": terramind(n_bands, dtype, name.split("_")[0], sensor)
        for name in ("38D_378R_2_3", "433D_629L_3_1", "637U_59R_1_3")
        for kind, n_bands, dtype, sensor in (
            ("DEM", 1, "int16", ""),
            ("LULC", 1, "uint8", ""),
            ("S1RTC", 2, "float64", ""),
            ("S2L1C", 13, "int16", ""),
            ("S2L2A", 12, "int16", ""),
        )
    },
}

ARRAYS = {
    "salinas_a/SalinasA_corrected.mat": Truth((204, 83, 86), "int16", "AVIRIS"),
    "samson/samson.mat": Truth((156, 95, 95), "float64", "SAMSON"),
    "landsat_clouds/landsat5.npz": Truth((6, 512, 512), "float32", "", variable="img"),
    "landsat_clouds/landsat7.npz": Truth((6, 512, 512), "float32", "", variable="img"),
}

NO_SCENES = {
    "enmap_berlin/library_berlin.hdr": "is a spectral library; open an ENVI image",
    "salinas_a/SalinasA_gt.mat": "labels are opened as labels",
    "eolearn/REFERENCE_SCENES.npy": "no format claims REFERENCE_SCENES.npy",
}
"""Files beside the scenes, and why they are refused."""

TABLE = ENVI | TIFF | ARRAYS


def options_of(truth: Truth) -> dict[str, str]:
    return {"variable": truth.variable} if truth.variable else {}


def stored(path: Path, truth: Truth) -> NDArray:
    """The file's own numbers (n_bands, height, width), read by another program."""
    if path.suffix == ".tif":
        with rasterio.open(path) as file:
            return file.read()
    if path.suffix == ".npz":
        return np.load(path)[truth.variable].transpose(2, 0, 1)
    if path.suffix == ".mat":
        content = scipy.io.loadmat(path)
        name = next(name for name in ("salinasA_corrected", "Y") if name in content)
        array = content[name]
        return array.transpose(2, 0, 1) if array.ndim == 3 else array.reshape(truth.shape, order="F")
    binary = next(p for p in (path.with_suffix(""), *path.parent.glob(f"{path.stem}.[bd][sa][qt]")) if p.is_file())
    if path.parent.name == "enmap_berlin":  # SPy reads no gzip
        return np.frombuffer(gzip.decompress(binary.read_bytes()), "<i2").reshape(truth.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SPy's own, on NaN and on header lines
        image = spectral.envi.open(str(path), str(binary))
        return np.array(
            image.open_memmap(interleave="bsq")
        )  # as stored: SPy divides what it reads by the header's factor


@pytest.mark.parametrize("name", TABLE)
def test_info_says_what_the_header_says(real_data, capsys, name):
    truth = TABLE[name]
    words = [word for told in options_of(truth).items() for word in ("--option", "=".join(told))]
    assert main(["info", "--json", str(real_data / name), *words]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["bands"], facts["height"], facts["width"]) == truth.shape
    assert facts["dtype"] == truth.dtype
    assert not truth.sensor or facts["sensor"] == truth.sensor
    assert facts["crs"] == truth.crs
    assert facts["bad_bands"] == list(truth.bad)
    if truth.pixel is None:
        assert facts["pixel_size"] is None
    else:
        assert facts["pixel_size"] == pytest.approx([truth.pixel] * 2, rel=1e-9)
    if truth.wavelength:
        assert (facts["wavelength_min"], facts["wavelength_max"]) == pytest.approx(truth.wavelength, rel=1e-9)
    else:
        assert facts["wavelength_note"], "wavelengths that are not in the file come with a note of where they are from"
    numbers = stored(real_data / name, truth)
    kept = np.delete(numbers, truth.bad, axis=0)
    missing = np.isnan(kept) if kept.dtype.kind == "f" else np.zeros(kept.shape, bool)
    missing |= kept == truth.nodata if truth.nodata is not None else False
    assert facts["nodata_fraction"] == pytest.approx(missing.any(axis=0).mean(), abs=1e-9)


@pytest.mark.parametrize("name", TABLE)
def test_every_pixel_is_as_another_program_reads_it(real_data, name):
    truth = TABLE[name]
    cube = open_cube(real_data / name, **options_of(truth))
    numbers = stored(real_data / name, truth)
    expected = numbers.astype("float64") * truth.gain
    if "S2L" in name and cube.attrs["quantity"] == "reflectance":
        expected = numbers * 1e-4  # as ESA counts
    if truth.nodata is not None:
        expected[numbers == truth.nodata] = np.nan
    if truth.wavelength and "potsdam" in name:
        with rasterio.open(real_data / name) as file:
            expected = expected[np.argsort([float(file.tags(i)["wavelength"]) for i in file.indexes])]
    np.testing.assert_allclose(cube.values, expected, rtol=1e-6, atol=1e-12)
    if truth.corner:
        grid = transform_of(cube)
        assert (grid.c, grid.f) == pytest.approx(truth.corner, abs=1e-6)
        assert (grid.a, grid.e, grid.b, grid.d) == pytest.approx((truth.pixel, -truth.pixel, 0, 0), rel=1e-9)


@pytest.mark.parametrize(("name", "reason"), NO_SCENES.items())
def test_what_lies_beside_the_scenes_is_refused_in_a_sentence(real_data, name, reason):
    with pytest.raises(CubeError, match=reason) as refusal:
        open_cube(real_data / name)
    assert "\n" not in str(refusal.value)


def test_no_real_file_is_left_out(real_data):
    endings = ("*.hdr", "*.tif", "*.mat", "*.npz", "*.h5", "*.he5", "*.nc")
    there = {path.relative_to(real_data).as_posix() for ending in endings for path in real_data.rglob(ending)}
    there -= {name for name in there if name.startswith("enmap_potsdam/") and "images" not in name}  # labels
    assert there <= set(TABLE) | set(NO_SCENES)
