"""data2vec for spectra: from a spectrum with hidden bands, guess what a slow copy of the encoder makes of all of it.

The target is the mean of the outputs of the teacher's last layers, each normalised; the student guesses it through a
linear layer, and the loss is the smooth L1 distance. The teacher is an exponential mean of the student over the steps
and gets no gradient.

Changed from the paper: one guess a sample, not one a token, since an encoder here gives one embedding (the outputs of a
network with tokens are averaged over these); a hidden value is replaced by a learnt one of its band; the teacher starts
to follow sooner, since training takes hundreds of steps here. Batch normalisation in the teacher goes by its batch, for
its running means are of spectra with hidden bands.

References
----------
Baevski, Hsu, Xu, Babu, Gu, Auli (2022). *data2vec: A General Framework for Self-supervised Learning in Speech, Vision
and Language.* ICML. arXiv:2202.03555

Wang, Braham, Xiong, Liu, Albrecht, Zhu (2023). *SSL4EO-S12.* IEEE GRSM. arXiv:2211.07044 (its settings for images of
the Earth: a distance that turns linear at 2)
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.pretrain.objectives.by_rows import ByRows
from workbench.pretrain.objectives.mae import by_band
from workbench.pretrain.objectives.masking import Masking


class Data2Vec(ByRows):
    """Hidden groups of bands, a teacher, the loss above.

    Its batch is as that of :class:`workbench.pretrain.objectives.mae.MAE`.

    Parameters
    ----------
    dim : int
        Length of the encoder's embeddings.
    ratio, group, cell
        What is hidden, as in ``MAE``.
    layers : sequence of str, optional
        Names of the encoder's modules whose outputs are averaged, all of one width. By default what
        :func:`last_layers` finds.
    turn : float
        Distance at which the loss turns from square to linear.
    momentum : (float, float)
        Share of the teacher that is kept at the first and at the last step; it rises in a straight line.
    generator : torch.Generator, optional
        Source of the masks and of the guessing layer's weights.
    """

    def __init__(
        self,
        dim: int,
        *,
        ratio: float = 0.6,
        group: int = 8,
        cell: int = 0,
        layers: Sequence[str] | None = None,
        turn: float = 2.0,
        momentum: tuple[float, float] = (0.99, 0.9998),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.layers, self.turn, self.momentum = dim, layers, turn, momentum
        self.masking = Masking(ratio, group, cell, generator)

    def prepare(self, encoder: nn.Module) -> None:
        """Make the teacher, a copy of the encoder as it is, and what depends on the encoder's bands and layers."""
        place, size = next(encoder.parameters()).device, encoder.footprint
        self.names = last_layers(encoder) if self.layers is None else tuple(self.layers)
        self.teacher = copy.deepcopy(encoder).requires_grad_(False)
        self.shown = nn.Parameter(torch.zeros(encoder.n_bands, device=place))
        empty = torch.zeros(2, encoder.n_bands, size, size, device=place)
        widths = {output.shape[1] for output in self._outputs(empty)}
        if len(widths) != 1:
            raise ValueError(
                f"layers that are averaged have one width, got {sorted(widths)} of {', '.join(self.names)}; name others"
            )
        with self.masking.seeded():
            self.guess = nn.Linear(self.dim, widths.pop()).to(place)

    def features(self, encoder: nn.Module, batch: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Of each sample the distance between guess and target, a mean over features."""
        pixels = batch if isinstance(batch, Tensor) else batch[0]
        hidden = self.masking(pixels)
        guess = self.guess(encoder(torch.where(hidden, by_band(self.shown, pixels), pixels)))
        far = functional.smooth_l1_loss(guess, self.target(pixels), beta=self.turn, reduction="none")
        return (far.mean(dim=1),)

    def terms(self, distances: Tensor) -> dict[str, Tensor]:
        """``distance`` between guess and target, a mean over samples and features."""
        return {"distance": distances.mean()}

    @torch.no_grad()
    def target(self, pixels: Tensor) -> Tensor:
        """Mean of the teacher's normalised outputs for samples of which nothing is hidden, (n, width)."""
        outputs = [functional.layer_norm(output, output.shape[1:]) for output in self._outputs(pixels)]
        return torch.stack(outputs).mean(dim=0)

    @torch.no_grad()
    def after_step(self, encoder: nn.Module, step: int, steps: int) -> None:
        """Let the teacher follow."""
        first, last = self.momentum
        follow(self.teacher, encoder, first + (last - first) * (step - 1) / max(1, steps - 1))

    def _outputs(self, pixels: Tensor) -> list[Tensor]:
        for module in self.teacher.modules():  # parents first, so a child's own state stands
            module.train(isinstance(module, nn.modules.batchnorm._BatchNorm))
        return outputs_of(self.teacher, self.names, pixels)


@torch.no_grad()
def follow(teacher: nn.Module, student: nn.Module, momentum: float) -> None:
    """Move a teacher's weights towards the student's: `momentum` of its own, the rest of the student's."""
    for own, new in zip(teacher.parameters(), student.parameters(), strict=True):
        own.lerp_(new.to(own.dtype), 1 - momentum)


def last_layers(encoder: nn.Module) -> tuple[str, ...]:
    """Names of the activations in an encoder's ``layers``, or of the later half of a transformer's ``blocks``.

    Of a network of patches, its ``spatial`` layers count: those before them see stretches of the spectrum each.
    """
    blocks = [name for name, _ in encoder.named_modules() if re.fullmatch(r"(.+\.)?blocks\.\d+", name)]
    activations = [
        name
        for name, module in encoder.named_modules()
        if re.fullmatch(r"(layers|spatial)\.\d+", name) and isinstance(module, nn.ReLU | nn.GELU)
    ]
    if not blocks and not activations:
        raise ValueError(
            f"layers to average are found in an encoder's (spatial) layers or blocks, but {type(encoder).__name__} has "
            "neither; name them"
        )
    return tuple(blocks[len(blocks) // 2 :] or activations)


@torch.no_grad()
def outputs_of(encoder: nn.Module, names: Sequence[str], pixels: Tensor) -> list[Tensor]:
    """What some of an encoder's modules put out on the way, each (n, width): means over tokens or pixels."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda module, given, output: found.update({name: _averaged(output)})

    hooks = [encoder.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        encoder(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    return [found[name] for name in names]


def _averaged(output: Tensor) -> Tensor:
    """From (n, tokens, width) or (n, width, height, width of the map) to (n, width)."""
    return {2: lambda: output, 3: lambda: output.mean(dim=1), 4: lambda: output.mean(dim=(2, 3))}[output.ndim]()
