"""Every encoder that can be chosen learns, is saved and comes back; each sees what its row says."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.long import LONG
from tests.scenes import few, make_cube, two_fields
from workbench.pretrain import ENCODERS, Recipe, begin, load_encoder, matching_bands, save_encoder, settle
from workbench.pretrain.encoders import SpectralSpatialCNN, SpectralTransformer
from workbench.pretrain.encoders.transformer import waves_of
from workbench.probe import embed
from workbench.probe.supervised import FromScratch

CHEAP = ["context", "pixel", "cnn", "transformer", "adapter"]
LARGE = [name for name in ENCODERS if name not in CHEAP]


def test_the_cheap_ones_are_there():
    assert set(CHEAP) < set(ENCODERS)


@pytest.mark.parametrize(
    "name", [*CHEAP, *(pytest.param(name, marks=LONG if "50" in name else pytest.mark.slow) for name in LARGE)]
)
def test_an_encoder_learns_and_comes_back_with_the_same_numbers(name, tmp_path):
    cube, _ = two_fields(5, 6, n_bands=80)
    encoder, steps = begin(cube, Recipe(encoder=name, steps=2, pairs=4, reach=1), device="cpu")
    before = {key: weights.clone() for key, weights in encoder.state_dict().items()}
    assert all(np.isfinite(progress.loss) for progress in steps)
    assert any(not torch.equal(before[key], weights) for key, weights in encoder.state_dict().items())
    row = ENCODERS[name]
    assert (encoder.windows, encoder.footprint) == (row.windows, row.footprint)
    assert encoder.dim == encoder.recipe.dim == (row.dim or 64)
    save_encoder(encoder, tmp_path / "e.safetensors", cube=cube)
    again = load_encoder(tmp_path / "e.safetensors")
    assert again.arguments == encoder.arguments
    assert json.dumps(encoder.arguments) == json.dumps(again.arguments)
    np.testing.assert_array_equal(matching_bands(again, cube), np.arange(80))
    np.testing.assert_array_equal(embed(cube, again, device="cpu").values, embed(cube, encoder, device="cpu").values)


@pytest.mark.parametrize("name", CHEAP)
def test_the_same_encoder_learns_from_labels_alone(name):
    cube, truth = two_fields(n_bands=80)
    classifier = FromScratch(name, steps=30, device="cpu", seed=1).fit(cube, few(truth, 8))
    assert (classifier.predict(cube).values == truth.values).mean() > 0.8


def test_a_patch_counts_by_its_middle_for_an_encoder_of_pixels():
    encoder = SpectralTransformer(6).eval()
    patches = torch.randn(4, 6, 5, 5)
    with torch.inference_mode():
        assert torch.equal(encoder(patches), encoder(patches[:, :, 2, 2, None]))


def test_labels_are_learnt_from_the_patches_round_them():
    from workbench.probe.supervised import inputs_at

    cube, truth = two_fields()
    labels = truth.where(truth.y > 14, 0).astype("int16")
    labels[:, :6] = 0
    inputs, codes = inputs_at(cube, labels, ENCODERS["cnn"], torch.device("cpu"))
    places = np.argwhere(labels.values > 0)
    padded = np.pad(cube.values, ((0, 0), (4, 4), (4, 4)), constant_values=np.nan)
    expected = {(labels.values[r, c], padded[:, r : r + 9, c : c + 9].tobytes()) for r, c in places}
    assert {(code, patch.tobytes()) for code, patch in zip(codes, inputs.numpy(), strict=True)} == expected
    assert len(codes) == len(places)


def test_the_scene_never_chooses_an_encoder_that_needs_a_gpu():
    cube, _ = two_fields()
    assert settle(Recipe(), cube).encoder in ("context", "pixel")


def test_what_a_published_architecture_fixes_is_said_in_the_recipe():
    cube, _ = two_fields(n_bands=80)
    assert settle(Recipe(encoder="spec_vit_small", reach=1, dim=7), cube).dim == 384
    assert settle(Recipe(encoder="cnn", reach=1, dim=7), cube).dim == 7


def test_too_few_bands_are_refused_before_anything_is_read():
    cube, _ = two_fields()
    with pytest.raises(ValueError, match="takes 75 bands or more, got 12; resample the scene"):
        begin(cube, Recipe(encoder="adapter"), device="cpu")


@pytest.mark.parametrize("n_bands", [1, 2, 5, 204])
def test_the_network_takes_any_number_of_bands(n_bands):
    for encoder in (SpectralSpatialCNN(n_bands), SpectralTransformer(n_bands)):
        with torch.inference_mode():
            assert encoder.eval()(torch.zeros(3, n_bands, 9, 9)).shape == (3, 64)
            assert encoder.dense(torch.zeros(2, n_bands, 6, 7)).shape == (2, 64, 6, 7)


def test_a_wide_block_takes_the_same_numbers_in_strips():
    torch.manual_seed(0)
    encoder = SpectralSpatialCNN(4, width=8).eval()
    block = torch.randn(1, 4, 12, 3000)
    with torch.inference_mode():
        strips, whole = encoder.dense(block), encoder._layers(torch.nn.functional.pad(block, (4, 4, 4, 4)))
    torch.testing.assert_close(strips, whole, atol=1e-5, rtol=1e-4)


def test_waves_are_those_of_the_paper():
    got = waves_of(torch.tensor([0.0, 3.0, 41.8]), 8)
    for row, place in zip(got.tolist(), (0.0, 3.0, 41.8), strict=True):
        angles = [place / 10_000 ** (2 * i / 8) for i in range(4)]
        np.testing.assert_allclose(row, [*np.sin(angles), *np.cos(angles)], atol=1e-5)


def test_a_token_knows_where_its_bands_lie_not_which_they_are():
    centres = [400.0, 410.0, 420.0, 430.0, 1500.0, 1510.0]
    gap, even = (SpectralTransformer(6, wavelength=w, group=2) for w in (centres, np.arange(6) * 10.0 + 400))
    torch.testing.assert_close(gap.positions[:2], even.positions[:2])
    torch.testing.assert_close(gap.positions, waves_of(torch.tensor([40.5, 42.5, 150.5]), 64))
    unknown = SpectralTransformer(6, wavelength=[np.nan] * 6, group=2)
    torch.testing.assert_close(unknown.positions, waves_of(torch.tensor([0.5, 2.5, 4.5]), 64))
    with pytest.raises(ValueError, match="one wavelength a band is needed, got 5 for 6 bands"):
        SpectralTransformer(6, wavelength=centres[:5])


def test_what_a_map_takes_is_bounded_by_what_the_encoder_says():
    from workbench.probe.embed import embedding_side

    wide = SpectralSpatialCNN(200)
    assert 16 <= embedding_side(wide) < embedding_side(SpectralSpatialCNN(20))


def test_a_scene_smaller_than_its_patches_is_still_learnt_from():
    cube = make_cube(np.random.default_rng(0).random((6, 3, 4)))
    encoder, steps = begin(cube, Recipe(encoder="cnn", steps=2, pairs=8, reach=1), device="cpu")
    list(steps)
    assert np.isfinite(embed(cube, encoder, device="cpu").values).all()
