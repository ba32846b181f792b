"""Encoders on disk: the same numbers back, and clear refusals."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from tests.scenes import make_cube, two_fields
from workbench.pretrain import Recipe, begin, load_encoder, matching_bands, save_encoder, settle
from workbench.probe import embed


@pytest.fixture(scope="module")
def learnt():
    cube, _ = two_fields()
    recipe = Recipe(steps=5, pairs=32)
    encoder, steps = begin(cube, recipe, device="cpu")
    list(steps)
    return cube, recipe, encoder


@pytest.fixture
def saved(learnt, tmp_path):
    cube, _, encoder = learnt
    save_encoder(encoder, tmp_path / "e.safetensors", cube=cube)
    return tmp_path / "e.safetensors"


def test_a_reloaded_encoder_gives_the_same_embeddings_bit_for_bit(learnt, saved):
    cube, recipe, encoder = learnt
    again = load_encoder(saved)
    assert again.recipe == encoder.recipe == settle(recipe, cube)
    np.testing.assert_array_equal(embed(cube, again, device="cpu").values, embed(cube, encoder, device="cpu").values)


def test_the_card_says_what_one_must_know(saved):
    card = json.loads(saved.with_suffix(".json").read_text())
    assert card["recipe"]["objective"] == "barlow_twins"
    assert len(card["wavelength"]) == card["arguments"]["n_bands"] == 12
    assert {"version", "torch", "scaling", "licence", "scene", "steps", "quantity"} <= set(card)


def test_an_encoder_made_here_says_which_scene_it_learnt_from(learnt, tmp_path):
    with pytest.raises(ValueError, match="is saved with the scene it learnt from; give cube="):
        save_encoder(learnt[2], tmp_path / "e.safetensors")
    assert not list(tmp_path.iterdir())


def test_nothing_else_is_left_in_the_folder(saved):
    assert sorted(path.name for path in saved.parent.iterdir()) == ["e.json", "e.safetensors"]


def spoil_weights(path):
    path.write_bytes(path.read_bytes()[:200])


def spoil_card(path):
    path.with_suffix(".json").write_text("{}")


def drop_card(path):
    path.with_suffix(".json").unlink()


def other_size(path):
    card = json.loads(path.with_suffix(".json").read_text())
    card["arguments"]["dim"] = 7
    path.with_suffix(".json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (spoil_weights, ValueError, "is damaged or not of this card"),
        (spoil_card, ValueError, "is not an encoder's card"),
        (drop_card, FileNotFoundError, "an encoder is two files, but there is no"),
        (other_size, ValueError, "is damaged or not of this card"),
    ],
)
def test_a_damaged_encoder_is_refused_in_one_line(saved, spoil, error, message):
    spoil(saved)
    with pytest.raises(error, match=message) as refusal:
        load_encoder(saved)
    assert "\n" not in str(refusal.value)


def test_bands_are_matched_by_wavelength_not_by_place(learnt):
    cube, _, encoder = learnt
    more = make_cube(np.zeros((13, 4, 5)), np.concatenate([[400.0], cube.wavelength.values]))
    np.testing.assert_array_equal(matching_bands(encoder, more), np.arange(1, 13))


def test_equal_band_counts_at_other_wavelengths_are_refused(learnt):
    _, _, encoder = learnt
    other = make_cube(np.zeros((12, 4, 5)), np.linspace(450, 1000, 12))
    with pytest.raises(ValueError, match=r"needs a good band at 2400\.0 nm, the nearest of the scene is at 1000\.0"):
        matching_bands(encoder, other)


def test_a_scene_without_wavelengths_is_refused_by_an_encoder_that_has_them(learnt):
    _, _, encoder = learnt
    with pytest.raises(ValueError, match="bands are matched by wavelength, and the scene has none"):
        matching_bands(encoder, make_cube(np.zeros((12, 4, 5)), np.full(12, np.nan)))


def test_the_bands_of_an_encoder_that_has_no_wavelengths_are_counted():
    values = np.random.default_rng(0).random((6, 20, 20))
    cube = make_cube(values, np.full(6, np.nan))
    encoder, _ = begin(cube, Recipe(steps=2, pairs=4), device="cpu")
    np.testing.assert_array_equal(matching_bands(encoder, cube), np.arange(6))
    with pytest.raises(ValueError, match="made for 6 bands without wavelengths, the scene has 5"):
        matching_bands(encoder, cube.isel(band=slice(5)))


def test_weights_are_on_the_device_asked_for(saved):
    assert next(load_encoder(saved).parameters()).device == torch.device("cpu")


def test_an_encoder_of_reflectance_refuses_raw_numbers(learnt):
    cube, _, encoder = learnt
    with pytest.raises(ValueError, match="the encoder learnt from reflectance, but the scene holds dn; bring"):
        embed(cube.assign_attrs(quantity="dn"), encoder)


def test_a_band_that_is_bad_here_is_missing(learnt):
    cube, _, encoder = learnt
    good = np.arange(12) != 5
    with pytest.raises(ValueError, match=r"needs a good band at 1336\.4 nm"):
        matching_bands(encoder, cube.assign_coords(good=("band", good)))


def test_two_bands_of_an_encoder_are_never_one_of_the_scene(learnt):
    _, _, encoder = learnt
    close = np.linspace(450, 2400, 12)
    close[5] = close[4] + 0.5
    encoder, encoder.wavelength = copy.copy(encoder), close
    with pytest.raises(ValueError, match="needs a good band at"):
        matching_bands(encoder, make_cube(np.zeros((12, 4, 5)), np.linspace(450, 2400, 12)))


@pytest.mark.parametrize("wavelength", [["red"] * 12, [500.0] * 3])
def test_a_card_whose_wavelengths_cannot_be_is_refused(saved, wavelength):
    card = json.loads(saved.with_suffix(".json").read_text())
    saved.with_suffix(".json").write_text(json.dumps({**card, "wavelength": wavelength}))
    with pytest.raises(ValueError, match="is not an encoder's card"):
        load_encoder(saved)
