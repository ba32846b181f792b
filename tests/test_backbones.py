"""Published backbones: counts and names as published, the numbers of torchvision, and dense as patch by patch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer as TheirTransformer

from workbench.pretrain.encoders import ARCHITECTURES, AdapterEncoder, BackboneEncoder, find_architecture
from workbench.pretrain.encoders.adapter import SpectralAdapter
from workbench.pretrain.encoders.resnet import BasicBlock, Bottleneck, ResNet
from workbench.pretrain.encoders.spectral_earth import SpecStages
from workbench.pretrain.encoders.vit import SIZES, VisionTransformer, resample_positions


def outline(name: str, n_bands: int = 3) -> nn.Module:
    """A backbone without memory for its weights."""
    row = ARCHITECTURES[name]
    with torch.device("meta"):
        return row.make(n_bands, row.size, (False,) * 4)


def count(module: nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weights.shape) for name, weights in module.state_dict().items()}


def start(module: nn.Module, spread: float = 0.05) -> nn.Module:
    """Every weight and running mean drawn at random, so that none is left at nothing."""
    torch.manual_seed(0)
    for name, weights in module.state_dict().items():
        if weights.is_floating_point():
            weights.copy_(
                torch.rand_like(weights) + 0.5 if "running_var" in name else spread * torch.randn_like(weights)
            )
    return module.eval()


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("resnet18", 11_689_512),
        ("resnet50", 25_557_032),
        ("vit_tiny", 5_717_416),
        ("vit_small", 22_050_664),
        ("vit_base", 86_567_656),
        ("vit_large", 304_326_632),
    ],
)
def test_with_three_bands_and_a_thousand_classes_the_count_is_the_published_one(name, published):
    assert count(outline(name)) + 1000 * (ARCHITECTURES[name].dim + 1) == published


def test_the_adapter_has_the_papers_count_names_and_shapes():
    adapter = SpectralAdapter()
    assert count(adapter) == 56_192
    found = shapes(adapter)
    assert [found[f"{k}.weight"] for k in (0, 3, 6)] == [(32, 1, 7, 1, 1), (64, 32, 7, 1, 1), (128, 64, 5, 1, 1)]
    assert set(found) == {f"{k}.{part}" for k in (0, 3, 6) for part in ("weight", "bias")} | {
        f"{k}.{part}"
        for k in (1, 4, 7)
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }


def test_the_adapter_is_three_sums_along_the_spectrum():
    adapter = start(SpectralAdapter()).double()
    spectrum = np.random.default_rng(0).normal(size=202)
    rows = spectrum[None]
    for k, stride in ((0, 5), (3, 5), (6, 3)):
        weight, bias = adapter[k].weight.detach().numpy()[..., 0, 0], adapter[k].bias.detach().numpy()
        rows = np.pad(rows, ((0, 0), (1, 1)))
        starts = range(0, rows.shape[1] - weight.shape[2] + 1, stride)
        rows = np.stack([(weight * rows[None, :, s : s + weight.shape[2]]).sum((1, 2)) + bias for s in starts], axis=1)
        norm = adapter[k + 1]
        mean, var, gain, shift = (
            part.detach().numpy()[:, None] for part in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        )
        rows = np.maximum((rows - mean) / np.sqrt(var + norm.eps) * gain + shift, 0)
    assert rows.shape == (128, 2)
    got = adapter(torch.from_numpy(spectrum).view(1, -1, 1, 1).expand(1, -1, 2, 3))
    np.testing.assert_allclose(got[0, :, 1, 2].detach(), rows.mean(axis=1), atol=1e-10)


@pytest.mark.parametrize(("n_bands", "depths"), [(202, [40, 8, 2]), (235, [47, 9, 3]), (144, [28, 5, 1])])
def test_the_spectrum_shrinks_as_in_the_paper(n_bands, depths):
    x, found = torch.zeros(1, 1, n_bands, 1, 1), []
    for layer in SpectralAdapter().eval():
        x = layer(x)
        if isinstance(layer, nn.Conv3d):
            found.append(x.shape[2])
    assert found == depths


def test_fewer_than_75_bands_are_refused_with_the_remedy():
    assert AdapterEncoder(75).eval()(torch.zeros(2, 75, 1)).shape == (2, 128)
    with pytest.raises(ValueError, match="takes 75 bands or more, got 74; resample the scene"):
        AdapterEncoder(74)
    with pytest.raises(ValueError, match="takes 75 bands or more, got 13; resample the scene"):
        BackboneEncoder(13, architecture="spec_resnet50", size=17)
    with pytest.raises(RuntimeError):
        SpectralAdapter().eval()(torch.zeros(1, 74, 1, 1))


def test_the_spectral_resnet_is_torchvisions_but_for_its_first_block():
    ours, theirs = outline("spec_resnet50").resnet, shapes(torchvision.models.resnet50())
    assert {n: s for n, s in shapes(ours).items() if not n.startswith("layer1.0.")} == {
        n: s for n, s in theirs.items() if n.startswith("layer") and not n.startswith("layer1.0.")
    }
    first = shapes(ours.layer1[0])
    assert set(first) == set(shapes(torchvision.models.resnet50().layer1[0]))
    assert [first[f"{n}.weight"] for n in ("conv1", "conv2", "conv3", "downsample.0")] == [
        (256, 128, 1, 1),
        (256, 256, 3, 3),
        (256, 256, 1, 1),
        (256, 128, 1, 1),
    ]


@pytest.mark.parametrize("name", ["tiny", "small", "base", "large", "huge"])
def test_a_spectral_transformer_has_the_papers_shapes(name):
    found, size = shapes(outline(f"spec_vit_{name}")), SIZES[name]
    assert found["vit_core.pos_embed"] == (1, 1025, size.dim)
    assert found["vit_core.cls_token"] == (1, 1, size.dim)
    assert found["vit_core.patch_embed.proj.weight"] == (size.dim, 128, 4, 4)
    blocks = {n.split(".")[2] for n in found if n.startswith("vit_core.blocks.")}
    assert len(blocks) == size.depth
    parts = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
    of_a_block = {f"vit_core.blocks.3.{part}.{kind}" for part in parts for kind in ("weight", "bias")}
    assert {n for n in found if n.startswith("vit_core.blocks.3.")} == of_a_block
    assert found["vit_core.norm.weight"] == (size.dim,)


@pytest.mark.parametrize(
    ("block", "depths", "theirs"),
    [
        (BasicBlock, (2, 2, 2, 2), torchvision.models.resnet18),
        (Bottleneck, (3, 4, 6, 3), torchvision.models.resnet50),
    ],
)
def test_a_resnet_gives_torchvisions_numbers(block, depths, theirs):
    theirs = theirs()
    theirs.conv1, theirs.fc = nn.Conv2d(5, 64, 7, stride=2, padding=3, bias=False), nn.Identity()
    start(theirs)
    ours = ResNet(5, block, depths).eval()
    ours.load_state_dict(theirs.state_dict())
    batch = torch.randn(2, 5, 45, 40)
    with torch.inference_mode():
        expected = theirs(batch)
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(batch), expected, atol=1e-4, rtol=1e-4)


def test_a_transformer_gives_torchvisions_numbers():
    theirs = TheirTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=32, mlp_dim=128)
    theirs.conv_proj, theirs.heads = nn.Conv2d(6, 32, 8, stride=8), nn.Identity()
    start(theirs, 0.3)
    names = {
        "class_token": "cls_token",
        "conv_proj": "patch_embed.proj",
        "encoder.pos_embedding": "pos_embed",
        "encoder.ln": "norm",
        "encoder.layers.encoder_layer_": "blocks.",
        "ln_1": "norm1",
        "ln_2": "norm2",
        "self_attention.in_proj_": "attn.qkv.",
        "self_attention.out_proj": "attn.proj",
        "mlp.0": "mlp.fc1",
        "mlp.3": "mlp.fc2",
    }
    renamed = {}
    for name, weights in theirs.state_dict().items():
        for old, new in names.items():
            name = name.replace(old, new)
        renamed[name] = weights
    ours = VisionTransformer(6, 32, 8, type(SIZES["small"])(32, 3, 4)).eval()
    ours.load_state_dict(renamed)
    batch = torch.randn(2, 6, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(ours(batch), theirs(batch), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("grid", [(8, 8), (5, 11), (32, 32)])
def test_positions_are_resampled_as_pillow_resamples_a_picture(grid):
    positions = torch.randn(1, 1 + 14 * 14, 3)
    got = resample_positions(positions, grid)
    assert torch.equal(got[:, :1], positions[:, :1])
    for k in range(3):
        picture = Image.fromarray(positions[0, 1:, k].view(14, 14).numpy())
        expected = np.asarray(picture.resize(grid[::-1], Image.Resampling.BICUBIC))
        np.testing.assert_allclose(got[0, 1:, k].view(grid), expected, atol=1e-4)


def test_positions_of_the_same_grid_are_left_alone():
    positions = torch.randn(1, 17, 8)
    assert resample_positions(positions, (4, 4)) is positions


def test_strides_make_sixteen_and_dilation_takes_them_away():
    with torch.device("meta"):
        strided, half, dilated = (SpecStages(how) for how in ((False,) * 4, (False, False, True, True), (True,) * 4))
        x = torch.zeros(1, 128, 64, 48)
    assert strided(x).shape[2:] == (4, 3)
    assert half(x).shape[2:] == (16, 12)
    assert dilated(x).shape[2:] == (64, 48)
    assert [getattr(dilated, f"layer{k}")[0].conv2.dilation[0] for k in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert shapes(dilated) == shapes(strided)


CASES = [
    {"n_bands": 80, "architecture": "spec_resnet50", "size": 9},
    {"n_bands": 80, "architecture": "spec_resnet50", "size": 9, "dilated": (False, False, True, True)},
    {"n_bands": 80, "architecture": "spec_vit_tiny", "size": 8},
    {"n_bands": 5, "architecture": "resnet18", "size": 12},
    {"n_bands": 2, "architecture": "resnet50", "size": 7},
    {"n_bands": 13, "architecture": "vit_small", "size": 16},
]


@pytest.mark.parametrize("arguments", CASES, ids=lambda case: f"{case['architecture']}-{len(case)}")
def test_dense_is_each_pixels_patch_and_nothing_where_there_is_no_data(arguments):
    torch.manual_seed(1)
    encoder = BackboneEncoder(**arguments).eval()
    block = torch.randn(1, encoder.n_bands, 4, 5)
    block[0, :, 1, 2] = torch.nan
    half = encoder.footprint // 2
    padded = nn.functional.pad(block[0], (half,) * 4, value=torch.nan)
    size = encoder.footprint
    patches = torch.stack([padded[:, r : r + size, c : c + size] for r in range(4) for c in range(5)])
    with torch.inference_mode():
        dense, each = encoder.dense(block)[0], encoder(patches)
    assert each.shape == (20, encoder.dim)
    assert each.isnan().any(dim=1).nonzero().tolist() == [[7]]
    assert each.nan_to_num().std() > 1e-3
    torch.testing.assert_close(dense.flatten(1).T, each, atol=1e-4, rtol=1e-4, equal_nan=True)
    assert BackboneEncoder(**encoder.arguments).arguments == encoder.arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": "vgg", "size": 9}, "no architecture is named 'vgg'; choose one of: spec_resnet50"),
        ({"architecture": "resnet18", "size": 0}, "at least 1 pixel wide, got size 0; use 224"),
        ({"architecture": "vit_small", "size": 24}, "a multiple of 16, got 24; use 16"),
        ({"architecture": "resnet18", "size": 9, "dilated": (True,) * 4}, "cannot be dilated; leave dilated out"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message) as refusal:
        BackboneEncoder(100, **arguments)
    assert "\n" not in str(refusal.value)


def test_the_table_states_the_width_that_comes_out():
    for name in ARCHITECTURES:
        assert outline(name).dim == find_architecture(name).dim


@pytest.mark.parametrize(
    ("name", "theirs", "side"),
    [("resnet18", "resnet18", 64), ("resnet50", "resnet50", 64), ("vit_small", "vit_small_patch16_224", 224)],
)
def test_timms_weights_give_timms_numbers(name, theirs, side):
    timm = pytest.importorskip("timm", reason="timm is in the test extra")
    theirs = start(timm.create_model(theirs, pretrained=False, in_chans=5, num_classes=0))
    row = ARCHITECTURES[name]
    ours = row.make(5, side, (False,) * 4).eval()
    ours.load_state_dict(theirs.state_dict())
    batch = torch.randn(2, 5, side, side)
    with torch.inference_mode():
        expected = theirs(batch)
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(batch), expected, atol=1e-4, rtol=1e-4)


def test_positions_are_resampled_as_timm_does():
    layers = pytest.importorskip("timm.layers", reason="timm is in the test extra")
    positions = torch.randn(1, 1 + 14 * 14, 6)
    expected = layers.resample_abs_pos_embed(positions, [9, 12], num_prefix_tokens=1)
    torch.testing.assert_close(resample_positions(positions, (9, 12)), expected, atol=1e-4, rtol=1e-4)
