r"""DeCUR: of two kinds of data of one place, some features agree in both, the others are one's own.

Each kind has an encoder and a head of its own. Within a kind, two views are compared as by Barlow Twins over all
features. Between the kinds, the first features are *common* and the others *unique*:

.. math::

    L_{common} = \sum_i (1 - C_{ii})^2 + \lambda \sum_i \sum_{j \ne i} C_{ij}^2,\qquad
    L_{unique} = \sum_i C_{ii}^2 + \lambda \sum_i \sum_{j \ne i} C_{ij}^2

over the block of the correlation :math:`C` that is theirs; the loss is
:math:`(L_1 + L_2 + (L_{common} + L_{unique}) / 2) / 3`.

Changed from the paper: of a cube the second view is of a neighbouring pixel (of an archive it is of another date, as
published), the views are spectral, and the heads are small. Its deformable attention is in
:mod:`workbench.pretrain.encoders.deformable`. Of the published script three slips are not repeated: both heads there
share their weights, the correlation is divided by a fixed number of devices, and another optimiser runs than the one
described.

References
----------
Wang, Albrecht, Braham, Liu, Xiong, Zhu (2024). *Decoupling Common and Unique Representations for Multimodal
Self-supervised Learning.* ECCV. arXiv:2309.05300
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from workbench.pretrain.encoders.pair import PairEncoder, embedded
from workbench.pretrain.objectives.barlow_twins import barlow_twins_loss, standardise
from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.views import SpectralViews


class DeCUR(ByRows):
    """Spectral views of neighbours in two kinds of data, two heads, the loss above.

    Its batch is (pixels, neighbours) of the first kind and then of the second, row by row of the same places.

    Parameters
    ----------
    dim : int
        Length of each encoder's embeddings.
    width : int
        Features compared by the loss.
    common : float
        Share of them that shall agree in both kinds, 0 to 1.
    redundancy : float
        Weight of the off-diagonal terms, :math:`\\lambda`.
    lost_bands, noise : float
        Of the views, as in :class:`workbench.pretrain.views.SpectralViews`.
    brightness : (float, float)
        Standard deviation of the logarithm of a view's illumination, of each kind; 0 for what the sun does not light.
    generator : torch.Generator, optional
        Source of the views' draws.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 256,
        common: float = 0.875,
        redundancy: float = 5.1e-3,
        lost_bands: float = 0.2,
        brightness: tuple[float, float] = (0.1, 0.1),
        noise: float = 0.05,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= common <= 1:
            raise ValueError(f"common is a share of the features, 0 to 1, got {common:g}; try 0.875")
        self.n_common, self.redundancy = round(common * width), redundancy
        self.views = tuple(SpectralViews(lost_bands, light, noise, generator=generator) for light in brightness)
        self.heads = nn.ModuleList(head(dim, width) for _ in range(2))

    def features(self, encoder: PairEncoder, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Of (pixels, neighbours) of each kind: features of two views of the first, then of the second."""
        # A view a side: of rows put together no process could draw what one alone draws for them.
        kinds = [
            its_head(half(torch.cat([views(side, half.scaler.black) for side in pair]))).chunk(2)
            for half, its_head, pair, views in zip(
                (encoder.first, encoder.second), self.heads, (batch[:2], batch[2:]), self.views, strict=True
            )
        ]
        return *kinds[0], *kinds[1]

    def terms(self, *features: Tensor) -> dict[str, Tensor]:
        """Loss terms: ``first``, ``second``, ``common``, ``unique``."""
        kinds = features[:2], features[2:]
        within = [sum(barlow_twins_loss(*views, redundancy=self.redundancy).values()) for views in kinds]
        between = decur_loss(kinds[0][0], kinds[1][0], n_common=self.n_common, redundancy=self.redundancy)
        return {
            "first": within[0] / 3,
            "second": within[1] / 3,
            **{name: term / 6 for name, term in between.items()},
        }

    @torch.no_grad()
    def diagonal(self, encoder: PairEncoder, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """Correlation of each feature between the kinds, for pixels as they are: to be drawn while one waits.

        Returns
        -------
        Tensor of shape (width,)
            The first ``n_common`` shall come to 1, the others to 0.
        """
        with _at_rest(encoder, self):
            first = self.heads[0](embedded(encoder.first, batch[0]))
            second = self.heads[1](embedded(encoder.second, batch[2]))
        return (standardise(first) * standardise(second)).mean(dim=0)


def head(dim: int, width: int) -> nn.Sequential:
    """From an embedding to `width` features that are compared."""
    return nn.Sequential(nn.Linear(dim, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))


def decur_loss(first: Tensor, second: Tensor, *, n_common: int, redundancy: float) -> dict[str, Tensor]:
    """Compare the features of two kinds of data of the same places.

    Parameters
    ----------
    first, second : Tensor of shape (n, width)
        Row by row, the same place. At least two rows.
    n_common : int
        So many features, the first, shall agree; the others shall not correlate at all.
    redundancy : float
        Weight of the off-diagonal terms.

    Returns
    -------
    dict of scalar Tensor
        ``common``, 0 when those features agree and say different things; ``unique``, 0 when the others of one kind tell
        nothing of the other's.

    Raises
    ------
    ValueError
        If the batches differ in shape or have a single row.
    """
    shared = barlow_twins_loss(first[:, :n_common], second[:, :n_common], redundancy=redundancy)
    own = standardise(first[:, n_common:]).T @ standardise(second[:, n_common:]) / len(first)
    diagonal = own.diagonal().square().sum()
    return {"common": sum(shared.values()), "unique": diagonal + redundancy * (own.square().sum() - diagonal)}


def alone(encoder: PairEncoder, batch: tuple[Tensor, Tensor, Tensor, Tensor], ridge: float = 1e-2) -> dict[str, float]:
    """How much each kind of data alone predicts of the other's embedding.

    A linear map is fitted on the first half of the batch and tried on the second.

    Parameters
    ----------
    encoder : PairEncoder
        It is asked in evaluation mode and left as it was.
    batch : tuple of Tensor
        As for :class:`DeCUR`; several times as many rows as an embedding is long.
    ridge : float
        Weight of the coefficients' squares, as a share of the number of rows.

    Returns
    -------
    dict of float
        ``first`` and ``second``: the share of the variance of the other's embedding that each predicts, 1 for all of
        it, 0 or less for nothing.
    """
    with _at_rest(encoder), torch.no_grad():
        halves = (encoder.first, batch[0]), (encoder.second, batch[2])
        one, other = (standardise(embedded(half, pixels)) for half, pixels in halves)
    return {"first": _predicted(one, other, ridge), "second": _predicted(other, one, ridge)}


@contextmanager
def _at_rest(*modules: nn.Module) -> Iterator[None]:
    """In evaluation mode for a moment."""
    modes = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.train(mode)


def _predicted(given: Tensor, wanted: Tensor, ridge: float) -> float:
    """Share of the variance of `wanted` that a linear map of `given`, fitted on half the rows, predicts of the rest."""
    (fit, rest), (target, truth) = (part.double().cpu().tensor_split(2) for part in (given, wanted))
    shift, level = fit.mean(dim=0), target.mean(dim=0)
    square = (fit - shift).T @ (fit - shift) + ridge * len(fit) * torch.eye(fit.shape[1], dtype=fit.dtype)
    weights = torch.linalg.solve(square, (fit - shift).T @ (target - level))
    left = truth - level - (rest - shift) @ weights
    return 1 - float(left.square().sum() / (truth - truth.mean(dim=0)).square().sum())
