"""What a file of a fitted model may hold besides numbers: for ``skops.io``, which runs no code of the file's.

``skops.io.load("model.skops", trusted=TRUSTED)`` opens what ``skops.io.dump(model, "model.skops")`` wrote, of every
model of pixels in ``MODELS``; anything else in the file is refused by name. Networks are kept as arrays by name.
"""

from __future__ import annotations

from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.neighbours import FewNeighbours, GraphPropagation
from workbench.probe.prototypes import NearestAngle
from workbench.probe.self_training import SelfTraining
from workbench.probe.spectral_network import FixMatch, SpectralNetwork
from workbench.probe.svm import RBFSVM, LinearSVM

_OWN = (
    RBFSVM,
    LinearSVM,
    ShrunkLDA,
    NearestAngle,
    FewNeighbours,
    GraphPropagation,
    SelfTraining,
    SpectralNetwork,
    FixMatch,
)

_NEIGHBOURS = ("sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64")

_TREES = ("sklearn.tree._tree.Tree",)

_BOOSTING = (
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    *(f"sklearn._loss.loss.{name}" for name in ("HalfBinomialLoss", "HalfMultinomialLoss")),
    *(f"sklearn._loss.link.{name}" for name in ("Interval", "LogitLink", "MultinomialLogit")),
)

TRUSTED = [*(f"{kind.__module__}.{kind.__name__}" for kind in _OWN), *_NEIGHBOURS, *_TREES, *_BOOSTING]
"""Names of classes: our own, and scikit-learn's inner ones of nearest neighbours and of trees."""
