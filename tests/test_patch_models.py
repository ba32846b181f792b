"""Heads on encoders of patches: what they must reach on toys, what may change in each mode, what is refused."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from tests.archives import write_tiff
from tests.labelled_patches import encoder_for, quarters, write_patches
from tests.scenes import make_cube
from workbench.cubes import save_cube
from workbench.pretrain.encoders.resnet import BasicBlock, ResNet
from workbench.pretrain.encoders.spectral_earth import SpecResNet50
from workbench.probe import Images, PatchFeatures, PatchModel, Teaching, at_random, open_patches
from workbench.probe.patch_features import dilate
from workbench.probe.patch_heads import Head
from workbench.probe.patch_modes import layers_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    write_patches(root, quarters(16))
    return root


def taught(patches, encoder, train, val=(), **choices) -> PatchModel:
    model = PatchModel(Images(patches, encoder), encoder, Teaching(**choices), device="cpu")
    for _ in model.teach(train, val):
        continue
    return model


@pytest.mark.parametrize("name", ["pixel", "transformer"])
def test_a_linear_head_learns_masks_that_a_band_tells(toy, name):
    patches = open_patches(toy / "images", masks=toy / "masks")
    model = taught(patches, encoder_for(name), range(12), steps=300)
    said, truth = model.predict(range(12, 16))
    assert patches.truth.names == ("10", "20", "30")
    assert (said == truth).all()


def test_a_linear_head_learns_labels_classes_and_numbers_that_a_band_tells(tmp_path):
    kinds = np.arange(24) % 3
    names = write_patches(tmp_path, kinds[:, None, None] * np.ones((1, 4, 4), int))
    tables = {
        "classes": {name: "abc"[kind] for name, kind in zip(names, kinds, strict=True)},
        "several": {name: [["low"], ["low", "mid"], ["mid"]][kind] for name, kind in zip(names, kinds, strict=True)},
        "number": {name: 0.5 + kind for name, kind in zip(names, kinds, strict=True)},
    }
    for task, table in tables.items():
        (tmp_path / "l.json").write_text(json.dumps(table))
        patches = open_patches(tmp_path / "images", labels=tmp_path / "l.json")
        assert patches.truth.task == task
        said, truth = taught(patches, encoder_for(), range(15), range(15, 18), steps=300).predict(range(18, 24))
        if task == "number":
            assert (said - truth).abs().max() < 0.15
        else:
            assert ((said > 0.5 if task == "several" else said) == truth).all()


def states(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    root = tmp_path_factory.mktemp("wide")
    write_patches(root, quarters(4, side=16), n_bands=80)
    return root


@pytest.mark.parametrize(
    ("name", "mode", "learns"),
    [
        ("spec_vit_tiny", "frozen", ()),
        ("spec_vit_tiny", "adapter", ("backbone.spectral_adapter.",)),
        ("spec_resnet50", "adapter", ("backbone.spectral_adapter.",)),
        ("spec_vit_tiny", "first:3", ("backbone.spectral_adapter.", "patch_embed", "token", "pos_embed", "blocks.0.")),
        ("resnet18", "first:2", ("backbone.conv1", "backbone.bn1", "backbone.layer1")),
        ("adapter", "adapter", ("spectral_adapter.",)),
        ("pixel", "full", ("layers.",)),
    ],
)
def test_only_what_learns_changes_and_the_rest_stays_bit_for_bit(wide, name, mode, learns):
    patches, encoder = open_patches(wide / "images", masks=wide / "masks"), encoder_for(name, 80)
    before = states(encoder)
    model = taught(patches, encoder, range(4), mode=mode, steps=2, batch=2)
    after = model.features.encoder.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    wanted = {key for key in before if any(part in key for part in learns)}
    assert changed <= wanted
    assert {key for key in wanted if key.endswith("weight")} <= changed
    assert all(torch.equal(before[key], value) for key, value in encoder.state_dict().items())


@pytest.mark.parametrize("head", ["linear", "fcn", "conv"])
def test_every_head_learns_a_picture_by_heart(wide, head):
    patches, encoder = open_patches(wide / "images", masks=wide / "masks"), encoder_for("spec_vit_tiny", 80)
    model = taught(patches, encoder, [0], head=head, steps=60)
    said, truth = model.predict([0])
    assert said.shape == truth.shape == (1, 16, 16)
    assert (said == truth).float().mean() > 0.9


@pytest.mark.parametrize(
    ("make", "step"), [(lambda: SpecResNet50(), 4), (lambda: ResNet(5, BasicBlock, (1, 1, 2, 2)), 4)]
)
def test_dilation_puts_the_coarse_map_into_the_fine_one(make, step):
    torch.manual_seed(0)
    coarse = make().double().eval()
    fine = copy.deepcopy(coarse)
    dilate(fine)
    batch = torch.randn(1, 128 if hasattr(coarse, "resnet") else 5, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(fine.maps(batch)[..., ::step, ::step], coarse.maps(batch))


def test_the_vector_of_a_patch_is_what_the_encoder_says_of_it(wide):
    patches, encoder = open_patches(wide / "images", masks=wide / "masks"), encoder_for("spec_vit_tiny", 80)
    images, _ = Images(patches, encoder).read([0, 1])
    with torch.no_grad():
        own = encoder(encoder.scaler(images))
        torch.testing.assert_close(PatchFeatures(encoder, dense=False)(images), own)
    pixel = encoder_for("context", 80)
    with torch.no_grad():
        dense = pixel.dense(pixel.scaler(images))
        torch.testing.assert_close(PatchFeatures(pixel, dense=True)(images), dense, atol=1e-5, rtol=1e-5)


def test_random_weights_differ_by_seed_and_keep_bands_and_scale(wide):
    patches, encoder = open_patches(wide / "images", masks=wide / "masks"), encoder_for("spec_resnet50", 80)
    images, _ = Images(patches, encoder).read(range(4))
    one, same, other = (at_random(encoder, seed, images) for seed in (1, 1, 2))
    with torch.no_grad():
        found = [each(each.scaler(images)) for each in (one, same, other)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert torch.isfinite(found[0]).all()
    assert 0.01 < found[0].std() < 100  # norms know the patches
    assert torch.equal(one.scaler.mean, encoder.scaler.mean)


def test_bands_are_found_by_wavelength_whatever_their_place(tmp_path):
    values = np.random.default_rng(0).uniform(0.1, 0.9, (9, 4, 4)).astype("float32")
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "images" / "b").mkdir()
    wavelength = np.r_[400.0, np.linspace(450, 2400, 8)]
    for name in ("a/1.tif", "b/1.tif"):
        save_cube(make_cube(values, wavelength), tmp_path / "images" / name)
    images = Images(open_patches(tmp_path / "images"), encoder_for("pixel", 8))
    np.testing.assert_allclose(images.read([0])[0][0].numpy(), values[1:], atol=1e-6)
    with pytest.raises(ValueError, match=r"needs a good band at 1982\.1 nm"):
        Images(open_patches(tmp_path / "images"), encoder_for("pixel", 15))


def test_layers_are_counted_from_the_input():
    assert len(layers_of(encoder_for("spec_vit_tiny", 80))) == 1 + 1 + 12 + 1
    assert len(layers_of(encoder_for("spec_resnet50", 80))) == 1 + 4
    assert len(layers_of(encoder_for("resnet18"))) == 1 + 4


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"mode": "adapter"}, "spectral adapter, which pixel has not; choose frozen"),
        ({"mode": "first:9"}, "pixel has 5 layers, got the mode first:9"),
        ({"mode": "half"}, "no mode is named 'half'; choose one of: frozen"),
        ({"head": "deep"}, "no head is named 'deep'; choose one of: linear"),
    ],
)
def test_what_cannot_be_meant_is_refused(toy, choices, message):
    patches = open_patches(toy / "images", masks=toy / "masks")
    with pytest.raises(ValueError, match=message):
        taught(patches, encoder_for(), range(4), steps=2, **choices)


def test_masks_of_another_size_and_patches_of_several_are_named(tmp_path):
    write_patches(tmp_path, quarters(4))
    write_tiff(tmp_path / "masks" / "002.tif", np.full((1, 9, 8), 10, "uint8"))
    patches = open_patches(tmp_path / "images", masks=tmp_path / "masks")
    with pytest.raises(ValueError, match=r"002\.tif has 9 × 8 and 002\.tif 8 × 8"):
        Images(patches, encoder_for()).read(range(4))
    save_cube(make_cube(np.ones((8, 8, 9), "float32")), tmp_path / "images" / "003.tif", overwrite=True)
    (tmp_path / "images" / "new").mkdir()  # so that the folder is looked at again
    with pytest.raises(ValueError, match=r"003\.tif has 8 × 9 pixels and 000\.tif has 8 × 8; cut them alike"):
        open_patches(tmp_path / "images", masks=tmp_path / "masks")


def test_a_feature_that_is_rare_in_training_does_not_outweigh_all_others():
    features = torch.randn(4, 6, 5, 5, generator=torch.Generator().manual_seed(0))
    features[:, 0] *= 1e-4
    head = Head("linear", features, 3, (5, 5))
    far = features.clone()
    far[:, 0] = 1.0  # 10,000 spreads
    with torch.no_grad():
        assert (head(far) - head(features)).abs().max() < 10
