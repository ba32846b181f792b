"""Labels spread over a scene as the paper's equation says, solved densely on a small one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scenes import few, make_cube, two_fields
from workbench.probe import FEATURES, classify_to, feature_map
from workbench.probe.scene_graph import scene_graph
from workbench.probe.scene_propagation import ScenePropagation

HEIGHT, WIDTH = 6, 7


@pytest.fixture
def pictures() -> np.ndarray:
    """Two pictures of noise, without data in a corner."""
    pictures = np.random.default_rng(0).normal(size=(2, HEIGHT, WIDTH))
    pictures[:, :2, :2] = np.nan
    return pictures


def slow_graph(pictures: np.ndarray, among: list[int], n_neighbors: int, space: float) -> np.ndarray:
    """Weights between all pixels of a scene, dense; nearest spectra are looked for `among` some of those with data."""
    has_data = np.isfinite(pictures[0])
    places = list(zip(*np.nonzero(has_data), strict=True))
    n = len(places)
    away = np.array([[np.linalg.norm(pictures[:, *one] - pictures[:, *other]) for other in places] for one in places])
    chosen = [sorted((k for k in among if k != i), key=lambda k: away[i, k])[:n_neighbors] for i in range(n)]
    width = np.median([max(away[i, k] for k in chosen[i]) for i in range(n)])
    graph = np.zeros((n, n))
    for i in range(n):
        for k in chosen[i]:
            weight = np.exp(-((away[i, k] / width) ** 2))
            graph[i, k] += weight
            graph[k, i] += weight
    beside = [
        (i, k)
        for i in range(n)
        for k in range(n)
        if i != k and max(abs(places[i][0] - places[k][0]), abs(places[i][1] - places[k][1])) == 1
    ]
    width = np.median([away[pair] for pair in beside])
    for pair in beside:
        graph[pair] += space * np.exp(-((away[pair] / width) ** 2))
    return graph


def test_a_pixel_is_joined_to_the_most_alike_and_to_those_beside_it(pictures):
    made = scene_graph(pictures, np.zeros((HEIGHT, WIDTH), bool), 4, 0.6, 0).toarray()
    n = int(np.isfinite(pictures[0]).sum())
    np.testing.assert_allclose(made, slow_graph(pictures, list(range(n)), 4, 0.6), atol=1e-9)


def test_in_a_large_scene_the_most_alike_are_looked_for_among_some_and_the_labelled(pictures, monkeypatch):
    monkeypatch.setattr("workbench.probe.scene_graph.ANCHORS", 12)
    labelled = np.zeros((HEIGHT, WIDTH), bool)
    labelled[5, 5:] = True
    n = int(np.isfinite(pictures[0]).sum())
    among = sorted({*np.random.default_rng(3).choice(n, 12, replace=False).tolist(), n - 1, n - 2})
    made = scene_graph(pictures, labelled, 4, 0.6, 3).toarray()
    np.testing.assert_allclose(made, slow_graph(pictures, among, 4, 0.6), atol=1e-9)


def test_chances_solve_the_equation_of_the_paper():
    values, (_, truth) = np.random.default_rng(1).normal(size=(4, 9, 10)), two_fields(9, 10)
    values[:, 3, 4:6] = np.nan
    cube = make_cube(values)
    labels = few(truth.where(np.isfinite(cube[0]), 0).astype("int16").assign_attrs(truth.attrs), 2)
    made = ScenePropagation(n_neighbors=5, space=0.5, alpha=0.8).fit(cube, labels)
    pictures = feature_map(cube, FEATURES["components"].learn(cube)).values.astype(float)
    has_data = np.isfinite(pictures[0])
    graph = slow_graph(pictures, list(range(int(has_data.sum()))), 5, 0.5)
    root = 1 / np.sqrt(graph.sum(axis=1))
    codes = labels.values[has_data]
    told = np.stack([(codes == 1) / 2, (codes == 2) / 2], axis=1)
    share = np.linalg.solve(np.eye(len(codes)) - 0.8 * root[:, None] * graph * root, 0.2 * told)
    np.testing.assert_allclose(made.chances_[:, has_data].T, share / share.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.isnan(made.chances_[:, ~has_data]).all()


def test_an_island_that_no_label_reaches_has_even_chances():
    values = np.random.default_rng(0).normal(size=(3, 8, 12)) * 0.01
    values[0, :, :4] += 100
    values[:, :, 4:6] = np.nan
    cube, (_, truth) = make_cube(values), two_fields(8, 12)
    labels = truth.copy(data=np.zeros((8, 12), "int16"))
    labels[2, 7], labels[5, 10] = 1, 2
    made = ScenePropagation(n_neighbors=3).fit(cube, labels)
    np.testing.assert_allclose(made.chances_[:, :, :4], 0.5)
    assert made.chances_[0, 2, 7] > 0.6


def test_a_scene_too_large_for_a_graph_is_refused_in_one_sentence(monkeypatch, tmp_path):
    cube, truth = two_fields()
    monkeypatch.setattr("workbench.probe.scene_propagation.MOST_PIXELS", 700)
    with pytest.raises(ValueError, match=r"whole scene at once, at most 700 pixels, got 24 × 30; take a part of it"):
        list(classify_to(cube, truth, tmp_path / "m.tif", "scene_propagation"))
    assert not list(tmp_path.iterdir())
