"""The recommended model: several opinions of a scene, pooled by how well each foretells the labels there are.

Which description of a scene serves is not known before there are labels, and differs: surroundings help on fields and
harm where pixels are coarse and mixed. So simple classifiers are fitted to all of them, the self-supervised embedding
among them, and their logarithmic chances are added (a logarithmic opinion pool, Genest & Zidek 1986). An opinion weighs
exp(√n · s): s its mean logarithmic chance for the true class of labels that were held back, n the number of labels,
since with few of them all such figures are chance. Where labels do not tell opinions apart, as where all of them
foretell every label, those count most that learn least of a class: its mean direction, and margins held wide. Labels
are held back in stripes of the scene, down it and across it, not at random: an opinion that only knows a label's
neighbourhood is not to look good by that. Before, each opinion's confidence is brought to what it proved to be worth
(temperature scaling, Guo et al. 2017). Nothing but labels given to :meth:`fit` is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from workbench.patches import Block
from workbench.probe.answers import chances_of
from workbench.probe.baselines import standardised
from workbench.probe.descriptions import Descriptions
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.prototypes import NearestAngle
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.svm import LinearSVM

FOLDS = 5
TEMPERATURES = (0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
LEAST = 1e-3
"""No opinion may rule a class out: its chance counts as at least this."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One classifier of one description."""

    title: str
    description: str
    build: Callable[[int], ClassifierMixin]
    prior: float = 1.0
    """What it weighs, against the others, before a label speaks for it."""


OPINIONS = (
    Opinion("spectra", "spectra", lambda seed: standardised(ShrunkLDA())),
    Opinion("angles", "spectra", lambda seed: NearestAngle(0.03), prior=5.0),
    Opinion("margins", "spectra", lambda seed: standardised(LinearSVM(0.1, random_state=seed))),
    Opinion("wide margins", "spectra", lambda seed: standardised(LinearSVM(0.001, random_state=seed)), prior=3.0),
    Opinion("noise fractions", "noise_fractions", lambda seed: ShrunkLDA()),
    Opinion("superpixels", "superpixels", lambda seed: ShrunkLDA()),
    Opinion("surroundings", "edge_means", lambda seed: ShrunkLDA()),
    Opinion("embedding", "embedding", lambda seed: ShrunkLDA()),
)


class OpinionPool(SceneClassifier):
    """Simple classifiers of several descriptions of a scene, pooled.

    Parameters
    ----------
    seed : int
        Seeds what its classifiers draw.

    Attributes
    ----------
    classes_ : ndarray of int
        Codes of the classes that have labels.
    weights_ : ndarray of shape (n_opinions,)
        Of ``OPINIONS``; they add up to 1.
    temperatures_ : ndarray of shape (n_opinions,)
        What logarithmic chances are divided by.
    chosen_ : str
        The weights, in words for a table.

    References
    ----------
    Genest, Zidek (1986). *Combining Probability Distributions: A Critique and an Annotated Bibliography.* Statistical
    Science 1(1). doi:10.1214/ss/1177013825

    Guo, Pleiss, Sun, Weinberger (2017). *On Calibration of Modern Neural Networks.* ICML. arXiv:1706.04599
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    @property
    def halo(self) -> int:
        """As the descriptions need."""
        return self.descriptions_.halo

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return self.descriptions_.side

    def learnt(self) -> list[NDArray]:
        """Weights, temperatures, and what each opinion says of the labels."""
        return [self.weights_, self.temperatures_, *self.said_]

    def fit(self, cube: xr.DataArray, labels: xr.DataArray, descriptions: Descriptions) -> OpinionPool:
        """Form the opinions on the labelled pixels (labels > 0) of a cube, and weigh them."""
        known = np.flatnonzero(labels.values)
        self.descriptions_ = descriptions
        self.classes_, codes = np.unique(labels.values.flat[known], return_inverse=True)
        rows = descriptions.rows(cube, known)
        folds = [stripes(codes, place) for place in np.divmod(known, labels.shape[1])]
        self.opinions_, self.said_, worth, self.temperatures_ = [], [], [], np.ones(len(OPINIONS))
        for i, opinion in enumerate(OPINIONS):
            table = rows[opinion.description]
            held = held_back(opinion, table, codes, folds, self.seed)
            self.temperatures_[i], found = best_temperature(held, codes)
            worth.append(found)
            self.opinions_.append(opinion.build(self.seed).fit(table, codes))
            self.said_.append(self.opinions_[-1].predict_proba(table))
        priors = np.array([opinion.prior for opinion in OPINIONS])
        weights = priors * np.exp(np.sqrt(len(codes)) * (np.array(worth) - max(worth)))
        self.weights_ = weights / weights.sum()
        shares = sorted(zip(self.weights_, OPINIONS, strict=True), key=lambda pair: -pair[0])
        told = ", ".join(f"{opinion.title} {share:.0%}" for share, opinion in shares if share >= 0.01)
        self.chosen_ = f"weights by cross-validation on the labels: {told}"
        return self

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block read with :attr:`halo`; NaN where there is no data."""
        held, total = list(zip(OPINIONS, self.opinions_, self.weights_, self.temperatures_, strict=True)), 0.0
        for name, values in self.descriptions_.each(cube, piece):
            for opinion, fitted, share, heat in held:
                if opinion.description == name:
                    total = total + np.float32(share) * tempered(chances_of(fitted, values), heat)
            del values  # before the next is made
        odds = np.exp(total - total.max(axis=0))
        return odds / odds.sum(axis=0)


def stripes(codes: NDArray, along: NDArray) -> NDArray:
    """Fold of each label: those of a class cut into ``FOLDS`` stripes of equal numbers by their place in one direction.

    Examples
    --------
    >>> stripes(np.array([0, 0, 0, 1, 1]), np.array([7, 3, 5, 1, 0])).tolist()
    [2, 0, 1, 1, 0]
    """
    folds = np.empty(len(codes), int)
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        mine = mine[np.argsort(along[mine], kind="stable")]
        folds[mine] = np.arange(len(mine)) * min(FOLDS, len(mine)) // len(mine)
    return folds


def held_back(opinion: Opinion, table: NDArray, codes: NDArray, folds: list[NDArray], seed: int) -> NDArray:
    """Chances (n, n_classes) of labels that were held back, a mean over the ways of cutting; even where nobody knew."""
    n_classes = codes.max() + 1
    chances = np.zeros((len(codes), n_classes))
    for fold in folds:
        for held in (fold == number for number in np.unique(fold)):
            taught = np.unique(codes[~held])
            if len(taught) < 2:
                chances[held] += 1 / n_classes / len(folds)
                continue
            fitted = opinion.build(seed).fit(table[~held], codes[~held])
            chances[np.ix_(held, taught)] += fitted.predict_proba(table[held]) / len(folds)
    return chances


def tempered(chances: NDArray, temperature: float) -> NDArray:
    """Logarithm of chances (n_classes, …) made flatter by a temperature above 1, sharper by one below."""
    cooled = np.power(chances + chances.dtype.type(1e-5), chances.dtype.type(1 / temperature))
    return np.log(np.maximum(cooled / cooled.sum(axis=0), chances.dtype.type(LEAST)))


def best_temperature(chances: NDArray, codes: NDArray) -> tuple[float, float]:
    """The temperature at which chances (n, n_classes) foretell `codes` best, and their mean logarithmic chance then."""
    true = np.arange(len(codes))
    found = {heat: float(tempered(chances.T, heat)[codes, true].mean()) for heat in TEMPERATURES}
    best = max(found, key=found.get)
    return best, found[best]
