"""The same encoder without pretraining: taught from scratch on the labels alone. What self-supervision must beat."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from workbench.cubes import good_bands
from workbench.patches import BandScaler, pick_device, scene_tensor, window_means
from workbench.pretrain import find_encoder, warm_cosine
from workbench.pretrain.views import add_noise, drop_bands, illuminate
from workbench.probe.embed import embed, like_scene


class FromScratch:
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
        """Learn from the labelled pixels (labels > 0) of a cube."""
        row, place = find_encoder(self.encoder), pick_device(self.device)
        scene = scene_tensor(cube, place)
        codes = torch.as_tensor(np.where(labels.values > 0, labels.values, 0).astype("int64"), device=place)
        where = (codes > 0) & scene[0].isfinite()
        self.classes_ = np.unique(codes[where].cpu().numpy())
        scaler = BandScaler(len(scene)).to(place).fit(scene)
        means = window_means(scaler(scene[None])[0], row.arguments["windows"])
        inputs = means[..., where].permute(2, 0, 1)
        targets = torch.as_tensor(np.searchsorted(self.classes_, codes[where].cpu().numpy()), device=place)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.model_ = row.module(len(scene), **row.arguments)
            self.head_ = nn.Linear(self.model_.dim, len(self.classes_))
        self.model_.scaler = scaler
        self.model_.wavelength = np.asarray(cube["wavelength"].values, "float64")[good_bands(cube)]
        self._train(inputs, targets)
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

    def predict_proba(self, cube: xr.DataArray) -> xr.DataArray:
        """Probability of each of ``classes_`` at every pixel, dims (``feature``, ``y``, ``x``); NaN without data."""
        features = torch.from_numpy(embed(cube, self.model_, device=self.device).values)
        with torch.inference_mode():
            logits = self.head_.cpu()(features.relu().movedim(0, -1))
        return like_scene(logits.softmax(dim=-1).movedim(-1, 0).numpy(), cube)

    def predict(self, cube: xr.DataArray) -> xr.DataArray:
        """Code of the most probable class at every pixel, dims (``y``, ``x``), int16; 0 without data."""
        chances = self.predict_proba(cube).values
        codes = np.where(np.isfinite(chances[0]), self.classes_[np.nan_to_num(chances).argmax(axis=0)], 0)
        return like_scene(codes.astype("int16"), cube)
