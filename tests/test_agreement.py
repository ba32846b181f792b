"""Coefficients of agreement are those of their authors, and their intervals know which labels hang together."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from workbench.compare.agreement import agreement_of
from workbench.compare.people import Person, side_by_side
from workbench.compare.redrawn import groups_of_marks


def person(name: str, said: object, classes: str = "abcd", marks: object = None) -> Person:
    """Labels of a row of pixels: a letter each, a point where there is none; a mark each unless `marks` tells."""
    codes = np.array([classes.find(one) + 1 for one in said])
    pixels = np.flatnonzero(codes)
    marks = np.arange(len(codes)) if marks is None else np.asarray(marks)
    return Person(name, tuple(classes), pixels, codes[pixels], marks[pixels])


def drawn(seed: int, n: int = 200, people: int = 3, missing: float = 0.3) -> list[str]:
    """What people say who are right in two of three cases."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(list("aaabbcd"), n)
    said = np.where(rng.random((people, n)) < 0.6, truth, rng.choice(list("abcd"), (people, n)))
    return ["".join(row) for row in np.where(rng.random((people, n)) < missing, ".", said)]


KRIPPENDORFF = [  # Computing Krippendorff's Alpha-Reliability (2011), B and C
    (["aabbdcccedda", "babbbccceddd"], "abcde", 0.692),
    (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], "12345", 0.743),
]


@pytest.mark.parametrize(("said", "classes", "alpha"), KRIPPENDORFF)
def test_alpha_is_that_of_the_published_examples(said, classes, alpha):
    people = [person(str(i), one, classes) for i, one in enumerate(said)]
    assert round(agreement_of(side_by_side(people)).alpha, 3) == alpha


def slow_alpha(said: list[str]) -> float:
    """By the definition: observed over expected disagreement of all pairs of values."""
    units = [[one for one in column if one != "."] for column in zip(*said, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    observed = sum(sum(a != b for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    values = [one for unit in units for one in unit]
    expected = sum(n * (len(values) - n) for n in Counter(values).values()) / (len(values) - 1)
    return 1 - observed / expected


def test_alpha_with_missing_labels_is_the_slow_formula():
    said = drawn(1, people=4)
    found = agreement_of(side_by_side([person(str(i), one) for i, one in enumerate(said)]))
    assert found.alpha == pytest.approx(slow_alpha(said), abs=1e-12)
    several = [set(column) - {"."} for column in zip(*said, strict=True) if sum(one != "." for one in column) > 1]
    assert (found.pixels, found.agreement) == (len(several), np.mean([len(one) == 1 for one in several]))


def test_kappa_of_each_pair_is_scikit_learns():
    said = drawn(2)
    found = agreement_of(side_by_side([person(name, one) for name, one in zip("xyz", said, strict=True)]))
    assert [(pair.a, pair.b) for pair in found.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]
    for pair, (i, j) in zip(found.pairs, [(0, 1), (0, 2), (1, 2)], strict=True):
        both = [(a, b) for a, b in zip(said[i], said[j], strict=True) if "." not in (a, b)]
        assert pair.kappa == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)), abs=1e-12)
        cells = Counter(both)
        assert pair.confusion.tolist() == [[cells[a, b] for b in "abcd"] for a in "abcd"]
        assert (pair.pixels, pair.agreement) == (len(both), np.mean([a == b for a, b in both]))


def test_a_pair_made_by_hand():
    pairs = "aa" * 20 + "ab" * 5 + "ba" * 10 + "bb" * 15  # 0.7 of it is the same, 0.5 would be by chance
    found = agreement_of(side_by_side([person("x", pairs[::2]), person("y", pairs[1::2])]))
    assert found.pairs[0].kappa == pytest.approx(0.4, abs=1e-12)
    low, high = found.pairs[0].kappa_ci95
    assert -0.1 < low < 0.25 < 0.55 < high < 0.75


def test_classes_are_matched_by_name_and_one_that_a_person_alone_has_is_named():
    said = drawn(3, people=2, missing=0)
    one, other = person("x", said[0], "abcd"), person("y", said[1], "dcbaz")
    opinions = side_by_side([one, other])
    assert opinions.only == {"z": "y"}
    assert agreement_of(opinions).pairs[0].kappa == pytest.approx(cohen_kappa_score(*map(list, said)), abs=1e-12)


def test_pixels_of_one_polygon_are_one_decision():
    said = drawn(4, n=60, people=3, missing=0.2)
    clicks = agreement_of(side_by_side([person(str(i), one) for i, one in enumerate(said)]), seed=5)
    marks = np.repeat(np.arange(60), 25)
    areas = [person(str(i), "".join(letter * 25 for letter in one), marks=marks) for i, one in enumerate(said)]
    areas = agreement_of(side_by_side(areas), seed=5)
    assert [pair.pixels for pair in areas.pairs] == [25 * pair.pixels for pair in clicks.pairs]
    for one, many in zip(clicks.pairs, areas.pairs, strict=True):
        assert (many.groups, many.kappa) == (one.groups, pytest.approx(one.kappa, abs=1e-12))
        assert many.kappa_ci95 == pytest.approx(one.kappa_ci95, abs=1e-9)
    apart = agreement_of(side_by_side([person(str(i), "".join(c * 25 for c in one)) for i, one in enumerate(said)]))
    assert np.ptp(apart.pairs[0].kappa_ci95) < np.ptp(areas.pairs[0].kappa_ci95) / 4  # by √25, had they been clicks


def test_of_single_clicks_the_interval_is_as_wide_as_the_textbook_says():
    said = drawn(6, n=600, people=2, missing=0)
    pair = agreement_of(side_by_side([person("x", said[0]), person("y", said[1])])).pairs[0]
    p = pair.confusion / 600  # Fleiss, Cohen, Everitt (1969), the large-sample variance of kappa
    row, column = p.sum(axis=1), p.sum(axis=0)
    chance, same = row @ column, np.trace(p)
    own = sum(p[i, i] * (1 - (row[i] + column[i]) * (1 - pair.kappa)) ** 2 for i in range(4))
    other = (1 - pair.kappa) ** 2 * sum(p[i, j] * (column[i] + row[j]) ** 2 for i, j in permutations(range(4), 2))
    spread = np.sqrt((own + other - (pair.kappa - chance * (1 - pair.kappa)) ** 2) / 600) / (1 - chance)
    assert same > chance
    assert np.ptp(pair.kappa_ci95) == pytest.approx(2 * 1.964 * spread, rel=0.06)
    assert pair.kappa_ci95[0] < pair.kappa < pair.kappa_ci95[1]


def test_marks_that_share_a_pixel_hang_together():
    rng = np.random.default_rng(7)
    marks = np.stack([rng.integers(0, 40, 60), 40 + rng.integers(0, 40, 60), 80 + rng.integers(0, 40, 60)])
    marks[rng.random(marks.shape) < 0.5] = -1
    marks = marks[:, (marks >= 0).any(axis=0)]
    sets = [{int(one) for one in column if one >= 0} for column in marks.T]
    for _ in sets:  # slowly: let each swallow what it meets, as often as it takes
        sets = [set().union(*(other for other in sets if other & one)) for one in sets]
    groups = groups_of_marks(marks)
    assert [[a == b for b in groups] for a in groups] == [[one == other for other in sets] for one in sets]


def test_where_all_agree_or_hang_together_there_is_no_interval():
    same = agreement_of(side_by_side([person("x", "aabb"), person("y", "aabb")]))
    assert (same.alpha, same.pairs[0].kappa) == (1, 1)
    one = agreement_of(side_by_side([person("x", "aabb"), person("y", "abbb", marks=[7, 7, 7, 7])]))
    assert one.pairs[0].groups == 1
    assert np.isnan([same.alpha_ci95, same.pairs[0].kappa_ci95, one.pairs[0].kappa_ci95]).all()
    flat = agreement_of(side_by_side([person("x", "aaaa"), person("y", "aaaa")]))
    assert np.isnan([flat.alpha, flat.pairs[0].kappa]).all()


REFUSALS = [
    (["aa.."], "two people or more, got those of 1"),
    (["aa..", "...."], "but 1 gave none"),
    (["aa..", "..aa"], "no pixel was labelled by two of 0, 1"),
]


@pytest.mark.parametrize(("said", "words"), REFUSALS)
def test_nothing_to_hold_against_each_other_is_said(said, words):
    with pytest.raises(ValueError, match=words):
        side_by_side([person(str(i), one) for i, one in enumerate(said)])
