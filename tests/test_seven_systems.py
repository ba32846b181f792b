"""The published systems end to end on real data: what each learnt beats its own encoder at random weights.

Every margin is over draws or repeats that share labels, head and test pixels, and its 95 % interval lies above 0. Where
a system's margin is not there, no test stands here: `CHANGELOG.md` and the guide tell what was found.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import torch
import xarray as xr
from rasterio.transform import from_origin

from tests.long import LONG
from workbench.cli import main
from workbench.compare import compare, interval, paired, row_seed, split_truth, transfer_rows, transfer_summary
from workbench.cubes import good_bands, open_cube
from workbench.labels import Split, open_labels
from workbench.pretrain import Encoder, Streaming, load_pair, pretrain, pretrain_archive, pretrain_pair
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.probe import Teaching, at_random, embed, open_patches, pair_tables
from workbench.probe.discriminant import ShrunkLDA

STILL = 60
"""Steps after which running statistics of norms are those of the latest batches."""

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


def glimpses(cube: xr.DataArray, n: int = 16, side: int = 32) -> torch.Tensor:
    """Some windows of a scene, for the statistics of norms at random weights."""
    values = np.nan_to_num(cube.values[good_bands(cube)].astype("float32"))
    rows, columns = (np.random.default_rng(0).integers(0, size - side + 1, n) for size in values.shape[1:])
    cut = [values[:, row : row + side, column : column + side] for row, column in zip(rows, columns, strict=True)]
    return torch.from_numpy(np.stack(cut))


def least_margin(
    cube: xr.DataArray, truth: xr.DataArray, encoder: Encoder, *, budget: int, splits: tuple[str, ...], draws: int = 10
) -> float:
    """Lowest end of the 95 % intervals of what the encoder is above itself at random weights, draw by draw.

    Random weights stand by norms of some windows, or by those of a run without learning: these alone can be a margin.
    """
    still = replace(encoder.recipe, steps=STILL, learning_rate=1e-12)
    twins = {"random": at_random(encoder, 0, glimpses(cube)), "still": pretrain(cube, device="cpu", **asdict(still))}
    model, encoders = encoder.recipe.objective, {"learnt": encoder, **twins}
    found = {
        name: compare(cube, truth, [model], [budget], draws, splits, encoder=one) for name, one in encoders.items()
    }
    table = pd.concat([rows.assign(model=name) for name, rows in found.items()], ignore_index=True)
    ends = [low for twin in twins for low, _ in paired(table, "learnt", twin)["ci95"]]
    assert len(ends) == len(twins) * len(splits)
    return min(ends)


@pytest.fixture(scope="module")
def salinas(real_data: Path) -> tuple[xr.DataArray, xr.DataArray]:
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    return cube, open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)


REVIEW = ("moco_v2", "simsiam", "swav")


@pytest.mark.parametrize("objective", ["barlow_twins", *(pytest.param(name, marks=LONG) for name in REVIEW)])
def test_few_labels_and_the_reviews_methods_on_fields(salinas, objective):
    """Barlow Twins for few labels, and the methods that the review compares."""
    encoder = pretrain(salinas[0], objective, steps=300, seed=0, device="cpu")
    assert least_margin(*salinas, encoder, budget=5, splits=("random", "blocks")) > 0


@LONG
def test_paws_on_fields(salinas):
    """Against its own encoder at random weights, read by the same discriminants of the same labels."""
    untaught = at_random(pretrain(salinas[0], encoder="context", steps=2, device="cpu"), 0, glimpses(salinas[0]))
    learnt = compare(*salinas, ["paws"], [5], 10, ["random"]).assign(model="learnt")
    random = compare(*salinas, ["barlow_twins"], [5], 10, ["random"], encoder=untaught).assign(model="random")
    assert paired(pd.concat([learnt, random], ignore_index=True), "learnt", "random")["ci95"].iloc[0][0] > 0


@pytest.fixture(scope="module")
def sentinel_2(real_data: Path) -> tuple[xr.DataArray, xr.DataArray]:
    """Land cover of one place; it is modelled from other data, so that no score here is high."""
    cube = open_cube(real_data / "terramind" / "S2L2A" / "433D_629L_3_1.tif")
    return cube, open_labels(real_data / "terramind" / "LULC" / "433D_629L_3_1.tif", cube)


@LONG
@pytest.mark.parametrize("objective", ["moco_v2", "dino"])
def test_ssl4eo_s12_on_sentinel_2(sentinel_2, objective):
    encoder = pretrain(sentinel_2[0], objective, steps=300, seed=0, device="cpu")
    assert least_margin(*sentinel_2, encoder, budget=5, splits=("random",)) > 0


@LONG
@pytest.mark.parametrize("objective", ["mae", "data2vec"])
def test_ssl4eo_s12s_masked_objectives_on_sentinel_2(sentinel_2, objective):
    """On patches of 9 x 9; encoder, rate and steps were chosen on the two other places."""
    encoder = pretrain(sentinel_2[0], objective, encoder="cnn", steps=150, pairs=128, seed=0, device="cpu")
    assert least_margin(*sentinel_2, encoder, budget=20, splits=("random", "blocks")) > 0


@LONG
def test_decur_on_sentinel_1_and_2(real_data):
    """Both halves of the pair together, against both at random weights, under the same discriminants."""
    name = "433D_629L_3_1.tif"
    radar, optical = (open_cube(real_data / "terramind" / kind / name) for kind in ("S1RTC", "S2L2A"))
    truth = open_labels(real_data / "terramind" / "LULC" / name, optical)
    pair = pretrain_pair(radar, optical, steps=300, seed=0, device="cpu")
    halves = ((radar, pair.first), (optical, pair.second))
    learnt = np.concatenate([embed(cube, one) for cube, one in halves])
    random = np.concatenate([embed(cube, at_random(one, 0, glimpses(cube))) for cube, one in halves])
    for split in ("random", "blocks"):
        apart = []
        for draw in range(10):
            seed = row_seed(0, draw)
            parts = split_truth(truth, split, 5, seed, footprint=pair.footprint)
            apart.append(np.subtract(*(accuracy(one, parts) for one in (learnt, random))))
        assert interval(np.array(apart))[0] > 0


@LONG
def test_decur_as_published_on_sentinel_1_and_2(real_data, tmp_path):
    """From the command line: two ResNet-18 with deformable attention on patches, frozen, under discriminants.

    A pass through a network a pixel is for a GPU, so that labels are thinned out.
    """
    name, file = "433D_629L_3_1.tif", tmp_path / "pair.safetensors"
    places = [real_data / "terramind" / kind / name for kind in ("S1RTC", "S2L2A")]
    words = ["--encoder", "resnet18_rda", "--steps", "60", "--pairs", "32", "--checkpoint-every", "20"]
    assert main(["pair", *map(str, places), *words, "--device", "cpu", "--out", str(file)]) == 0
    pair, cubes = load_pair(file), [open_cube(place) for place in places]
    truth = thinned(open_labels(real_data / "terramind" / "LULC" / name, cubes[1]), 120)
    wanted = np.flatnonzero(truth.values)
    halves = zip(cubes, (pair.first, pair.second), strict=True)
    untaught = PairEncoder(*(at_random(one, 0, glimpses(cube, side=33)) for cube, one in halves))
    untaught.heads, untaught.n_common = pair.heads, pair.n_common
    whole = []
    for encoder in (pair, untaught):
        whole.append(np.full((pair.dim, *truth.shape), np.nan, "float32"))
        whole[-1].reshape(pair.dim, -1)[:, wanted] = pair_tables(*cubes, encoder, wanted, device="cpu")["both"].T
    for split in ("random", "blocks"):
        apart = []
        for draw in range(10):
            parts = split_truth(truth, split, 5, row_seed(0, draw), footprint=pair.footprint)
            apart.append(np.subtract(*(accuracy(one, parts) for one in whole)))
        assert interval(np.array(apart))[0] > 0


def thinned(truth: xr.DataArray, most: int) -> xr.DataArray:
    """At most so many labels of each class, drawn at random."""
    rng, left = np.random.default_rng(0), truth.copy(data=np.zeros_like(truth.values))
    for code in np.unique(truth.values[truth.values > 0]):
        there = np.flatnonzero(truth.values == code)
        left.values.flat[rng.choice(there, min(most, len(there)), replace=False)] = code
    return left


def accuracy(features: np.ndarray, parts: Split) -> float:
    """Of discriminants on features (n, height, width)."""
    taught, tested = (np.flatnonzero(part.values) for part in (parts.train, parts.test))
    table = features.reshape(len(features), -1).T
    fitted = ShrunkLDA().fit(table[taught], parts.train.values.flat[taught])
    return float((fitted.predict(table[tested]) == parts.test.values.flat[tested]).mean())


@LONG
def test_spectralearths_adapter_on_enmap(real_data):
    """Land cover of Potsdam from the satellite's 18 tiles, 20 labels a class."""
    cube = open_cube(real_data / "enmap_potsdam" / "images")
    truth = open_labels(real_data / "enmap_potsdam" / "landcover.tif", cube)
    encoder = pretrain(cube, "barlow_twins", encoder="adapter", steps=150, pairs=256, seed=0, device="cpu")
    assert least_margin(cube, truth, encoder, budget=20, splits=("random",)) > 0


@LONG
def test_ssl4eo_l_on_landsat_clouds(real_data, tmp_path):
    """A ResNet-18 on patches of Landsat 5 and 7, clouds from land by a frozen encoder and a linear head."""
    patches, masks = landsat_patches(real_data / "landsat_clouds", tmp_path)
    how = {"encoder": "resnet18", "pairs": 64, "steps": 100, "seed": 0, "streaming": Streaming(crop=24)}
    encoder = pretrain_archive(patches, "moco_v2", device="cpu", **how)
    given = open_patches(patches, masks=masks)
    rows = transfer_rows(given, {"moco_v2": encoder}, ["frozen"], [1.0], 5, teaching=Teaching(head="linear", steps=100))
    summary = transfer_summary(pd.DataFrame(rows)).set_index("weights")
    assert summary.loc["given", "difference_ci95"][0] > 0


def landsat_patches(data: Path, to: Path) -> tuple[Path, Path]:
    """The two scenes and their masks as patches of 32 x 32 pixels, a file each."""
    patches, masks = (to / name for name in ("patches", "masks"))
    for folder in (patches, masks):
        folder.mkdir()
    for number, name in enumerate(("landsat5", "landsat7")):
        arrays = np.load(data / f"{name}.npz")
        image = arrays["img"].astype("float32").transpose(2, 0, 1)
        codes = np.searchsorted([0, 1, 3, 4], arrays["msk"].transpose(2, 0, 1)).astype("uint8") + 1
        for row, column in np.ndindex(16, 16):
            here = np.s_[:, 32 * row : 32 * (row + 1), 32 * column : 32 * (column + 1)]
            corner = from_origin(500_000 + 30 * 32 * column + 100_000 * number, 5_000_000 - 30 * 32 * row, 30, 30)
            for folder, values in ((patches, image[here]), (masks, codes[here])):
                profile = {"driver": "GTiff", "height": 32, "width": 32, "count": len(values), "dtype": values.dtype}
                with rasterio.open(
                    folder / f"{name}_{row:02d}_{column:02d}.tif", "w", crs="EPSG:32633", transform=corner, **profile
                ) as file:
                    file.write(values)
    return patches, masks
