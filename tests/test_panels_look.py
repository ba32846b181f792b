"""What a page looks at is remembered as JSON, and damage there is no harm."""

from __future__ import annotations

import json

import pytest

from workbench.cubes import simulated_scene
from workbench.panels.look import OWN_BANDS, Look


def test_a_look_comes_back_from_what_it_remembered():
    cube = simulated_scene(16, 16)[0]
    look = Look(picture=OWN_BANDS, bands=(3, 1, 0), percent=(5.0, 90.0), opacity=0.3)
    again = Look()
    again.start_with(cube, json.loads(json.dumps(look.remembered())))
    assert again.remembered() == look.remembered()


@pytest.mark.parametrize(
    "damage", [{"bands": [0, 1, 10_000]}, {"bands": None}, {"percent": [0, 1000]}, {"opacity": 7}, {"picture": "x"}]
)
def test_a_damaged_memory_is_left_aside(damage):
    cube, fresh, look = simulated_scene(16, 16)[0], Look(), Look()
    fresh.start_with(cube)
    look.start_with(cube, {**Look(picture=OWN_BANDS, bands=(3, 1, 0)).remembered(), **damage})
    assert look.remembered() == fresh.remembered()
