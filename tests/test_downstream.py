"""Downstream sets in their published layouts: read as their users read them, taught and tested by one command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import rasterio
import torch
from torch.nn.functional import interpolate

from tests import archives, downstream
from tests.labelled_patches import encoder_for
from workbench.cli import main
from workbench.labels import split_by_lists
from workbench.labels.nomenclature import classes_of, named_by_name
from workbench.patches import index_archive
from workbench.pretrain import find_archive, save_encoder
from workbench.probe import Images, open_patches

pytestmark = pytest.mark.realdata


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def encoder_of(card: str) -> object:
    """A small one for the bands of an archive."""
    row = find_archive(card)
    encoder = encoder_for("pixel", len(row.wavelength))
    encoder.wavelength, encoder.quantity, encoder.units = np.array(row.wavelength), row.quantity, row.units
    encoder.scene = {"source": card, "fingerprint": "0"}
    return encoder


def transferred(tmp_path: Path, card: str, patches: Path, *words: object) -> pd.DataFrame:
    """Rows of the command line's verb, of an encoder frozen and learning."""
    save_encoder(encoder_of(card), tmp_path / "encoder.safetensors")
    out = tmp_path / "out"
    asked = ["transfer", patches, "--encoder", tmp_path / "encoder.safetensors", "--out", out, "--device", "cpu"]
    asked += ["--steps", 2, "--batch", 2, "--fractions", 100, "--repeats", 1, "--mode", "frozen,full", *words]
    assert main([str(word) for word in asked]) == 0
    return pd.read_csv(out / "transfer.csv")


def test_bigearthnets_files_of_60_and_20_m_come_to_10_m_as_its_users_bring_them(tmp_path, real_data):
    downstream.bigearthnet_v1(tmp_path, real_data, n=3)
    patches = open_patches(tmp_path)
    assert (patches.index.layout.name, patches.side, len(patches)) == ("bigearthnet_s2", (120, 120), 3)
    image = Images(patches, encoder_of("bigearthnet_s2")).read([1])[0][0]
    folder = tmp_path / patches.truth.files[1]
    for k, name in enumerate(downstream.BANDS):
        with rasterio.open(folder / f"{folder.name}_{name}.tif") as file:
            stored = torch.from_numpy(file.read().astype("float64"))[None]
        resized = interpolate(stored, (120, 120), mode="bilinear", align_corners=False)[0, 0] / 1e4
        np.testing.assert_allclose(image[k], resized, atol=0.51e-4)  # GDAL rounds to whole numbers, as torchgeo does


def test_bigearthnet_v1_has_its_19_classes_or_all_43(tmp_path, real_data):
    said = downstream.bigearthnet_v1(tmp_path, real_data)
    names = named_by_name(19)
    truth = open_patches(tmp_path).truth
    assert truth.names == classes_of(19)
    kept = [{names[name] for name in some if name in names} for some in said]
    assert [{classes_of(19)[k] for k in np.flatnonzero(row)} for row in truth.values] == [some for some in kept if some]
    whole = open_patches(tmp_path, nomenclature=43).truth
    assert [sorted(classes_of(43)[k] for k in np.flatnonzero(row)) for row in whole.values] == said


def test_43_classes_become_19_as_the_published_table_has_it():
    """Indices of BigEarthNet's own ``label_indices.json``: of the 43 in order, which of the 19, −1 for none."""
    table = [
        0,
        0,
        1,
        *[-1] * 8,
        2,
        2,
        2,
        3,
        3,
        3,
        4,
        3,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        12,
        13,
        14,
        -1,
        11,
        -1,
        15,
        15,
        16,
        16,
    ]
    table += [-1, 17, 17, 18, 18, 18]
    names, new = named_by_name(19), classes_of(19)
    assert [new.index(names[name]) if name in names else -1 for name in classes_of(43)] == table


@pytest.mark.parametrize("sensor", ["S2", "S1"])
def test_bigearthnet_v2_is_taught_and_tested_by_its_metadata(tmp_path, real_data, sensor):
    table = downstream.bigearthnet_v2(tmp_path, real_data)
    card, folder = f"bigearthnet_{sensor.lower()}", tmp_path / f"BigEarthNet-{sensor}"
    metadata = tmp_path / "metadata.parquet"
    rows = transferred(tmp_path, card, folder, "--labels", metadata, "--split", metadata)
    assert set(rows["mode"]) == {"frozen", "full"}
    assert (rows[["n_train", "n_val", "n_test"]] == [3, 1, 2]).all(axis=None)
    assert rows[["map", "map_micro", "f1"]].notna().all(axis=None)
    truth = open_patches(folder, labels=metadata).truth
    column = "patch_id" if sensor == "S2" else "s1_name"
    wanted = dict(zip(table[column], table["labels"], strict=True))
    for file, row in zip(truth.files, truth.values, strict=True):
        assert sorted(np.array(truth.names)[row]) == wanted[file.rpartition("/")[2]]


def test_bigearthnet_v1_is_taught_and_tested_by_the_files_beside_its_bands(tmp_path, real_data):
    downstream.bigearthnet_v1(tmp_path / "set", real_data)
    rows = transferred(tmp_path, "bigearthnet_s2", tmp_path / "set" / "BigEarthNet-v1.0")
    assert rows["task"].unique().tolist() == ["several"]
    assert rows[["map", "map_micro", "f1"]].notna().all(axis=None)


def test_bigearthnet_v1s_lists_name_both_sensors_side_by_side(tmp_path, real_data):
    downstream.bigearthnet_v1(tmp_path / "set", real_data)
    names = sorted(path.name for path in (tmp_path / "set" / "BigEarthNet-v1.0").iterdir())
    for part, some in (("train", names[:3]), ("val", names[3:4]), ("test", names[4:])):
        lines = [f"{name},S1B_IW_GRDH_1SDV_20170612T165809_33UUP_{name[-4:]}" for name in some]
        (tmp_path / f"{part}.csv").write_text("\n".join(lines))
    patches = open_patches(tmp_path / "set")
    split = split_by_lists(patches.truth, patches.place, tmp_path)
    labelled = {file.rpartition("/")[2] for file in patches.truth.files}
    for part, some in ((split.train, names[:3]), (split.val, names[3:4]), (split.test, names[4:])):
        assert {patches.truth.files[i].rpartition("/")[2] for i in part} == labelled & set(some)


def test_enmap_corines_masks_become_classes_of_each_patch(tmp_path, real_data):
    root = archives.spectral_earth(tmp_path / "set", real_data, n=9)
    codes, seen = np.array([0, 112, 211, 331, 512, 122, 335]), []
    labels = sorted((real_data / "enmap_potsdam" / "labels").glob("*.tif"))
    for scene, label in zip(sorted((root / "enmap").rglob("*.tif")), labels, strict=False):
        with rasterio.open(label) as file:
            mask, place = codes[file.read().astype(int)].astype("uint16"), file.transform
        archives.write_tiff(root / "corine" / scene.relative_to(root / "enmap"), mask, transform=place)
        with rasterio.open(scene, "r+") as patch:
            patch.transform = place
        seen.append(set(np.unique(mask).tolist()) - {0})
    truth = open_patches(root / "enmap", masks=root / "corine", task="several", nomenclature=19).truth
    known = {112: "Urban fabric", 211: "Arable land", 331: "Beaches, dunes, sands", 512: "Inland waters"}
    wanted = [{known[code] for code in some if code in known} for some in seen]
    found = [{truth.names[k] for k in np.flatnonzero(row)} for row in truth.values]
    assert found == [some for some in wanted if some]
    plain = open_patches(root / "enmap", masks=root / "corine", task="several").truth
    assert [{int(plain.names[k]) for k in np.flatnonzero(row)} for row in plain.values] == [
        some for some in seen if some
    ]
    words = ["--masks", root / "corine", "--task", "several", "--nomenclature", 19]
    rows = transferred(tmp_path, "spectral_earth", root / "enmap", *words)
    assert rows[["map", "map_micro", "f1"]].notna().all(axis=None)


def test_ssl4eo_ls_benchmark_has_masks_of_another_name_in_folders_of_one(tmp_path, real_data):
    archives.ssl4eo_l(tmp_path, real_data)
    root = (tmp_path / "ssl4eo_l_etm_sr").rename(tmp_path / "ssl4eo_l_etm_sr_benchmark")
    for k, scene in enumerate(sorted(root.rglob("all_bands.tif"))):
        mask = np.load(real_data / "landsat_clouds" / "landsat7.npz")["msk"].squeeze()[40 * k : 40 * k + 44, 80:124]
        below = tmp_path / "ssl4eo_l_etm_nlcd" / scene.relative_to(root).parent / "nlcd_2019.tif"
        archives.write_tiff(below, (10 * mask.astype("uint8") + 11)[None])
        with rasterio.open(scene, "r+") as file:
            file.transform = rasterio.transform.from_origin(2000 * (k // 4), 0, 30, 30)  # a place a location
    rows = transferred(tmp_path, "ssl4eo_l_etm_sr", root, "--masks", tmp_path / "ssl4eo_l_etm_nlcd")
    assert rows["task"].unique().tolist() == ["segmentation"]
    assert rows["miou"].notna().all()


def test_eurosat_has_its_band_8a_last_and_a_folder_a_class(tmp_path, real_data):
    image = downstream.squares(real_data, "S2L1C", 3, side=64)
    order = [*range(8), *range(9, 13), 8]
    for name, k in (("River", 0), ("Forest", 1), ("SeaLake", 2)):
        for number in range(1, 4):
            place = rasterio.transform.from_origin(640 * (3 * k + number), 0, 10, 10)
            file = tmp_path / "tif" / name / f"{name}_{number}.tif"
            archives.write_tiff(file, image[k][0][order].astype("uint16"), transform=place)
    index = index_archive(tmp_path / "tif")
    assert (index.layout.name, index.n_patches) == ("eurosat", 9)
    patches = open_patches(tmp_path / "tif")
    read = Images(patches, encoder_of("ssl4eo_s12_l1c")).read([3])[0][0]  # River_1, in the order of wavelengths
    assert patches.truth.files[3] == "River/River_1.tif"
    np.testing.assert_allclose(read, image[0][0] / 1e4, atol=1e-6)
    rows = transferred(tmp_path, "ssl4eo_s12_l1c", tmp_path / "tif")
    assert rows["task"].unique().tolist() == ["classes"]
    assert rows[["oa", "f1"]].notna().all(axis=None)


def test_so2sats_files_are_patches_zones_and_split(tmp_path, real_data):
    given = downstream.so2sat(tmp_path / "set", real_data)
    patches = open_patches(tmp_path / "set")
    assert (patches.index.layout.name, patches.side, len(patches)) == ("so2sat", (32, 32), 16)
    assert patches.truth.names == ("Compact low rise", "Heavy industry", "Water")
    images = Images(patches, encoder_of("so2sat"))
    for i, file in enumerate(patches.truth.files):
        name, _, number = file.partition(".h5#")
        sen2, zones = given[name]
        assert patches.truth.values[i] == [2, 9, 16].index(zones[int(number)])
        np.testing.assert_allclose(images.read([i])[0][0], sen2[int(number)].transpose(2, 0, 1), atol=1e-6)
    rows = transferred(tmp_path, "so2sat", tmp_path / "set")
    assert rows["task"].unique().tolist() == ["classes"]
    assert (rows[["n_train", "n_val", "n_test"]] == [8, 4, 4]).all(axis=None)
    assert rows[["oa", "aa", "f1"]].notna().all(axis=None)
    for part in ("training", "testing"):
        assert {file for file in patches.truth.files if file.startswith(part)} == {
            patches.truth.files[i] for i in getattr(patches.published, {"training": "train", "testing": "test"}[part])
        }


def two_zones(root: Path) -> None:
    with h5py.File(root / "testing.h5", "r+") as file:
        file["label"][1, 4] = 1


def other_classes(root: Path) -> None:
    with h5py.File(root / "testing.h5", "r+") as file:
        del file["label"]
        file["label"] = np.eye(4)


def no_images(root: Path) -> None:
    with h5py.File(root / "testing.h5", "r+") as file:
        del file["sen2"]


def half(root: Path) -> None:
    content = (root / "testing.h5").read_bytes()
    (root / "testing.h5").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (two_zones, r"one local climate zone, but patch 1 of testing\.h5 has 2; copy it again"),
        (other_classes, r"a row of 17 for each of the 4 patches, but in testing\.h5 it is \(4, 4\); copy it again"),
        (no_images, r"testing\.h5 has no sen2; it is another product or level, or copy it again"),
        (half, r"testing\.h5 is no HDF5 file, cut off or damaged; copy it again"),
    ],
)
def test_what_is_wrong_with_so2sats_files_is_said_in_a_sentence(tmp_path, real_data, spoil, message):
    downstream.so2sat(tmp_path, real_data)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        open_patches(tmp_path)


def spoil_labels(root: Path) -> None:
    next(root.rglob("*_labels_metadata.json")).write_text("{half")


def name_another(root: Path) -> None:
    next(root.rglob("*_labels_metadata.json")).write_text(json.dumps({"labels": ["Lava"]}))


def drop_band(root: Path) -> None:
    next(root.rglob("*_B8A.tif")).unlink()


def none_of_the_19(root: Path) -> None:
    for path in root.rglob("*_labels_metadata.json"):
        path.write_text(json.dumps({"labels": ["Airports"]}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_labels, r"_labels_metadata\.json should hold a list of labels, but is damaged; copy it again"),
        (name_another, r"_labels_metadata\.json names 'Lava', which CORINE has not; correct it"),
        (drop_band, r"BigEarthNet-v1\.0/(S2A_\w+_48)/\1_B8A\.tif is missing; copy it again"),
        (none_of_the_19, r"has any of the 19 classes; check that these are its labels"),
    ],
)
def test_what_is_wrong_with_a_set_is_said_in_a_sentence(tmp_path, real_data, spoil, message):
    downstream.bigearthnet_v1(tmp_path / "set", real_data, n=2)
    spoil(tmp_path / "set")
    with pytest.raises(ValueError, match=message):
        open_patches(tmp_path / "set")


def test_a_split_that_leaks_a_place_is_refused_by_name_of_its_table(tmp_path, real_data, capsys):
    table = downstream.bigearthnet_v2(tmp_path, real_data)
    folder = tmp_path / "BigEarthNet-S2"
    first, last = sorted(folder.rglob("*_57"))[0], sorted(folder.rglob("*_57"))[-1]
    for band in first.glob("*.tif"):  # the same ground under another name
        shutil.copy(band, last / band.name.replace(first.name, last.name))
    table.to_parquet(tmp_path / "metadata.parquet")
    save_encoder(encoder_of("bigearthnet_s2"), tmp_path / "e.safetensors")
    asked = ["transfer", folder, "--labels", tmp_path / "metadata.parquet", "--split", tmp_path / "metadata.parquet"]
    asked += ["--encoder", tmp_path / "e.safetensors", "--out", tmp_path / "out"]
    assert main([str(word) for word in asked]) == 2
    assert "of test in metadata.parquet shows a place that train in metadata.parquet has too" in capsys.readouterr().err
