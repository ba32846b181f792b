"""How long a comparison takes that an analyst waits for: four models, one of a kind, on a real scene of 83 x 86 pixels.

Nothing is asserted of the time, which is the machine's; it stands in the table's extra information.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.long import LONG
from workbench.compare import compare
from workbench.cubes import open_cube
from workbench.labels import open_labels

MODELS = ("svm", "random_forest", "scene_propagation", "barlow_twins")


@LONG
@pytest.mark.slow
@pytest.mark.realdata
def test_four_models_three_budgets_and_ten_draws_come_to_an_end(real_data, benchmark):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    truth = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)
    table = benchmark.pedantic(compare, (cube, truth, MODELS, (5, 10, 20), 10), rounds=1)
    took = {name: round(rows["seconds"].mean(), 2) for name, rows in table.groupby("model")}
    benchmark.extra_info |= {
        "minutes": round(benchmark.stats.stats.min / 60, 2),
        "seconds of pretraining": round(table["pretrain_seconds"].max()),
        "seconds a map": took,
    }
    assert len(table) == 4 * 3 * 10
    assert np.isfinite(table[["oa", "aa", "kappa", "f1"]]).all().all()
