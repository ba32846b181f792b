"""Data sets through torchgeo: its images, labels and splits in the units of a scene, and a transfer on them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import rasterio
import torch

from tests.archives import write_tiff
from workbench.cli import main
from workbench.cubes import open_cube
from workbench.pretrain import ARCHIVES, save_encoder
from workbench.pretrain.encoders import BackboneEncoder, find_architecture
from workbench.pretrain.released import from_weights, statistics_of
from workbench.probe import Images, open_patches, open_torchgeo

datasets = pytest.importorskip("torchgeo.datasets", reason="torchgeo is an extra of its own")

SIDE = 16


def encoder_of(archive: str, size: int = SIDE) -> BackboneEncoder:
    """A fresh ResNet-18 for the bands of an archive."""
    card = ARCHIVES[archive]
    torch.manual_seed(0)
    weights = find_architecture("resnet18").make(len(card.wavelength), size, (False,) * 4).state_dict()
    return from_weights(weights, "resnet18", card, "fresh", size, statistics_of(card, None))


@pytest.fixture(scope="module")
def sentinel(real_data) -> np.ndarray:
    """Squares of real Sentinel-2 level 1C, (n, 13, side, side), as stored, in the order B01 … B8A, B09 … B12."""
    found = []
    for path in sorted((real_data / "terramind" / "S2L1C").glob("*.tif")):
        with rasterio.open(path) as file:
            image = file.read().astype("uint16")
        found += [image[:, 40 * k : 40 * k + SIDE, 60:76] for k in range(5)]
    return np.stack(found)


@pytest.fixture(scope="module")
def eurosat(tmp_path_factory, sentinel) -> Path:
    """EuroSAT as torchgeo unpacks it: bands with 8A last, a folder a class, lists of ``.jpg`` names."""
    root = tmp_path_factory.mktemp("eurosat")
    order = [names13().index(name) for name in datasets.EuroSAT.all_band_names]
    lists = {"train": [], "val": [], "test": []}
    for i, image in enumerate(sentinel):
        name = ("AnnualCrop", "Forest", "River")[i // 5]
        write_tiff(root / datasets.EuroSAT.base_dir / name / f"{name}_{i % 5 + 1}.tif", image[order])
        lists["train" if i % 5 < 2 else "val" if i % 5 == 2 else "test"].append(f"{name}_{i % 5 + 1}.jpg")
    for split, lines in lists.items():
        (root / f"eurosat-{split}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def names13() -> list[str]:
    return [f"B{i:02d}" for i in range(1, 9)] + ["B8A"] + [f"B{i:02d}" for i in range(9, 13)]


@pytest.mark.realdata
def test_eurosats_numbers_are_those_of_the_files_and_its_bands_in_the_encoders_order(eurosat, sentinel):
    patches = open_torchgeo("EuroSAT", eurosat)
    assert (len(patches), patches.side, patches.truth.names) == (15, (SIDE, SIDE), ("AnnualCrop", "Forest", "River"))
    images, targets = Images(patches, encoder_of("ssl4eo_s12_l1c")).read(range(15))
    rows = [5 * k + i for part in ((0, 1), (2,), (3, 4)) for k in range(3) for i in part]  # training, validation, test
    np.testing.assert_array_equal(targets, np.array(rows) // 5)
    np.testing.assert_allclose(images, sentinel[rows] / 10_000, rtol=1e-6)
    assert [part.tolist() for part in (patches.published.train, patches.published.val, patches.published.test)] == [
        list(range(6)),
        [6, 7, 8],
        list(range(9, 15)),
    ]


@pytest.mark.realdata
def test_our_own_reader_of_the_same_folder_sees_the_same_patches(eurosat, tmp_path):
    ours = open_patches(eurosat / datasets.EuroSAT.base_dir)
    theirs = open_torchgeo("EuroSAT", eurosat)
    assert ours.truth.names == theirs.truth.names
    for file, value in zip(ours.truth.files, ours.truth.values, strict=True):
        cube = open_cube(eurosat / datasets.EuroSAT.base_dir / file).values
        same = [i for i in range(len(theirs)) if np.array_equal(theirs.sample(i)["image"].numpy(), cube)]
        assert [theirs.truth.values[i] for i in same] == [value]


@pytest.mark.realdata
def test_transfer_takes_it_with_its_published_split_and_repeats(eurosat, tmp_path, capsys):
    save_encoder(encoder_of("ssl4eo_s12_l1c"), tmp_path / "e.safetensors")
    words = ["transfer", f"torchgeo:EuroSAT@{eurosat}", "--encoder", str(tmp_path / "e.safetensors"), "--repeats", "1"]
    words += ["--fractions", "100", "--steps", "20", "--device", "cpu", "--out", str(tmp_path / "o")]
    assert main(words) == 0, capsys.readouterr().err
    table = pd.read_csv(tmp_path / "o" / "transfer.csv")
    assert table[["n_train", "n_val", "n_test"]].to_numpy().tolist() == [[6, 3, 6]]
    record = json.loads((tmp_path / "o" / "transfer.run.json").read_text(encoding="utf-8"))
    assert f"torchgeo:EuroSAT@{eurosat}" in record["command"]
    assert record["patches"]["name"] == "EuroSAT"


@pytest.mark.realdata
def test_an_encoder_of_other_bands_is_refused(eurosat):
    with pytest.raises(ValueError, match="needs a good band at"):
        Images(open_torchgeo("EuroSAT", eurosat), encoder_of("ssl4eo_l_oli_sr"))


@pytest.mark.realdata
def test_bigearthnets_bands_come_to_one_size_and_its_labels_are_several(tmp_path, sentinel):
    root, names = tmp_path, [name for name in names13() if name != "B10"]
    folders = {"train": "A", "val": "B", "test": "C"}
    labels = {"train": ["Airports", "Pastures"], "val": ["Sea and ocean"], "test": ["Pastures"]}
    for split, name in folders.items():
        (root / f"bigearthnet-{split}.csv").write_text(f"{name},{name}\n", encoding="utf-8")
        folder = root / "BigEarthNet-v1.0" / name
        for band in names:
            image = sentinel[ord(name) - 65, names13().index(band)]
            write_tiff(folder / f"{name}_{band}.tif", np.kron(image, np.ones((8, 8), "uint16"))[None, :120, :120])
        (folder / f"{name}_labels_metadata.json").write_text(json.dumps({"labels": labels[split]}), encoding="utf-8")
    (root / "BigEarthNet-S1-v1.0").mkdir()
    patches = open_torchgeo("BigEarthNet", root)
    assert (patches.truth.task, len(patches.truth.names), len(patches)) == ("several", 19, 3)
    said = [{patches.truth.names[k] for k in np.flatnonzero(row)} for row in patches.truth.values]
    assert said == [{"Pastures"}, {"Marine waters"}, {"Pastures"}]  # an airport is none of the 19
    images, targets = Images(patches, encoder_of("ssl4eo_s12_l2a", 120)).read([0, 2])
    kept = [names13().index(name) for name in names]
    np.testing.assert_allclose(images[1][:, ::8, ::8], sentinel[2][kept][:, :15, :15] / 10_000, rtol=1e-6)
    assert targets.sum(dim=1).tolist() == [1, 1]


@pytest.mark.realdata
def test_so2sats_numbers_are_reflectance_already(tmp_path, sentinel):
    names = [name.removeprefix("S2_") for name in datasets.So2Sat.all_s2_band_names]
    kept = [names13().index(name) for name in names]
    for k, file in enumerate(("training", "validation", "testing")):
        with h5py.File(tmp_path / f"{file}.h5", "w") as out:
            out["sen1"] = np.zeros((2, SIDE, SIDE, 8))
            out["sen2"] = sentinel[2 * k : 2 * k + 2][:, kept].transpose(0, 2, 3, 1) / 10_000
            out["label"] = np.eye(17)[[k, 16]]
    patches = open_torchgeo("So2Sat", tmp_path)
    assert patches.truth.values.tolist() == [0, 16, 1, 16, 2, 16]
    read = patches.images(np.arange(10))
    np.testing.assert_allclose(read(3), sentinel[3][kept] / 10_000, rtol=1e-6)


def test_ssl4eo_ls_benchmark_has_masks_and_bytes(tmp_path):
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (20, 7, SIDE, SIDE)).astype("uint8")
    masks = draws.choice([0, 11, 41, 82], (20, SIDE, SIDE)).astype("uint8")  # codes of NLCD
    for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
        place = f"{i:07d}/LC08_045030_20190814"
        write_tiff(tmp_path / "ssl4eo_l_oli_sr_benchmark" / place / "all_bands.tif", image)
        write_tiff(tmp_path / "ssl4eo_l_oli_nlcd" / place / "nlcd_2019.tif", mask[None])
    patches = open_torchgeo("SSL4EOLBenchmark", tmp_path, sensor="oli_sr", product="nlcd")
    assert [len(part) for part in (patches.published.train, patches.published.val, patches.published.test)] == [
        14,
        3,
        3,
    ]
    got, targets = Images(patches, encoder_of("ssl4eo_l_oli_sr")).read(range(20))
    stored = torch.stack([patches.sample(i)["image"] for i in range(20)])
    np.testing.assert_allclose(got, stored / 255 * 0.3, rtol=1e-5)
    for i in range(20):
        at = next(k for k in range(20) if np.array_equal(images[k], stored[i].numpy()))
        named = np.array(["0", *patches.truth.names])[targets[i] + 1].astype(int)
        np.testing.assert_array_equal(named, masks[at])
    own = open_patches(tmp_path / "ssl4eo_l_oli_sr_benchmark", masks=_renamed(tmp_path))
    ours, _ = Images(own, encoder_of("ssl4eo_l_oli_sr")).read(range(20))
    torch.testing.assert_close(ours[ours.sum((1, 2, 3)).argsort()], got[got.sum((1, 2, 3)).argsort()])  # in any order


MTL = """GROUP = L1_METADATA_FILE
  GROUP = IMAGE_ATTRIBUTES
    SUN_ELEVATION = 41.80610000
  END_GROUP = IMAGE_ATTRIBUTES
  GROUP = RADIOMETRIC_RESCALING
{rescaling}
  END_GROUP = RADIOMETRIC_RESCALING
  GROUP = TIRS_THERMAL_CONSTANTS
    K1_CONSTANT_BAND_10 = 774.89
    K1_CONSTANT_BAND_11 = 480.89
    K2_CONSTANT_BAND_10 = 1321.08
    K2_CONSTANT_BAND_11 = 1201.14
  END_GROUP = TIRS_THERMAL_CONSTANTS
END_GROUP = L1_METADATA_FILE
END
"""
LINES = [f"    REFLECTANCE_MULT_BAND_{k} = 2.0000E-05\n    REFLECTANCE_ADD_BAND_{k} = -0.100000" for k in range(1, 10)]
LINES += [f"    RADIANCE_MULT_BAND_{k} = 3.3420E-04\n    RADIANCE_ADD_BAND_{k} = 0.10000" for k in (10, 11)]


@pytest.fixture(scope="module")
def biome(tmp_path_factory, real_data) -> Path:
    """Two squares of a real Landsat scene, stored as L8 Biome stores them, with masks made of the real ones."""
    root = tmp_path_factory.mktemp("biome")
    with np.load(real_data / "landsat_clouds" / "landsat7.npz") as file:
        light, clouds = file["img"], file["msk"]
    for k, name in enumerate(("LC80420082013220LGN00", "LC81390292014135LGN00", "LC80160502014041LGN00")):
        part = slice(100 * k, 100 * k + 70), slice(40, 90)
        six = np.round((light[part].transpose(2, 0, 1) * np.sin(np.radians(41.8061)) + 0.1) / 2e-5)
        image = np.concatenate([six[:1], six, six[:1], six[:1], np.full((2, 70, 50), 26_000)]).astype("uint16")
        image[:, :3, :] = 0  # beyond the scene's edge
        mask = np.array([64, 128, 128, 128, 255], "uint8")[clouds[part].squeeze().astype(int)]
        mask[:3], mask[16:32, :16] = 0, 0
        where = {"crs": f"EPSG:326{30 + k}"}  # zones of their own
        write_tiff(root / "barren" / name / f"{name}.TIF", image, **where)
        write_tiff(root / "barren" / name / f"{name}_fixedmask.TIF", mask[None], **where)
        text = MTL.format(rescaling="\n".join(LINES))
        (root / "barren" / name / f"{name}_MTL.txt").write_text(text, encoding="utf-8")
    return root


@pytest.mark.realdata
def test_l8_biomes_scenes_are_reflectance_and_temperature_pixel_for_pixel(biome, real_data):
    patches = open_torchgeo("L8Biome", biome, size=16)
    assert patches.truth.names == ("Cloud Shadow", "Clear", "Thin Cloud", "Cloud")
    assert patches.published is None
    assert np.bincount(patches.place).tolist() == [11, 11, 11]  # 4 × 3 squares, one of which has no label
    images, targets = Images(patches, encoder_of("ssl4eo_l_oli_tirs_toa")).read(range(len(patches)))
    with np.load(real_data / "landsat_clouds" / "landsat7.npz") as file:
        light, clouds = file["img"], file["msk"]
    # The second scene by name is the first that was written, and its last square begins at 48, 32.
    there = slice(48, 64), slice(40 + 32, 40 + 48)
    np.testing.assert_allclose(images[21, 1:7], light[there].transpose(2, 0, 1), atol=2e-5)
    wanted = np.array([0, 1, 1, 1, 3])[clouds[there].squeeze().astype(int)]
    np.testing.assert_array_equal(targets[21], wanted)
    heat = 26_000 * 3.342e-4 + 0.1
    np.testing.assert_allclose(images[21, 9], 1321.08 / np.log(774.89 / heat + 1), rtol=1e-6)
    assert images[0, :, :3].isnan().all()
    assert (targets[0, :3] == -1).all()


@pytest.mark.realdata
def test_transfer_draws_scenes_where_no_split_was_published(biome, tmp_path, capsys):
    save_encoder(encoder_of("ssl4eo_l_oli_tirs_toa"), tmp_path / "e.safetensors")
    words = [
        "transfer",
        f"torchgeo:L8Biome@{biome}",
        "--option",
        "size=16",
        "--encoder",
        str(tmp_path / "e.safetensors"),
    ]
    words += ["--repeats", "1", "--fractions", "100", "--steps", "5", "--device", "cpu", "--out", str(tmp_path / "o")]
    assert main(words) == 0, capsys.readouterr().err
    table = pd.read_csv(tmp_path / "o" / "transfer.csv")
    assert table[["n_train", "n_val", "n_test"]].to_numpy().tolist() == [[11, 11, 11]]


RADIANCES = ((191.6, -6.2), (196.5, -6.4), (152.9, -5.0), (157.4, -5.1), (31.06, -1.0), (17.04, 0.0), (12.65, 3.2))
RADIANCES += ((10.8, -0.35), (243.1, -4.7))
SUN = (1997, 1812, 1533, 1039, 230.8, None, None, 84.9, 1362)


def irish_metadata(older: bool) -> str:
    """By the names of before 2012, or of since."""
    names = ("1", "2", "3", "4", "5", "61", "62", "7", "8")
    names = names if older else ("1", "2", "3", "4", "5", "6_VCID_1", "6_VCID_2", "7", "8")
    words = ("LMAX_BAND", "LMIN_BAND", "QCALMAX_BAND", "QCALMIN_BAND")
    words = words if older else (
        "RADIANCE_MAXIMUM_BAND_", "RADIANCE_MINIMUM_BAND_", "QUANTIZE_CAL_MAX_BAND_", "QUANTIZE_CAL_MIN_BAND_"
    )  # fmt: skip
    radiances = [f"{word}{name} = {pair[k]}" for name, pair in zip(names, RADIANCES, strict=True) for k, word in
                 enumerate(words[:2])]  # fmt: skip
    numbers = [f"{word}{name} = {value}.0" for name in names for word, value in zip(words[2:], (255, 1), strict=True)]
    groups = {
        "PRODUCT_METADATA": ["ACQUISITION_DATE = 2001-08-18" if older else "DATE_ACQUIRED = 2001-08-18"],
        "MIN_MAX_RADIANCE": radiances,
        "MIN_MAX_PIXEL_VALUE": numbers,
        ("PRODUCT_PARAMETERS" if older else "IMAGE_ATTRIBUTES"): ["SUN_ELEVATION = 41.8061"],
    }
    inside = "".join(
        f"  GROUP = {name}\n{''.join(f'    {line}' + chr(10) for line in lines)}  END_GROUP = {name}\n"
        for name, lines in groups.items()
    )
    return f"GROUP = L1_METADATA_FILE\n{inside}END_GROUP = L1_METADATA_FILE\nEND\n"


@pytest.mark.realdata
@pytest.mark.parametrize("older", [True, False])
def test_l7_irishs_numbers_are_reflectance_by_the_formula_pixel_for_pixel(tmp_path, real_data, older):
    """Real numbers of a Landsat 7, with radiances as its metadata tell them, worked out band by band."""
    with rasterio.open(real_data / "landsat7" / "L7_ETMs.tif") as file:
        six = np.maximum(file.read()[:, 100:132, 60:92], 1)
    image = np.concatenate([six[:5], six[4:5], six[4:5], six[5:], six[3:4]])
    image[:, 0] = 0  # beyond the scene's edge
    mask = np.full((32, 32), 128, "uint8")
    mask[:, 20:], mask[0] = 255, 0
    folder, name = tmp_path / "austral" / "p12_r32", "L71012032_03220010818"
    write_tiff(folder / f"{name}.TIF", image)
    write_tiff(folder / "L7_p12_r32_newmask2015.TIF", mask[None])
    (folder / f"{name}_MTL.txt").write_text(irish_metadata(older), encoding="utf-8")
    patches = open_torchgeo("L7Irish", tmp_path, size=32)
    assert patches.truth.names == ("Cloud Shadow", "Clear", "Thin Cloud", "Cloud")
    images, targets = Images(patches, encoder_of("ssl4eo_l_etm_toa")).read([0])
    distance = 1 - 0.01672 * np.cos(np.radians(0.9856 * (230 - 4)))  # 18 August is day 230
    for band, ((most, least), sun) in enumerate(zip(RADIANCES, SUN, strict=True)):
        radiance = (image[band, 1:].astype(float) - 1) * (most - least) / 254 + least
        wanted = (
            1282.71 / np.log(666.09 / radiance + 1)
            if sun is None
            else np.pi * radiance * distance**2 / (sun * np.sin(np.radians(41.8061)))
        )
        np.testing.assert_allclose(images[0, band, 1:], wanted, rtol=1e-5)
    assert images[0, :, 0].isnan().all()
    assert targets[0, 5, 5] == 1
    assert targets[0, 5, 25] == 3
    assert (targets[0, 0] == -1).all()


def _renamed(root: Path) -> Path:
    """The masks under the names of the patches, as our own reader wants them."""
    for path in sorted((root / "ssl4eo_l_oli_nlcd").rglob("*.tif")):
        path.rename(path.with_name("all_bands.tif"))
    return root / "ssl4eo_l_oli_nlcd"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["torchgeo:EuroSAT@in/nowhere"], r"torchgeo finds no EuroSAT \(train\) in .*nowhere; name the folder"),
        (["torchgeo:RESISC45@in"], "of torchgeo's data sets EuroSAT, .* serve as patches, got 'RESISC45'"),
        (["torchgeo:So2Sat@in", "--option", "version=9"], "torchgeo's So2Sat does not take"),
        (["torchgeo:EuroSAT@in", "--option", "download=1"], "torchgeo's EuroSAT does not take download=1 here"),
        (["torchgeo:L7Irish@in"], r"there is no L71\*.TIF in .*in; name the folder that L7Irish was downloaded to"),
        (["torchgeo:L8Biome@in"], r"there is no LC8\*.TIF in .*in; name the folder that L8Biome was downloaded to"),
        (["torchgeo:EuroSAT@in", "--masks", "in"], "brings its labels and its split; leave --masks out"),
        (["in", "--option", "a=b"], "--option is for torchgeo:NAME@DIR"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    save_encoder(encoder_of("ssl4eo_s12_l1c"), tmp_path / "e.safetensors")
    assert main(["transfer", *words, "--encoder", "e.safetensors", "--out", "o"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert re.search(message, told), told
