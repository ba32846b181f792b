"""What of an encoder learns with the head: nothing, SpectralEarth's adapter, its first layers, or all of it.

What does not learn stays as it is, bit for bit, the statistics of its batch norms among it.
"""

from __future__ import annotations

import re

from torch import nn

from workbench.pretrain.encoders import BackboneEncoder, Encoder
from workbench.pretrain.encoders.deformable import ATTENTION
from workbench.pretrain.encoders.resnet import STAGES

MODES = ("frozen", "adapter", "first:N", "full")
"""By name; N is a number of layers."""


def learning_parts(encoder: Encoder, mode: str) -> list[nn.Module | nn.Parameter]:
    """Parts of an encoder that learn.

    Parameters
    ----------
    encoder : Encoder
        Any.
    mode : str
        One of ``MODES``.

    Raises
    ------
    ValueError
        If there is no such mode, or the encoder has no adapter or fewer layers.
    """
    check_mode(mode)
    if mode == "frozen":
        return []
    if mode == "full":
        return [part for name, part in encoder.named_children() if name != "scaler"]
    if mode == "adapter":
        adapter = getattr(encoder, "spectral_adapter", None) or getattr(
            getattr(encoder, "backbone", None), "spectral_adapter", None
        )
        if adapter is None:
            raise ValueError(
                f"the mode adapter is for encoders with SpectralEarth's spectral adapter, which "
                f"{encoder_name(encoder)} has not; choose frozen, first:N or full"
            )
        return [adapter]
    wanted, layers = int(mode.partition(":")[2]), layers_of(encoder)
    if wanted > len(layers):
        raise ValueError(
            f"{encoder_name(encoder)} has {len(layers)} layers, got the mode {mode}; choose first:{len(layers)} or full"
        )
    return [part for layer in layers[:wanted] for part in layer]


def check_mode(mode: str) -> str:
    """`mode`, or ValueError if there is none such."""
    if mode not in ("frozen", "adapter", "full") and not re.fullmatch(r"first:[1-9]\d*", mode):
        raise ValueError(f"no mode is named {mode!r}; choose one of: {', '.join(MODES)}")
    return mode


def layers_of(encoder: Encoder) -> list[list[nn.Module | nn.Parameter]]:
    """Its layers from the input on: adapter, stem, stages or blocks; of small encoders each part with weights."""
    if not isinstance(encoder, BackboneEncoder):
        parts = [part for name, part in encoder.named_children() if name != "scaler"]
        inner = [one for part in parts for one in (part if isinstance(part, nn.Sequential) else [part])]
        return [[one] for one in inner if any(True for _ in one.parameters())]
    whole = encoder.backbone
    layers = [[whole.spectral_adapter]] if hasattr(whole, "spectral_adapter") else []
    core = getattr(whole, "resnet", getattr(whole, "vit_core", whole))
    if hasattr(core, "blocks"):
        first = [core.patch_embed, core.cls_token, core.pos_embed]
        return [*layers, first, *([block] for block in core.blocks), [core.norm]]
    stem = [[core.conv1, core.bn1]] if hasattr(core, "conv1") else []
    stages = [[name, ATTENTION.get(name, "")] for name in STAGES]
    return [*layers, *stem, *([getattr(core, name) for name in names if hasattr(core, name)] for names in stages)]


def encoder_name(encoder: Encoder) -> str:
    """What to call it in a sentence."""
    return encoder.arguments.get("architecture") or getattr(encoder.recipe, "encoder", type(encoder).__name__)
