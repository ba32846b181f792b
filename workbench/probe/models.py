"""The models there are: one table, a row each, by family.

A row's `build` makes a fresh classifier. For the input ``"scene"`` it is fitted to a cube and its labels; for all
others it is scikit-learn's over (pixels, features): spectra, an embedding, or a row of ``FEATURES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from workbench.pretrain import find_encoder
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.features import FEATURES
from workbench.probe.neighbours import FewNeighbours, GraphPropagation
from workbench.probe.paws import PawsClassifier
from workbench.probe.prototypes import NearestAngle
from workbench.probe.supervised import FromScratch
from workbench.probe.svm import RBFSVM, LinearSVM

Family = Literal["baseline", "supervised", "semi-supervised", "self-supervised"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model, as the user may choose it."""

    name: str
    """As typed on the command line."""

    family: Family
    """What it learns from."""

    title: str
    """What it is, in a few words."""

    paper: str
    """Where it comes from."""

    features: str
    """What it is fitted to: ``"spectra"``, ``"embedding"``, ``"scene"``, or a name in ``FEATURES``."""

    build: Callable[[int], ClassifierMixin | FromScratch]
    """Makes a fresh one from a seed."""

    unlabelled: bool = False
    """Whether its fit takes unlabelled pixels beside the labels."""

    objective: str = ""
    """The objective its embedding comes from; empty for models of spectra."""

    encoder: str = ""
    """The encoder it has, if it makes its own."""

    @property
    def transductive(self) -> bool:
        """Whether it saw, in learning, pixels that it is tested on (without their labels)."""
        learns = self.features in FEATURES and FEATURES[self.features].learns
        return self.unlabelled or learns or self.features == "embedding"

    @property
    def footprint(self) -> int:
        """Pixels of context across, of its own encoder or its features; else 1 (an embedding brings its own)."""
        if self.features in FEATURES:
            return FEATURES[self.features].footprint
        return find_encoder(self.encoder).footprint if self.encoder else 1


def _standardised(classifier: ClassifierMixin) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), classifier)


def _boosting(seed: int) -> ClassifierMixin:
    # scikit-learn's own leaves hold 20 labels and more, so that with few labels not one split is made.
    return HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=4, min_samples_leaf=2, max_features=0.1, early_stopping=False, random_state=seed
    )


def _self_training(seed: int) -> ClassifierMixin:
    return _standardised(SelfTrainingClassifier(RBFSVM(), criterion="k_best", k_best=100, max_iter=10))


_BARLOW = "Ait Ali Braham et al. 2022, arXiv:2206.12117; Zbontar et al. 2021, arXiv:2103.03230"

_LDA = "Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x; Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4"

MODELS = {
    row.name: row
    for row in (
        Model(
            "svm",
            "baseline",
            "RBF support vector machine on spectra, its cost by cross-validation on the labels",
            "Melgani & Bruzzone 2004, doi:10.1109/TGRS.2004.831865",
            "spectra",
            lambda seed: _standardised(RBFSVM(C=None, random_state=seed)),
        ),
        Model(
            "random_forest",
            "baseline",
            "200 trees on spectra",
            "Breiman 2001, doi:10.1023/A:1010933404324",
            "spectra",
            lambda seed: RandomForestClassifier(200, random_state=seed, n_jobs=-1),
        ),
        Model(
            "linear_svm",
            "baseline",
            "linear support vector machine on spectra, its cost by cross-validation on the labels",
            "Cortes & Vapnik 1995, doi:10.1007/BF00994018",
            "spectra",
            lambda seed: _standardised(LinearSVM(C=None, random_state=seed)),
        ),
        Model(
            "gradient_boosting",
            "baseline",
            "100 rounds of small boosted trees on spectra, a tenth of the bands at each split",
            "Friedman 2001, doi:10.1214/aos/1013203451; Ke et al. 2017, NeurIPS",
            "spectra",
            _boosting,
        ),
        Model(
            "knn",
            "baseline",
            "3 nearest labelled spectra",
            "Cover & Hart 1967, doi:10.1109/TIT.1967.1053964",
            "spectra",
            lambda seed: _standardised(FewNeighbours(3, weights="distance")),
        ),
        Model(
            "spectral_angle",
            "baseline",
            "smallest angle to a class's mean spectrum",
            "Kruse et al. 1993, doi:10.1016/0034-4257(93)90013-N",
            "spectra",
            lambda seed: NearestAngle(0.03),
        ),
        Model(
            "lda_components",
            "baseline",
            "linear discriminants of the scene's first 15 principal components",
            _LDA,
            "components",
            lambda seed: ShrunkLDA(),
        ),
        Model(
            "lda_noise_fractions",
            "baseline",
            "linear discriminants of the scene's first 15 minimum noise fractions",
            f"{_LDA}; Green et al. 1988, doi:10.1109/36.3001",
            "noise_fractions",
            lambda seed: ShrunkLDA(),
        ),
        Model(
            "window_svm",
            "baseline",
            "RBF support vector machine on the spectrum joined with means of windows",
            "this project",
            "windows",
            lambda seed: _standardised(RBFSVM(C=None, random_state=seed)),
        ),
        Model(
            "profile_svm",
            "baseline",
            "RBF support vector machine on extended morphological profiles",
            "Benediktsson et al. 2005, doi:10.1109/TGRS.2004.842478; Bellens et al. 2008, IEEE TGRS 46(10)",
            "profiles",
            lambda seed: RBFSVM(C=None, random_state=seed),  # their spreads say what they are worth
        ),
        Model(
            "superpixel_svm",
            "baseline",
            "RBF support vector machine on spectra smoothed inside superpixels",
            "S³-ULDA, IEEE TGRS 2023; Achanta et al. 2012, doi:10.1109/TPAMI.2012.120",
            "superpixels",
            lambda seed: RBFSVM(C=None, random_state=seed),  # their spreads say what they are worth
        ),
        Model(
            "supervised_pixel",
            "supervised",
            "the pixel encoder taught from scratch on the labels",
            "this project",
            "scene",
            lambda seed: FromScratch("pixel", seed=seed),
            encoder="pixel",
        ),
        Model(
            "supervised_context",
            "supervised",
            "the context encoder taught from scratch on the labels",
            "this project",
            "scene",
            lambda seed: FromScratch("context", seed=seed),
            encoder="context",
        ),
        Model(
            "self_training",
            "semi-supervised",
            "an SVM on spectra that teaches itself with the unlabelled pixels it is surest of",
            "Yarowsky 1995, doi:10.3115/981658.981684",
            "spectra",
            _self_training,
            unlabelled=True,
        ),
        Model(
            "label_propagation",
            "semi-supervised",
            "labels spread along a graph of like pixels, on the embedding",
            "Zhou et al. 2003, NeurIPS",
            "embedding",
            lambda seed: _standardised(GraphPropagation()),
            unlabelled=True,
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins",
            "self-supervised",
            "RBF support vector machine on the embedding",
            _BARLOW,
            "embedding",
            lambda seed: _standardised(RBFSVM(C=100.0, random_state=seed)),
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins_linear",
            "self-supervised",
            "logistic regression on the embedding",
            _BARLOW,
            "embedding",
            lambda seed: _standardised(LogisticRegression(max_iter=1000)),
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins_prototypes",
            "self-supervised",
            "nearest class mean by angle on the embedding",
            f"{_BARLOW}; Snell et al. 2017, arXiv:1703.05175",
            "embedding",
            lambda seed: _standardised(NearestAngle(0.2)),
            objective="barlow_twins",
        ),
        Model(
            "paws",
            "semi-supervised",
            "neighbouring pixels come to the same class by their likeness to the labels; then fine-tuned on these",
            "Pande et al. 2023, arXiv:2306.10955; Assran et al. 2021, arXiv:2104.13963",
            "scene",
            lambda seed: PawsClassifier("context", seed=seed),
            unlabelled=True,
            encoder="context",
        ),
    )
}


def find_model(name: str) -> Model:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in MODELS:
        raise ValueError(f"no model is named {name!r}; choose one of: {', '.join(MODELS)}")
    return MODELS[name]
