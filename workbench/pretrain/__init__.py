"""Encoders that learn from unlabelled pixels.

In: batches of a scene, or of an archive of patches. Out: an encoder, and its progress on the way.
May use: cubes, patches, torch, Lightning Fabric, safetensors. Never: labels, scikit-learn, anything that draws.
"""

from workbench.pretrain.archives import ARCHIVES, find_archive
from workbench.pretrain.checkpoint import load_encoder, matching_bands, save_encoder
from workbench.pretrain.encoders import ARCHITECTURES, ENCODERS, Encoder, EncoderKind, find_architecture, find_encoder
from workbench.pretrain.from_archive import Streaming, begin_archive, pretrain_archive
from workbench.pretrain.given import by_objective
from workbench.pretrain.layouts import MatchReport
from workbench.pretrain.likeness import likeness
from workbench.pretrain.loop import Progress, train, warm_cosine
from workbench.pretrain.objectives import OBJECTIVES, ObjectiveKind, find_objective
from workbench.pretrain.pair import Agreement, PairRecipe, begin_pair, pretrain_pair
from workbench.pretrain.pair_checkpoint import load_pair, save_pair
from workbench.pretrain.recipe import AUTO, Recipe, begin, pretrain, settle
from workbench.pretrain.released import load_released
from workbench.pretrain.torchgeo_weights import load_released_by_name
from workbench.pretrain.two_files import fingerprint
from workbench.verb import make_callable

__all__ = [
    "ARCHITECTURES",
    "ARCHIVES",
    "AUTO",
    "ENCODERS",
    "OBJECTIVES",
    "Agreement",
    "Encoder",
    "EncoderKind",
    "MatchReport",
    "ObjectiveKind",
    "PairRecipe",
    "Progress",
    "Recipe",
    "Streaming",
    "begin",
    "begin_archive",
    "begin_pair",
    "by_objective",
    "find_architecture",
    "find_archive",
    "find_encoder",
    "find_objective",
    "fingerprint",
    "likeness",
    "load_encoder",
    "load_pair",
    "load_released",
    "load_released_by_name",
    "matching_bands",
    "pretrain",
    "pretrain_archive",
    "pretrain_pair",
    "save_encoder",
    "save_pair",
    "settle",
    "train",
    "warm_cosine",
]

make_callable(__name__)
