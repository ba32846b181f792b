"""Areas where class maps disagree, against a flood fill that goes from pixel to pixel."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from workbench.compare import areas_apart


def flooded(maps: list[np.ndarray]) -> list[set[tuple[int, int]]]:
    """Connected pixels on which two maps with data name two classes."""
    height, width = maps[0].shape
    left = {
        (i, j) for i in range(height) for j in range(width) if len({int(one[i, j]) for one in maps if one[i, j]}) > 1
    }
    found = []
    while left:
        waiting, area = [left.pop()], set()
        while waiting:
            i, j = waiting.pop()
            area.add((i, j))
            for beside in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if beside in left:
                    left.remove(beside)
                    waiting.append(beside)
        found.append(area)
    return found


def outside(told: tuple[int, ...]) -> int:
    """Maps that tell another class than most maps do."""
    counts = Counter(code for code in told if code)
    return sum(counts.values()) - max(counts.values())


def some_maps(n: int, seed: int) -> list[np.ndarray]:
    """Maps in patches, with other classes here and there and pixels without data."""
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.integers(1, 5, (6, 8)), np.ones((4, 4), int))
    maps = []
    for _ in range(n):
        other = rng.random(ground.shape) < 0.25
        maps.append(np.where(other, rng.integers(0, 5, ground.shape), ground).astype("int16"))
    return maps


@pytest.mark.parametrize(("n", "by"), [(2, "pixels"), (3, "models"), (5, "pixels"), (5, "models")])
def test_areas_are_those_of_a_flood_fill_and_ranked(n, by):
    maps = some_maps(n, seed=n)
    found, wanted = areas_apart(maps, by=by), flooded(maps)
    assert found.count == len(wanted) == len(found.areas) > 10
    assert {frozenset(map(tuple, area.members.tolist())) for area in found.areas} == {*map(frozenset, wanted)}
    assert found.pixels == sum(map(len, wanted))
    assert found.known == sum(sum(one[i, j] > 0 for one in maps) > 1 for i in range(24) for j in range(32))
    keys = [(area.pixels, area.apart) if by == "pixels" else (area.apart, area.pixels) for area in found.areas]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) > 2


def test_what_is_told_in_an_area_is_what_the_maps_say_on_most_of_it():
    maps = some_maps(3, seed=7)
    for area in areas_apart(maps).areas:
        pixels = list(map(tuple, area.members.tolist()))
        said = Counter(tuple(int(one[pixel]) for one in maps) for pixel in pixels)
        assert said[area.told] == area.told_on == max(said.values())
        assert area.apart == outside(area.told) > 0
        assert area.pixels == len(pixels)
        middle = np.mean(pixels, axis=0)
        nearest = min(((np.array(pixel) - middle) ** 2).sum() for pixel in pixels)
        assert ((np.array([area.row, area.column]) - middle) ** 2).sum() == pytest.approx(nearest)
        assert (area.row, area.column) in pixels


def test_only_the_first_are_listed_and_all_are_counted():
    maps = some_maps(2, seed=1)
    whole, few = areas_apart(maps), areas_apart(maps, most=3)
    assert [area.pixels for area in few.areas] == [area.pixels for area in whole.areas[:3]]
    assert (few.count, few.pixels) == (whole.count, whole.pixels)


def test_a_large_scene_is_thinned_out_and_places_are_its_own():
    one = np.ones((60, 90), "int16")
    other = one.copy()
    other[20:40, 30:72] = 2
    found = areas_apart([one, other], most_pixels=600)
    assert found.step == 3
    (area,) = found.areas
    assert area.pixels == pytest.approx(20 * 42, rel=0.1)
    assert found.known == 60 * 90
    assert (abs(area.row - 29.5), abs(area.column - 50.5)) <= (3, 3)
    assert (other[tuple(area.members.T)] == 2).all()
    assert {tuple(pixel) for pixel in (area.members % 3).tolist()} == {(0, 0)}


def test_maps_that_agree_have_no_areas():
    one = some_maps(1, seed=0)[0]
    found = areas_apart([one, one.copy(), np.zeros_like(one)])
    assert (found.areas, found.count, found.pixels) == ((), 0, 0)


@pytest.mark.parametrize(("maps", "by", "message"), [
    ([(3, 4)], "pixels", "at least two maps of one size are held against each other, got 3 by 4"),
    ([(3, 4), (4, 3)], "pixels", "got 3 by 4, 4 by 3"),
    ([], "pixels", "got none"),
    ([(3, 4), (3, 4)], "size", "areas are ranked by pixels or models, got 'size'"),
])  # fmt: skip
def test_what_cannot_be_held_against_each_other_is_refused(maps, by, message):
    with pytest.raises(ValueError, match=message):
        areas_apart([np.ones(shape, "int16") for shape in maps], by=by)
