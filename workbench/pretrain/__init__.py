"""Encoders that learn from unlabelled pixels.

In: batches of a scene. Out: an encoder, and its progress on the way.
May use: cubes, patches, torch, Lightning Fabric, safetensors. Never: labels, scikit-learn, anything that draws.
"""

from workbench.pretrain.checkpoint import fingerprint, load_encoder, matching_bands, save_encoder
from workbench.pretrain.encoders import ENCODERS, Encoder, EncoderKind, find_encoder
from workbench.pretrain.likeness import likeness
from workbench.pretrain.loop import Progress, train, warm_cosine
from workbench.pretrain.objectives import OBJECTIVES, ObjectiveKind, find_objective
from workbench.pretrain.recipe import AUTO, Recipe, begin, pretrain, settle
from workbench.verb import make_callable

__all__ = [
    "AUTO",
    "ENCODERS",
    "OBJECTIVES",
    "Encoder",
    "EncoderKind",
    "ObjectiveKind",
    "Progress",
    "Recipe",
    "begin",
    "find_encoder",
    "find_objective",
    "fingerprint",
    "likeness",
    "load_encoder",
    "matching_bands",
    "pretrain",
    "save_encoder",
    "settle",
    "train",
    "warm_cosine",
]

make_callable(__name__)
