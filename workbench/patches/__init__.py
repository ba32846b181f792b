"""Batches for learning, drawn from a cube that lies in memory on the device that learns.

In: a cube. Out: tensors, scaled band by band.
May use: cubes, torch. Never: labels, anything that draws.
"""

from workbench.patches.blocks import Block, Place, blocks_of
from workbench.patches.patch_pairs import PatchPairs
from workbench.patches.sampling import ScenePairs
from workbench.patches.scaling import BandScaler
from workbench.patches.tensors import pick_device, scene_tensor
from workbench.patches.two_scenes import TwoScenes
from workbench.patches.windows import centre_means, patches_at, window_means

__all__ = [
    "BandScaler",
    "Block",
    "PatchPairs",
    "Place",
    "ScenePairs",
    "TwoScenes",
    "blocks_of",
    "centre_means",
    "patches_at",
    "pick_device",
    "scene_tensor",
    "window_means",
]
