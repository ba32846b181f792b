"""Labels spread over a whole scene, along alike spectra and from each pixel to the next."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg

from workbench.patches import Block
from workbench.probe.features import FEATURES, feature_map
from workbench.probe.neighbours import normalised
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.scene_graph import scene_graph
from workbench.probe.tables import block_side

MOST_PIXELS = 1 << 20
"""Pixels of a scene whose graph fits in memory: it takes about 1 GB of so many."""


class ScenePropagation(SceneClassifier):
    """What each pixel of a scene is, once its labels have spread along the graph of all its pixels.

    It is fitted to a scene and says of that scene alone. The equation of the paper is solved by conjugate gradients,
    class by class. Pixels that no label reaches have even chances.

    Parameters
    ----------
    n_neighbors : int
        Most alike pixels that each is joined to.
    space : float
        Weight of an equal neighbour in space against an equal spectrum far away.
    alpha : float
        Share taken from the neighbours, between 0 and 1.
    seed : int
        Draws the pixels among which the most alike are looked for, in a large scene.

    Attributes
    ----------
    classes_ : ndarray of int
        Codes of the classes that have labels.
    chances_ : ndarray of shape (n_classes, height, width)
        NaN where there is no data.
    chosen_ : str
        How its hyper-parameters were chosen, in words for a table.

    References
    ----------
    Zhou, Bousquet, Lal, Weston, Schölkopf (2003). *Learning with Local and Global Consistency.* NeurIPS.

    Camps-Valls, Bandos Marsheva, Zhou (2007). *Semi-Supervised Graph-Based Hyperspectral Image Classification.*
    IEEE TGRS 45(10). doi:10.1109/TGRS.2007.895416
    """

    def __init__(self, *, n_neighbors: int = 10, space: float = 1.0, alpha: float = 0.95, seed: int = 0) -> None:
        self.n_neighbors, self.space, self.alpha, self.seed = n_neighbors, space, alpha, seed

    @property
    def halo(self) -> int:
        """None: everything is known of the scene."""
        return 0

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(len(self.classes_))

    def learnt(self) -> list[NDArray]:
        """The chances."""
        return [self.chances_]

    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> ScenePropagation:
        """Spread the labels (labels > 0) of a cube over it.

        Raises
        ------
        ValueError
            If the scene has more than ``MOST_PIXELS``.
        """
        if cube.sizes["y"] * cube.sizes["x"] > MOST_PIXELS:
            raise ValueError(
                f"labels spread over a whole scene at once, at most {MOST_PIXELS:,} pixels, got "
                f"{cube.sizes['y']:,} × {cube.sizes['x']:,}; take a part of it or another model"
            )
        pictures = feature_map(cube, FEATURES["components"].learn(cube)).values
        has_data = np.isfinite(pictures[0])
        graph = scene_graph(pictures, labels.values > 0, self.n_neighbors, self.space, self.seed)
        codes = labels.values[has_data]
        self.classes_ = np.unique(codes[codes > 0])
        told = np.stack([(codes == code) / (codes == code).sum() for code in self.classes_], axis=1)
        share = normalised(spread(graph, told, self.alpha))
        self.chosen_ = f"fixed, {self.n_neighbors} neighbours, alpha {self.alpha:g}"
        self.chances_ = np.full((len(self.classes_), *has_data.shape), np.nan, "float32")
        self.chances_[:, has_data] = share.T
        return self

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block of the scene it was fitted to; NaN where there is no data."""
        return self.chances_[:, *piece.place]


def spread(graph: sparse.csr_array, told: NDArray, alpha: float) -> NDArray:
    """Shares of the classes (n, n_classes) where (1 - alpha S) share = (1 - alpha) told, S the normalised graph."""
    root = sparse.diags_array(1 / np.sqrt(np.maximum(graph.sum(axis=1), 1e-12)))
    system = sparse.csr_array(sparse.eye_array(len(told)) - alpha * (root @ graph @ root))
    solved = [cg(system, (1 - alpha) * one, rtol=1e-9)[0] for one in told.T]
    return np.maximum(np.stack(solved, axis=1), 0)
