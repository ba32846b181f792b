"""A classifier of scikit-learn's on cubes says of each pixel what it says of its spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.scenes import few
from workbench.cubes import simulated_scene
from workbench.probe import OfPixels
from workbench.probe.svm import RBFSVM


@pytest.mark.parametrize(
    "classifier",
    [GaussianNB(), RandomForestClassifier(10, random_state=0), make_pipeline(StandardScaler(), RBFSVM())],
    ids=["bayes", "forest", "svm"],
)
@pytest.mark.parametrize("lazy", [False, True])
def test_a_map_is_what_the_classifier_says_of_the_table_of_good_bands(classifier, lazy):
    cube, truth = simulated_scene(30, 40, seed=2, n_bands=50)
    cube = cube.compute().copy(deep=True)
    cube[:, 3:6, 7:9] = np.nan
    labels = few(truth, 6)
    table = cube.values[cube.good.values].reshape(cube.good.values.sum(), -1).T
    codes, has_data = labels.values.ravel(), np.isfinite(table).all(axis=1)
    plain = classifier.fit(table[has_data & (codes > 0)], codes[has_data & (codes > 0)])
    fitted = OfPixels(classifier).fit(cube.chunk(y=11) if lazy else cube, labels)
    made, chances = fitted.predict(cube), fitted.predict_proba(cube)
    assert (made.values.ravel()[has_data] == plain.predict(table[has_data])).mean() > 0.999
    np.testing.assert_allclose(
        chances.values.reshape(len(fitted.classes_), -1)[:, has_data].T, plain.predict_proba(table[has_data]), atol=1e-4
    )
    assert (made.values.ravel()[~has_data] == 0).all()
    assert np.isnan(chances.values.reshape(len(fitted.classes_), -1)[:, ~has_data]).all()
    assert made.rio.crs == cube.rio.crs


def test_the_classifier_given_stays_as_it_was():
    cube, truth = simulated_scene(20, 24, seed=3, n_bands=40)
    given = GaussianNB()
    OfPixels(given).fit(cube, truth)
    assert not hasattr(given, "classes_")
