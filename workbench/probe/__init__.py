"""What an encoder and a few labels say of a scene.

In: an encoder, a cube, labels; or labelled patches. Out: embeddings, class maps with confidence; answers for patches.
May use: cubes, labels, patches, pretrain, torch, scikit-learn, dask. Never: test labels, anything that draws.
"""

from workbench.probe.blocks_done import Progress, Written
from workbench.probe.chances import class_chances
from workbench.probe.classify import ClassMap, classify, classify_scene
from workbench.probe.descriptions import Descriptions, describe
from workbench.probe.doubtful import doubtful, next_suspicious
from workbench.probe.embed import embed, embed_blocks, embedding_side
from workbench.probe.embed_pair import embed_pair
from workbench.probe.explain_pair import PairExplanation, explain_pair
from workbench.probe.features import FEATURES, FeatureKind, Features, feature_map, fits_in_memory
from workbench.probe.large import classify_to, embed_to
from workbench.probe.maps import write_class_map
from workbench.probe.model import Model
from workbench.probe.models import MODELS, find_model
from workbench.probe.of_pixels import OfPixels
from workbench.probe.pair_tables import pair_tables
from workbench.probe.patch_features import PatchFeatures, at_random
from workbench.probe.patch_heads import HEADS
from workbench.probe.patch_images import Images
from workbench.probe.patch_model import PatchModel
from workbench.probe.patch_set import PatchSet, open_patches
from workbench.probe.patch_teaching import Teaching
from workbench.probe.paws import PawsClassifier
from workbench.probe.suggest import Suggestion, suggest
from workbench.probe.supervised import FromScratch

__all__ = [
    "FEATURES",
    "HEADS",
    "MODELS",
    "ClassMap",
    "Descriptions",
    "FeatureKind",
    "Features",
    "FromScratch",
    "Images",
    "Model",
    "OfPixels",
    "PairExplanation",
    "PatchFeatures",
    "PatchModel",
    "PatchSet",
    "PawsClassifier",
    "Progress",
    "Suggestion",
    "Teaching",
    "Written",
    "at_random",
    "class_chances",
    "classify",
    "classify_scene",
    "classify_to",
    "describe",
    "doubtful",
    "embed",
    "embed_blocks",
    "embed_pair",
    "embed_to",
    "embedding_side",
    "explain_pair",
    "feature_map",
    "find_model",
    "fits_in_memory",
    "next_suspicious",
    "open_patches",
    "pair_tables",
    "suggest",
    "write_class_map",
]
