"""SpectralEarth's ViT-Ti on the satellite's 18 tiles of Potsdam: what it learnt beats itself at random weights.

Crop, steps and rate were chosen by other draws of labels of the same tiles.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from torch.nn import functional

from tests.long import LONG
from workbench.compare import interval, row_seed, split_truth
from workbench.labels import Split
from workbench.pretrain import Encoder, Streaming, pretrain_archive
from workbench.probe import Images, PatchSet, at_random, open_patches
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.patch_features import PatchFeatures

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

RECIPE = {"encoder": "spec_vit_tiny", "pairs": 32, "seed": 0, "streaming": Streaming(crop=8, crops=8), "device": "cpu"}


@LONG
def test_spectralearths_transformer_on_enmap(real_data):
    """Land cover of every pixel from the token it lies in, 20 labels a class; also against a run without learning."""
    tiles, masks = (real_data / "enmap_potsdam" / name for name in ("images", "labels"))
    patches = open_patches(tiles, masks=masks)
    learnt = pretrain_archive(tiles, "moco_v2", steps=60, learning_rate=5e-4, **RECIPE)
    still = pretrain_archive(tiles, "moco_v2", steps=25, learning_rate=1e-12, **RECIPE)
    random = at_random(learnt, 0, Images(patches, learnt).read(range(len(patches)))[0])
    found, truth = zip(*(token_maps(patches, one) for one in (learnt, still, random)), strict=True)
    draws = [split_truth(truth[0], "random", 20, row_seed(0, draw), footprint=1) for draw in range(10)]
    scores = np.array([[accuracy(features, parts) for parts in draws] for features in found])
    for twin in scores[1:]:
        assert interval(scores[0] - twin)[0] > 0


@torch.no_grad()
def token_maps(patches: PatchSet, encoder: Encoder) -> tuple[np.ndarray, xr.DataArray]:
    """Tokens of all tiles, one below the other, as fine as the pixels (dim, height, width), and the truth."""
    images, network = Images(patches, encoder), PatchFeatures(encoder, dense=True).eval()
    read = [images.read([number]) for number in range(len(patches))]
    maps = [functional.interpolate(network(image), image.shape[2:], mode="bilinear")[0] for image, _ in read]
    codes = np.concatenate([mask[0].numpy() for _, mask in read]).astype("int16") + 1
    return torch.cat(maps, dim=1).numpy(), xr.DataArray(
        codes, dims=("y", "x"), attrs={"classes": list(patches.truth.names)}
    )


def accuracy(features: np.ndarray, parts: Split) -> float:
    """Of discriminants on features (dim, height, width)."""
    table = features.reshape(len(features), -1).T
    taught, tested = (np.flatnonzero(part.values) for part in (parts.train, parts.test))
    fitted = ShrunkLDA().fit(table[taught], parts.train.values.flat[taught])
    return float((fitted.predict(table[tested]) == parts.test.values.flat[tested]).mean())
