"""Scores from a confusion matrix agree with scikit-learn's from the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from workbench.compare import (
    average_accuracy,
    confusion_matrix,
    f1,
    kappa,
    merged_confusion,
    overall_accuracy,
    producers_accuracy,
    users_accuracy,
)


@pytest.fixture(params=[0, 1, 2])
def pixels(request) -> tuple[np.ndarray, np.ndarray]:
    """Truth and a prediction that is right two times in three."""
    rng = np.random.default_rng(request.param)
    truth = rng.choice([1, 2, 3, 4, 5], 800, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    return truth, np.where(rng.random(800) < 0.67, truth, rng.integers(1, 6, 800))


def test_every_score_is_scikit_learns(pixels):
    truth, predicted = pixels
    confusion = confusion_matrix(truth, predicted, 5)
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(truth, predicted, labels=range(1, 6)))
    assert overall_accuracy(confusion) == pytest.approx(sk.accuracy_score(truth, predicted))
    assert average_accuracy(confusion) == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    assert kappa(confusion) == pytest.approx(sk.cohen_kappa_score(truth, predicted))
    assert f1(confusion) == pytest.approx(sk.f1_score(truth, predicted, average="macro"))
    np.testing.assert_allclose(producers_accuracy(confusion), sk.recall_score(truth, predicted, average=None))
    np.testing.assert_allclose(users_accuracy(confusion), sk.precision_score(truth, predicted, average=None))


def test_scores_of_groups_are_those_of_pixels_that_name_their_groups(pixels):
    truth, predicted = pixels
    groups = ["wood", "field", "wood", "water", "field"]
    named = [np.array(groups)[codes - 1] for codes in pixels]
    names, confusion = merged_confusion(confusion_matrix(truth, predicted, 5), groups)
    assert names == ["wood", "field", "water"]
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(*named, labels=names))
    assert overall_accuracy(confusion) == pytest.approx(sk.accuracy_score(*named))
    assert kappa(confusion) == pytest.approx(sk.cohen_kappa_score(*named))
    recall = sk.recall_score(*named, average=None, labels=names)
    np.testing.assert_allclose(producers_accuracy(confusion), recall)


def test_a_class_without_test_pixels_is_left_out_of_the_averages(pixels):
    truth, predicted = pixels
    keep = truth != 3
    truth, predicted = truth[keep], predicted[keep]
    confusion = confusion_matrix(truth, predicted, 5)
    present = [1, 2, 4, 5]
    assert np.isnan(producers_accuracy(confusion)[2])
    recall = sk.recall_score(truth, predicted, labels=present, average="macro")
    assert average_accuracy(confusion) == pytest.approx(recall)
    assert f1(confusion) == pytest.approx(sk.f1_score(truth, predicted, labels=present, average="macro"))
    assert overall_accuracy(confusion) == pytest.approx(sk.accuracy_score(truth, predicted))


def test_a_class_never_predicted_has_no_users_accuracy_and_f1_zero():
    confusion = confusion_matrix([1, 1, 2], [1, 1, 1], 2)
    assert np.isnan(users_accuracy(confusion)[1])
    assert f1(confusion) == pytest.approx(0.4)


def test_one_class_alone_shows_no_agreement_beyond_chance():
    assert kappa(confusion_matrix([2, 2], [2, 2], 3)) == 0.0


def test_perfect_and_chance_are_the_ends_of_kappa():
    assert kappa(np.diag([3, 4, 5])) == 1.0
    assert kappa(np.full((4, 4), 7)) == pytest.approx(0.0)
