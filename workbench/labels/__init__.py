"""FILE or CLICKS → LABELS.

In: a vector file, a truth map, or geometries drawn by hand; a cube, of which only the grid is used; masks or tables of
    labelled patches.
Out: labels (``y``, ``x``) int16 on the cube's grid with names and colours; budgets and splits of them; files of labels;
    the truth of patches and its splits.
May use: cubes, geopandas, rasterio, scipy, pandas, shapely. Never: a spectrum, a model, anything that draws.
"""

from workbench.labels.blocks import Halves, block_halves
from workbench.labels.budget import check_trainable, counts, draw
from workbench.labels.colors import PALETTE, class_colors
from workbench.labels.geotiff import write_codes, write_cog
from workbench.labels.official import has_official, official_split, with_official
from workbench.labels.opening import open_labels
from workbench.labels.patch_splits import PatchSplit, places_of, share_of_patches, split_by_lists, split_by_place
from workbench.labels.patch_tables import truth_of_table
from workbench.labels.patch_truth import PatchTruth, truth_of_folders, truth_of_masks
from workbench.labels.places import write_places
from workbench.labels.rasterise import rasterise
from workbench.labels.several import has_labels_beside, truth_beside, truth_of_masks_present
from workbench.labels.split import Split, block_split, footprint_distance, random_split
from workbench.labels.tiled import write_tiled
from workbench.labels.vector import read_vector
from workbench.labels.writing import write_labels
from workbench.labels.zones import split_of_files, truth_of_zones

__all__ = [
    "PALETTE",
    "Halves",
    "PatchSplit",
    "PatchTruth",
    "Split",
    "block_halves",
    "block_split",
    "check_trainable",
    "class_colors",
    "counts",
    "draw",
    "footprint_distance",
    "has_labels_beside",
    "has_official",
    "official_split",
    "open_labels",
    "places_of",
    "random_split",
    "rasterise",
    "read_vector",
    "share_of_patches",
    "split_by_lists",
    "split_by_place",
    "split_of_files",
    "truth_beside",
    "truth_of_folders",
    "truth_of_masks",
    "truth_of_masks_present",
    "truth_of_table",
    "truth_of_zones",
    "with_official",
    "write_codes",
    "write_cog",
    "write_labels",
    "write_places",
    "write_tiled",
]
