"""What a pair has in common: gradients against finite differences, and a scene where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from tests.scenes import make_cube
from workbench.cubes import good_bands, open_cube, simulated_scene
from workbench.patches import centre_means
from workbench.patches.windows import patches_at
from workbench.pretrain import PairRecipe, begin_pair, load_pair, pretrain_pair, save_pair
from workbench.pretrain.encoders import SpectralEncoder
from workbench.pretrain.objectives.decur import head
from workbench.pretrain.saliency import StandOut, integrated_gradients
from workbench.probe import embed, embed_pair, explain_pair, pair_tables
from workbench.probe.pair_tables import input_table


def learnt(first, second, **choices):
    encoder, steps, agreement = begin_pair(first, second, PairRecipe(**choices), device="cpu", every=1000)
    list(steps)
    return encoder, agreement()


@pytest.fixture(scope="module")
def toy():
    """Bands 0 to 3 of the first cube are bands 4 to 7 of the second; each has four of its own. All is noise."""
    rng = np.random.default_rng(0)
    shared, own, other = (rng.normal(size=(4, 40, 50)) for _ in range(3))
    cubes = make_cube(np.concatenate([shared, own])), make_cube(np.concatenate([other, shared]))
    choices = {"encoder": "pixel", "steps": 80, "pairs": 160, "dim": 16, "reach": 0, "common": 0.5}
    return *cubes, learnt(*cubes, learning_rate=3e-3, **choices)[0]


@pytest.fixture(scope="module")
def halves():
    """Of a simulated spectrum, with a corner of no data, and what a small pair learnt of them."""
    cube = simulated_scene(26, 31, n_bands=24, seed=1)[0].copy()
    cube[3, :2, :3] = np.nan
    first, second = cube[:12], cube[12:]
    return first, second, learnt(first, second, encoder="context", steps=6, pairs=64, dim=8)[0]


def small_look() -> tuple[StandOut, torch.Tensor]:
    torch.manual_seed(2)
    encoder, top = SpectralEncoder(5, windows=(1, 3), dim=4, hidden=6).double(), head(4, 8).double()
    return StandOut(encoder, top, torch.randn(200, 5, 2, dtype=torch.float64), 5), torch.randn(
        7, 5, 2, dtype=torch.float64
    )


def test_a_group_stands_out_by_its_mean_square_which_is_one_over_the_scene():
    look, _ = small_look()
    scene = torch.randn(200, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    look = StandOut(look.encoder, look.head, scene, 5)
    raw = look.head(look.encoder(scene)).detach().numpy()
    got = look(scene).detach().numpy()
    scaled = (raw - raw.mean(0)) / np.sqrt(raw.var(0) + 1e-6)
    np.testing.assert_allclose(got[:, 0], [np.mean(row[:5] ** 2) for row in scaled], rtol=1e-6)
    np.testing.assert_allclose(got[:, 1], [np.mean(row[5:] ** 2) for row in scaled], rtol=1e-6)
    np.testing.assert_allclose(got.mean(0), 1, atol=0.02)  # 1e-6 keeps clear of features of no variance


def test_gradients_are_those_of_finite_differences_along_the_path():
    look, batch = small_look()
    points, step, expected = 8, 1e-6, np.zeros((7, 2, 5))
    with torch.no_grad():

        def features(there: torch.Tensor) -> np.ndarray:
            return look.features(look.encoder(there)).numpy()

        own = features(batch)
        for k in range(points):
            there = batch * ((k + 0.5) / points)
            for band in range(5):
                for window in range(2):
                    move = torch.zeros_like(there)
                    move[:, band, window] = step
                    slope = own * (features(there + move) - features(there - move)) / (2 * step)
                    part = np.stack([slope[:, :5].mean(1), slope[:, 5:].mean(1)], axis=1)
                    expected[:, :, band] += batch[:, band, window, None].numpy() * part / points
    np.testing.assert_allclose(integrated_gradients(look, batch, points).numpy(), expected, atol=1e-5)


def test_bands_add_up_to_what_is_explained():
    look, batch = small_look()
    with torch.no_grad():
        own, usual = (look.features(look.encoder(part)) for part in (batch, torch.zeros_like(batch[:1])))
        whole = look.means(own * (own - usual))
    error = (integrated_gradients(look, batch, 512).sum(2) - whole).abs().max()
    assert error < 0.01 * whole.abs().max()


def test_common_features_look_at_what_both_see_and_unique_ones_at_what_one_sees(toy):
    found = explain_pair(*toy, pixels=512, device="cpu")
    table = found.bands.pivot_table(index=["side", "group"], columns="band", values="contribution")
    low, high = table[[0, 1, 2, 3]], table[[4, 5, 6, 7]]
    for side, shared, own in (("first", low, high), ("second", high, low)):
        assert shared.loc[side, "common"].sum() > 5 * own.loc[side, "common"].abs().sum()
        assert own.loc[side, "unique"].sum() > 2 * shared.loc[side, "unique"].abs().sum()
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=0.01)
    assert found.n_common == 128
    assert found.diagonal[:128].mean() > 0.85
    assert np.abs(found.diagonal[128:]).mean() < 0.1
    agreement = found.maps.mean(("y", "x"))
    assert float(agreement.sel(map="agreement common")) == pytest.approx(found.diagonal[:128].mean(), abs=0.03)
    assert float(agreement.sel(map="first unique")) == pytest.approx(1, abs=0.1)


def test_the_maps_are_those_of_slow_numpy_and_empty_where_either_has_no_data(halves):
    first, second, encoder = halves
    found = explain_pair(first, second, encoder, pixels=10_000, device="cpu")
    assert found.n_pixels == 26 * 31 - 6
    flat = embed_pair(first, second, encoder, device="cpu").values.reshape(16, -1)
    known = np.isfinite(flat).all(axis=0)
    assert not found.maps.notnull().all("map").values.ravel()[~known].any()
    sides = []
    for part, top in zip((flat[:8, known], flat[8:, known]), encoder.heads, strict=True):
        raw = top(torch.from_numpy(part.T.copy())).detach().numpy()
        sides.append((raw - raw.mean(0)) / np.sqrt(raw.var(0) + 1e-6))
    n = encoder.n_common
    expected = {"first common": np.square(sides[0][:, :n]).mean(1), "second unique": np.square(sides[1][:, n:]).mean(1)}
    expected |= {"agreement unique": (sides[0] * sides[1])[:, n:].mean(1)}
    for name, values in expected.items():
        np.testing.assert_allclose(found.maps.sel(map=name).values.ravel()[known], values, atol=2e-3)
    np.testing.assert_allclose(found.diagonal, (sides[0] * sides[1]).mean(0), atol=1e-3)


def test_window_means_of_pixels_are_those_of_their_patches(halves):
    first, _, encoder = halves
    wanted = np.array([31 * 12 + 15, 31 * 5 + 30, 31 * 25 + 7, 31 * 12 + 14])
    got = input_table(first, encoder.first, wanted, torch.device("cpu"))
    scaled = encoder.first.scaler(torch.from_numpy(first.values[good_bands(first)])[None])[0]
    scaled = scaled.where(scaled.isfinite().all(dim=0), torch.nan)
    patches = patches_at(scaled, *np.divmod(wanted, 31), 11)
    torch.testing.assert_close(got, centre_means(patches, encoder.first.windows), atol=1e-4, rtol=1e-4)


def test_tables_for_a_probe_are_embeddings_and_features(halves):
    first, second, encoder = halves
    wanted = np.array([100, 400, 399])
    found = pair_tables(first, second, encoder, wanted, device="cpu")
    whole = embed_pair(first, second, encoder, device="cpu").values.reshape(16, -1)[:, wanted].T
    np.testing.assert_allclose(found["both"], whole, atol=1e-5)
    np.testing.assert_allclose(found["second"], whole[:, 8:], atol=1e-5)
    assert (found["common"].shape, found["unique"].shape) == ((3, 448), (3, 64))
    raw = encoder.heads[1](torch.from_numpy(np.ascontiguousarray(whole[:, 8:]))).detach().numpy()
    np.testing.assert_allclose(found["unique"][:, 32:], raw[:, 224:], atol=1e-4)


def test_a_file_keeps_what_is_needed_and_says_the_same(halves, tmp_path):
    first, second, encoder = halves
    save_pair(encoder, tmp_path / "p.safetensors", cubes=(first, second))
    back = load_pair(tmp_path / "p.safetensors")
    one, two = (explain_pair(first, second, pair, pixels=64, device="cpu") for pair in (encoder, back))
    pd.testing.assert_frame_equal(one.bands, two.bands)
    np.testing.assert_array_equal(one.maps, two.maps)
    back.heads = ()
    save_pair(back, tmp_path / "older.safetensors", cubes=(first, second))
    assert load_pair(tmp_path / "older.safetensors").heads == ()
    with pytest.raises(ValueError, match="has no heads, which tell common from unique features; pretrain it again"):
        explain_pair(first, second, back)


@pytest.mark.parametrize("common", [0.0, 1.0])
def test_a_pair_without_one_group_has_nothing_to_say_of_it(halves, common):
    first, second, _ = halves
    encoder, agreement = learnt(first, second, encoder="pixel", steps=2, pairs=32, dim=8, common=common)
    found = explain_pair(first, second, encoder, pixels=64, device="cpu")
    group = "common" if common else "unique"
    assert set(found.bands["group"]) == {group}
    assert [str(name) for name in found.maps["map"].values] == [
        f"{k} {group}" for k in ("first", "second", "agreement")
    ]
    assert found.maps.notnull().any()
    assert [name for name, value in agreement.told().items() if value is None] == ["unique" if common else "common"]


def test_too_few_pixels_are_refused(halves):
    first, second, encoder = halves
    with pytest.raises(ValueError, match="at least 32 pixels with data in both are needed, got 25"):
        explain_pair(first[:, 5:10, 5:10], second[:, 5:10, 5:10], encoder)


@pytest.mark.realdata
def test_radar_and_light_are_explained(real_data):
    name = "637U_59R_1_3.tif"
    radar, light = (
        open_cube(real_data / "terramind" / kind / name).isel(y=slice(0, 64), x=slice(0, 64))
        for kind in ("S1RTC", "S2L2A")
    )
    encoder, _ = learnt(radar, light, encoder="pixel", steps=40, pairs=128, dim=16)
    found = explain_pair(radar, light, encoder, pixels=512, device="cpu")
    assert found.bands[found.bands["side"] == "first"]["name"].tolist() == ["VV", "VH"] * 2
    sums = found.bands.groupby(["side", "group"])["contribution"].sum()
    np.testing.assert_allclose(sums, 1, atol=0.05)
    assert found.diagonal[:224].mean() > found.diagonal[224:].mean()
    assert found.maps.shape == (6, 64, 64)
    assert found.maps.notnull().all()


def test_patches_go_in_as_the_encoder_has_them_when_it_embeds():
    cube, _ = simulated_scene(16, 17, n_bands=12, seed=3)
    cube[:, 4, 6] = np.nan
    first, second = cube[:6], cube[6:]
    encoder = pretrain_pair(first, second, encoder="cnn", steps=2, pairs=16, reach=1, dim=6, device="cpu")
    wanted = np.array([0, 5 * 17 + 7, 16, 15 * 17 + 16, 7 * 17 + 3])  # two corners, one beside no data
    for side, half, name in ((first, encoder.first, "first"), (second, encoder.second, "second")):
        patches = input_table(side, half, wanted, torch.device("cpu"))
        assert patches.shape == (5, half.n_bands, 9, 9)
        with torch.no_grad():
            got = half(patches)
        expected = embed(side, half, device="cpu").values.reshape(6, -1)[:, wanted].T
        np.testing.assert_allclose(got, expected, atol=1e-5)
        found = pair_tables(first, second, encoder, np.append(wanted, 4 * 17 + 6), device="cpu")[name]
        np.testing.assert_allclose(found[:-1], expected, atol=1e-5)
        assert np.isnan(found[-1]).all()
