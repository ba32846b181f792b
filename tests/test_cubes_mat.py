"""MATLAB files: the cube is found by its shape, in MATLAB's order, nothing claimed that the file does not say."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import spectral

from workbench.cubes import CubeError, open_cube
from workbench.cubes.mat import arrays
from workbench.cubes.sensors import nominal_wavelengths


@pytest.fixture
def scene() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 4000, (6, 5, 9)).astype("int16")  # rows, columns, bands


def save_v73(path: Path, **variables: np.ndarray) -> Path:
    """As MATLAB writes it: HDF5 behind a block of 512 bytes, dims listed backwards."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in variables.items():
            file[name] = np.asarray(array).T
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def test_both_versions_read_the_same(tmp_path, scene):
    scipy.io.savemat(tmp_path / "five.mat", {"scene": scene})
    five, seven = open_cube(tmp_path / "five.mat"), open_cube(save_v73(tmp_path / "seven.mat", scene=scene))
    for cube in (five, seven):
        np.testing.assert_array_equal(cube, scene.transpose(2, 0, 1))
        assert cube.attrs["quantity"] == "dn"
        assert cube.attrs["wavelength_note"] == "band number only"
        assert cube.band_name.values[8] == "band 9"
        assert cube.rio.crs is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_flat_scene_runs_down_the_columns(tmp_path, scene, turned):
    flat = scene.reshape(30, 9, order="F")  # pixels in MATLAB's order, by NumPy's own word for it
    scipy.io.savemat(tmp_path / "a.mat", {"Y": flat if turned else flat.T, "nRow": 6, "nCol": 5})
    np.testing.assert_array_equal(open_cube(tmp_path / "a.mat"), scene.transpose(2, 0, 1))


def test_a_flat_array_of_unknown_size_is_no_scene(tmp_path, scene):
    scipy.io.savemat(tmp_path / "a.mat", {"Y": scene.reshape(30, 9)})
    with pytest.raises(CubeError, match=r"a cube is a 3-D array .*a.mat holds Y \(30, 9\)"):
        open_cube(tmp_path / "a.mat")


def test_a_choice_of_cubes_is_the_users(tmp_path, scene):
    scipy.io.savemat(tmp_path / "a.mat", {"first": scene, "second": scene + 1, "gt": scene[..., 0]})
    with pytest.raises(CubeError, match=r"holds first \(6, 5, 9\), second \(6, 5, 9\); pass variable= to choose"):
        open_cube(tmp_path / "a.mat")
    np.testing.assert_array_equal(open_cube(tmp_path / "a.mat", variable="second"), scene.transpose(2, 0, 1) + 1)
    with pytest.raises(CubeError, match=r"got 'third', but a.mat holds first"):
        open_cube(tmp_path / "a.mat", variable="third")
    with pytest.raises(CubeError, match=r"'gt' in a.mat has shape \(6, 5\); choose another"):
        open_cube(tmp_path / "a.mat", variable="gt")


def test_text_and_cut_files_are_refused_in_a_sentence(tmp_path, scene):
    text = tmp_path / "notes.mat"
    text.write_text("remember the milk\n")
    with pytest.raises(CubeError, match=r"begins with 'MATLAB', but notes.mat begins with 'remember the milk'"):
        open_cube(text)
    scipy.io.savemat(tmp_path / "cut.mat", {"scene": scene})
    (tmp_path / "cut.mat").write_bytes((tmp_path / "cut.mat").read_bytes()[:300])
    with pytest.raises(CubeError, match=r"cut.mat is cut off, damaged or no MATLAB file; copy it again"):
        open_cube(tmp_path / "cut.mat")
    seven = save_v73(tmp_path / "seven.mat", scene=scene)
    seven.write_bytes(seven.read_bytes()[:700])
    with pytest.raises(CubeError, match=r"seven.mat is cut off"):
        open_cube(seven)


def test_nominal_wavelengths_of_indian_pines_are_within_10_nm_of_its_calibration():
    calibration = Path(spectral.__file__).parent / "tests/data/92AV3C.spc"
    if not calibration.exists():
        pytest.skip("this build of SPy comes without its test data")
    centres = np.sort([float(line.split()[0]) for line in calibration.read_text().splitlines()[2:]])
    nominal, sensor, note = nominal_wavelengths("Indian_pines", 220)
    assert np.abs(nominal - centres).max() < 10
    assert (sensor, note) == ("AVIRIS", "nominal wavelengths of AVIRIS, good to about 10 nm")
    kept = np.r_[0:103, 108:149, 163:219]  # as its publishers list the bands they removed, from 0
    assert np.abs(nominal_wavelengths("Indian_pines_corrected", 200)[0] - centres[kept]).max() < 10


@pytest.mark.parametrize(("name", "n_bands"), [("KSC", 176), ("salinas", 205), ("Botswana", 242)])
def test_no_wavelengths_are_made_up(name, n_bands):
    wavelength, sensor, note = nominal_wavelengths(name, n_bands)
    assert np.isnan(wavelength).all()
    assert (sensor, note) == ("", "band number only")


@pytest.mark.realdata
def test_salinas_keeps_the_files_order(real_data):
    path = real_data / "salinas_a/SalinasA_corrected.mat"
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.values.transpose(1, 2, 0), scipy.io.loadmat(path)["salinasA_corrected"])
    assert cube.attrs["sensor"] == "AVIRIS"
    # Chlorophyll absorbs at 670 nm and lettuce is bright at 860 nm: the wavelengths cannot be far off.
    plants = scipy.io.loadmat(real_data / "salinas_a/SalinasA_gt.mat")["salinasA_gt"] == 14
    near, red = (cube.sel(wavelength=w, method="nearest").values[plants].mean() for w in (860, 670))
    assert near > 2 * red


@pytest.mark.realdata
def test_samson_lies_under_its_truth(real_data):
    path = real_data / "samson/samson.mat"
    cube = open_cube(path)
    content = scipy.io.loadmat(path)
    np.testing.assert_allclose(cube.values.reshape(156, -1, order="F"), content["Y"], rtol=1e-6)
    # Where the truth says water, the near infrared is dark; transposed it would not be.
    share = content["S_GT"][..., 2]
    assert np.corrcoef(share.ravel(), cube.sel(wavelength=850, method="nearest").values.ravel())[0, 1] < -0.6


@pytest.mark.realdata
def test_a_label_file_is_sent_elsewhere(real_data):
    with pytest.raises(CubeError, match=r"SalinasA_gt.mat holds salinasA_gt \(83, 86\); .*labels are opened as labels"):
        open_cube(real_data / "salinas_a/SalinasA_gt.mat")
    assert arrays(real_data / "salinas_a/SalinasA_gt.mat")["salinasA_gt"].shape == (83, 86)
