"""Batches for learning: drawn from a cube in memory on the device that learns, or streamed from an archive of patches.

In: a cube, or a folder of very many patches. Out: tensors, scaled band by band; the table of an archive's patches.
May use: cubes, torch, rasterio, pyarrow. Never: labels, anything that draws.
"""

from workbench.patches.archive_finding import is_packed, is_published
from workbench.patches.archive_index import ArchiveIndex
from workbench.patches.archive_indexing import index_archive, indexing
from workbench.patches.archive_joint import JointIndex, JointPairs, joined
from workbench.patches.archive_numbers import Numbers
from workbench.patches.archive_reading import BadPatch
from workbench.patches.archive_stream import ArchivePairs
from workbench.patches.blocks import Block, Place, blocks_of, seen_first
from workbench.patches.patch_pairs import PatchPairs
from workbench.patches.sampling import ScenePairs
from workbench.patches.scaling import BandScaler
from workbench.patches.tensors import pick_device, scene_tensor
from workbench.patches.two_scenes import TwoScenes
from workbench.patches.windows import centre_means, patches_at, window_means

__all__ = [
    "ArchiveIndex",
    "ArchivePairs",
    "BadPatch",
    "BandScaler",
    "Block",
    "JointIndex",
    "JointPairs",
    "Numbers",
    "PatchPairs",
    "Place",
    "ScenePairs",
    "TwoScenes",
    "blocks_of",
    "centre_means",
    "index_archive",
    "indexing",
    "is_packed",
    "is_published",
    "joined",
    "patches_at",
    "pick_device",
    "scene_tensor",
    "seen_first",
    "window_means",
]
