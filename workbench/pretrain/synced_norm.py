"""Batch norm over the rows of all processes: the same statistics as one process with the batches of all.

PyTorch's own works on GPUs alone; this one on whatever the processes meet on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.pretrain.processes import summed


class _Normalised(torch.autograd.Function):
    """Zero mean and unit variance over the rows of all processes, then weight and bias."""

    @staticmethod
    def forward(
        context: object,
        values: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        n: Tensor,
        eps: float,
    ) -> Tensor:
        form = _form(values)
        steep = (variance + eps).rsqrt()
        context.save_for_backward(values, weight, mean, steep, n)
        scale = weight * steep
        return values * scale.view(form) + (bias - mean * scale).view(form)

    @staticmethod
    def backward(context: object, slope: Tensor) -> tuple[Tensor | None, ...]:
        values, weight, mean, steep, n = context.saved_tensors
        form, axes = _form(values), _axes(values)
        centred = values - mean.view(form)
        own = torch.stack([slope.sum(axes), (slope * centred).sum(axes)])
        level, tilt = summed(own) / n
        back = slope - level.view(form) - centred * (tilt * steep.square()).view(form)
        # Weight and bias have their part of the slope here, and the run sums it over the processes.
        return back * (steep * weight).view(form), own[1] * steep, own[0], None, None, None, None


def _axes(values: Tensor) -> list[int]:
    """All but the features'."""
    return [0, *range(2, values.ndim)]


def _form(values: Tensor) -> list[int]:
    """In which one number a feature goes with `values`."""
    return [1, -1, *[1] * (values.ndim - 2)]


class SyncedNorm(_BatchNorm):
    """Takes the place of a batch norm and has its weights and statistics; for any number of axes after the features."""

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters, self._buffers = norm._parameters, norm._buffers
        self.train(norm.training)

    def _check_input_dim(self, _: Tensor) -> None:
        """Any will do."""

    def forward(self, batch: Tensor) -> Tensor:
        """As a batch norm; in training mode by the rows of all processes."""
        if not self.training:
            return super().forward(batch)
        values = batch.float()
        with torch.no_grad():
            axes = _axes(values)
            # Sums in double precision, as PyTorch has them: a mean that is 1e-7 off turns a ReLU at 0 round.
            count = values.new_tensor([values.numel() / self.num_features], dtype=torch.float64)
            total, n = summed(torch.cat([values.sum(axes, dtype=torch.float64), count])).split([self.num_features, 1])
            mean = (total / n).float()
            squares = (values - mean.view(_form(values))).square().sum(axes, dtype=torch.float64)
            variance, n = (summed(squares) / n).float(), n.float()
            if self.track_running_stats:
                self._remember(mean, variance * n / (n - 1))
        weight = self.weight if self.affine else torch.ones_like(mean)
        bias = self.bias if self.affine else torch.zeros_like(mean)
        return _Normalised.apply(values, weight, bias, mean, variance, n, self.eps).to(batch.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked += 1
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def sync_norms(module: nn.Module) -> None:
    """Put a synchronised norm in the place of every batch norm inside `module`; weights and their names stay."""
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _BatchNorm) and not isinstance(child, SyncedNorm):
                setattr(parent, name, SyncedNorm(child))
