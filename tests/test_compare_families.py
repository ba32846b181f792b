"""The order of families is that of their means, draw by draw, and told either way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.scored import scored
from workbench.compare import family_order


def test_the_order_of_families_is_that_of_their_means_draw_by_draw():
    rng = np.random.default_rng(0)
    draws = {name: (0.6 + rng.normal(0, 0.02, 6)).tolist() for name in "abc"}
    draws["d"] = (np.mean([draws["b"], draws["c"]], axis=0) - 0.1 + rng.normal(0, 0.01, 6)).tolist()
    draws["e"] = (np.mean([draws["b"], draws["c"]], axis=0) + 0.1 + rng.normal(0, 0.01, 6)).tolist()
    found = family_order(scored(**draws)).set_index("family")
    for name, family in (("d", "self-supervised"), ("e", "semi-supervised")):
        apart = np.array(draws[name]) - (np.array(draws["b"]) + np.array(draws["c"])) / 2
        known = stats.ttest_1samp(apart, 0).confidence_interval(0.95)
        assert found.loc[family, "difference"] == pytest.approx(apart.mean())
        assert found.loc[family, "ci95"] == pytest.approx(list(known))
    assert found["verdict"].to_dict() == {"self-supervised": "disagrees", "semi-supervised": "agrees"}


def test_a_family_that_is_not_there_is_not_compared():
    assert family_order(scored(a=[0.5, 0.6], d=[0.5, 0.6])).empty
    assert family_order(scored(b=[0.5], d=[0.6]))["verdict"].tolist() == ["cannot tell"]
