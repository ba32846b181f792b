"""DeCUR against slow double loops, at limits that are known, and on two cubes of one place."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from tests.scenes import make_cube, two_fields
from workbench.cubes import good_bands, open_cube, simulated_scene
from workbench.patches import TwoScenes
from workbench.pretrain import PairRecipe, begin_pair, load_pair, pretrain_pair, save_pair, train
from workbench.pretrain.encoders import BackboneEncoder, SpectralEncoder
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.objectives.decur import DeCUR, alone, decur_loss
from workbench.pretrain.pair import is_lit
from workbench.probe import embed_pair


def slow_correlation(left: torch.Tensor, right: torch.Tensor) -> np.ndarray:
    left, right = left.detach().double().numpy(), right.detach().double().numpy()
    found = np.empty((left.shape[1], right.shape[1]))
    for i, j in np.ndindex(found.shape):
        found[i, j] = np.corrcoef(left[:, i], right[:, j])[0, 1]
    return found


def slow_terms(correlation: np.ndarray, aim: float, redundancy: float) -> float:
    total = 0.0
    for i, j in np.ndindex(correlation.shape):
        total += (correlation[i, j] - aim) ** 2 if i == j else redundancy * correlation[i, j] ** 2
    return total


def test_the_loss_between_kinds_is_that_of_the_paper_in_slow_loops():
    torch.manual_seed(0)
    first = torch.randn(64, 10) * 2 + 1
    second = first + torch.randn(64, 10)
    got = decur_loss(first, second, n_common=6, redundancy=0.02)
    found = slow_correlation(first, second)
    assert float(got["common"]) == pytest.approx(slow_terms(found[:6, :6], 1, 0.02), abs=1e-5)
    assert float(got["unique"]) == pytest.approx(slow_terms(found[6:, 6:], 0, 0.02), abs=1e-5)


def test_within_a_kind_it_is_lightlys_barlow_twins_and_the_whole_a_third_of_each():
    from lightly.loss import BarlowTwinsLoss

    torch.manual_seed(0)
    encoder = PairEncoder(SpectralEncoder(5, dim=8), SpectralEncoder(3, dim=8))
    objective = DeCUR(8, width=12, common=0.5, lost_bands=0, noise=0, brightness=(0, 0), redundancy=0.01)
    batch = (*(torch.randn(40, 5, 1) for _ in range(2)), *(torch.randn(40, 3, 1) for _ in range(2)))
    got = {name: term.detach() for name, term in objective(encoder, batch).items()}
    left = objective.heads[0](encoder.first(torch.cat(batch[:2]))).chunk(2)
    right = objective.heads[1](encoder.second(torch.cat(batch[2:]))).chunk(2)
    theirs = BarlowTwinsLoss(lambda_param=0.01)
    torch.testing.assert_close(got["first"] * 3, theirs(*left).detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(got["second"] * 3, theirs(*right).detach(), rtol=1e-4, atol=1e-5)
    found = slow_correlation(left[0], right[0])
    expected = slow_terms(found[:6, :6], 1, 0.01) / 2 + slow_terms(found[6:, 6:], 0, 0.01) / 2
    assert float(got["common"] + got["unique"]) * 3 == pytest.approx(expected, abs=1e-4)


def test_common_features_that_agree_and_unique_ones_that_do_not_cost_nothing():
    table = torch.randn(64, 12, dtype=torch.float64)
    table = torch.linalg.qr(table - table.mean(dim=0))[0] * 8
    first, second = table[:, :8], torch.cat([table[:, :4], table[:, 8:]], dim=1)
    got = decur_loss(first, second, n_common=4, redundancy=1.0)
    assert got["common"] < 1e-6
    assert got["unique"] < 1e-6
    assert decur_loss(first, second, n_common=8, redundancy=0.0)["common"] == pytest.approx(4, abs=1e-4)
    assert decur_loss(first, second, n_common=0, redundancy=0.0)["unique"] == pytest.approx(4, abs=1e-4)


def test_what_both_see_becomes_common_and_what_one_sees_unique():
    torch.manual_seed(0)
    shared, own, other = (torch.randn(2048, 4) for _ in range(3))
    first = torch.cat([shared, own], dim=1) @ torch.randn(8, 8)
    second = torch.cat([shared, other], dim=1) @ torch.randn(8, 8)
    encoder = PairEncoder(SpectralEncoder(8, dim=16), SpectralEncoder(8, dim=16))
    objective = DeCUR(16, width=8, common=0.5, lost_bands=0, noise=0.01, brightness=(0, 0))
    draws = torch.Generator().manual_seed(0)

    def batches():
        while True:
            rows = torch.randint(0, 2048, (256,), generator=draws)
            yield tuple(side[rows, :, None] for side in (first, first, second, second))

    whole = tuple(side[..., None] for side in (first, first, second, second))
    before = objective.diagonal(encoder.eval(), whole).abs()
    assert before[:4].max() < 0.9
    list(train(encoder, objective, batches(), steps=180, every=180, learning_rate=3e-3))
    diagonal = objective.diagonal(encoder, whole)
    assert (diagonal[:4] > 0.9).all()
    assert (diagonal[4:].abs() < 0.2).all()
    found = alone(encoder, whole)
    assert all(0.25 < share < 0.9 for share in found.values())


def test_what_one_predicts_of_the_other_is_the_share_that_scikit_learn_finds():
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    class Same(nn.Module):
        windows, footprint, dim = (1,), 1, 6

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return batch

    torch.manual_seed(0)
    one = torch.randn(400, 6)
    other = one @ torch.randn(6, 6) + torch.randn(400, 6)
    got = alone(PairEncoder(Same(), Same()), (one, one, other, other), ridge=0.01)
    x, y = (((side - side.mean(0)) / side.std(0, correction=0)).numpy() for side in (one, other))
    for name, given, wanted in (("first", x, y), ("second", y, x)):
        guess = Ridge(alpha=2.0).fit(given[:200], wanted[:200]).predict(given[200:])
        share = r2_score(wanted[200:], guess, multioutput="variance_weighted")
        assert got[name] == pytest.approx(share, abs=1e-4)
    assert max(alone(PairEncoder(Same(), Same()), (one, one, torch.randn(400, 6), None)).values()) < 0.1


def test_looking_changes_nothing():
    encoder = PairEncoder(SpectralEncoder(5, dim=8), SpectralEncoder(3, dim=8)).train()
    objective = DeCUR(8, width=12).train()
    batch = (torch.randn(40, 5, 1), None, torch.randn(40, 3, 1), None)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    diagonal = objective.diagonal(encoder, batch)
    alone(encoder, batch)
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert (encoder.training, objective.training) == (True, True)
    encoder.eval(), objective.eval()
    pair = objective.heads[0](encoder.first(batch[0])), objective.heads[1](encoder.second(batch[2]))
    left, right = (side.detach().double().numpy() for side in pair)
    for i, got in enumerate(diagonal.tolist()):
        together = np.cov(left[:, i], right[:, i], bias=True) + 1e-6 * np.eye(2)  # as the loss keeps clear of 0 / 0
        assert got == pytest.approx(together[0, 1] / np.sqrt(together[0, 0] * together[1, 1]), abs=1e-5)


def test_the_heads_and_encoders_share_no_weights():
    objective = DeCUR(8, width=12)
    assert not {id(weight) for weight in objective.heads[0].parameters()} & {
        id(weight) for weight in objective.heads[1].parameters()
    }
    assert not torch.equal(objective.heads[0][0].weight, objective.heads[1][0].weight)


def places(height: int = 40, width: int = 50) -> tuple[xr.DataArray, xr.DataArray]:
    """Two cubes of 3 and 2 bands whose first two bands say row and column; each lacks data somewhere."""
    row, column = np.mgrid[:height, :width].astype("float32")
    first, second = make_cube(np.stack([row, column, row + column])), make_cube(np.stack([row, column]))
    first[:, 5:9, 10:20] = np.nan
    second[:, 30:, :7] = np.nan
    return first, second


@pytest.mark.parametrize("patch", [0, 5])
@pytest.mark.parametrize(("size", "memory"), [((40, 50), None), ((140, 400), 2 * 128**2 * 4 * 5 * 2)])
def test_the_same_places_are_drawn_from_both_and_only_where_both_have_data(size, memory, patch):
    cubes = places(*size)  # of the larger, two tiles of three fit
    sampler = TwoScenes(*cubes, (1, 3), size=patch, n=500, reach=3, seed=2, memory=memory)
    batch = next(iter(sampler))
    found = []
    for side, pair in zip(sampler.sides, (batch[:2], batch[2:]), strict=True):
        for part in pair:
            means = part[:, :2, 2, 2] if patch else part[:, :2, 0]
            found.append((means * side.scaler.scale[:2] + side.scaler.mean[:2]).round().int())
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[3])
    assert (found[0] - found[1]).abs().max() == 3
    rows, columns = torch.cat(found).T.numpy()
    assert all(np.isfinite(cube.values[0, rows, columns]).all() for cube in cubes)
    assert sampler.sides[0].n_pixels == sampler.sides[1].n_pixels


def test_cubes_of_two_grids_are_refused():
    first, second = places()
    with pytest.raises(
        ValueError, match=r"have one grid, got \(40, 50\) and \(40, 49\) pixels; lay one on the other's"
    ):
        TwoScenes(first, second[..., 1:])
    with pytest.raises(ValueError, match=r"have one grid, but x begins at 0\.5 and at 1; lay one on the other's grid"):
        TwoScenes(first, second.assign_coords(x=second.x + 0.5))


def test_encoders_that_look_at_other_windows_are_refused():
    with pytest.raises(ValueError, match=r"look at the same windows, got \(1,\) and \(1, 3\); make both of one kind"):
        PairEncoder(SpectralEncoder(3), SpectralEncoder(3, windows=(1, 3)))
    with pytest.raises(ValueError, match=r"look at patches of one width, got 5 and 9 pixels; make both of one size"):
        PairEncoder(*(BackboneEncoder(3, architecture="resnet18", size=size) for size in (5, 9)))


def test_a_pair_is_dense_with_the_same_numbers():
    encoder = PairEncoder(*(SpectralEncoder(n, windows=(1, 3), dim=4) for n in (5, 3))).eval()
    blocks = [torch.randn(1, n, 9, 9) for n in (5, 3)]
    with torch.no_grad():
        dense = encoder.dense(*blocks)
        patches = encoder(*(block[..., 3:6, 4:7] for block in blocks))
    torch.testing.assert_close(dense[:, :, 4, 5], patches)
    assert dense.shape == (1, encoder.dim, 9, 9)


@pytest.fixture(scope="module")
def halves() -> tuple[xr.DataArray, xr.DataArray]:
    cube = simulated_scene(32, 40, n_bands=40, seed=1)[0]
    return cube[:20], cube[20:]


def test_two_halves_of_a_spectrum_are_learnt_and_repeat_by_seed(halves):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    made = []
    for seed in (1, 1, 2):
        recipe = PairRecipe(encoder="pixel", steps=60, pairs=128, seed=seed)
        encoder, steps, agreement = begin_pair(*halves, recipe, device="cpu", every=15)
        before = agreement()
        losses = [report.loss for report in steps]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
        made.append((encoder, agreement()))
        assert made[-1][1].n_common == 224
        common = made[-1][1].diagonal[:224].mean()
        assert common > before.diagonal[:224].mean()
        assert common > made[-1][1].diagonal[224:].mean() + 0.1
    assert torch.equal(torch.rand(1), expected)
    one, two, other = (torch.cat([w.flatten() for w in encoder.parameters()]) for encoder, _ in made)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_a_pair_comes_back_from_disk_bit_for_bit(halves, tmp_path):
    encoder = pretrain_pair(*halves, encoder="context", steps=3, pairs=32, dim=8, device="cpu")
    card = save_pair(encoder, tmp_path / "pair.safetensors", cubes=halves, steps=2)
    back = load_pair(tmp_path / "pair.safetensors")
    first, second = (embed_pair(*halves, one, device="cpu") for one in (encoder, back))
    np.testing.assert_array_equal(first.values, second.values)
    assert first.shape == (16, 32, 40)
    assert (card["steps"], back.recipe, back.first.quantity) == (2, encoder.recipe, "reflectance")
    good = good_bands(halves[1])
    np.testing.assert_allclose(back.second.wavelength, halves[1]["wavelength"].values[good])


def test_no_data_in_either_is_no_embedding(halves):
    encoder = pretrain_pair(*halves, encoder="pixel", steps=2, pairs=32, dim=8, device="cpu")
    holey = halves[1].copy(deep=True)
    holey[:, 3, 4] = np.nan
    found = embed_pair(halves[0], holey, encoder, device="cpu")
    assert found[:, 3, 4].isnull().all()
    assert found.notnull().all("feature").sum() == 32 * 40 - 1


def test_files_that_are_no_pair_are_refused(halves, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a pair is two files, but there is no .*none\.safetensors"):
        load_pair(tmp_path / "none.safetensors")
    encoder = pretrain_pair(*halves, encoder="pixel", steps=2, pairs=32, dim=8, device="cpu")
    with pytest.raises(ValueError, match=r"a pair's file ends in .safetensors, got a.pth; use a.safetensors"):
        save_pair(encoder, tmp_path / "a.pth", cubes=halves)
    path = tmp_path / "a.safetensors"
    save_pair(encoder, path, cubes=halves)
    card = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**card, "kind": "workbench encoder"}))
    with pytest.raises(ValueError, match=r"is not a pair's card \(it is of a workbench encoder\)"):
        load_pair(path)
    path.with_suffix(".json").write_text(json.dumps(card))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="is damaged or not of this card"):
        load_pair(path)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"common": 1.2}, "common is a share of the features, 0 to 1, got 1.2; try 0.875"),
        ({"encoder": "huge"}, "no encoder is named 'huge'"),
        ({"steps": 1}, "steps must be at least 2, got 1"),
        ({"crop": 0}, "crop is the side of a patch in pixels, at least 1, got 0; try 64"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        PairRecipe(**choices)


def test_views_of_one_kind_are_lit_and_of_the_other_not():
    class Spy(SpectralEncoder):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            self.saw = batch.detach().clone()
            return super().forward(batch)

    encoder = PairEncoder(Spy(4, dim=8), Spy(4, dim=8))
    pixels = torch.rand(20, 4, 1) + 1
    DeCUR(8, lost_bands=0, noise=0, brightness=(0.3, 0))(encoder, (pixels,) * 4)
    factor = encoder.first.saw[:20] / pixels
    assert factor.std() > 0.1
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    torch.testing.assert_close(encoder.second.saw[:20], pixels)


def test_radar_is_not_lit_by_the_sun():
    cube, _ = two_fields()
    radar = make_cube(cube.values[:2], wavelength=np.full(2, np.nan))
    assert (is_lit(cube), is_lit(radar)) == (True, False)
    _, steps, agreement = begin_pair(cube, radar, PairRecipe(steps=2, pairs=32), device="cpu")
    assert len(list(steps)) == 1
    assert agreement().diagonal.shape == (256,)


@pytest.mark.realdata
def test_radar_and_light_of_one_place_learn_together(real_data):
    name = "38D_378R_2_3.tif"
    radar, light = (
        open_cube(real_data / "terramind" / kind / name).isel(y=slice(0, 64), x=slice(0, 64))
        for kind in ("S1RTC", "S2L2A")
    )
    encoder, steps, agreement = begin_pair(radar, light, PairRecipe(steps=40, pairs=256), device="cpu", every=10)
    losses = [report.loss for report in steps]
    assert losses[-1] < losses[0]
    assert (encoder.first.n_bands, encoder.second.n_bands) == (2, 12)
    found = agreement()
    assert found.diagonal[:224].mean() > found.diagonal[224:].mean()
