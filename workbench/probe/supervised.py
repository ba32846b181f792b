"""The same encoder without pretraining: taught from scratch on the labels alone. What self-supervision must beat."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from workbench.cubes import good_bands
from workbench.patches import BandScaler, Block, patches_at, pick_device, scene_tensor, window_means
from workbench.pretrain import EncoderKind, find_encoder, warm_cosine
from workbench.pretrain.views import add_noise, drop_bands, illuminate
from workbench.probe.embed import embed_block, embedding_side, windows_side
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import blocks_with

DIM = 64
"""Length of an embedding, where the encoder's can be chosen."""


class FromScratch(SceneClassifier):
    """An encoder and a linear layer, fitted to the labelled pixels of a scene.

    A scene classifier: it takes cubes, since an encoder with context needs the pixels round a label. Every step sees
    all the labels (at most `batch` of them) in fresh spectral views. The number of steps is fixed beforehand: there are
    too few labels to keep some back.

    Parameters
    ----------
    encoder : str
        Name in ``ENCODERS``.
    steps : int
        Optimiser steps.
    batch : int
        Labels a step.
    learning_rate : float
        Peak rate of AdamW; it falls along a cosine.
    device : str
        ``"auto"`` or torch's name of one.
    seed : int
        Seeds weights, batches and views.

    Attributes
    ----------
    classes_ : ndarray of int
        Codes of the classes that have labels.
    """

    def __init__(
        self,
        encoder: str = "context",
        *,
        steps: int = 300,
        batch: int = 256,
        learning_rate: float = 2e-3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.encoder, self.steps, self.batch = encoder, steps, batch
        self.learning_rate, self.device, self.seed = learning_rate, device, seed

    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> FromScratch:
        """Learn from the labelled pixels (labels > 0) of a cube; nothing else of it is looked at but their windows."""
        row, place = find_encoder(self.encoder), pick_device(self.device)
        inputs, codes = inputs_at(cube, labels, row, place)
        wavelength = np.asarray(cube["wavelength"].values, "float64")[good_bands(cube)]
        self.classes_, targets = np.unique(codes, return_inverse=True)
        scaler = BandScaler(inputs.shape[1]).to(place).fit(inputs.movedim(1, 0))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.model_ = row.make(inputs.shape[1], DIM, wavelength)
            self.head_ = nn.Linear(self.model_.dim, len(self.classes_))
        self.model_.scaler, self.model_.quantity = scaler, cube.attrs.get("quantity", "")
        self.model_.wavelength = wavelength
        self._train(scaler(inputs), torch.as_tensor(targets, device=place))
        return self

    def _train(self, inputs: Tensor, targets: Tensor) -> None:
        place = inputs.device
        model = nn.Sequential(self.model_, nn.ReLU(), self.head_).to(place).train()
        draws = torch.Generator(place).manual_seed(self.seed)
        optimizer = torch.optim.AdamW(model.parameters(), lr=self.learning_rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(warm_cosine, steps=self.steps))
        for _ in range(self.steps):
            chosen = torch.randperm(len(targets), generator=draws, device=place)[: self.batch]
            view = illuminate(inputs[chosen], self.model_.scaler.black, 0.1, draws)
            view = drop_bands(add_noise(view, 0.05, draws), 0.2, draws)
            loss = functional.cross_entropy(model(view), targets[chosen], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        model.eval()

    @property
    def halo(self) -> int:
        """Half the encoder's footprint."""
        return self.model_.footprint // 2

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return embedding_side(self.model_)

    def learnt(self) -> list[NDArray]:
        """Weights of encoder and head."""
        found = [*sorted(self.model_.state_dict().items()), *sorted(self.head_.state_dict().items())]
        return [tensor.detach().cpu().numpy() for _, tensor in found]

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in one block, whose halo is half the encoder's footprint."""
        values, head = embed_block(cube, self.model_, piece, self.device), self.head_.cpu()
        with torch.inference_mode():
            logits = head(torch.from_numpy(values).relu().movedim(0, -1))
        return logits.softmax(dim=-1).movedim(-1, 0).numpy()


def inputs_at(
    cube: xr.DataArray, labels: xr.DataArray, kind: EncoderKind, place: torch.device
) -> tuple[Tensor, NDArray]:
    """What a kind of encoder sees of the labelled pixels, and their codes (n,), from the blocks that hold any.

    Window means (n, n_bands, n_windows), or patches (n, n_bands, footprint, footprint).
    """
    labelled, halo = np.flatnonzero(labels.values > 0), kind.footprint // 2
    side = windows_side(cube.sizes["band"], kind.windows or (kind.footprint,))
    inputs, codes = [], []
    for inside, (rows, columns), piece in blocks_with(labelled, *cube.shape[1:], side, halo):
        scene = scene_tensor(piece.read(cube), place)
        has_data = scene[0, *piece.inner][rows, columns].isfinite().cpu().numpy()
        codes.append(labels.values.flat[labelled[inside[has_data]]])
        rows, columns = rows[has_data], columns[has_data]
        if kind.windows:
            of_block = window_means(scene, kind.windows)[:, :, *piece.inner]
            inputs.append(of_block[:, :, rows, columns].permute(2, 0, 1))
        else:
            top, left = (part.start for part in piece.inner)
            inputs.append(patches_at(scene, rows + top, columns + left, kind.footprint))
    return torch.cat(inputs), np.concatenate(codes)
