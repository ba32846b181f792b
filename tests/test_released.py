"""Weights as others wrote them find their places, what travels with them is right, and the rest is refused."""

from __future__ import annotations

import pickle
import sys
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from tests.scenes import make_cube
from workbench.cubes.enmap_bands import HYSPECNET, SPECTRAL_EARTH, WAVELENGTH
from workbench.pretrain import (
    ARCHIVES,
    load_encoder,
    load_released,
    load_released_by_name,
    matching_bands,
    save_encoder,
)
from workbench.pretrain.encoders import ARCHITECTURES, BackboneEncoder
from workbench.pretrain.layouts import match
from workbench.probe import embed


def weights_of(architecture: str, n_bands: int, size: int) -> dict[str, torch.Tensor]:
    """Every weight of a backbone, drawn at random."""
    with torch.device("meta"):
        outline = ARCHITECTURES[architecture].make(n_bands, size, (False,) * 4).state_dict()
    draws = torch.Generator().manual_seed(7)
    return {
        name: torch.rand(one.shape, generator=draws) * 0.1 + 0.01 if one.is_floating_point() else torch.tensor(3)
        for name, one in outline.items()
    }


RESNET = weights_of("resnet18", 13, 224)
ATTENTIVE = weights_of("resnet18_rda", 13, 224)
ATTENTION = {name.removeprefix("da1_"): one for name, one in ATTENTIVE.items() if name.startswith("da1_")}
RESNET_RDA = RESNET | {f"da1_{name}": one for name, one in ATTENTION.items()}
SPEC_VIT = weights_of("spec_vit_tiny", 202, 32)
VIT = weights_of("vit_tiny", 13, 64)


def put(prefix: str, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {prefix + name: one for name, one in weights.items()}


def others(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A second network of the same names and other values: what must not be taken."""
    return {name: one + 1 for name, one in weights.items()}


HEAD = {"fc.0.weight": torch.zeros(4, 4), "fc.0.bias": torch.zeros(4), "fc.2.weight": torch.zeros(2, 4)}
MLP = {"head.0.weight": torch.zeros(4, 4), "head.1.running_mean": torch.zeros(4), "head.3.weight": torch.zeros(2, 4)}
MAE = {
    "mask_token": torch.zeros(1, 1, 8),
    "decoder_embed.weight": torch.zeros(8, 8),
    "decoder_pred.bias": torch.zeros(3),
}
PROJECTORS = {f"module.projector{k}.0.weight": torch.zeros(4, 4) for k in (1, 2)}

LAYOUTS = {
    "timm": ("resnet18", {**RESNET, "fc.weight": torch.zeros(2, 512)}),
    "moco_v2": (
        "resnet18",
        {
            "epoch": 100,
            "arch": "resnet18",
            "state_dict": OrderedDict(
                put("module.encoder_q.", {**RESNET, **HEAD})
                | put("module.encoder_k.", {**others(RESNET), **HEAD})
                | {"module.queue": torch.zeros(4, 8), "module.queue_ptr": torch.zeros(1)}
            ),
            "optimizer": {"state": {}, "param_groups": [{"lr": 0.03}]},
        },
    ),
    "moco_v3": (
        "vit_tiny",
        {
            "state_dict": put("module.base_encoder.", {**VIT, **MLP})
            | put("module.momentum_encoder.", {**others(VIT), **MLP})
            | {"module.predictor.0.weight": torch.zeros(4, 4)}
        },
    ),
    "dino": (
        "vit_tiny",
        {
            "student": put("module.backbone.", others(VIT)) | {"module.head.last_layer.weight_g": torch.zeros(4, 1)},
            "teacher": put("backbone.", VIT) | {"head.last_layer.weight_g": torch.zeros(4, 1)},
            "args": Namespace(arch="vit_tiny", lr=1.5e-4),
            "dino_loss": {"center": torch.zeros(1, 4)},
        },
    ),
    "dino_resnet": ("resnet18", {"teacher": put("module.backbone.", RESNET), "epoch": 3}),
    "mae": ("vit_tiny", {"model": {**VIT, **MAE}, "args": Namespace(mask_ratio=0.7)}),
    "decur_joint": (
        "resnet18",
        put("module.backbone_1.", {**others(RESNET), "conv1.weight": torch.zeros(64, 2, 7, 7)})
        | put("module.backbone_2.", RESNET)
        | PROJECTORS,
    ),
    "decur_joint_rda": (
        "resnet18_rda",
        put("module.backbone_1.", {**others(RESNET), "conv1.weight": torch.zeros(64, 2, 7, 7)})
        | put("module.backbone_2.", RESNET)
        | put("module.da1_", others(ATTENTION))
        | put("module.da2_", ATTENTION)
        | PROJECTORS,
    ),
    "decur_rda_of_one": ("resnet18_rda", put("backbone.", RESNET) | put("da2_", ATTENTION)),
    "spectral_earth": ("spec_vit_tiny", {**SPEC_VIT, "vit_core.head.weight": torch.zeros(5, 192)}),
    "lightning_moco": (
        "spec_vit_tiny",
        {
            "state_dict": put("backbone.", SPEC_VIT)
            | put("backbone_momentum.", others(SPEC_VIT))
            | {"projection_head.layers.0.weight": torch.zeros(4, 4)},
            "pytorch-lightning_version": "2.1.0",
            "hyper_parameters": {"lr": 0.001},
        },
    ),
    "lightning_dino": (
        "spec_vit_tiny",
        {
            "state_dict": put("student_backbone.", others(SPEC_VIT))
            | put("teacher_backbone.", SPEC_VIT)
            | {"teacher_head.layers.0.weight": torch.zeros(4, 4)}
        },
    ),
}


def as_masked(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Names of SpectralEarth's MAE, whose patch embedding wraps the adapter and is there several times."""
    core = {n.removeprefix("vit_core."): one for n, one in weights.items() if n.startswith("vit_core.")}
    adapter = {n: one for n, one in weights.items() if n.startswith("spectral_adapter.")}
    wrapped = {
        **{n: one for n, one in core.items() if not n.startswith("patch_embed.")},
        **put("patch_embed.", adapter),
        **{f"patch_embed.{n}": one for n, one in core.items() if n.startswith("patch_embed.") for n in [n[12:]]},
        **{f"patch_embed.original_{n}": one for n, one in core.items() if n.startswith("patch_embed.")},
    }
    return wrapped


LAYOUTS["lightning_mae"] = (
    "spec_vit_tiny",
    {
        "state_dict": put("encoder.vit.spec_vit.", {n: one for n, one in SPEC_VIT.items() if n.startswith("spectral")})
        | put("encoder.vit.spec_vit.vit_core.", as_masked(SPEC_VIT))
        | put("encoder.vit.vit_core.", as_masked(SPEC_VIT))
        | put("encoder.vit.", as_masked(SPEC_VIT))
        | {"encoder.mask_token": torch.zeros(1, 1, 192), "decoder.decoder_embed.weight": torch.zeros(4, 4)}
    },
)
LAYOUTS["lightning_mae_wrapped"] = (
    "spec_vit_tiny",
    {
        "state_dict": put("encoder.vit.", as_masked(SPEC_VIT))
        | {"encoder.mask_token": torch.zeros(1, 1, 192), "decoder.decoder_embed.weight": torch.zeros(4, 4)}
    },
)

TRUTH = {"resnet18": RESNET, "resnet18_rda": RESNET_RDA, "vit_tiny": VIT, "spec_vit_tiny": SPEC_VIT}
ARCHIVE = {name: "ssl4eo_s12_l1c" for name in TRUTH} | {"spec_vit_tiny": "spectral_earth"}


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statistics")
    np.save(folder / "mu.npy", np.linspace(813, 3217, 202, dtype="float32"))
    np.save(folder / "sigma.npy", np.linspace(1096, 1718, 202, dtype="float32"))
    return folder


@pytest.fixture
def read(tmp_path, statistics):
    """Write a checkpoint and load it."""

    def load(content: object, architecture: str, archive: str = "", name: str = "w.pth", **others: object):
        path = tmp_path / name
        save_file(content, path) if name.endswith("safetensors") else torch.save(content, path)
        archive = archive or ARCHIVE[architecture]
        if archive == "spectral_earth":
            others.setdefault("statistics", statistics)
        return load_released(path, architecture, archive, **others)

    return load


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_published_layout_gives_back_the_tensors(layout, read):
    architecture, content = LAYOUTS[layout]
    encoder = read(content, architecture)
    loaded, truth = encoder.backbone.state_dict(), TRUTH[architecture]
    assert set(loaded) == set(truth)
    for name, tensor in truth.items():
        assert torch.equal(loaded[name], tensor), name
    assert (encoder.report.share, encoder.report.missing, encoder.report.wrong_shape) == (1.0, (), ())
    assert set(encoder.report.matched) == set(truth)
    assert not encoder.training


@pytest.mark.parametrize("name", ["w.safetensors", "w.ckpt", "checkpoint.pth.tar"])
def test_every_ending_of_a_file_is_read(read, name):
    assert read(RESNET, "resnet18", name=name).report.share == 1


def test_the_spectral_resnet_loads_without_its_classifier(read, statistics):
    weights = weights_of("spec_resnet50", 202, 128)
    content = {**weights, "resnet.fc.weight": torch.zeros(3, 2048)}
    encoder = read(content, "spec_resnet50", "spectral_earth", size=16)
    assert encoder.report.left_out == ("resnet.fc.weight",)
    assert all(torch.equal(encoder.backbone.state_dict()[name], one) for name, one in weights.items())


def test_torchvisions_own_weights_give_torchvisions_features(read):
    theirs = torchvision.models.resnet18()
    theirs.conv1 = nn.Conv2d(13, 64, 7, stride=2, padding=3, bias=False)
    theirs.eval()
    encoder = read(theirs.state_dict(), "resnet18", size=40)
    theirs.fc = nn.Identity()
    batch = torch.randn(3, 13, 40, 40)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(batch), theirs(batch), atol=1e-4, rtol=1e-4)


def test_of_decurs_two_backbones_the_one_of_the_archives_bands_is_taken(read):
    _, content = LAYOUTS["decur_joint"]
    radar, optical = (read(content, "resnet18", archive) for archive in ("ssl4eo_s12_s1", "ssl4eo_s12_l1c"))
    assert (radar.n_bands, optical.n_bands) == (2, 13)
    assert radar.report.layout == "flat, after 'module.backbone_1.'"
    assert torch.equal(radar.backbone.bn1.weight, others(RESNET)["bn1.weight"])
    assert torch.equal(optical.backbone.bn1.weight, RESNET["bn1.weight"])


def test_each_of_decurs_backbones_takes_its_own_attention_unless_that_has_learnt_nothing(read):
    """In the published training both backbones asked the first attention, and the second stayed as it began."""
    _, content = LAYOUTS["decur_joint_rda"]
    untaught = {name: torch.zeros_like(one) if "norm.bias" in name else one for name, one in ATTENTION.items()}
    radar = read(content, "resnet18_rda", "ssl4eo_s12_s1")
    assert radar.report.layout == "flat, after 'module.backbone_1.' and 'module.da1_'"
    assert torch.equal(radar.backbone.da1_l3.rpe_table, others(ATTENTION)["l3.rpe_table"])
    optical = read(content, "resnet18_rda")
    assert optical.report.layout == "flat, after 'module.backbone_2.' and 'module.da2_'"
    assert torch.equal(optical.backbone.da1_l4.proj_out.weight, ATTENTION["l4.proj_out.weight"])
    published = read(content | put("module.da2_", untaught), "resnet18_rda")
    assert published.report.layout == "flat, after 'module.backbone_2.' and 'module.da1_'"
    assert torch.equal(published.backbone.da1_l4.proj_out.weight, others(ATTENTION)["l4.proj_out.weight"])
    assert set(put("module.da2_", ATTENTION)) <= set(published.report.left_out)


def test_a_network_with_attention_is_not_made_of_weights_without(read):
    with pytest.raises(ValueError, match=r"of the weights of resnet18_rda for 13 bands .* missing \d+: da1_l3"):
        read(RESNET, "resnet18_rda")


def test_the_report_says_what_was_found_and_what_was_not(read):
    content = put("module.", {**RESNET, "layer5.0.conv1.weight": torch.zeros(3), "fc.weight": torch.zeros(2, 512)})
    del content["module.layer4.1.conv2.weight"]
    content["module.layer1.0.bn1.weight"] = torch.zeros(3)
    report = read(content, "resnet18", least=0.9).report
    assert report.missing == ("layer4.1.conv2.weight",)
    assert report.wrong_shape == (("layer1.0.bn1.weight", (3,), (64,)),)
    assert report.unexpected == ("layer5.0.conv1.weight",)
    assert report.left_out == ("module.fc.weight",)
    assert report.share == pytest.approx(1 - 2 / len(RESNET))
    lines = str(report).splitlines()
    assert lines[0] == f"read as flat, after 'module.': matched {len(RESNET) - 2} weights (98%)"
    assert "missing 1: layer4.1.conv2.weight" in lines
    assert "wrong shape 1: layer1.0.bn1.weight is (3,), wanted (64,)" in lines


def test_a_weight_too_few_is_refused_unless_allowed(read):
    content = {name: one for name, one in RESNET.items() if name != "layer4.1.conv2.weight"}
    with pytest.raises(ValueError, match=r"has 99% of the weights of resnet18 for 13 bands and at least 100% "):
        read(content, "resnet18")
    assert read(content, "resnet18", least=0.99).report.missing == ("layer4.1.conv2.weight",)


def test_batch_counts_are_no_weights(read):
    content = {name: one for name, one in RESNET.items() if "num_batches" not in name}
    assert read(content, "resnet18").report.share == 1


def test_positions_are_resampled_to_the_patch(read):
    published = weights_of("spec_vit_tiny", 202, 128)
    encoder = read(published, "spec_vit_tiny", size=24)
    assert encoder.report.resampled == ("vit_core.pos_embed",)
    loaded = encoder.backbone.vit_core.pos_embed.detach()
    assert loaded.shape == (1, 1 + 36, 192)
    whole = published["vit_core.pos_embed"]
    # Means over a coarser grid stay means, and the class token is nobody's neighbour.
    torch.testing.assert_close(loaded[:, 1:].mean(1), whole[:, 1:].mean(1), atol=2e-3, rtol=0)
    assert torch.equal(loaded[:, 0], whole[:, 0])


class Evil:
    """What unpickling would run."""

    def __reduce__(self):
        return (Path.touch, (Path("owned"),))


def test_a_pickle_that_holds_more_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": RESNET, "callbacks": Evil()}, "w.ckpt")
    with pytest.raises(ValueError, match="holds more than plain weights, and loading it could run") as refusal:
        load_released("w.ckpt", "resnet18", "ssl4eo_s12_l1c")
    Path("p.pth").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ValueError, match=r"holds more than plain weights|is damaged"):
        load_released("p.pth", "resnet18", "ssl4eo_s12_l1c")
    assert not Path("owned").exists()
    assert "\n" not in str(refusal.value)


def test_data2vec_and_deformable_attention_are_refused(read):
    beit = {n: one for n, one in VIT.items() if n != "pos_embed" and "qkv.bias" not in n}
    beit |= {"rel_pos_bias.relative_position_bias_table": torch.zeros(9, 6), "blocks.0.gamma_1": torch.zeros(192)}
    with pytest.raises(ValueError, match=r"of the weights of vit_tiny .* unexpected 2: rel_pos_bias"):
        read({"model": beit}, "vit_tiny")
    attention = put("module.backbone_2.", RESNET) | {"module.da1_l3.proj_q.weight": torch.zeros(2)}
    with pytest.raises(ValueError, match=r"deformable attention .* choose an architecture that has it, resnet18_rda"):
        read(attention, "resnet18")


REFUSALS = [
    ("missing.pth", None, {}, FileNotFoundError, "no file at"),
    ("w.zip", b"", {}, ValueError, "weights are in files ending in .pth"),
    ("w.pth", b"not a file of weights", {}, ValueError, "holds more than plain weights|is damaged"),
    ("w.safetensors", b"12345678", {}, ValueError, "is damaged or no file of weights"),
    ("w.pth", [1, 2], {}, ValueError, "holds a list, not weights by name"),
    ("w.pth", {"epoch": 3}, {}, ValueError, "there are no weights by name among epoch"),
    ("w.pth", RESNET, {"architecture": "resnet34"}, ValueError, "no architecture is named 'resnet34'"),
    (
        "w.pth",
        RESNET,
        {"archive": "imagenet"},
        ValueError,
        "no archive is named 'imagenet'; choose one of",
    ),
    ("w.pth", RESNET, {"archive": "ssl4eo_s12_l2a"}, ValueError, "for 12 bands .* wrong shape 1: conv1.weight is"),
    ("w.pth", RESNET, {"architecture": "resnet50"}, ValueError, "of the weights of resnet50"),
    ("w.pth", RESNET, {"statistics": "."}, ValueError, "comes with its own scaling; leave statistics out"),
]


@pytest.mark.parametrize(("name", "content", "changed", "error", "message"), REFUSALS)
def test_what_does_not_fit_is_refused_in_one_sentence(tmp_path, name, content, changed, error, message):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(error, match=message) as refusal:
        load_released(path, **{"architecture": "resnet18", "archive": "ssl4eo_s12_l1c", **changed})
    assert "\n" not in str(refusal.value)


def test_spectral_earth_needs_the_numbers_it_was_scaled_with(tmp_path):
    torch.save(SPEC_VIT, tmp_path / "w.pth")
    args = (tmp_path / "w.pth", "spec_vit_tiny", "spectral_earth")
    with pytest.raises(ValueError, match="need the means and spreads they were trained with; give as statistics="):
        load_released(*args)
    with pytest.raises(FileNotFoundError, match=r"there is no .*mu\.npy"):
        load_released(*args, statistics=tmp_path)
    np.save(tmp_path / "mu.npy", np.zeros(5))
    with pytest.raises(ValueError, match="of shape \\(5,\\), but spectral_earth has 202 bands"):
        load_released(*args, statistics=tmp_path)


def test_reflectance_is_scaled_as_the_archives_raw_numbers_were(read, statistics):
    encoder = read(SPEC_VIT, "spec_vit_tiny")
    raw = np.random.default_rng(0).integers(0, 9000, (202, 4)).astype("float64")
    mu, sigma = (np.load(statistics / name)[:, None] for name in ("mu.npy", "sigma.npy"))
    got = encoder.scaler(torch.from_numpy(raw / 10_000).float().T[:, :, None])[:, :, 0].T
    np.testing.assert_allclose(got, (raw - mu) / sigma, atol=1e-4)


def test_landsats_bytes_are_reached_without_bytes():
    # As the archive's scripts make them: of level-2 numbers, and of temperatures in K.
    numbers = np.array([7300.0, 10_000.0, 18_000.0])
    low, high = (0 + 0.2) / 2.75e-5, (0.3 + 0.2) / 2.75e-5
    of_script = (numbers - low) / (high - low)
    for surface in (ARCHIVES["ssl4eo_l_oli_sr"], ARCHIVES["ssl4eo_l_etm_sr"]):
        for mean, scale in zip(surface.mean, surface.scale, strict=True):
            np.testing.assert_allclose((numbers * 2.75e-5 - 0.2 - mean) / scale, of_script, atol=1e-9)
    toa = ARCHIVES["ssl4eo_l_tm_toa"]
    assert (toa.mean[5], toa.scale[5]) == (pytest.approx(273.15 - 25), 70.0)
    assert (toa.mean[6], toa.scale[6]) == (0.0, 0.4)


@pytest.mark.parametrize("name", [name for name in ARCHIVES if name.startswith("ssl4eo_l_")])
def test_landsats_patches_are_bytes_and_become_0_to_1(name):
    # As torchgeo's transforms of the weights divide them: by 255, all five sets of patches alike.
    card = ARCHIVES[name]
    for byte in (0, 51, 255):
        of_scene = byte * np.array(card.gain) + np.array(card.offset)
        np.testing.assert_allclose((of_scene - card.mean) / card.scale, byte / 255, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "n_bands"),
    [
        ("spectral_earth", 202),
        ("ssl4eo_s12_l1c", 13),
        ("ssl4eo_s12_l2a", 12),
        ("ssl4eo_s12_s1", 2),
        ("ssl4eo_l_tm_toa", 7),
        ("ssl4eo_l_etm_toa", 9),
        ("ssl4eo_l_etm_sr", 6),
        ("ssl4eo_l_oli_tirs_toa", 11),
        ("ssl4eo_l_oli_sr", 7),
    ],
)
def test_an_archive_has_as_many_bands_as_published(name, n_bands):
    row = ARCHIVES[name]
    assert len(row.wavelength) == n_bands
    assert row.mean is None or (len(row.mean), len(row.scale)) == (n_bands, n_bands)


def test_a_scene_of_other_bands_is_refused_with_the_remedy(read):
    encoder = read(SPEC_VIT, "spec_vit_tiny")
    enmap = make_cube(np.zeros((224, 2, 2)), WAVELENGTH)
    np.testing.assert_array_equal(matching_bands(encoder, enmap), SPECTRAL_EARTH - 1)
    # As many bands, but the 131st to 145th are others.
    hyspecnet = make_cube(np.zeros((202, 2, 2)), WAVELENGTH[HYSPECNET - 1])
    with pytest.raises(ValueError, match=r"needs a good band at 1\d+\.\d nm, .* resample the scene"):
        matching_bands(encoder, hyspecnet)
    with pytest.raises(ValueError, match=r"needs a good band at .* resample the scene"):
        matching_bands(encoder, make_cube(np.zeros((80, 2, 2)), np.linspace(420, 2400, 80)))


def test_bands_come_in_the_archives_order_not_the_scenes():
    encoder = BackboneEncoder(7, architecture="resnet18", size=9)
    encoder.wavelength, encoder.quantity = np.array(ARCHIVES["ssl4eo_l_tm_toa"].wavelength), "reflectance"
    cube = make_cube(np.zeros((7, 2, 2)), np.array([485.0, 569, 660, 840, 1676, 2223, 11450]))
    np.testing.assert_array_equal(matching_bands(encoder, cube), [0, 1, 2, 3, 4, 6, 5])


def test_patches_of_its_own_archive_fit_an_encoder_whose_thermal_band_is_there_in_two_gains():
    encoder = BackboneEncoder(9, architecture="resnet18", size=9)
    encoder.wavelength, encoder.quantity = np.array(ARCHIVES["ssl4eo_l_etm_toa"].wavelength), "reflectance"
    patch = make_cube(np.zeros((9, 2, 2))).assign_coords(wavelength=("band", encoder.wavelength))
    np.testing.assert_array_equal(matching_bands(encoder, patch), np.arange(9))


def test_two_bands_at_one_wavelength_are_not_one():
    encoder = BackboneEncoder(9, architecture="resnet18", size=9)
    encoder.wavelength, encoder.quantity = np.array(ARCHIVES["ssl4eo_l_etm_toa"].wavelength), "reflectance"
    cube = make_cube(np.zeros((8, 2, 2)), np.array([483.0, 560, 662, 706, 835, 1648, 2206, 11450]))
    with pytest.raises(ValueError, match=r"at 11450\.0 nm and another at 11450\.0 nm, the scene has one"):
        matching_bands(encoder, cube)


def test_backscatter_must_be_in_decibels(read):
    encoder = read(weights_of("resnet18", 2, 64), "resnet18", "ssl4eo_s12_s1")
    radar = make_cube(np.zeros((2, 2, 2)), np.full(2, np.nan)).assign_attrs(quantity="dn", units="dB")
    np.testing.assert_array_equal(matching_bands(encoder, radar), [0, 1])
    with pytest.raises(ValueError, match="learnt from values in dB, the scene's are in power; convert the scene to dB"):
        matching_bands(encoder, radar.assign_attrs(units="power"))


def test_released_weights_are_kept_as_an_encoder_of_ours(read, tmp_path):
    encoder = read(RESNET, "resnet18", size=8)
    save_encoder(encoder, tmp_path / "e.safetensors")
    again = load_encoder(tmp_path / "e.safetensors")
    assert again.recipe is None
    assert again.card["released"]["archive"] == "ssl4eo_s12_l1c"
    cube = make_cube(np.random.default_rng(0).random((13, 3, 4)), np.array(ARCHIVES["ssl4eo_s12_l1c"].wavelength))
    np.testing.assert_array_equal(embed(cube, again, device="cpu").values, embed(cube, encoder, device="cpu").values)
    card = save_encoder(again, tmp_path / "f.safetensors")
    assert card["released"] == encoder.card


def test_the_report_of_a_module_that_fits_nothing_is_empty():
    with pytest.raises(ValueError, match="there are no weights by name"):
        match({"a": 1}, nn.Linear(2, 2))


def test_weights_by_name_need_torchgeo(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchgeo", None)
    monkeypatch.setitem(sys.modules, "torchgeo.models", None)
    with pytest.raises(ImportError, match=r"come from torchgeo; try: pip install hyperspectral-workbench\[torchgeo\]"):
        load_released_by_name("ResNet18_Weights.SENTINEL2_ALL_MOCO")


def test_torchgeos_names_lead_to_their_archive(monkeypatch):
    # Stands in for torchgeo: its enums answer to get_weight(name), each with get_state_dict.
    asked = []

    def get_weight(name: str) -> SimpleNamespace:
        if name == "ResNet18_Weights.SENTINEL2_ALL_DINO":
            raise ValueError(name)
        return SimpleNamespace(get_state_dict=lambda **how: asked.append((name, how)) or RESNET)

    monkeypatch.setitem(sys.modules, "torchgeo", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torchgeo.models", SimpleNamespace(get_weight=get_weight))
    encoder = load_released_by_name("ResNet18_Weights.SENTINEL2_ALL_MOCO", size=8)
    assert asked[0][1]["weights_only"] is True
    assert encoder.card["archive"] == "ssl4eo_s12_l1c"
    assert encoder.report.share == 1
    for name in ("ResNet18_Weights.SENTINEL2_RGB_MOCO", "ResNet152_Weights.SENTINEL2_ALL_MOCO", "nonsense"):
        with pytest.raises(ValueError, match="is none of the weights of ResNet18"):
            load_released_by_name(name)
    with pytest.raises(ValueError, match="torchgeo has no weights named"):
        load_released_by_name("ResNet18_Weights.SENTINEL2_ALL_DINO")
    with pytest.raises(ValueError, match="for 7 bands"):
        load_released_by_name("ResNet18_Weights.LANDSAT_TM_TOA_MOCO")
