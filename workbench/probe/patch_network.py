"""Networks on small patches of a scene, taught from scratch on the labels: what most published comparisons call deep.

A pixel outside the scene or without data counts as one of mean spectrum.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from workbench.patches import BandScaler, Block, pick_device, scene_tensor
from workbench.pretrain import warm_cosine
from workbench.pretrain.views import add_noise, drop_bands, illuminate
from workbench.probe.networks import PATCH, PatchCNN, PatchTransformer
from workbench.probe.scene_classifier import SceneClassifier
from workbench.probe.tables import block_side, blocks_with

NETWORKS: dict[str, type[nn.Module]] = {"cnn": PatchCNN, "transformer": PatchTransformer}

STRIP = 4096
"""Pixels whose scores are computed at once, about."""


class PatchNetwork(SceneClassifier):
    """A network on patches of a cube, fitted to the labelled pixels and what lies round them.

    The number of steps is fixed beforehand: there are too few labels to keep some back. Every step sees some of them
    turned and mirrored, under another sun and through a poorer sensor.

    Parameters
    ----------
    network : str
        ``"cnn"`` or ``"transformer"``.
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
    chosen_ : str
        How its hyper-parameters were chosen, in words for a table.

    References
    ----------
    Zhong, Li, Luo, Chapman (2018). *Spectral-Spatial Residual Network for Hyperspectral Image Classification.*
    IEEE TGRS 56(2). doi:10.1109/TGRS.2017.2755542

    Hong et al. (2022). *SpectralFormer: Rethinking Hyperspectral Image Classification With Transformers.*
    IEEE TGRS 60. doi:10.1109/TGRS.2021.3130716
    """

    def __init__(
        self,
        network: str = "cnn",
        *,
        steps: int = 150,
        batch: int = 32,
        learning_rate: float = 2e-3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.network, self.steps, self.batch = network, steps, batch
        self.learning_rate, self.device, self.seed = learning_rate, device, seed

    @property
    def halo(self) -> int:
        """Half a patch."""
        return PATCH // 2

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(self.scaler_.mean.numel(), 4, self.halo)

    def learnt(self) -> list[NDArray]:
        """Weights, and the scaling before them."""
        found = [*self.scaler_.state_dict().values(), *self.network_.state_dict().values()]
        return [tensor.detach().cpu().numpy() for tensor in found]

    def fit(self, cube: xr.DataArray, labels: xr.DataArray) -> PatchNetwork:
        """Learn from the labelled pixels (labels > 0) of a cube; nothing else of it is looked at but their patches."""
        place = pick_device(self.device)
        patches, codes = _patches_at(cube, labels)
        self.classes_, targets = np.unique(codes, return_inverse=True)
        self.scaler_ = BandScaler(patches.shape[1]).fit(patches.movedim(1, 0))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_ = NETWORKS[self.network](patches.shape[1], len(self.classes_))
        inputs = self.scaler_(patches).nan_to_num(0.0).to(place)
        self._train(self.network_.to(place), inputs, torch.as_tensor(targets, device=place))
        self.network_.eval().cpu()
        self.chosen_ = f"fixed, {self.steps} steps"
        return self

    def _train(self, network: nn.Module, inputs: Tensor, targets: Tensor) -> None:
        place, black = inputs.device, self.scaler_.black.to(inputs.device)
        draws = torch.Generator(place).manual_seed(self.seed)
        turns = torch.Generator().manual_seed(self.seed)
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(warm_cosine, steps=self.steps))
        network.train()
        for _ in range(self.steps):
            chosen = torch.randperm(len(targets), generator=draws, device=place)[: self.batch]
            quarters, mirrored = (int(torch.randint(n, (1,), generator=turns)) for n in (4, 2))
            view = torch.rot90(inputs[chosen], quarters, (2, 3))
            view = illuminate(view.flip(3) if mirrored else view, black, 0.1, draws)
            view = drop_bands(add_noise(view, 0.05, draws), 0.2, draws)
            loss = functional.cross_entropy(network(view)[:, :, 0, 0], targets[chosen], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def predict_block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Probability of each of ``classes_`` in a block read with :attr:`halo`; NaN where there is no data."""
        place, network = pick_device(self.device), self.network_
        network = network.to(place).eval()
        block = self.scaler_(scene_tensor(piece.read(cube))[None])
        has_data = block[0, 0][piece.inner].isfinite().numpy()
        block = functional.pad(block.nan_to_num(0.0), _beyond(piece, self.halo))
        rows = max(1, STRIP // block.shape[3])
        with torch.inference_mode():
            scores = [
                network(block[:, :, top : top + rows + 2 * self.halo].to(place))[0].softmax(dim=0).cpu()
                for top in range(0, block.shape[2] - 2 * self.halo, rows)
            ]
        return np.where(has_data, torch.cat(scores, dim=1).numpy(), np.float32(np.nan))


def _beyond(piece: Block, halo: int) -> tuple[int, int, int, int]:
    """What a block lacks of its halo at the edges of the scene: left, right, above, below."""
    lacks = [
        (halo - (own.start - read.start), halo - (read.stop - own.stop))
        for own, read in zip(piece.place, piece.wide, strict=True)
    ]
    return (*lacks[1], *lacks[0])


def _patches_at(cube: xr.DataArray, labels: xr.DataArray) -> tuple[Tensor, NDArray]:
    """Patches (n, n_bands, PATCH, PATCH) and codes (n,) of the labelled pixels; NaN outside and without data."""
    labelled, halo, patches, codes = np.flatnonzero(labels.values > 0), PATCH // 2, [], []
    for inside, (rows, columns), piece in blocks_with(
        labelled, *cube.shape[1:], block_side(cube.sizes["band"], 4, halo), halo
    ):
        block = functional.pad(scene_tensor(piece.read(cube)), _beyond(piece, halo), value=torch.nan)
        for row, column in zip(rows, columns, strict=True):
            patches.append(block[:, row : row + PATCH, column : column + PATCH])
        codes.append(labels.values.flat[labelled[inside]])
    return torch.stack(patches), np.concatenate(codes)
