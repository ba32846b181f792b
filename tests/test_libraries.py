"""Spectral libraries read as SPy reads them or as their specifications say, and match pixels as SPy matches them."""

from __future__ import annotations

import sqlite3
import struct
import warnings
from contextlib import closing
from pathlib import Path

import dask.array as da
import numpy as np
import pyogrio
import pytest
import spectral
import xarray as xr
from scipy.stats import entropy
from spectral.database.ecostress import read_ecostress_file

from tests.scenes import make_cube
from workbench.cubes import (
    CubeError,
    best_match,
    make_library,
    open_cube,
    open_library,
    resample_library,
    save_library,
    simulated_scene,
    spectra_at,
    spectral_angle,
    spectral_divergence,
)

W = np.array([450.0, 550.5, 650.0, 860.0, 1650.0])


@pytest.fixture
def library() -> xr.DataArray:
    values = np.random.default_rng(0).random((3, 5))
    values[1, 2] = np.nan
    return make_library(
        values,
        W,
        ["oak, old", "sand", "water"],
        bands={"fwhm": np.full(5, 10.0), "good": np.array([True, True, False, True, True])},
        words={"level_1": np.array(["plant", "soil", "water"], dtype=object)},
    )


def ecostress(folder: Path, *, count: int | None = None, name: str = "oak.spectrum.txt", tail: str = "") -> Path:
    """Written after the ECOSTRESS library's specification: 20 lines of words, an empty one, µm falling and percent."""
    x, y = np.linspace(2.5, 0.4, 30).round(4), np.linspace(10, 60, 30).round(3)
    words = {
        "Name": "Quercus robur",
        "Type": "vegetation",
        "Class": "tree",
        "Genus": "Quercus",
        "Species": "robur",
        "Sample No.": "VH001",
        "Owner": "UCSB",
        "Wavelength Range": "VSWIR",
        "Origin": "34.4; -119.8; WGS84",
        "Collection Date": "6/1/2013",
        "Description": "Fresh leaves: upper side",
        "Measurement": "Directional (10 Degree) Hemispherical Reflectance",
        "First Column": "X",
        "Second Column": "Y",
        "X Units": "Wavelength (micrometers)",
        "Y Units": "Reflectance (percent)",
        "First X Value": x[0],
        "Last X Value": x[-1],
        "Number of X Values": count or len(x),
        "Additional Information": "oak.ancillary.txt",
    }
    text = "".join(f"{key}: {value}\n" for key, value in words.items()) + "\n"
    path = folder / name
    path.write_text(text + "".join(f"{a}\t{b}\n" for a, b in zip(x, y, strict=True)) + tail, encoding="latin-1")
    return path


def usgs(folder: Path, n: int = 6) -> Path:
    """Written after the splib07 specification: a title, one value a line, −1.23e34 for a deleted channel."""
    chapter = folder / "ASCIIdata_splib07a" / "ChapterM_Minerals"
    chapter.mkdir(parents=True)
    values = ["-1.2300000e+034", *(f"{0.1 * i:.7e}" for i in range(1, n))]
    path = chapter / "splib07a_Kaolinite_CM9_ASDFRb_AREF.txt"
    path.write_text("splib07a Record=6000: Kaolinite CM9 ASDFRb AREF\n" + "".join(f" {v}\n" for v in values))
    for title, first, step in (("Wavelengths_ASD_0.35-2.5_microns", 0.35, 0.2), ("Bandpass_(FWHM)_ASDFR", 0.01, 0.001)):
        lines = "".join(f" {first + step * i:.6f}\n" for i in range(n))
        (chapter.parent / f"splib07a_{title}_{n}_ch.txt").write_text(f"splib07a Record=1: {title}\n{lines}")
    (chapter.parent / "splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt").write_text("splib07a Record=2: W\n 1\n")
    return path


@pytest.mark.realdata
def test_a_real_envi_library_is_read_as_spy_reads_it(real_data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = spectral.envi.open(str(real_data / "enmap_berlin" / "library_berlin.hdr"))
    for name in ("library_berlin.sli", "library_berlin.hdr"):
        ours = open_library(real_data / "enmap_berlin" / name)
        np.testing.assert_allclose(ours.values, oracle.spectra / 10_000, rtol=1e-6)
        assert ours.spectrum_name.values.tolist() == oracle.names
        np.testing.assert_allclose(ours.wavelength, np.array(oracle.bands.centers) * 1000)
        np.testing.assert_allclose(ours.fwhm, np.array(oracle.bands.bandwidths) * 1000)
    assert ours.attrs["quantity"] == "reflectance"
    assert ours.level_3.values[0] == "roof"  # from the table beside it
    assert "divided" in ours.attrs["scaling"] or "states" in ours.attrs["scaling"]


@pytest.mark.filterwarnings("ignore:.*unclosed file")  # SPy leaves its file open
def test_an_ecostress_file_after_its_specification_is_read_as_spy_reads_it(tmp_path):
    path = ecostress(tmp_path)
    ours, oracle = open_library(path), read_ecostress_file(str(path))
    np.testing.assert_allclose(ours.wavelength, np.array(oracle.x) * 1000)
    np.testing.assert_allclose(ours.values[0], np.array(oracle.y) / 100, rtol=1e-6)
    assert ours.spectrum_name.values[0] == oracle.sample["name"] == "Quercus robur"
    assert ours.genus.values[0] == "Quercus"
    assert ours.description.values[0] == "Fresh leaves: upper side"
    assert ours.attrs["quantity"] == "reflectance"


def test_a_usgs_file_after_its_specification_finds_its_wavelengths(tmp_path):
    ours = open_library(usgs(tmp_path))
    np.testing.assert_allclose(ours.wavelength, 350 + 200 * np.arange(6))
    np.testing.assert_allclose(ours.fwhm, 10 + np.arange(6))
    np.testing.assert_allclose(ours.values[0], [np.nan, 0.1, 0.2, 0.3, 0.4, 0.5], rtol=1e-6)
    assert ours.spectrum_name.values.tolist() == ["Kaolinite CM9 ASDFRb AREF"]


def test_usgs_wavelengths_may_be_named_and_must_fit(tmp_path):
    path = usgs(tmp_path)
    alone = tmp_path / "elsewhere" / "a" / "b" / "c" / path.name
    alone.parent.mkdir(parents=True)
    alone.write_text(path.read_text())
    with pytest.raises(CubeError, match="6 channels and needs the library's file"):
        open_library(alone)
    source = path.parents[1] / "splib07a_Wavelengths_ASD_0.35-2.5_microns_6_ch.txt"
    np.testing.assert_array_equal(open_library(alone, wavelengths=str(source)), open_library(path))
    with pytest.raises(CubeError, match="1 wavelengths for 6 channels"):
        open_library(alone, wavelengths=path.parents[1] / "splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt")


@pytest.mark.parametrize("ending", [".sli", ".csv"])
def test_what_is_written_reads_back_the_same(tmp_path, library, ending):
    path = save_library(library, tmp_path / f"mine{ending}")
    again = open_library(path)
    np.testing.assert_allclose(again.values, library.values, rtol=1e-6)
    np.testing.assert_allclose(again.wavelength, W)
    assert again.attrs["quantity"] == "reflectance"
    if ending == ".sli":
        assert again.spectrum_name.values.tolist() == ["oak; old", "sand", "water"]
        np.testing.assert_array_equal(again.good, library.good)
        np.testing.assert_array_equal(again.fwhm, library.fwhm)
        oracle = spectral.envi.open(str(path.with_suffix(".hdr")))
        np.testing.assert_array_equal(oracle.spectra, library.values)
        assert oracle.names == ["oak; old", "sand", "water"]
    else:
        assert again.spectrum_name.values.tolist() == library.spectrum_name.values.tolist()
        assert again.level_1.values.tolist() == ["plant", "soil", "water"]
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_library(library, path)
    save_library(library, path, overwrite=True)


def test_a_table_with_a_spectrum_a_column_is_read(tmp_path):
    path = tmp_path / "asd.csv"
    path.write_text("Wavelength [um];leaf;soil\n0.45;0.05;0.1\n0.65;0.04;0.2\n0.86;0.5;\n")
    ours = open_library(path)
    np.testing.assert_allclose(ours.values, [[0.05, 0.04, 0.5], [0.1, 0.2, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(ours.wavelength, [450, 650, 860])
    assert ours.spectrum_name.values.tolist() == ["leaf", "soil"]


def test_pixels_become_points_with_a_column_a_band(tmp_path):
    cube, _ = simulated_scene(16, 20, n_bands=12)
    taken = spectra_at(cube, [2, 5], [3, 7], ["a", "b"])
    np.testing.assert_array_equal(taken.values[1], cube.values[:, 5, 7])
    path = save_library(taken, tmp_path / "points.gpkg")
    meta, _, geometry, fields = pyogrio.raw.read(path)
    frame = pyogrio.read_dataframe(path)
    assert meta["crs"] == "EPSG:32633"
    assert len(geometry) == 2
    assert frame["name"].tolist() == ["a", "b"]
    np.testing.assert_allclose(frame.geometry.x, cube.x.values[[3, 7]])
    np.testing.assert_allclose(frame.geometry.y, cube.y.values[[2, 5]])
    columns = [name for name in meta["fields"] if name.startswith("nm_")]
    assert len(columns) == 12
    np.testing.assert_array_equal(frame[columns].to_numpy("float32"), taken.values)
    assert len(fields) == 13
    with pytest.raises(IndexError, match=r"pixel \(99, 0\) is outside"):
        spectra_at(cube, [99], [0])


def test_points_are_read_back_as_a_gis_reads_them(tmp_path):
    cube, _ = simulated_scene(16, 20, n_bands=12)
    taken = spectra_at(cube, [2, 5, 9], [3, 7, 0], ["a", "b; c", 'd"'])
    path = save_library(taken, tmp_path / "points.gpkg")
    ours, oracle = open_library(path), pyogrio.read_dataframe(path)
    columns = [name for name in oracle.columns if name.startswith("nm_")]
    np.testing.assert_array_equal(ours.values, oracle[columns].to_numpy("float32"))
    np.testing.assert_allclose(ours.wavelength, taken.wavelength, rtol=1e-9)
    assert ours.spectrum_name.values.tolist() == oracle["name"].tolist() == ["a", "b; c", 'd"']
    np.testing.assert_array_equal(np.stack([ours.x, ours.y]), np.stack([oracle.geometry.x, oracle.geometry.y]))
    assert (ours.attrs["crs"], ours.attrs["quantity"]) == ("EPSG:32633", "reflectance")
    oracle.set_geometry(oracle.geometry.force_3d()).to_file(tmp_path / "deep.gpkg")
    assert not {"x", "y"} & set(open_library(tmp_path / "deep.gpkg").coords)  # no plain point
    with closing(sqlite3.connect(path)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        for fid, blob in db.execute("SELECT fid, geom FROM points").fetchall():  # with an envelope, as some write it
            x, y = struct.unpack_from("<dd", blob, 13)
            boxed = blob[:3] + bytes([blob[3] | 2]) + blob[4:8] + struct.pack("<dddd", x, x, y, y) + blob[8:]
            db.execute("UPDATE points SET geom = ? WHERE fid = ?", (boxed, fid))
    np.testing.assert_array_equal(pyogrio.read_dataframe(path).geometry.x, oracle.geometry.x)
    np.testing.assert_array_equal(open_library(path).x, ours.x)
    oracle.rename_geometry("where").to_file(tmp_path / "gis.gpkg", layer='a "layer"')
    again = open_library(tmp_path / "gis.gpkg")
    np.testing.assert_array_equal(again.values, ours.values)
    np.testing.assert_array_equal(again.x, ours.x)
    with closing(sqlite3.connect(tmp_path / "gis.gpkg")) as db, db:
        db.execute("UPDATE gpkg_spatial_ref_sys SET organization = 7, definition = 8")
        db.execute("UPDATE gpkg_contents SET description = NULL")
    assert open_library(tmp_path / "gis.gpkg").attrs["crs"] == "8"  # odd, and no trouble before it is used
    with closing(sqlite3.connect(tmp_path / "gis.gpkg")) as db, db:
        db.execute("UPDATE gpkg_geometry_columns SET column_name = 9")
    assert "x" not in open_library(tmp_path / "gis.gpkg").coords
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE points SET {columns[3]} = x'00ff'")
    with pytest.raises(CubeError, match=r"spectra are numbers, but those of points\.gpkg cannot be read"):
        open_library(path)
    oracle.drop(columns=columns).to_file(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("<OGRVRTDataSource/>")
    for name in ("none.gpkg", "text.gpkg"):
        with pytest.raises(CubeError, match="no spectra known"):
            open_library(tmp_path / name)


def test_what_was_read_is_told(tmp_path):
    path = usgs(tmp_path)
    files = open_library(path).attrs["files"]
    assert files[0] == str(path)
    assert [Path(file).name.split("_")[1] for file in files[1:]] == ["Wavelengths", "Bandpass"]
    (tmp_path / "some").mkdir()
    two = [ecostress(tmp_path / "some", name=f"{name}.spectrum.txt") for name in "ab"]
    assert open_library(tmp_path / "some").attrs["files"] == [str(file) for file in two]


def test_a_folder_of_spectra_of_the_same_bands_is_one_library(tmp_path):
    ecostress(tmp_path, name="a.spectrum.txt")
    ecostress(tmp_path, name="b.spectrum.txt")
    (tmp_path / "readme.txt").write_text("nothing of the kind")
    assert open_library(tmp_path).shape == (2, 30)
    (tmp_path / "other.csv").write_text("name,450,550\nx,1,2\n")
    with pytest.raises(CubeError, match=r"share their bands.*resample_library"):
        open_library(tmp_path)


def test_angles_are_spys_and_the_best_match_is_the_smallest(library):
    cube, _ = simulated_scene(30, 40, seed=7)
    members = spectra_at(cube, [1, 9, 20, 28], [2, 30, 11, 39])
    angles = spectral_angle(cube, members)
    good = cube.good.values
    oracle = spectral.spectral_angles(cube.values[good].transpose(1, 2, 0).astype(float), members.values[:, good])
    np.testing.assert_allclose(angles.values.transpose(1, 2, 0), oracle, atol=1e-6)
    match = best_match(angles)
    np.testing.assert_array_equal(match, oracle.argmin(axis=2) + 1)
    assert match.values[9, 30] == 2
    assert match.attrs["classes"][1] == "row 9, column 30"
    near = best_match(angles, 0.02)
    np.testing.assert_array_equal(near == 0, oracle.min(axis=2) > 0.02)
    assert angles.rio.crs == cube.rio.crs
    np.testing.assert_array_equal(angles.x, cube.x)


def test_angles_of_a_lazy_cube_are_lazy_and_no_data_has_none():
    cube, _ = simulated_scene(20, 25, seed=8)
    cube.values[:, 3, 4], cube.values[50, 6, 6], cube.values[:, 8, 8] = np.nan, np.nan, 0
    members = spectra_at(cube, [1, 9], [2, 20])
    lazy = cube.copy(data=da.from_array(cube.values, chunks=(60, 20, 25)))
    angles, match = spectral_angle(lazy, members), best_match(spectral_angle(lazy, members))
    assert angles.chunks is not None
    assert match.chunks is not None
    np.testing.assert_array_equal(angles, spectral_angle(cube, members))
    missing = np.isnan(angles.values)
    assert missing[:, [3, 6, 8], [4, 6, 8]].all()
    assert missing.sum() == 6
    assert (match.values == 0).sum() == 3


def test_a_band_a_spectrum_lacks_takes_no_part_in_its_angles():
    rng = np.random.default_rng(1)
    cube = make_cube(rng.random((5, 3, 3)), W)
    members = rng.random((2, 5))
    members[1, 3] = np.nan
    angles = spectral_angle(cube, make_library(members, W, ["a", "b"])).values
    left = [0, 1, 2, 4]
    pixels = cube.values.transpose(1, 2, 0).astype(float)
    np.testing.assert_allclose(angles[0], spectral.spectral_angles(pixels, members[:1])[..., 0], atol=1e-6)
    expected = spectral.spectral_angles(pixels[..., left], members[1:, left])[..., 0]
    np.testing.assert_allclose(angles[1], expected, atol=1e-6)


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    """Relative entropies both ways, by SciPy."""
    return float(entropy(a, b) + entropy(b, a))


def test_divergences_are_the_relative_entropies_both_ways():
    cube, _ = simulated_scene(16, 17, seed=7)
    cube.values[:] = np.maximum(cube.values, 1e-3)  # noise of dark pixels reaches below 0
    members = spectra_at(cube, [1, 9, 10], [2, 14, 0])
    members.values[2, 30:50] = np.nan
    found, good = spectral_divergence(cube, members), cube.good.values
    assert found.dims == ("spectrum", "y", "x")
    for i, row, column in np.ndindex(3, 16, 17):
        bands = good & np.isfinite(members.values[i])
        wanted = divergence(cube.values[bands, row, column].astype(float), members.values[i, bands].astype(float))
        assert found.values[i, row, column] == pytest.approx(wanted, rel=1e-4, abs=1e-9)
    assert found.values[0, 1, 2] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(spectral_divergence(cube * 7.5, members / 3), found, rtol=1e-4, atol=1e-9)
    lazy = cube.copy(data=da.from_array(cube.values, chunks=(60, 5, 17)))
    assert spectral_divergence(lazy, members).chunks is not None
    np.testing.assert_array_equal(spectral_divergence(lazy, members), found)


def test_a_distribution_has_nothing_below_or_at_0():
    rng = np.random.default_rng(1)
    cube = make_cube(rng.random((5, 2, 3)) + 0.1, W)
    cube.values[2, 0, 0], cube.values[3, 0, 1], cube.values[0, 0, 2] = 0, -0.1, np.nan
    members = rng.random((3, 5)) + 0.1
    members[1, 2], members[2, 2] = np.nan, -0.2
    found = spectral_divergence(cube, make_library(members, W, ["a", "b", "c"])).values
    assert np.isnan(found[0]).tolist() == [[True, True, True], [False, False, False]]
    assert np.isnan(found[1]).tolist() == [[False, True, True], [False, False, False]]
    assert np.isnan(found[2]).all()


def test_a_library_comes_to_the_cubes_bands_by_their_responses():
    cube, _ = simulated_scene(16, 16, n_bands=60)
    fine = np.arange(350, 2501, 1.0)
    library = make_library([0.1 + 0.0002 * fine, 0.5 - 0.0001 * fine], fine, ["up", "down"])
    with pytest.raises(CubeError, match=r"use resample_library\(library, cube\)"):
        spectral_angle(cube, library)
    ours = resample_library(library, cube)
    np.testing.assert_allclose(ours.values[0], 0.1 + 0.0002 * cube.wavelength.values, rtol=1e-4)
    assert ours.spectrum_name.values.tolist() == ["up", "down"]
    assert spectral_angle(cube, ours).shape == (2, 16, 16)


def broken(folder: Path, what: str) -> Path:
    """A file with one fault."""
    library = make_library(np.ones((2, 5)), W, ["a", "b"])
    path = save_library(library, folder / "x.sli")
    header = path.with_suffix(".hdr")
    if what == "short":
        path.write_bytes(path.read_bytes()[:-4])
    elif what == "no header":
        header.unlink()
    elif what == "huge":
        header.write_text(header.read_text().replace("lines = 2", "lines = 99999999999"))
    elif what == "type":
        header.write_text(header.read_text().replace("data type = 4", "data type = 6"))
    elif what == "no wavelengths":
        header.write_text(header.read_text().replace("wavelength = ", "wl = "))
    elif what == "cut ecostress":
        return ecostress(folder, count=31)
    elif what == "odd ecostress":
        return ecostress(folder, tail="1 2 3\n")
    elif what == "usgs words":
        path = usgs(folder)
        path.write_text(path.read_text() + " seven\n")
    elif what == "csv words":
        path = folder / "t.csv"
        path.write_text("name,450,550\na,1,much\n")
    elif what == "csv ragged":
        path = folder / "t.csv"
        path.write_text("name,450,550\na,1\n")
    elif what == "csv of words":
        path = folder / "t.csv"
        path.write_text("name,class\na,b\n")
    elif what == "csv binary":
        path = folder / "t.csv"
        path.write_bytes(b"a,b\n" + b"x" * 200_000 + b",1\n")
    elif what == "empty":
        path = folder / "t.csv"
        path.write_text("")
    return path


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("short", "x.sli needs 40 bytes by its header, but has 36"),
        ("no header", "no spectra known"),
        ("huge", "x.sli needs 1999999999980 bytes by its header"),
        ("type", "a data type among"),
        ("no wavelengths", "a library lists wavelengths"),
        ("cut ecostress", "says it has 31 values, but has 30"),
        ("odd ecostress", "two columns of numbers"),
        ("usgs words", "a title and a number a line"),
        ("csv words", "spectra are numbers, but t.csv holds 'much'"),
        ("csv ragged", "row 2 of t.csv has 2 cells of 3"),
        ("csv of words", "wavelengths stand in the first row or column"),
        ("csv binary", "a table of spectra is text"),
        ("empty", "has a heading and rows"),
    ],
)
def test_a_damaged_file_ends_in_words(tmp_path, what, message):
    with pytest.raises(CubeError, match=message):
        open_library(broken(tmp_path, what))


def test_libraries_that_cannot_be_are_refused(tmp_path, library):
    with pytest.raises(FileNotFoundError, match="no file at"):
        open_library(tmp_path / "none.sli")
    with pytest.raises(ValueError, match=r"written to .sli, .csv, .gpkg, got a.xlsx"):
        save_library(library, tmp_path / "a.xlsx")
    with pytest.raises(CubeError, match="points need 'x' and 'y'"):
        save_library(library, tmp_path / "a.gpkg")
    assert not list(tmp_path.iterdir())
    with pytest.raises(CubeError, match="a name a spectrum"):
        make_library(np.ones((2, 3)), [1, 2, 3], ["a"])
    with pytest.raises(CubeError, match="µm"):
        make_library(np.ones((1, 3)), [0.4, 0.5, 0.6], ["a"])


@pytest.mark.realdata
def test_roofs_and_grass_of_a_real_scene_match_their_library(real_data):
    cube = open_cube(real_data / "enmap_berlin" / "EnMAP_BerlinUrbanGradient.hdr")
    library = open_library(real_data / "enmap_berlin" / "library_berlin.sli")
    angles = spectral_angle(cube, library)
    oracle = spectral.spectral_angles(cube.values.transpose(1, 2, 0).astype(float), library.values.astype(float))
    np.testing.assert_allclose(angles.values.transpose(1, 2, 0), oracle, atol=1e-6)
