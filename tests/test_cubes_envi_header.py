"""What an ENVI header states of its numbers and its place is applied, or refused in a sentence; never lost."""

from __future__ import annotations

import numpy as np
import pytest

from tests.test_cubes_envi import WAVELENGTHS, listed, numbers, write  # noqa: F401, a fixture
from workbench.cubes import CubeError, open_cube

GAINS, OFFSETS = [1e-4, 1e-4, 2e-4, 1e-4, 5e-5], [0.0, -0.01, 0.0, 0.02, 0.0]


@pytest.mark.parametrize("stated", [("gain",), ("offset",), ("gain", "offset")])
def test_gains_and_offsets_of_each_band_are_applied_and_said(tmp_path, numbers, stated):  # noqa: F811
    fields = {f"data_{name}_values": listed(GAINS if name == "gain" else OFFSETS) for name in stated}
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), **fields))
    gains = GAINS if "gain" in stated else [1] * 5
    offsets = OFFSETS if "offset" in stated else [0] * 5
    expected = numbers * np.reshape(gains, (5, 1, 1)) + np.reshape(offsets, (5, 1, 1))
    np.testing.assert_allclose(cube, expected, rtol=1e-5, atol=1e-6)
    assert " and ".join(f"'data {name} values'" for name in stated) in cube.attrs["scaling"]


def test_gains_follow_their_bands_when_detectors_are_sorted(tmp_path):
    wavelength = np.concatenate([np.arange(400, 1000, 20.0), np.arange(905, 1400, 30.0)])
    values = np.ones((len(wavelength), 3, 4), "float32")
    fields = {"data_gain_values": listed(wavelength.tolist()), "data_offset_values": listed((-wavelength).tolist())}
    cube = open_cube(write(tmp_path, values * 2, wavelength=listed(wavelength.tolist()), **fields))
    np.testing.assert_allclose(cube[:, 0, 0], cube.wavelength)


def test_a_scale_factor_divides_what_gains_give(tmp_path, numbers):  # noqa: F811
    fields = {"data_gain_values": listed([2] * 5), "reflectance_scale_factor": 10000}
    cube = open_cube(write(tmp_path, numbers, wavelength=listed(WAVELENGTHS), **fields))
    np.testing.assert_allclose(cube, numbers * 2e-4, rtol=1e-5)


@pytest.mark.parametrize(
    ("place", "epsg"),
    [
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33, North, WGS-84", 32633),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33, South, WGS84", 32733),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 32, North, ETRS-89", 25832),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 32, North, ETRS89", 25832),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 11, North, NAD-83", 26911),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 11, North, North America 1983", 26911),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 11, North, NAD-27", 26711),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 11, North, North America 1927", 26711),
        ("Geographic Lat/Lon, 1, 1, 13, 52, 1e-3, 1e-3, WGS-84", 4326),
        ("Geographic Lat/Lon, 1, 1, 13, 52, 1e-3, 1e-3, ETRS-89", 4258),
    ],
)
def test_a_common_datum_gives_a_place(tmp_path, numbers, place, epsg):  # noqa: F811
    cube = open_cube(write(tmp_path, numbers, map_info=f"{{{place}}}"))
    assert cube.rio.crs.to_epsg() == epsg


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33, North, Pulkovo", r"datum .* got 'Pulkovo' in scene.hdr; add a 'coordinate"),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33, North", r"datum .* got none in scene.hdr; add a 'coordinate"),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 99, North, WGS-84", r"UTM zone .* got '99' North .* in scene.hdr"),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33, South, ETRS-89", r"UTM zone .* got '33' South .* in scene.hdr"),
        ("UTM, 1, 1, 5e5, 5e6, 30, 30, 33N, North, WGS-84", r"UTM zone .* got '33N' North .* in scene.hdr"),
        ("UTM, 1, 1, 5e5, 5e6, 0, 30, 33, North, WGS-84", r"pixel .* longer than 0, got 0 × 30 in scene.hdr"),
        ("UTM, 1, 1, 5e5, 5e6, 30, nan, 33, North, WGS-84", r"six numbers, .* got 5e5, 5e6.* in scene.hdr|scene.hdr"),
        ("UTM, 1, 1, east, 5e6, 30, 30, 33, North, WGS-84", r"six numbers, .*'east'.*; correct the line"),
    ],
)
def test_a_place_that_cannot_be_is_refused_in_a_sentence(tmp_path, numbers, place, message):  # noqa: F811
    with pytest.raises(CubeError, match=message) as refusal:
        open_cube(write(tmp_path, numbers, map_info=f"{{{place}}}"))
    assert "\n" not in str(refusal.value)


def test_a_coordinate_system_string_tells_what_a_datum_does_not(tmp_path, numbers):  # noqa: F811
    from pyproj import CRS

    info = "{UTM, 1, 1, 5e5, 5e6, 30, 30, 33, North, Pulkovo}"
    wkt = CRS.from_epsg(28405).to_wkt("WKT1_ESRI")
    cube = open_cube(write(tmp_path, numbers, map_info=info, coordinate_system_string=f"{{{wkt}}}"))
    assert cube.rio.crs.to_epsg() == 28405
