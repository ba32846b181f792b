"""Views: the same ground under another sun, through a poorer sensor. Batched tensor operations, no loops.

Every function takes a scaled batch of shape (n, n_bands, …); whatever follows the bands (a patch, window means)
shares a sample's draw. Hue, grey and blur of photographs have no meaning for two hundred bands. ``SpectralViews`` is
the recipe that all objectives share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Generator, Tensor

from workbench.pretrain.crops import random_boxes, random_turns, resized_crop, turn
from workbench.pretrain.processes import drawn


@dataclass(frozen=True, slots=True)
class Augmentation:
    """One way in which two views of a place differ, as a study may leave it out."""

    name: str
    """As typed."""

    title: str
    """What it does to a view, in a few words."""

    none: Mapping[str, object] = field(default_factory=dict)
    """Fields of ``SpectralViews`` that do without it."""

    patches: bool = False
    """Whether only patches have it; window means have nothing to cut or turn."""


AUGMENTATIONS = {
    row.name: row
    for row in (
        Augmentation("neighbour", "the second view is of a pixel nearby, not of the same one"),
        Augmentation("brightness", "brighter or darker by one factor", {"brightness": 0.0}),
        Augmentation("noise", "white noise in every band", {"noise": 0.0}),
        Augmentation(
            "bands",
            "some bands are blanked; small views see a stretch of the spectrum",
            {"lost_bands": 0.0, "small_part": (1.0, 1.0)},
        ),
        Augmentation(
            "crop",
            "a part of the patch, brought to its size",
            {"area": (1.0, 1.0), "small_area": (1.0, 1.0)},
            patches=True,
        ),
        Augmentation("turn", "the patch is flipped and turned", {"turned": False}, patches=True),
    )
}


@dataclass(frozen=True, slots=True)
class SpectralViews:
    """How a view is drawn; of patches, that is also cropped, flipped and turned."""

    lost_bands: float = 0.2
    """Chance that a band is blanked, 0 to 1."""

    brightness: float = 0.1
    """Standard deviation of the logarithm of the illumination."""

    noise: float = 0.05
    """Standard deviation of white noise, in units of a band's spread over the scene."""

    area: tuple[float, float] = (0.4, 1.0)
    """Share of a patch that is seen, from and to. Photographs take 0.08 to 1; our patches are a few pixels wide."""

    small_part: tuple[float, float] = (0.5, 0.8)
    """Share of the bands, one beside the other, that a small view sees, from and to."""

    small_area: tuple[float, float] = (0.1, 0.4)
    """Share of a patch that a small view sees, from and to; 0.05 to 0.4 of photographs."""

    small_size: int | None = None
    """Side that small views of patches are brought to [pixels]; None keeps the patch's, which fits any encoder."""

    turned: bool = True
    """Whether a patch is flipped and turned."""

    generator: Generator | None = None
    """Source of the draws; on the device of the batches."""

    @classmethod
    def gentle(cls, generator: Generator | None = None) -> SpectralViews:
        """Views of half the strength, for objectives that push nothing apart: what strong ones leave is brightness."""
        return cls(lost_bands=0.1, brightness=0.05, noise=0.025, generator=generator)

    def without(self, names: Iterable[str]) -> SpectralViews:
        """Views that do without some of ``AUGMENTATIONS``."""
        return replace(self, **{field: value for name in names for field, value in AUGMENTATIONS[name].none.items()})

    def __call__(self, batch: Tensor, black: Tensor) -> Tensor:
        """One view of each sample.

        Parameters
        ----------
        batch : Tensor of shape (n, n_bands, n_windows) or (n, n_bands, size, size)
            Window means of pixels, or patches; scaled.
        black : Tensor of shape (n_bands,)
            What zero reflectance is in the scaled batch (``BandScaler.black``).
        """
        seen = self._cropped(batch, self.area, None)
        lit = illuminate(seen, black, self.brightness, self.generator)
        return drop_bands(add_noise(lit, self.noise, self.generator), self.lost_bands, self.generator)

    def small(self, batch: Tensor, black: Tensor) -> Tensor:
        """A view of a part of the spectrum alone and, of a patch, of a small crop; the other bands at their mean."""
        seen = self._cropped(batch, self.small_area, self.small_size)
        lit = illuminate(seen, black, self.brightness, self.generator)
        return keep_part(add_noise(lit, self.noise, self.generator), self.small_part, self.generator)

    def _cropped(self, batch: Tensor, area: tuple[float, float], size: int | None) -> Tensor:
        """Of patches, a crop turned; what has no data in it is at the bands' mean, or a view round a hole were none."""
        if batch.ndim != 4:
            return batch
        if area[0] < 1:
            boxes = random_boxes(len(batch), area, self.generator, batch.device)
        elif size not in (None, batch.shape[-1]):
            boxes = batch.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(batch), 4)
        else:  # a random box of the whole area would still be stretched
            return (turn(batch, self.generator) if self.turned else batch).nan_to_num(nan=0.0)
        turns = random_turns(len(batch), self.generator, batch.device) if self.turned else None
        return resized_crop(batch, boxes, size, turns).nan_to_num(nan=0.0)


def illuminate(batch: Tensor, black: Tensor, sd: float, generator: Generator | None = None) -> Tensor:
    """Brighter or darker by a factor a sample: slope, shadow, haze.

    Parameters
    ----------
    batch : Tensor of shape (n, n_bands, …)
        Scaled.
    black : Tensor of shape (n_bands,)
        What zero reflectance is in the scaled batch (``BandScaler.black``).
    sd : float
        Standard deviation of the factor's logarithm.
    generator : torch.Generator, optional
        Source of the draws.
    """
    factor = torch.exp(sd * drawn(torch.randn, (len(batch),), generator=generator, device=batch.device))
    zero = black.view(1, -1, *[1] * (batch.ndim - 2))
    # In place where nobody else has the numbers: a batch of patches is large, and new memory takes longer than sums.
    return (batch - zero).mul_(factor.view(-1, *[1] * (batch.ndim - 1))).add_(zero)


def drop_bands(batch: Tensor, chance: float, generator: Generator | None = None) -> Tensor:
    """Set bands to their mean (0 when scaled), each with the same chance in every sample."""
    kept = drawn(torch.rand, batch.shape[:2], generator=generator, device=batch.device) >= chance
    return batch * kept.view(*batch.shape[:2], *[1] * (batch.ndim - 2))


def keep_part(batch: Tensor, part: tuple[float, float], generator: Generator | None = None) -> Tensor:
    """Keep one run of neighbouring bands a sample and set all others to their mean: a crop of the spectrum.

    Parameters
    ----------
    batch : Tensor of shape (n, n_bands, …)
        Scaled.
    part : tuple of float
        Least and largest share of the bands that is kept, 0 to 1; at least one band is.
    generator : torch.Generator, optional
        Source of the draws.
    """
    n, n_bands = batch.shape[:2]
    share, place = drawn(torch.rand, (2, n, 1), 1, generator=generator, device=batch.device)
    length = ((part[0] + (part[1] - part[0]) * share) * n_bands).round().clamp(min=1)
    start = (place * (n_bands - length + 1)).floor()
    band = torch.arange(n_bands, device=batch.device)
    kept = (band >= start) & (band < start + length)
    return batch * kept.view(n, n_bands, *[1] * (batch.ndim - 2))


def add_noise(batch: Tensor, sd: float, generator: Generator | None = None) -> Tensor:
    """White noise in every value, `sd` in units of a band's spread over the scene."""
    return drawn(torch.randn, batch.shape, generator=generator, device=batch.device).mul_(sd).add_(batch)
