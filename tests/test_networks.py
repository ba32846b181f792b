"""Networks on patches: the same numbers dense and by patch, taught on what lies round the labels alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from torch import nn

from tests.scenes import few, make_cube, two_fields
from workbench.probe.networks import PATCH, PatchCNN, PatchTransformer
from workbench.probe.patch_network import NETWORKS, PatchNetwork
from workbench.probe.spectral_network import SpectralNetwork


@pytest.mark.parametrize("module", [PatchCNN, PatchTransformer])
@pytest.mark.parametrize("n_bands", [3, 20, 31])
def test_a_block_gives_what_its_patches_give(module, n_bands):
    torch.manual_seed(0)
    network, block = module(n_bands, 4).eval(), torch.randn(2, n_bands, 9, 11)
    with torch.inference_mode():
        dense = network(block)
        assert dense.shape == (2, 4, 5, 7)
        for row in range(5):
            for column in range(7):
                patch = block[:, :, row : row + PATCH, column : column + PATCH]
                torch.testing.assert_close(dense[:, :, row, column], network(patch)[:, :, 0, 0], atol=1e-5, rtol=1e-4)


def test_kernels_along_the_bands_are_3d_kernels_of_one_pixel():
    network, block = PatchCNN(20, 3), torch.randn(1, 20, 6, 5)
    first = network.along[0][0]
    solid = nn.Conv3d(1, first.out_channels, (7, 1, 1), stride=(3, 1, 1), padding=(3, 0, 0))
    solid.load_state_dict({"weight": first.weight[..., None, None], "bias": first.bias})
    by_pixel = first(block.movedim(1, -1).reshape(30, 1, 20)).view(6, 5, first.out_channels, -1)
    torch.testing.assert_close(solid(block[:, None])[0].permute(2, 3, 0, 1), by_pixel)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_map_is_what_patches_cut_by_hand_say(name):
    """Outside the scene and without data a patch holds the mean spectrum, which is 0 when scaled."""
    cube, truth = two_fields(12, 14)
    cube = cube.copy(deep=True)
    cube[:, 4:6, 3] = np.nan
    fitted = PatchNetwork(name, steps=5).fit(cube, few(truth, 4))
    made = fitted.predict_proba(cube).values
    mean, scale = (part.numpy()[:, None, None] for part in (fitted.scaler_.mean, fitted.scaler_.scale))
    scaled = np.pad(np.nan_to_num((cube.values - mean) / scale), ((0, 0), (2, 2), (2, 2)))
    for row, column in [(0, 0), (4, 2), (7, 8), (11, 13), (0, 6)]:
        patch = torch.from_numpy(scaled[None, :, row : row + 5, column : column + 5].astype("float32"))
        with torch.inference_mode():
            said = fitted.network_(patch).softmax(dim=1)[0, :, 0, 0]
        np.testing.assert_allclose(made[:, row, column], said, atol=1e-5)
    assert np.isnan(made[:, 4, 3]).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_patch_network_looks_at_nothing_but_patches_of_labels(name):
    cube, truth = two_fields(20, 24)
    labels = few(truth, 3)
    far = np.ones(labels.shape, bool)
    for row, column in zip(*np.nonzero(labels.values), strict=True):
        far[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = False
    other = cube.copy(data=np.where(far, 7.0, cube.values).astype("float32"))
    one, two = (PatchNetwork(name, steps=4).fit(scene, labels).learnt() for scene in (cube, other))
    for ours, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_texture_that_no_spectrum_tells_apart_is_learnt():
    """Left: stripes of two materials; right: a chequerboard of the same two. Every spectrum occurs on both sides."""
    row, column = np.mgrid[:24, :40]
    material = np.where(column < 20, row % 2, (row + column) % 2)
    spectra = np.stack([np.linspace(0.1, 0.5, 10), np.linspace(0.5, 0.2, 10)])
    values = spectra[material].transpose(2, 0, 1) + np.random.default_rng(0).normal(0, 0.01, (10, 24, 40))
    cube, (_, truth) = make_cube(values), two_fields(24, 40)
    fitted = PatchNetwork("cnn").fit(cube, few(truth, 10))
    inner = (slice(3, -3), slice(3, -3))
    assert (fitted.predict(cube).values == truth.values)[inner].mean() > 0.9


def test_a_fit_leaves_torchs_own_draws_alone():
    X, y = make_moons(30, random_state=0)
    cube, truth = two_fields()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    SpectralNetwork(steps=2, random_state=0).fit(X, y)
    PatchNetwork("transformer", steps=2).fit(cube, few(truth, 3))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("module", [PatchCNN, PatchTransformer])
def test_without_its_ways_between_pixels_a_network_reads_the_centre(module):
    torch.manual_seed(0)
    network, patch = module(12, 3).eval(), torch.randn(1, 12, PATCH, PATCH)
    if module is PatchCNN:
        for across in network.across:
            nn.init.zeros_(across.weight)
    else:
        network.layers = nn.Identity()
    elsewhere = torch.ones(PATCH, PATCH, dtype=torch.bool)
    elsewhere[2, 2] = False
    with torch.inference_mode():
        before, after = network(patch), network(patch.where(~elsewhere, 9.0))
        torch.testing.assert_close(before, after)
        assert not torch.allclose(before, network(patch.where(elsewhere, 9.0)))
