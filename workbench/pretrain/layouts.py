"""From a checkpoint as somebody else wrote it to a backbone of ours, with a report of what was found.

Training scripts wrap a backbone in their own names. Each way known is tried, and the one under which most weights find
their place is taken; heads, projectors and decoders are left out. What is loaded is said, never assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from workbench.pretrain.encoders.vit import resample_positions

INSIDE = ("teacher", "state_dict", "model", "student", "model_state_dict")
"""Where in a checkpoint weights may lie; of DINO the teacher, which its paper evaluates, comes before the student."""

PREFIXES = (
    "",
    "module.",
    "module.encoder_q.",
    "module.base_encoder.",
    "module.backbone.",
    "module.backbone_1.",
    "module.backbone_2.",
    "teacher_backbone.",
    "backbone.",
    "student_backbone.",
    "backbone_1.",
    "backbone_2.",
    "encoder_q.",
    "base_encoder.",
    "encoder.vit.spec_vit.",
    "encoder.vit.",
    "encoder.",
    "model.",
)
"""What may stand before a backbone's own names: MoCo v2 and v3, DINO, DeCUR's two backbones, Lightning modules, MAE."""

_HEADS = re.compile(
    r"(.*\.)?(fc|head|projector\d?|projection_head|predictor|decoder\w*|mask_token|queue\w*|last_layer|dino_loss)(\.|$)"
)
_ATTENTION = re.compile(r"(module\.)?da[12]_l[34]\.")
_SHIFT = "l3.conv_offset.1.norm.bias"
_IN_PATCH_EMBED = re.compile(r"^(vit_core\.)?patch_embed\.(spectral_adapter\.|original_patch_embed\.(?=proj\.))")
_NO_WEIGHT = "num_batches_tracked"


@dataclass(frozen=True)
class MatchReport:
    """Which of a backbone's weights a file has, and what else it has."""

    layout: str
    """How the file was read: where in it, and after which prefix."""

    matched: tuple[str, ...]
    """Names that were found with the right shape."""

    missing: tuple[str, ...]
    """Names of the backbone that the file lacks."""

    wrong_shape: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    """Names found with another shape: the file's, the backbone's."""

    unexpected: tuple[str, ...]
    """Names of the file, after the prefix, that the backbone lacks."""

    left_out: tuple[str, ...]
    """Names of the file that are no part of a backbone: heads, projectors, decoders, other networks."""

    resampled: tuple[str, ...]
    """Of `matched`, the positional embeddings that were resampled to another grid."""

    @property
    def share(self) -> float:
        """Of the backbone's weights, how many were found, 0 to 1."""
        wanted = len(self.matched) + len(self.missing) + len(self.wrong_shape)
        return len(self.matched) / wanted if wanted else 0.0

    def __str__(self) -> str:
        """In a few lines, for people."""
        shapes = [f"{name} is {got}, wanted {wanted}" for name, got, wanted in self.wrong_shape]
        rows = (
            ("missing", self.missing),
            ("wrong shape", shapes),
            ("unexpected", self.unexpected),
            ("left out", self.left_out),
            ("resampled", self.resampled),
        )
        lines = [f"read as {self.layout}: matched {len(self.matched)} weights ({self.share:.0%})"]
        return "\n".join(lines + [f"{title} {len(names)}: {_few(names)}" for title, names in rows if names])


def match(content: Mapping, backbone: nn.Module) -> tuple[dict[str, Tensor], MatchReport]:
    """Weights of `backbone` found in a checkpoint, and the report; the backbone is not changed.

    Parameters
    ----------
    content : mapping
        The checkpoint: weights by name, or mappings that hold them.
    backbone : nn.Module
        One of ``ARCHITECTURES``.

    Raises
    ------
    ValueError
        If there are no tensors, or if there is deformable attention, which changes what comes out, and the backbone
        has none.
    """
    wanted, found = backbone.state_dict(), []
    attends = any(_ATTENTION.match(name) for name in wanted)
    for place, weights in _insides(content):
        for prefix in PREFIXES:
            if any(name.startswith(prefix) for name in weights):
                named, whose = _attention_inside(weights, prefix) if attends else (weights, "")
                layout = f"{place}, after {prefix!r}" if prefix else place
                found.append((f"{layout} and {whose!r}" if whose else layout, _placed(named, wanted, prefix)))
    if not found:
        raise ValueError(f"there are no weights by name among {_few(map(str, content))}; give a file of a state dict")
    layout, (weights, *lists) = max(found, key=lambda one: len(one[1][0]))
    if not attends and any(_ATTENTION.match(name) for _, weights in _insides(content) for name in weights):
        raise ValueError(
            "these are weights with deformable attention (da1_l3, …), without which the backbone gives other features; "
            "choose an architecture that has it, resnet18_rda or resnet50_rda"
        )
    return weights, MatchReport(layout, tuple(weights), *map(tuple, lists))


def _insides(content: Mapping) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every place in a checkpoint that holds weights, and its name."""
    for name, part in [(place, content[place]) for place in INSIDE if place in content] + [("flat", content)]:
        if isinstance(part, Mapping):
            weights = {str(key): value for key, value in part.items() if isinstance(value, Tensor)}
            if weights:
                yield name, weights


def _attention_inside(weights: dict[str, Tensor], prefix: str) -> tuple[dict[str, Tensor], str]:
    """Weights with deformable attention, which stands beside a backbone, as a part of it; and whose was taken.

    It is the backbone's own, unless that has learnt nothing: the published training asked the first one's for both. A
    norm whose shift is still at nothing tells.
    """
    root = "module." if prefix.startswith("module.") else ""
    order = ("da2_", "da1_") if prefix.endswith("backbone_2.") else ("da1_", "da2_")
    there = [root + name for name in order if any(full.startswith(root + name) for full in weights)]
    learnt = [name for name in there if (shift := weights.get(name + _SHIFT)) is None or shift.any()]
    if not there:
        return weights, ""
    whose = (learnt or there)[0]
    inside = prefix + "da1_"
    return {inside + n.removeprefix(whose) if n.startswith(whose) else n: one for n, one in weights.items()}, whose


def _placed(weights: dict[str, Tensor], wanted: dict[str, Tensor], prefix: str) -> tuple:
    """Weights by the backbone's names, then the lists of a report, if `prefix` stands before them."""
    matched, shapes, unexpected, left_out, resampled = {}, [], [], [], []
    for full, tensor in weights.items():
        name = _renamed(full.removeprefix(prefix), wanted)
        if not full.startswith(prefix) or (name not in wanted and _HEADS.match(name)):
            left_out.append(full)
        elif name not in wanted:
            unexpected.append(name)
        else:
            if name.endswith("pos_embed") and _is_another_grid(tensor, wanted[name]):
                side = round((wanted[name].shape[1] - 1) ** 0.5)
                tensor = resample_positions(tensor, (side, side))
                resampled.append(name)
            if tensor.shape == wanted[name].shape:
                matched[name] = tensor
            else:
                shapes.append((name, tuple(tensor.shape), tuple(wanted[name].shape)))
    bad = {name for name, *_ in shapes}
    missing = [name for name in wanted if name not in matched and name not in bad and not name.endswith(_NO_WEIGHT)]
    return matched, missing, shapes, unexpected, left_out, resampled


def _renamed(name: str, wanted: dict[str, Tensor]) -> str:
    """A name as SpectralEarth's backbone has it, where its MAE keeps the adapter inside the patch embedding."""
    if "vit_core.pos_embed" not in wanted:
        return name
    if found := _IN_PATCH_EMBED.match(name):
        inside = "spectral_adapter." if found[2] == "spectral_adapter." else "vit_core.patch_embed."
        return inside + name[found.end() :]
    return name if name.startswith(("vit_core.", "spectral_adapter.")) else f"vit_core.{name}"


def _is_another_grid(tensor: Tensor, wanted: Tensor) -> bool:
    """Whether a positional embedding is of a class token and a square grid that is not the one wanted."""
    if tensor.ndim != 3 or tensor.shape[2] != wanted.shape[2] or tensor.shape[1] == wanted.shape[1]:
        return False
    return round((tensor.shape[1] - 1) ** 0.5) ** 2 == tensor.shape[1] - 1


def _few(names: object) -> str:
    listed = list(names)
    return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")
