"""Models that learn nothing but their labels, on spectra and on features of the scene: what all others must beat.

Seen by family in ``MODELS``. A support vector machine chooses its cost by cross-validation on the labels alone.
"""

from __future__ import annotations

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.model import Model
from workbench.probe.neighbours import FewNeighbours
from workbench.probe.prototypes import NearestAngle
from workbench.probe.svm import RBFSVM, LinearSVM


def standardised(classifier: ClassifierMixin) -> ClassifierMixin:
    """A classifier that sees every feature less its mean over the labels, in units of its spread."""
    return make_pipeline(StandardScaler(), classifier)


def _boosting(seed: int) -> ClassifierMixin:
    # scikit-learn's own leaves hold 20 labels and more, so that with few labels not one split is made.
    return HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=4, min_samples_leaf=2, max_features=0.1, early_stopping=False, random_state=seed
    )


LDA_PAPER = "Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x; Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4"

BASELINES = (
    Model(
        "svm",
        "baseline",
        "RBF support vector machine on spectra, its cost by cross-validation on the labels",
        "Melgani & Bruzzone 2004, doi:10.1109/TGRS.2004.831865",
        "spectra",
        lambda seed: standardised(RBFSVM(C=None, random_state=seed)),
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
        lambda seed: standardised(LinearSVM(C=None, random_state=seed)),
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
        lambda seed: standardised(FewNeighbours(3, weights="distance")),
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
        LDA_PAPER,
        "components",
        lambda seed: ShrunkLDA(),
    ),
    Model(
        "lda_noise_fractions",
        "baseline",
        "linear discriminants of the scene's first 15 minimum noise fractions",
        f"{LDA_PAPER}; Green et al. 1988, doi:10.1109/36.3001",
        "noise_fractions",
        lambda seed: ShrunkLDA(),
    ),
    Model(
        "window_svm",
        "baseline",
        "RBF support vector machine on the spectrum joined with means of windows",
        "this project",
        "windows",
        lambda seed: standardised(RBFSVM(C=None, random_state=seed)),
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
)
