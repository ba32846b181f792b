"""Linear discriminants of few labels, against scikit-learn and slow formulas."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import SVC

from workbench.probe.columnwise import Standard, sums_by_class
from workbench.probe.discriminant import ShrunkLDA, best_shrinkage
from workbench.probe.svm import RBFSVM


def rows(n: int, n_features: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_features)) @ rng.normal(size=(n_features, n_features))


@pytest.mark.parametrize(("n", "n_features"), [(2, 3), (5, 40), (45, 99), (300, 15)])
def test_the_shrinkage_is_scikit_learns(n, n_features):
    away = rows(n, n_features)
    wanted = ledoit_wolf_shrinkage(away, assume_centered=True)
    assert best_shrinkage(away, away.T @ away / n) == pytest.approx(wanted, rel=1e-10)


def test_with_a_fixed_shrinkage_it_is_scikit_learns_where_classes_are_even():
    codes = np.repeat([0, 1, 2], 20)
    table = rows(60, 8) + codes[:, None]
    ours = ShrunkLDA(0.3).fit(table, codes)
    centred = table - np.stack([table[codes == code].mean(axis=0) for code in range(3)])[codes]
    covariance = 0.7 * centred.T @ centred / 60 + 0.3 * np.square(centred).mean() * np.eye(8)
    slow = np.linalg.solve(covariance, ours.means_.T)
    np.testing.assert_allclose(ours.weights_, slow, rtol=1e-8)
    none = ShrunkLDA(0.0).fit(table, codes)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3).fit(table, codes)
    np.testing.assert_allclose(none.predict_proba(table), theirs.predict_proba(table), atol=1e-6)


def test_a_covariance_that_decides_nothing_gives_the_shortest_answer():
    """Two features that are one: there are many solutions."""
    codes = np.repeat([0, 1], 10)
    table = np.repeat(rows(20, 1) + 3 * codes[:, None], 2, axis=1)
    found = ShrunkLDA(0.0).fit(table, codes)
    np.testing.assert_allclose(found.weights_[0], found.weights_[1], rtol=1e-6)


def test_sums_are_those_of_a_loop():
    codes = np.array([2, 0, 2, 1, 1, 2])
    table = rows(6, 4)
    slow = [sum(row for row, mine in zip(table, codes, strict=True) if mine == code) for code in range(4)]
    np.testing.assert_allclose(sums_by_class(table, codes, 4)[:3], slow[:3])
    assert (sums_by_class(table, codes, 4)[3] == 0).all()


def test_features_that_are_all_alike_are_only_shifted():
    table = np.column_stack([np.full(5, 7.0), np.arange(5.0)])
    standard = Standard.of(table)
    np.testing.assert_allclose(standard(table).std(axis=0), [0, 1])
    np.testing.assert_allclose(standard(table).mean(axis=0), 0, atol=1e-12)
    assert (Standard.of(table, spread=False).scale_ == 1).all()


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_duels_are_scikit_learns(n_classes):
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(n_classes), 4)
    table = rng.normal(0, 1, (n_classes, 12))[codes] + rng.normal(0, 0.7, (len(codes), 12))
    pixels = rng.normal(0, 1, (1500, 12))
    theirs = SVC(C=100.0, decision_function_shape="ovo").fit(table, codes).decision_function(pixels)
    wanted = -theirs[:, None] if n_classes == 2 else theirs  # scikit-learn turns the sign of the only pair
    np.testing.assert_allclose(RBFSVM(100.0).fit(table, codes).duels(pixels), wanted, atol=1e-9)
