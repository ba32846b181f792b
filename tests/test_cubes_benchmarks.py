"""Benchmark scenes in the layouts of their publishers' specifications: names of files and arrays, sizes, types, order.

No real file of these scenes is at hand: they are written here after their publishers' pages and the programs that
read them, small in rows and columns and with all their bands.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from workbench.cubes import CubeError, open_cube
from workbench.labels import open_labels

ROWS, COLUMNS = 7, 5


def scene(n_bands: int, dtype: str = "uint16") -> np.ndarray:
    return np.random.default_rng(n_bands).integers(1, 250, (ROWS, COLUMNS, n_bands)).astype(dtype)


def flat(cube: np.ndarray) -> np.ndarray:
    """(bands, pixels) as MATLAB's reshape gives it, in slow words: pixel p lies in row p % rows."""
    return np.array([[cube[p % ROWS, p // ROWS, b] for p in range(ROWS * COLUMNS)] for b in range(cube.shape[2])])


@pytest.mark.parametrize(
    ("file", "key", "dtype", "n_bands", "sensor", "ends"),
    [
        ("PaviaU.mat", "paviaU", "uint16", 103, "ROSIS", (430, 860)),
        ("Pavia.mat", "pavia", "uint16", 102, "ROSIS", (430, 860)),
        ("Indian_pines_corrected.mat", "indian_pines_corrected", "uint16", 200, "AVIRIS", (400, 2489)),
        ("Indian_pines.mat", "indian_pines", "uint16", 220, "AVIRIS", (400, 2500)),
        ("Salinas_corrected.mat", "salinas_corrected", "int16", 204, "AVIRIS", (366, 2486)),
        ("Salinas.mat", "salinas", "int16", 224, "AVIRIS", (366, 2496)),
        ("KSC.mat", "KSC", "uint16", 176, "", None),
        ("Botswana.mat", "Botswana", "uint16", 145, "Hyperion", (447, 2355)),
        ("Houston.mat", "Houston", "uint16", 144, "CASI", (364, 1046)),
        ("Houston2018.mat", "ori_data", "float64", 48, "CASI", (380, 1050)),
        ("Houston2018.mat", "ori_data", "float64", 50, "", None),
        ("WHU_Hi_LongKou.mat", "WHU_Hi_LongKou", "float32", 270, "Headwall Nano-Hyperspec", (400, 1000)),
        ("WHU_Hi_HanChuan.mat", "WHU_Hi_HanChuan", "uint16", 274, "Headwall Nano-Hyperspec", (400, 1000)),
    ],
)
def test_a_cube_by_its_publishers_specification_keeps_order_and_sensor(
    tmp_path, file, key, dtype, n_bands, sensor, ends
):
    values = scene(n_bands, dtype)
    scipy.io.savemat(tmp_path / file, {key: values}, do_compression=True)
    cube = open_cube(tmp_path / file)
    np.testing.assert_array_equal(cube.values, values.transpose(2, 0, 1))
    assert (cube.attrs["sensor"], cube.attrs["stored_dtype"]) == (sensor, dtype)
    if ends is None:
        assert np.isnan(cube.wavelength).all()
        assert cube.attrs["wavelength_note"] == "band number only"
    else:
        np.testing.assert_allclose(cube.wavelength[[0, -1]], ends, atol=6)
        assert "nominal" in cube.attrs["wavelength_note"]


@pytest.mark.parametrize(
    ("file", "key", "n_bands"),
    [("jasperRidge2_R198.mat", "Y", 198), ("samson_1.mat", "V", 156), ("Urban_R162.mat", "Y", 162)],
)
def test_unmixing_scenes_by_specification_run_down_the_columns(tmp_path, file, key, n_bands):
    values = scene(n_bands, "float64")
    selected = np.arange(3, n_bands + 3)[:, None]
    sizes = {"nRow": ROWS, "nCol": COLUMNS, "nBand": n_bands, "SlectBands": selected, "maxValue": values.max()}
    scipy.io.savemat(tmp_path / file, {key: flat(values), **sizes})
    cube = open_cube(tmp_path / file)
    np.testing.assert_array_equal(cube.values, values.transpose(2, 0, 1))
    assert "good" not in cube.coords  # the bands were selected already


def test_urban_by_specification_marks_the_bands_that_were_not_selected(tmp_path):
    values = scene(210, "float64")
    removed = np.r_[1:5, 76, 87, 101:112, 136:154, 198:211]  # as published, counted from 1
    selected = np.setdiff1d(np.arange(1, 211), removed)
    content = {"Y": flat(values), "nRow": ROWS, "nCol": COLUMNS, "nBand": 210, "SlectBands": selected[:, None]}
    scipy.io.savemat(tmp_path / "Urban_F210.mat", content)
    cube = open_cube(tmp_path / "Urban_F210.mat")
    assert cube.good.values.sum() == 162
    assert not cube.good.values[removed - 1].any()
    np.testing.assert_array_equal(cube.values, values.transpose(2, 0, 1))


def gulfport(n_bands: int) -> dict:
    """MUUFL Gulfport's structure, with what stands beside the cube in it."""
    return {
        "Data": scene(n_bands, "float32") / 500,
        "RGB": np.ones((ROWS, COLUMNS, 3), "uint8"),
        "Lidar": {"z": np.ones((ROWS, COLUMNS, 2))},
        "info": {"wavelength": np.linspace(375, 1050, n_bands), "description": "campus 1"},
        "sceneLabels": {"labels": np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 3 - 1},
    }


@pytest.mark.parametrize("n_bands", [64, 72])
@pytest.mark.parametrize("version", [5, 7.3])
def test_gulfports_structure_by_specification_gives_its_cube_and_its_own_wavelengths(tmp_path, n_bands, version):
    content, path = gulfport(n_bands), tmp_path / "muufl_gulfport_campus_1_hsi_220_label.mat"
    if version == 5:
        scipy.io.savemat(path, {"hsi": content})
    else:
        with h5py.File(path, "w") as file:
            file["#refs#/a"] = np.ones((9, 9, 9))
            store(file.create_group("hsi"), content)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.values, content["Data"].transpose(2, 0, 1))
    np.testing.assert_allclose(cube.wavelength, content["info"]["wavelength"])
    assert cube.attrs["variable"] == "hsi.Data"
    assert cube.attrs["wavelength_note"] == "wavelengths from the file"


def store(group: h5py.Group, content: dict) -> None:
    """As MATLAB 7.3 does: a structure is a group, dims are listed backwards."""
    for name, value in content.items():
        if isinstance(value, dict):
            store(group.create_group(name), value)
        elif not isinstance(value, str):
            group[name] = np.asarray(value).T


def test_only_what_the_file_holds_itself_is_followed(tmp_path):
    elsewhere = tmp_path / "secret.h5"
    with h5py.File(elsewhere, "w") as file:
        file["cube"] = np.ones((9, COLUMNS, ROWS))
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["hsi/again"] = h5py.SoftLink("/hsi")
        file["hsi/away"] = h5py.ExternalLink(str(elsewhere), "/cube")
        file["hsi/loop"] = file["hsi"]
        file.create_dataset("raw", (9, COLUMNS, ROWS), "uint8", external=[(str(elsewhere), 0, 315)])
    with pytest.raises(CubeError, match=r"a.mat holds nothing numeric"):
        open_cube(tmp_path / "a.mat")


def test_wavelengths_of_another_cube_are_not_taken(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"cube": scene(12), "wavelength": np.linspace(400, 900, 30)})
    assert np.isnan(open_cube(tmp_path / "a.mat").wavelength).all()


def test_gulfports_labels_by_specification_lie_on_its_cube(tmp_path):
    path: Path = tmp_path / "muufl.mat"
    content = gulfport(64)
    content["sceneLabels"]["labels"] += 1
    scipy.io.savemat(path, {"hsi": content})
    labels = open_labels(path, open_cube(path))
    np.testing.assert_array_equal(labels.values > 0, content["sceneLabels"]["labels"] > 0)
