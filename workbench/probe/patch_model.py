"""An encoder and a head that learn from labelled patches.

Of a frozen encoder the features are taken once. Otherwise its learning parts take a tenth of the head's rate, and
patches are flipped and turned. The weights kept are those with the least loss on the validation patches; test patches
are never looked at.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from workbench.patches import pick_device
from workbench.pretrain import Encoder, warm_cosine
from workbench.probe.patch_features import PatchFeatures
from workbench.probe.patch_heads import Head, loss_of, said
from workbench.probe.patch_images import Images
from workbench.probe.patch_modes import learning_parts
from workbench.probe.patch_teaching import AT_ONCE, Look, Teaching, batches, parts, turned

KEPT = 1 << 30
"""Bytes of a frozen encoder's features that are kept."""

WIDTH = 64
"""Features up to which a head learns at its full rate."""


class PatchModel:
    """An encoder and a head for the patches of a set.

    Parameters
    ----------
    images : Images
        The patches, as the encoder takes them.
    encoder : Encoder
        Copied before it learns.
    teaching : Teaching
        How.
    device : str
        ``"auto"`` or torch's name of one.
    """

    def __init__(self, images: Images, encoder: Encoder, teaching: Teaching, *, device: str = "auto") -> None:
        self.images, self.teaching, self.device = images, teaching, pick_device(device)
        self.truth = images.patches.truth
        self.features = PatchFeatures(encoder, dense=self.truth.task == "segmentation").to(self.device)
        self.features.requires_grad_(False).eval()
        parts = learning_parts(self.features.encoder, teaching.mode)
        self.modules = [part for part in parts if isinstance(part, nn.Module)]
        for part in parts:
            part.requires_grad_(True)
        self.learning = [p for p in self.features.parameters() if p.requires_grad]
        self.head: Head | None = None
        self._kept: dict[int, Tensor] = {}
        self._shift, self._spread = 0.0, 1.0

    def teach(self, train: Sequence[int], val: Sequence[int] = ()) -> Iterator[Look]:
        """Learn from some patches; reports as it goes.

        Parameters
        ----------
        train, val : sequence of int
            Numbers of patches.
        """
        how, rng = self.teaching, np.random.default_rng(self.teaching.seed)
        self._begin(train)
        rate = how.learning_rate * min(1.0, WIDTH / self.head.width)
        groups = [{"params": self.head.parameters(), "lr": rate}]
        if self.learning:
            groups.append({"params": self.learning, "lr": how.encoder_rate})
        optimizer = torch.optim.AdamW(groups, weight_decay=how.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: warm_cosine(k, steps=how.steps))
        best, kept, since = np.inf, None, 0
        every = max(1, how.steps // how.looks)
        for step, some in zip(range(1, how.steps + 1), batches(train, how.batch, rng), strict=False):
            optimizer.zero_grad()
            loss = self._loss(some, turn=int(rng.integers(8)) if self.learning else 0, learning=True)
            if not torch.isfinite(loss):
                raise RuntimeError(
                    f"the loss at step {step} is not finite; lower the learning rate, or look at the labels"
                )
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % every and step < how.steps:
                continue
            value = self._mean_loss(val)
            yield Look(step, how.steps, float(loss.detach()), value)
            if value < best:
                best, kept, since = value, self._state(), 0
            elif len(val):
                since += 1
                if since >= how.patience:
                    break
        if kept:
            self._restore(kept)
        self._mode(learning=False)

    @torch.no_grad()
    def predict(self, some: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Answers and targets of some patches: classes (n, …), chances (n, K) or numbers (n,), on the CPU."""
        if self.head is None:
            raise ValueError("a model answers once it has been taught; use teach() first")
        self._mode(learning=False)
        answers = []
        for part in parts(some):
            answers.append(said(self.truth.task, self.head(self._features(part, 0))).cpu())
        whole = torch.cat(answers)
        if self.truth.task == "number":
            whole = whole * self._spread + self._shift
        return whole, torch.stack([self.images.read([i])[1][0] for i in some])

    def _begin(self, train: Sequence[int]) -> None:
        """A fresh head, scaled by the features as they are before anything learns."""
        if not len(train):
            raise ValueError("a head is taught by at least one patch, got none; give more patches or a larger share")
        truth, side = self.truth, self.images.patches.side
        with torch.no_grad():
            features = torch.cat([self._features(part, 0) for part in parts(train[: 8 * AT_ONCE])])
        if len(features) < 2 and features.ndim == 2:
            features = features.repeat(2, 1)  # one patch has no spread; BandScaler then gives zeros
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.teaching.seed)
            self.head = Head(self.teaching.head, features.cpu(), len(truth.names), side).to(self.device)
        if truth.task == "number":
            numbers = truth.values[np.asarray(train)]
            self._shift, self._spread = float(numbers.mean()), float(numbers.std()) or 1.0

    def _loss(self, some: Sequence[int], *, turn: int, learning: bool) -> Tensor:
        self._mode(learning=learning)
        targets = self.images.read(some)[1].to(self.device)
        if self.truth.task == "number":
            targets = (targets - self._shift) / self._spread
        if self.truth.task == "segmentation":
            targets = turned(targets, turn)
        return loss_of(self.truth.task, self.head(self._features(some, turn)), targets)

    @torch.no_grad()
    def _mean_loss(self, val: Sequence[int]) -> float:
        if not len(val):
            return float("nan")
        some = parts(val)
        losses = [float(self._loss(part, turn=0, learning=False)) for part in some]
        return float(np.average(losses, weights=[len(part) for part in some]))

    def _features(self, some: Sequence[int], turn: int) -> Tensor:
        if self.learning:
            return self.features(turned(self.images.read(some)[0].to(self.device), turn))
        missing = [int(i) for i in some if int(i) not in self._kept]
        found = {}
        if missing:
            with torch.no_grad():
                fresh = self.features(self.images.read(missing)[0].to(self.device))
            found = dict(zip(missing, fresh, strict=True))
            if fresh[0].nbytes * len(self.images.patches) <= KEPT:
                self._kept |= found
        return torch.stack([found[int(i)] if int(i) in found else self._kept[int(i)] for i in some])

    def _mode(self, *, learning: bool) -> None:
        self.features.eval()
        self.head.train(learning)
        for part in self.modules:
            part.train(learning)

    def _state(self) -> tuple[dict, dict]:
        state = self.features.state_dict() if self.learning else {}
        return copy.deepcopy(self.head.state_dict()), copy.deepcopy(state)

    def _restore(self, kept: tuple[dict, dict]) -> None:
        self.head.load_state_dict(kept[0])
        if self.learning:
            self.features.load_state_dict(kept[1])
