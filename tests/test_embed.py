"""Dense embeddings equal those of patches, whatever the block, and keep the scene's holes and place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.scenes import make_cube
from workbench.patches import scene_tensor
from workbench.pretrain import Recipe, begin
from workbench.probe import embed


@pytest.fixture(scope="module", params=["context", "pixel", "cnn", "transformer", "adapter"])
def scene_and_encoder(request):
    rng = np.random.default_rng(3)
    values = rng.random((80 if request.param == "adapter" else 10, 37, 29))
    values[:, 4:9, 20:] = np.nan
    values[:, 30, :5] = np.nan
    cube = make_cube(values)
    encoder, steps = begin(cube, Recipe(steps=4, pairs=32, encoder=request.param, reach=2), device="cpu")
    list(steps)
    return cube, encoder


@pytest.mark.parametrize("at_once", [1 << 22, 1 << 11])
def test_dense_embedding_is_that_of_each_pixels_patch(scene_and_encoder, at_once, monkeypatch):
    monkeypatch.setattr("workbench.pretrain.encoders.spectral.AT_ONCE", at_once)
    cube, encoder = scene_and_encoder
    half = encoder.footprint // 2
    scene = encoder.scaler(scene_tensor(cube)[None])[0]
    padded = torch.nn.functional.pad(scene, (half, half, half, half), value=torch.nan)
    size = encoder.footprint
    patches = padded.unfold(1, size, 1).unfold(2, size, 1).flatten(1, 2).transpose(0, 1)
    with torch.inference_mode():
        each = encoder(patches).T.unflatten(1, cube.shape[1:]).numpy()
    np.testing.assert_allclose(embed(cube, encoder, device="cpu").values, each, atol=1e-4)


@pytest.mark.parametrize("block", [7, 16, 1000])
def test_the_block_does_not_change_the_numbers(scene_and_encoder, block):
    cube, encoder = scene_and_encoder
    whole = embed(cube, encoder, block=64, device="cpu")
    np.testing.assert_allclose(embed(cube, encoder, block=block, device="cpu").values, whole.values, atol=1e-5)


def test_there_is_an_embedding_where_there_is_data_and_nowhere_else(scene_and_encoder):
    cube, encoder = scene_and_encoder
    embedding = embed(cube, encoder, device="cpu")
    assert embedding.dims == ("feature", "y", "x")
    np.testing.assert_array_equal(np.isfinite(embedding.values).all(axis=0), np.isfinite(cube.values).all(axis=0))
    assert embedding.x.equals(cube.x)


def test_a_lazy_cube_gives_the_same(scene_and_encoder):
    cube, encoder = scene_and_encoder
    lazy = cube.chunk({"band": -1, "y": 10, "x": 10})
    np.testing.assert_array_equal(
        embed(lazy, encoder, block=16, device="cpu").values, embed(cube, encoder, block=16, device="cpu").values
    )


def test_an_embedding_sees_its_footprint_and_no_further(scene_and_encoder):
    cube, encoder = scene_and_encoder
    changed = cube.copy(deep=True)
    changed[:, 20, 12] += 1
    moved = np.abs(embed(changed, encoder, device="cpu") - embed(cube, encoder, device="cpu")).max("feature") > 1e-5
    rows, columns = np.nonzero(moved.fillna(False).values)
    half = encoder.footprint // 2
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20 - half, 20 + half, 12 - half, 12 + half)
