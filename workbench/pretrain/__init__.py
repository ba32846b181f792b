"""Encoders that learn from unlabelled pixels.

In: batches of a scene, or of an archive of patches. Out: an encoder, and its progress on the way; a small archive.
May use: cubes, patches, torch, Lightning Fabric, safetensors, psutil, rasterio, TensorBoard and MLflow as told.
Never: labels, scikit-learn, anything that draws.
"""

from workbench.pretrain.agreement import Agreement
from workbench.pretrain.archives import ARCHIVES, find_archive
from workbench.pretrain.checkpoint import load_encoder, matching_bands, save_encoder
from workbench.pretrain.encoders import ARCHITECTURES, ENCODERS, Encoder, EncoderKind, find_architecture, find_encoder
from workbench.pretrain.from_archive import Streaming, begin_archive, begin_archive_run, pretrain_archive
from workbench.pretrain.given import by_objective
from workbench.pretrain.keeping import keep_checkpoint, last_checkpoint, read_checkpoint
from workbench.pretrain.layouts import MatchReport
from workbench.pretrain.likeness import likeness
from workbench.pretrain.loop import Run
from workbench.pretrain.objectives import OBJECTIVES, ObjectiveKind, find_objective
from workbench.pretrain.optimizers import OPTIMIZERS, find_optimizer
from workbench.pretrain.pair import begin_pair, begin_pair_run, pretrain_pair
from workbench.pretrain.pair_checkpoint import fitting_half, is_pair, load_pair, save_pair
from workbench.pretrain.pair_from_archive import begin_pair_archive_run, pretrain_pair_archive
from workbench.pretrain.pair_recipe import PairRecipe
from workbench.pretrain.processes import rank, together, world
from workbench.pretrain.progress import Progress, memory
from workbench.pretrain.recipe import AUTO, Recipe, settle
from workbench.pretrain.released import load_released
from workbench.pretrain.running import begin, begin_run, pretrain, train
from workbench.pretrain.schedule import warm_cosine
from workbench.pretrain.simulated_archive import simulated_archive
from workbench.pretrain.torchgeo_weights import load_released_by_name
from workbench.pretrain.two_files import fingerprint, scene_of
from workbench.pretrain.views import AUGMENTATIONS
from workbench.verb import make_callable

__all__ = [
    "ARCHITECTURES",
    "ARCHIVES",
    "AUGMENTATIONS",
    "AUTO",
    "ENCODERS",
    "OBJECTIVES",
    "OPTIMIZERS",
    "Agreement",
    "Encoder",
    "EncoderKind",
    "MatchReport",
    "ObjectiveKind",
    "PairRecipe",
    "Progress",
    "Recipe",
    "Run",
    "Streaming",
    "begin",
    "begin_archive",
    "begin_archive_run",
    "begin_pair",
    "begin_pair_archive_run",
    "begin_pair_run",
    "begin_run",
    "by_objective",
    "find_architecture",
    "find_archive",
    "find_encoder",
    "find_objective",
    "find_optimizer",
    "fingerprint",
    "fitting_half",
    "is_pair",
    "keep_checkpoint",
    "last_checkpoint",
    "likeness",
    "load_encoder",
    "load_pair",
    "load_released",
    "load_released_by_name",
    "matching_bands",
    "memory",
    "pretrain",
    "pretrain_archive",
    "pretrain_pair",
    "pretrain_pair_archive",
    "rank",
    "read_checkpoint",
    "save_encoder",
    "save_pair",
    "scene_of",
    "settle",
    "simulated_archive",
    "together",
    "train",
    "warm_cosine",
    "world",
]

make_callable(__name__)
