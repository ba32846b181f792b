"""Area-adjusted accuracies are those of Olofsson et al.'s worked example, of a slow formula, and of a known map."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.scenes import two_fields
from workbench.compare import area_adjusted, compare_rows, overall_accuracy
from workbench.probe import classify_scene

DEFORESTATION = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]).T
"""The paper's table 8, turned from rows = map to rows = truth: deforestation, forest gain, stable forest, stable
non-forest."""

MAPPED = [200_000, 150_000, 3_200_000, 6_450_000]
"""Pixels of 30 m in the paper's map."""


def slowly(confusion: np.ndarray, mapped: list[float]) -> dict[str, list[float]]:
    """Equations 4 to 11 of the paper, sum by sum; its n[i][j] is map i, ground j."""
    q = range(len(mapped))
    n = [[confusion[j][i] for j in q] for i in q]
    ni = [sum(n[i]) for i in q]
    w = [mapped[i] / sum(mapped) for i in q]
    p = [[w[i] * n[i][j] / ni[i] for j in q] for i in q]
    users = [n[i][i] / ni[i] for i in q]
    ground = [sum(p[i][j] for i in q) for j in q]
    producers = [p[j][j] / ground[j] for j in q]
    found = {"oa": [sum(p[i][i] for i in q)], "users": users, "producers": producers}
    found["oa_se"] = [math.sqrt(sum(w[i] ** 2 * users[i] * (1 - users[i]) / (ni[i] - 1) for i in q))]
    found["users_se"] = [math.sqrt(users[i] * (1 - users[i]) / (ni[i] - 1)) for i in q]
    found["producers_se"] = []
    for j in q:
        own = mapped[j] ** 2 * (1 - producers[j]) ** 2 * users[j] * (1 - users[j]) / (ni[j] - 1)
        others = sum(mapped[i] ** 2 * n[i][j] / ni[i] * (1 - n[i][j] / ni[i]) / (ni[i] - 1) for i in q if i != j)
        pixels = sum(mapped[i] * n[i][j] / ni[i] for i in q)
        found["producers_se"].append(math.sqrt(own + producers[j] ** 2 * others) / pixels)
    found["area"] = [one * sum(mapped) for one in ground]
    found["area_se"] = [
        sum(mapped) * math.sqrt(sum((w[i] * p[i][j] - p[i][j] ** 2) / (ni[i] - 1) for i in q)) for j in q
    ]
    return found


def test_the_papers_worked_example():
    """Section 5: accuracies and their 95 % intervals to two digits, areas to the hectare (0.09 ha a pixel)."""
    found = area_adjusted(DEFORESTATION, MAPPED)
    assert found.oa == pytest.approx(0.95, abs=0.005)
    assert 1.96 * found.oa_se == pytest.approx(0.02, abs=0.005)
    assert found.users.round(2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert (1.96 * found.users_se).round(2).tolist() == [0.07, 0.10, 0.04, 0.02]
    assert found.producers[0] == pytest.approx(0.75, abs=0.005)
    assert 1.96 * found.producers_se[0] == pytest.approx(0.21, abs=0.005)
    assert found.area[0] == pytest.approx(235_086, abs=1)
    assert 1.96 * found.area_se[0] == pytest.approx(68_418, abs=30)
    assert 0.09 * found.area[0] == pytest.approx(21_158, abs=1)


def test_every_figure_is_the_slow_formulas():
    rng = np.random.default_rng(0)
    for k in (2, 3, 6):
        confusion = rng.integers(1, 40, (k, k)) + np.diag(rng.integers(50, 90, k))
        mapped = rng.integers(100, 9000, k).tolist()
        found = area_adjusted(confusion, mapped)
        for name, truth in slowly(confusion, mapped).items():
            np.testing.assert_allclose(np.atleast_1d(getattr(found, name)), truth, err_msg=name)
        assert found.area.sum() == pytest.approx(sum(mapped))


def test_two_classes_by_hand():
    """W = 0.6, 0.4; OA = 0.6 · 0.8 + 0.4 · 0.9 = 0.84; ground 1 = 0.6 · 0.8 + 0.4 · 0.1 = 0.52."""
    found = area_adjusted(np.array([[8, 2], [1, 9]]).T, [60, 40])
    assert found.oa == pytest.approx(0.84)
    assert found.area.tolist() == pytest.approx([52, 48])
    assert found.area_se[0] == pytest.approx(100 * math.sqrt(0.36 * 0.16 / 9 + 0.16 * 0.09 / 9))
    assert found.producers[0] == pytest.approx(0.48 / 0.52)


def test_a_fair_sample_leaves_the_overall_accuracy_as_it_is():
    rng = np.random.default_rng(1)
    confusion = rng.integers(1, 40, (4, 4))
    assert area_adjusted(confusion, 7 * confusion.sum(axis=0)).oa == pytest.approx(overall_accuracy(confusion))


def test_a_known_map_is_found_again_with_the_error_that_is_told():
    """200 pixels of each mapped class of a known map, drawn 2,000 times: no bias, and errors as large as told."""
    rng = np.random.default_rng(2)
    mapped = np.array([60_000, 30_000, 10_000])
    share = np.array([[0.9, 0.07, 0.03], [0.15, 0.8, 0.05], [0.02, 0.28, 0.7]])  # rows = map
    draws = [area_adjusted(np.stack([rng.multinomial(200, one) for one in share], axis=1), mapped) for _ in range(2000)]
    known = {
        "oa": float(mapped @ np.diagonal(share)) / mapped.sum(),
        "users": np.diagonal(share),
        "producers": mapped * np.diagonal(share) / (mapped @ share),
        "area": mapped @ share,
    }
    for name, truth in known.items():
        values = np.array([getattr(one, name) for one in draws])
        told = np.sqrt(np.mean([getattr(one, f"{name}_se") ** 2 for one in draws], axis=0))
        np.testing.assert_allclose(values.mean(axis=0), truth, rtol=0.02)
        np.testing.assert_allclose(told, values.std(axis=0), rtol=0.08)


def test_a_mapped_class_without_test_pixels_leaves_the_whole_unknown():
    found = area_adjusted([[8, 2, 0], [1, 9, 0], [0, 0, 0]], [50, 40, 10])
    assert np.isnan([found.oa, found.oa_se, *found.area]).all()
    np.testing.assert_allclose(found.users, [8 / 9, 9 / 11, np.nan])


def test_a_class_that_is_not_mapped_changes_nothing_but_its_own_row():
    two = area_adjusted([[8, 2], [1, 9]], [50, 40])
    three = area_adjusted([[8, 2, 0], [1, 9, 0], [0, 0, 0]], [50, 40, 0])
    assert (three.oa, three.oa_se) == (two.oa, two.oa_se)
    np.testing.assert_allclose(three.area, [*two.area, 0])
    assert np.isnan([three.users[2], three.producers[2]]).all()


def test_a_single_test_pixel_has_no_error_to_tell():
    found = area_adjusted([[8, 0], [1, 1]], [50, 40])
    assert found.oa == pytest.approx((50 * 8 / 9 + 40) / 90)
    assert np.isnan(found.oa_se)


@pytest.mark.parametrize(
    ("confusion", "mapped", "message"),
    [
        (np.eye(2), [1, 2, 3], r"a 3 × 3 confusion matrix and mapped areas above 0 are needed, got 2 × 2 and"),
        (np.eye(2), [0, 0], r"got 2 × 2 and \[0.0, 0.0\]; give the areas of the same class map"),
    ],
)
def test_areas_that_do_not_fit_are_refused(confusion, mapped, message):
    with pytest.raises(ValueError, match=message):
        area_adjusted(confusion, mapped)


def test_rows_hold_the_figures_of_their_whole_class_map():
    cube, truth = two_fields()
    cube = cube.copy(data=cube.values + np.random.default_rng(0).normal(0, 0.3, cube.shape).astype("float32"))
    truth = truth.copy(data=np.where((truth.values == 1) & (truth["y"].values[:, None] > 6), 0, truth.values))
    made = []

    def spy(*args, **rest):
        made.append(classify_scene(*args, **rest))
        return made[-1]

    rows = list(compare_rows(cube, truth, ["spectral_angle", "knn"], [5], 1, classify=spy))
    for row, one in zip(rows, made, strict=True):
        mapped = [int((one.class_map.values == code).sum()) for code in range(1, len(row["classes"]) + 1)]
        assert row["mapped"] == mapped
        assert sum(mapped) == truth.size
        assert abs(row["oa"] - row["oa_area"]) > 0.001
        slow = slowly(np.array(row["confusion"]), mapped)
        assert (row["oa_area"], row["oa_area_se"]) == pytest.approx((slow["oa"][0], slow["oa_se"][0]))
