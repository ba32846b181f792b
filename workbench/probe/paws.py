"""Labels and unlabelled pixels together: an encoder learns by PAWS, then is fine-tuned on the labels.

Classes are read from the tuned embedding by linear discriminants of the labels, not by the layer that was tuned with
it: over five draws of 5 labels a class on two scenes they were right a little more often, and less so the faster the
tuning. The labels are the support by which two neighbouring pixels must come to the same class (see
:mod:`workbench.pretrain.objectives.paws`). Both parts run in the one training loop; how long and how fast is fixed
beforehand, since there are too few labels to keep some back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from workbench.cubes import good_bands
from workbench.patches import Block, pick_device
from workbench.pretrain import Recipe, find_encoder, settle, train
from workbench.pretrain.objectives.paws import PAWS
from workbench.pretrain.running import pairs_for
from workbench.probe.answers import chances_of
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.embed import embed_block
from workbench.probe.supervised import DIM, FromScratch, inputs_at

AT_ONCE = 256
"""Labelled pixels that are embedded at a time."""


class PawsClassifier(FromScratch):
    """PAWS on all pixels of a scene and its labels, then fine-tuning; a scene classifier.

    Parameters
    ----------
    encoder : str
        Name in ``ENCODERS``.
    steps, tuning : int
        Optimiser steps of PAWS and of the fine-tuning after it.
    pairs : int
        Pairs of neighbouring pixels a step.
    support : int
        Labels of every class a step; a class that has fewer repeats them, in other views.
    learning_rate, tuning_rate : float
        Peak rates of the two parts.
    device : str
        ``"auto"`` or torch's name of one.
    seed : int
        Seeds weights, pixels, support and views.

    Attributes
    ----------
    classes_ : ndarray of int
        Codes of the classes that have labels.
    readout_ : ShrunkLDA
        From the tuned embedding to the classes.
    """

    def __init__(
        self,
        encoder: str = "context",
        *,
        steps: int = 300,
        tuning: int = 100,
        pairs: int = 128,
        support: int = 8,
        learning_rate: float = 2e-3,
        tuning_rate: float = 3e-4,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__(encoder, steps=steps, learning_rate=learning_rate, device=device, seed=seed)
        self.tuning, self.pairs, self.support, self.tuning_rate = tuning, pairs, support, tuning_rate

    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> PawsClassifier:
        """Learn from the labelled pixels (labels > 0) of a cube, and from all its pixels without their labels."""
        row, place = find_encoder(self.encoder), pick_device(self.device)
        inputs, codes = inputs_at(cube, labels, row, place)
        self.classes_, targets = np.unique(codes, return_inverse=True)
        recipe = settle(Recipe(encoder=self.encoder, pairs=self.pairs, seed=self.seed), cube)
        pixels = pairs_for(row, cube, recipe, place)
        wavelength = np.asarray(cube["wavelength"].values, "float64")[good_bands(cube)]
        draws = torch.Generator(place).manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.model_ = row.make(inputs.shape[1], DIM, wavelength)
            objective = PAWS(self.model_.dim, len(self.classes_), generator=draws)
            self.head_ = nn.Linear(self.model_.dim, len(self.classes_))
        self.model_.scaler, self.model_.quantity = pixels.scaler, cube.attrs.get("quantity", "")
        self.model_.wavelength = wavelength
        self.model_.to(place)
        labelled, targets = pixels.scaler(inputs), torch.as_tensor(targets, device=place)
        chosen = balanced(targets, self.support, draws)
        batches = ((*pair, labelled[few], targets[few]) for pair, few in zip(pixels, chosen, strict=False))
        self._run(objective.to(place), batches, self.steps, self.learning_rate)
        tuned = FineTuning(self.head_, objective).to(place)
        self._run(tuned, ((labelled[few], targets[few]) for few in chosen), self.tuning, self.tuning_rate)
        with torch.inference_mode():
            embedded = torch.cat([self.model_(some) for some in labelled.split(AT_ONCE)]).cpu().numpy()
        self.readout_ = ShrunkLDA().fit(embedded, targets.cpu().numpy())
        return self

    def learnt(self) -> list[NDArray]:
        """Weights of encoder, layer and discriminants."""
        return [*super().learnt(), self.readout_.means_, self.readout_.weights_]

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in one block, whose halo is half the encoder's footprint."""
        return chances_of(self.readout_, embed_block(cube, self.model_, piece, self.device))

    def _run(self, objective: nn.Module, batches: Iterable[tuple[Tensor, ...]], steps: int, rate: float) -> None:
        place = next(self.model_.parameters()).device
        for _ in train(self.model_, objective, batches, steps=steps, every=steps, learning_rate=rate, device=place):
            continue


class FineTuning(nn.Module):
    """A linear layer on the encoder, both taught on labels in fresh views; made for a PAWS objective's views.

    Parameters
    ----------
    head : nn.Linear
        From embeddings to classes; works on what is positive in an embedding.
    paws : PAWS
        Whose views and label smoothing are used.
    """

    def __init__(self, head: nn.Linear, paws: PAWS) -> None:
        super().__init__()
        self.head, self.views, self.smoothing = head, paws.views, paws.smoothing

    def forward(self, encoder: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """``cross_entropy`` of labelled pixels (n, n_bands, …) and their classes (n,)."""
        pixels, targets = batch
        logits = self.head(encoder(self.views(pixels, encoder.scaler.black)).relu())
        return {"cross_entropy": functional.cross_entropy(logits, targets, label_smoothing=self.smoothing)}


def balanced(targets: Tensor, each: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless draws of `each` rows of every class; without repeating one, where a class has that many."""
    members = [(targets == code).nonzero()[:, 0] for code in targets.unique()]
    while True:
        yield torch.cat([_some(one, each, generator) for one in members])


def _some(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` of the rows in random order; all of them as often as they fit in before any once more."""
    rounds = -(-n // len(rows))
    shuffled = [torch.randperm(len(rows), generator=generator, device=rows.device) for _ in range(rounds)]
    return rows[torch.cat(shuffled)[:n]]
