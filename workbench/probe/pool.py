"""The recommended model: several opinions of a scene, pooled by how well each foretells the labels there are.

Which description of a scene serves is not known before there are labels, and differs: surroundings help on fields and
harm where pixels are coarse and mixed. So simple classifiers are fitted to all of them, the self-supervised embedding
among them, and their logarithmic chances are added (a logarithmic opinion pool, Genest & Zidek 1986). An opinion weighs
exp(√n · s): s its mean logarithmic chance for the true class of labels that were held back, n the number of labels,
since with few of them all such figures are chance. Where labels do not tell opinions apart, as where all of them
foretell every label, those count most that learn least of a class: its mean direction, and margins held wide. Labels
are held back in stripes of the scene, down it and across it, not at random: an opinion that only knows a label's
neighbourhood is not to look good by that. Before, each opinion's confidence is brought to what it proved to be worth
(temperature scaling, Guo et al. 2017). One that weighs next to nothing is not asked. Nothing but labels given to
:meth:`fit` is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn import config_context

from workbench.patches import Block, Place, blocks_of, seen_first
from workbench.probe.arithmetic import one_core_each
from workbench.probe.descriptions import Descriptions
from workbench.probe.opinions import OPINIONS, Formed, Opinion, add_what_is_said, tempered
from workbench.probe.scene_classifier import SceneClassifier, Taken
from workbench.probe.threads import CORES

FOLDS = 5
TEMPERATURES = (0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
NEGLIGIBLE = 0.005
"""Weight below which an opinion is not asked: it could not change a class's logarithmic chance by 0.04."""

STRIPE = 1 << 14
"""Pixels that a core is asked about at a time."""


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
        with one_core_each(CORES) as threads:
            found = list(threads.map(partial(self._form, rows, codes, folds), OPINIONS))
        formed, self.said_, temperatures, worth = zip(*found, strict=True)
        self.temperatures_ = np.array(temperatures)
        priors = np.array([opinion.prior for opinion in OPINIONS])
        weights = priors * np.exp(np.sqrt(len(codes)) * (np.array(worth) - max(worth)))
        weights[weights < NEGLIGIBLE * weights.sum()] = 0
        self.weights_ = weights / weights.sum()
        heard = zip(formed, temperatures, self.weights_, strict=True)
        self.opinions_ = [replace(one, temperature=heat, share=share) for one, heat, share in heard if share]
        shares = sorted(zip(self.weights_, OPINIONS, strict=True), key=lambda pair: -pair[0])
        told = ", ".join(f"{opinion.title} {share:.0%}" for share, opinion in shares if share >= 0.01)
        self.chosen_ = f"weights by cross-validation on the labels: {told}"
        return self

    def _form(
        self, rows: dict[str, NDArray], codes: NDArray, folds: list[NDArray], opinion: Opinion
    ) -> tuple[Formed, NDArray, float, float]:
        """One opinion, what it says of the labels, its temperature, and what it proved to be worth."""
        table = rows[opinion.description]
        with config_context(assume_finite=True, skip_parameter_validation=True):  # there are data under all labels
            temperature, worth = best_temperature(held_back(opinion, table, codes, folds, self.seed), codes)
            formed = opinion.formed(table, codes, self.seed)
            return formed, formed.chances(table), temperature, worth

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block read with :attr:`halo`; NaN where there is no data."""
        total = np.zeros((len(self.classes_), piece.n_pixels), "float32")
        for name, values in self.descriptions_.each(cube, piece):
            if asked := [one for one in self.opinions_ if one.opinion.description == name]:
                add_what_is_said(total, values.reshape(len(values), -1), asked)
            del values  # before the next is made
        total -= total.max(axis=0)
        np.exp(total, out=total)
        total /= total.sum(axis=0)
        rows, columns = piece.place
        return total.reshape(len(total), rows.stop - rows.start, columns.stop - columns.start)

    def each_block(
        self, cube: xr.DataArray, take: Callable[[NDArray], Taken], sight: Place | None = None
    ) -> Iterator[tuple[Place, Taken]]:
        """As of every :class:`SceneClassifier`; where all descriptions were made before, on all cores."""
        if not self.descriptions_.kept:
            yield from super().each_block(cube, take, sight)
            return
        height, width = cube.shape[1:]
        rows = blocks_of(height, width, (-(-STRIPE // width), width))  # whole rows lie together in memory
        stripes = seen_first(rows, sight)
        with (
            one_core_each(CORES) as threads,
            # Closed where somebody turns away, else the stripes that nobody waits for would be done first.
            closing(threads.map(lambda piece: take(self.predict_block(cube, piece)), stripes)) as done,
        ):
            yield from zip((piece.place for piece in stripes), done, strict=True)


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
            formed = opinion.formed(table[~held], codes[~held], seed)
            chances[np.ix_(held, taught)] += formed.chances(table[held]) / len(folds)
    return chances


def best_temperature(chances: NDArray, codes: NDArray) -> tuple[float, float]:
    """The temperature at which chances (n, n_classes) foretell `codes` best, and their mean logarithmic chance then."""
    true = np.arange(len(codes))
    found = {heat: float(tempered(chances.T, heat)[codes, true].mean()) for heat in TEMPERATURES}
    best = max(found, key=found.get)
    return best, found[best]
