"""Damaged files of every reader: a seeded few here; WORKBENCH_FUZZ=2000 asks for as many of each kind."""

from __future__ import annotations

import os

import pytest

from tests.fuzzing.specimens import KINDS
from tests.fuzzing.watch import watch
from workbench.cubes import FORMATS

MANY = int(os.environ.get("WORKBENCH_FUZZ", "4"))
GROUPS = [list(KINDS)[i::4] for i in range(4)]


def test_every_reader_has_a_specimen():
    named = {kind.split()[0] for kind in KINDS} | {"enmap-patch"}
    named |= {"series"} if "eo-learn" in KINDS else set()
    assert {row.name for row in FORMATS} <= named


@pytest.mark.realdata
@pytest.mark.parametrize("kinds", GROUPS, ids=[kinds[0] for kinds in GROUPS])
def test_damage_is_refused_in_a_sentence_in_time_and_memory(kinds):
    report = watch(kinds, 0, MANY)
    assert not report.faults, "\n".join(report.faults[:5])
    assert report.opened + report.refused == MANY * len(kinds)
    assert report.opened >= len(kinds)
    assert report.refused >= MANY * len(kinds) / 4
