"""Networks on spectra as scikit-learn classifiers: taught from scratch on the labels, or with unlabelled spectra, too.

The number of steps is fixed beforehand and every step sees fresh views of the labels: there are too few of them to keep
some back, and none of the test's may be looked at.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn
from torch.nn import functional

from workbench.patches import pick_device
from workbench.pretrain import warm_cosine
from workbench.pretrain.views import add_noise, drop_bands, illuminate
from workbench.probe.neighbours import UNLABELLED
from workbench.probe.networks import SpectrumCNN, SpectrumMLP

ROWS = 4096
"""Spectra that are classified at a time."""


class SpectralNetwork(ClassifierMixin, BaseEstimator):
    """A convolutional network along the bands, taught on the labels in views.

    Parameters
    ----------
    steps : int
        Optimiser steps.
    batch : int
        Labels a step.
    learning_rate : float
        Peak rate of AdamW; it falls along a cosine.
    device : str
        ``"auto"`` or torch's name of one.
    random_state : int, optional
        Seeds weights, batches and views.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_ : torch.nn.Module
        On spectra less ``mean_``, divided by ``scale_``.
    chosen_ : str
        How its hyper-parameters were chosen, in words for a table.

    References
    ----------
    Hu, Huang, Wei, Zhang, Li (2015). *Deep Convolutional Neural Networks for Hyperspectral Image Classification.*
    Journal of Sensors. doi:10.1155/2015/258619
    """

    module: ClassVar[type[nn.Module]] = SpectrumCNN

    def __init__(
        self,
        steps: int = 200,
        batch: int = 128,
        learning_rate: float = 3e-3,
        device: str = "auto",
        random_state: int | None = None,
    ) -> None:
        self.steps = steps
        self.batch = batch
        self.learning_rate = learning_rate
        self.device = device
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> SpectralNetwork:
        """Learn from rows (n, n_features) and their classes (n,)."""
        X, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(y)
        return self._fit(X, y, np.full(len(y), True))

    def _fit(self, X: NDArray, y: NDArray, known: NDArray) -> SpectralNetwork:
        self.classes_, codes = np.unique(y[known], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs labels of at least 2 classes, got {len(self.classes_)} class")
        place = pick_device(self.device)
        spread = X.std(axis=0, dtype="float64")
        self.mean_ = X.mean(axis=0, dtype="float64")
        self.scale_ = np.where(spread > 1e-9 * np.abs(self.mean_), spread, np.inf)  # a constant band says nothing
        seed = int(check_random_state(self.random_state).randint(2**31))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.module(X.shape[1], len(self.classes_)).to(place)
        rows = torch.as_tensor((X - self.mean_) / self.scale_, dtype=torch.float32, device=place)
        known = torch.as_tensor(known, device=place)
        self._train(network, rows[known], torch.as_tensor(codes, device=place), rows[~known], seed)
        self.network_, self.chosen_ = network.eval().cpu(), f"fixed, {self.steps} steps"
        return self

    def _train(self, network: nn.Module, inputs: Tensor, targets: Tensor, others: Tensor, seed: int) -> None:
        draws = torch.Generator(inputs.device).manual_seed(seed)
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(warm_cosine, steps=self.steps))
        network.train()
        for _ in range(self.steps):
            chosen = torch.randperm(len(targets), generator=draws, device=inputs.device)[: self.batch]
            scores = network(self._strong(inputs[chosen], draws))
            loss = functional.cross_entropy(scores, targets[chosen], label_smoothing=0.1)
            loss = loss + self._unlabelled_loss(network, others, draws)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def _unlabelled_loss(self, network: nn.Module, others: Tensor, draws: torch.Generator) -> Tensor | float:
        """What unlabelled spectra add to the loss: here nothing."""
        return 0.0

    def _strong(self, batch: Tensor, draws: torch.Generator) -> Tensor:
        """Another sun, a poorer sensor, bands lost."""
        black = torch.as_tensor(-self.mean_ / self.scale_, dtype=torch.float32, device=batch.device)
        return drop_bands(add_noise(illuminate(batch, black, 0.1, draws), 0.05, draws), 0.2, draws)

    def __getstate__(self) -> dict[str, object]:
        """The network as arrays by name: what a file holds of it needs no class of torch's."""
        state = dict(super().__getstate__())
        if "network_" in state:
            state["network_"] = {name: values.numpy() for name, values in self.network_.cpu().state_dict().items()}
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        """The network again, from its arrays."""
        super().__setstate__(state)
        if "network_" in state:
            with torch.random.fork_rng(devices=[]):
                network = self.module(self.n_features_in_, len(self.classes_))
            network.load_state_dict({name: torch.tensor(values) for name, values in state["network_"].items()})
            self.network_ = network.eval()

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Softmax of the scores, shape (n, n_classes); not calibrated frequencies."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        place, chances = pick_device(self.device), np.empty((len(X), len(self.classes_)), X.dtype)
        precise = X.dtype == np.float64 and place.type == "cpu"
        network = self.network_.to(place).to(torch.float64 if precise else torch.float32)
        mean, scale = self.mean_.astype(X.dtype), self.scale_.astype(X.dtype)
        with torch.inference_mode():
            for start in range(0, len(X), ROWS):
                rows = (X[start : start + ROWS] - mean) / scale
                scores = network(torch.as_tensor(rows, dtype=torch.float64 if precise else torch.float32, device=place))
                chances[start : start + ROWS] = scores.softmax(dim=1).cpu().numpy()
        return chances

    def predict(self, X: ArrayLike) -> NDArray:
        """Class of each row, shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


class FixMatch(SpectralNetwork):
    """Unlabelled spectra that the network is sure of teach it, too: what it says of them must hold in a harder view.

    Parameters
    ----------
    steps, batch, learning_rate, device, random_state
        As in :class:`SpectralNetwork`; a step also sees four times as many unlabelled spectra, at most 256.
    threshold : float
        How sure it must be of an unlabelled spectrum for it to count, from 0 to 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_ : torch.nn.Module
        Two hidden layers, on spectra less ``mean_``, divided by ``scale_``.

    References
    ----------
    Sohn et al. (2020). *FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence.* NeurIPS.
    arXiv:2001.07685
    """

    module = SpectrumMLP

    def __init__(
        self,
        steps: int = 400,
        batch: int = 64,
        learning_rate: float = 2e-3,
        threshold: float = 0.8,
        device: str = "auto",
        random_state: int | None = None,
    ) -> None:
        super().__init__(steps, batch, learning_rate, device, random_state)
        self.threshold = threshold

    def fit(self, X: ArrayLike, y: ArrayLike) -> FixMatch:
        """Learn from rows (n, n_features) and their classes (n,), -1 where unlabelled."""
        X, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(y)
        return self._fit(X, y, y != UNLABELLED)

    def _unlabelled_loss(self, network: nn.Module, others: Tensor, draws: torch.Generator) -> Tensor | float:
        if not len(others):
            return 0.0
        chosen = torch.randint(len(others), (min(256, 4 * self.batch),), generator=draws, device=others.device)
        with torch.no_grad():
            sure, said = network(add_noise(others[chosen], 0.02, draws)).softmax(dim=1).max(dim=1)
        loss = functional.cross_entropy(network(self._strong(others[chosen], draws)), said, reduction="none")
        return (loss * (sure >= self.threshold)).mean()
