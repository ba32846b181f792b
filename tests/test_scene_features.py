"""Window means, morphological profiles and superpixels against slow formulas written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tests.scenes import make_cube, two_fields
from workbench.probe import FEATURES, feature_map
from workbench.probe.profiles import opened
from workbench.probe.projections import pca_features
from workbench.probe.superpixel_features import discriminants, smoothed, superpixel_features
from workbench.probe.superpixels import superpixels

HEIGHT, WIDTH = 13, 15


@pytest.fixture
def picture() -> np.ndarray:
    """Noise, with no data in a corner and inside."""
    picture = np.random.default_rng(0).normal(size=(HEIGHT, WIDTH))
    picture[:2, :3] = np.nan
    picture[6:8, 9] = np.nan
    return picture


def square(picture: np.ndarray, row: int, column: int, radius: int) -> np.ndarray:
    """Values of a square that lie in the scene."""
    return picture[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1]


def pixels(picture: np.ndarray) -> list[tuple[int, int]]:
    """Places of the pixels with data."""
    return list(zip(*map(np.ndarray.tolist, np.nonzero(np.isfinite(picture))), strict=True))


def test_windows_are_means_of_what_has_data(picture):
    values = np.stack([picture, 2 - picture, picture**2])
    made = feature_map(make_cube(values), FEATURES["windows"].learn(make_cube(values))).values
    assert made.shape == (9, HEIGHT, WIDTH)
    for row, column in pixels(picture):
        expected = [np.nanmean(square(band, row, column, radius)) for band in values for radius in (0, 3, 5)]
        np.testing.assert_allclose(made[:, row, column], expected, atol=1e-5)


def slow_opening(picture: np.ndarray, radius: int, steps: int) -> np.ndarray:
    """Erosion by a square, then `steps` times: the largest of the 3 × 3 around, never above the picture."""
    grown = np.full(picture.shape, np.nan)
    for row, column in pixels(picture):
        grown[row, column] = np.nanmin(square(picture, row, column, radius))
    for _ in range(steps):
        before = grown.copy()
        for row, column in pixels(picture):
            grown[row, column] = min(np.nanmax(square(before, row, column, 1)), picture[row, column])
    return grown


@pytest.mark.parametrize(("radius", "steps"), [(1, 1), (1, 3), (2, 5), (4, 0)])
def test_an_opening_is_an_erosion_grown_back_under_the_picture(picture, radius, steps):
    np.testing.assert_allclose(opened(picture, radius, steps), slow_opening(picture, radius, steps))


def test_an_opening_grown_back_for_long_is_the_textbook_reconstruction(picture):
    """What it is: the largest level whose connected part of the picture reaches a pixel the erosion leaves at it."""
    from scipy.ndimage import label

    eroded = slow_opening(picture, 1, 0)
    expected = np.full(picture.shape, np.nan)
    for level in np.unique(picture[np.isfinite(picture)]):
        parts, _ = label(np.nan_to_num(picture, nan=-np.inf) >= level, np.ones((3, 3)))
        kept = np.unique(parts[np.nan_to_num(eroded, nan=-np.inf) >= level])
        expected[np.isin(parts, kept[kept > 0])] = level
    np.testing.assert_allclose(opened(picture, 1, HEIGHT * WIDTH), expected)


def test_a_spot_smaller_than_the_square_goes_and_a_larger_one_keeps_its_outline():
    scene = np.zeros((30, 30))
    scene[4:6, 4:6] = 1
    scene[12:22, 10:20] = 1
    scene[22, 15] = 1  # a corner that a plain opening would cut off
    without = opened(scene, 1, 3)
    assert not without[4:6, 4:6].any()
    np.testing.assert_array_equal(without[10:], scene[10:])


def test_profiles_are_the_components_with_their_openings_and_closings(picture):
    values = np.stack(
        [picture, np.roll(picture, 3, axis=0), picture**3, picture[::-1] - picture, picture.T[:HEIGHT, :1] * picture]
    )
    values[:, ~np.isfinite(values).all(axis=0)] = np.nan
    cube = make_cube(values)
    made = feature_map(cube, FEATURES["profiles"].learn(cube)).values
    components = feature_map(cube, FEATURES["components"].learn(cube)).values[:4]
    assert made.shape == (4 * 7, HEIGHT, WIDTH)
    for k, component in enumerate(components.astype(float)):
        expected = [component]
        for radius in (1, 2, 4):
            expected += [slow_opening(component, radius, radius + 2), -slow_opening(-component, radius, radius + 2)]
        np.testing.assert_allclose(made[7 * k : 7 * k + 7], expected, atol=1e-6)


def slow_superpixels(pictures: np.ndarray, cell: int, compactness: float, rounds: int) -> np.ndarray:
    """Achanta's clustering in loops; a pixel chooses among the pieces of the nine grid cells round its own."""
    n_columns = -(-WIDTH // cell)
    places = pixels(pictures.sum(axis=0))
    spread = sum(np.var([picture[place] for place in places]) for picture in pictures)
    mine = {place: (place[0] // cell, place[1] // cell) for place in places}
    for _ in range(rounds):
        centres = {}
        for piece in set(mine.values()):
            members = [place for place in places if mine[place] == piece]
            centres[piece] = np.mean([[*pictures[:, *place], *place] for place in members], axis=0)
        for place in places:
            here = np.array([*pictures[:, *place], *place])
            best = None
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    piece = place[0] // cell + down, place[1] // cell + right
                    if piece in centres:
                        away = np.square(here - centres[piece])
                        cost = away[:-2].sum() / spread + compactness * away[-2:].sum() / cell**2
                        if best is None or cost < best[0]:
                            best = cost, piece
            mine[place] = best[1]
    out = np.full((HEIGHT, WIDTH), -1)
    for place, (row, column) in mine.items():
        out[place] = row * n_columns + column
    return out


@pytest.mark.parametrize(("rounds", "together"), [(1, 2**14), (4, 2**14), (4, 7)])
def test_superpixels_are_those_of_the_loops(picture, rounds, together, monkeypatch):
    monkeypatch.setattr("workbench.probe.superpixels.TOGETHER", together)
    pictures = np.stack([picture, picture[:, ::-1] + picture])
    made = superpixels(pictures, 4, 0.7, rounds)
    np.testing.assert_array_equal(made, slow_superpixels(pictures, 4, 0.7, rounds))


def test_superpixels_keep_to_the_border_between_two_fields():
    cube, truth = two_fields(n_bands=6)
    pieces = superpixels(cube.values, 7)
    mixed = [piece for piece in np.unique(pieces) if len(np.unique(truth.values[pieces == piece])) > 1]
    assert not mixed
    assert len(np.unique(pieces)) > 12


@pytest.mark.parametrize(("nearest", "window"), [(6, 5), (15, 9), (100, 3)])
def test_smoothing_is_a_weighted_mean_of_the_nearest_of_the_same_superpixel(picture, nearest, window):
    pictures = np.stack([picture, 3 - picture])
    pieces = np.where(np.isfinite(picture), (np.arange(WIDTH) > 6) + 2 * (np.arange(HEIGHT) > 5)[:, None], -1)
    made = smoothed(pictures, pieces, nearest, window)
    for row, column in pixels(picture):
        mine = [
            ((r - row) ** 2 + (c - column) ** 2, r, c)
            for r, c in pixels(picture)
            if pieces[r, c] == pieces[row, column] and max(abs(r - row), abs(c - column)) <= window // 2
        ]
        chosen = sorted(mine)[:nearest]  # of equally far ones those above, then those to the left
        weights = [np.exp(-away / (window / 2) ** 2) for away, _, _ in chosen]
        for k in range(2):
            expected = np.average([pictures[k, r, c] for _, r, c in chosen], weights=weights)
            assert made[k, row, column] == pytest.approx(expected, abs=1e-5)
    assert np.isnan(made[:, ~np.isfinite(picture)]).all()


def test_no_superpixel_leaves_its_tile_and_directions_do_not_change_by_tiles(monkeypatch):
    cube, _ = two_fields(40, 44, n_bands=5)
    cube.values[:, 30:, 33:] = np.nan
    whole = superpixel_features(cube)
    monkeypatch.setattr("workbench.probe.superpixel_features.TILE", 16)
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 2**12)
    tiled = superpixel_features(cube)
    tile = np.arange(40)[:, None] // 16 * 3 + np.arange(44) // 16
    known = tiled.pieces >= 0
    np.testing.assert_array_equal(known, whole.pieces >= 0)
    for piece in np.unique(tiled.pieces[known]):
        assert len(np.unique(tile[tiled.pieces == piece])) == 1
    monkeypatch.setattr("workbench.probe.superpixel_features.TILE", 512)
    expected, variety = discriminants(cube, pca_features(cube), tiled.pieces)
    np.testing.assert_allclose(tiled.apart.axes, expected, rtol=1e-3, atol=1e-4)
    scores = np.stack([tiled.apart.of(cube.values), tiled.own.of(cube.values)])[:, :, known]
    assert scores[0].var(axis=1).sum() == pytest.approx(variety, rel=1e-3)
    assert scores[1].var(axis=1).sum() == pytest.approx(variety, rel=1e-3)


def test_superpixels_are_told_apart_as_scikit_learns_discriminants_do():
    """Superpixels being the classes: the same plane of directions, each with a variance of 1 inside superpixels."""
    cube, _ = two_fields(n_bands=5)
    components, pieces = pca_features(cube), superpixels(cube.values, 6)
    pieces = np.unique(pieces, return_inverse=True)[1].reshape(pieces.shape)  # some have died out
    made, variety = discriminants(cube, components, pieces)
    spectra = cube.values.reshape(5, -1).T.astype(float)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(spectra, pieces.ravel())
    for ours, axis in zip(made[:3], theirs.scalings_.T, strict=False):
        assert abs(ours @ axis) == pytest.approx(np.linalg.norm(ours) * np.linalg.norm(axis), rel=1e-4)
    means = np.array([spectra[pieces.ravel() == piece].mean(axis=0) for piece in range(pieces.max() + 1)])
    inside = (spectra - means[pieces.ravel()]) @ made.T
    spread = inside.T @ inside / (len(spectra) - len(np.unique(pieces)))
    np.testing.assert_allclose(spread, np.eye(5), atol=1e-3)
    assert variety == pytest.approx((spectra @ made.T).var(axis=0).sum(), rel=1e-3)
