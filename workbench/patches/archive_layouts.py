"""Where the published archives of patches keep their files: one table, a row each.

A row knows its patches by their places and names, never by guessing from the numbers. Sources: SpectralEarth
(arXiv:2408.08447), HySpecNet-11k (arXiv:2306.00385), SSL4EO-S12 (arXiv:2211.07044), its version 1.1 in Zarr and in tars
(arXiv:2503.00168), SSL4EO-L (arXiv:2306.09424), BigEarthNet v1 and v2 (arXiv:2105.07921, arXiv:2407.03653), EuroSAT
(arXiv:1709.00029), So2Sat (arXiv:1912.12171). What fits none is a folder of GeoTIFFs, one view each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SENTINEL_2 = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
_L2A = tuple(name for name in _SENTINEL_2 if name != "B10")

_DOWN_TO_60_M = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")

LOCATION = re.compile(r"\d{7}")
"""Name of a location's folder."""


@dataclass(frozen=True)
class Product:
    """One kind of patches of an archive."""

    name: str
    """As its folder is called; empty where an archive has one kind."""

    card: str
    """Row of ``workbench.pretrain.ARCHIVES`` that says what the numbers are; empty where nobody knows."""

    bands: tuple[int, ...] = ()
    """Bands a patch may have; any number if empty."""

    members: tuple[str, ...] = ()
    """Names of a patch's files, in the order of the bands, where each band is a file."""

    prefixed: bool = False
    """Whether the name of the patch's folder stands before those names."""

    def band_files(self, folder: str) -> tuple[str, ...]:
        """Of a patch, where each band is a file."""
        before = f"{folder}/{folder.rpartition('/')[2]}_" if self.prefixed else f"{folder}/"
        return tuple(f"{before}{name}.tif" for name in self.members)


@dataclass(frozen=True)
class Layout:
    """How an archive keeps its patches."""

    name: str
    """For the index."""

    title: str
    """For people."""

    pattern: re.Pattern[str]
    """Of a file's whole path, with the groups ``location``, ``time`` and ``product``, as far as a path tells them."""

    products: tuple[Product, ...] = (Product("", ""),)
    """The kinds there are."""

    def product(self, name: str | None) -> Product:
        """By the name of its folder, in any case."""
        return next(product for product in self.products if product.name == (name or "").lower())


LAYOUTS = (
    Layout(
        "spectral_earth",
        "SpectralEarth",
        re.compile(r"/enmap/(?P<location>\d{7})/(?P<time>[^/]+)\.tiff?$"),
        (Product("", "spectral_earth", (202,)),),
    ),
    Layout(
        "hyspecnet",
        "HySpecNet-11k",
        re.compile(
            r"/(?P<location>ENMAP\d\d-____L2A-\w+-Y\d+_X\d+|tile_\d+-patch_\d+)[-.]SPECTRAL_IMAGE\.TIF$", re.IGNORECASE
        ),
        (Product("", "hyspecnet", (202, 224)),),
    ),
    Layout(
        "ssl4eo_l",
        "SSL4EO-L",
        re.compile(
            r"/(ssl4eo_l_)?(?P<product>tm_toa|etm_toa|etm_sr|oli_tirs_toa|oli_sr)(_benchmark)?/"
            r"(?P<location>\d{7})/(?P<time>[^/]+)/all_bands\.tif$"
        ),
        tuple(
            Product(name, f"ssl4eo_l_{name}", (count,))
            for name, count in {"tm_toa": 7, "etm_toa": 9, "etm_sr": 6, "oli_tirs_toa": 11, "oli_sr": 7}.items()
        ),
    ),
    Layout(
        "ssl4eo_s12",
        "SSL4EO-S12",
        re.compile(r"/(?P<product>s1|s2a|s2c)/(?P<location>\d{7})/(?P<time>[^/]+)/(?P<member>[A-Z]\w+)\.tif$"),
        (
            Product("s1", "ssl4eo_s12_s1", (2,), ("VV", "VH")),
            Product("s2a", "ssl4eo_s12_l2a", (12,), _L2A),
            Product("s2c", "ssl4eo_s12_l1c", (13,), _SENTINEL_2),
        ),
    ),
    Layout(
        "bigearthnet_s2",
        "BigEarthNet, Sentinel-2",
        re.compile(
            r"/(?P<location>S2[ABC]_MSIL2A_(?P<time>\w+?)_\w+)/(?P=location)_(?P<member>B(0[1-9]|8A|1[12]))\.tif$"
        ),
        (Product("", "bigearthnet_s2", (12,), _DOWN_TO_60_M, prefixed=True),),
    ),
    Layout(
        "bigearthnet_s1",
        "BigEarthNet, Sentinel-1",
        re.compile(r"/(?P<location>S1[AB]_IW_GRDH_\w+?_(?P<time>\d\w+?)_\w+)/(?P=location)_(?P<member>V[VH])\.tif$"),
        (Product("", "bigearthnet_s1", (2,), ("VV", "VH"), prefixed=True),),
    ),
    Layout(
        "eurosat",
        "EuroSAT, all bands",
        re.compile(
            r"/(?P<location>(AnnualCrop|Forest|HerbaceousVegetation|Highway|Industrial|Pasture|PermanentCrop|Residential|"
            r"River|SeaLake)_\d+)\.tif$"
        ),
        (Product("", "eurosat", (13,)),),
    ),
    Layout(
        "so2sat",
        "So2Sat LCZ42, Sentinel-2",
        re.compile(r"/(training|validation|testing)\.h5$"),
        (Product("", "so2sat", (10,)),),
    ),
    Layout(
        "ssl4eo_s12_zarr",
        "SSL4EO-S12 v1.1",
        re.compile(r"/(?P<product>S1GRD|S2L1C|S2L2A)/[^/]+\.zarr(\.zip)?$"),
        (
            Product("s1grd", "ssl4eo_s12_s1", (2,)),
            Product("s2l1c", "ssl4eo_s12_v11_l1c", (13,)),
            Product("s2l2a", "ssl4eo_s12_v11_l2a", (12,)),
        ),
    ),
    # In these 1000 is added to nothing: the set's own reader says that they were made after the others.
    Layout(
        "ssl4eo_s12_shards",
        "SSL4EO-S12 v1.1 in shards",
        re.compile(r"/(?P<product>S1GRD|S2L1C|S2L2A)/ssl4eos12_shard_\d{6}\.tar$"),
        (
            Product("s1grd", "ssl4eo_s12_s1", (2,)),
            Product("s2l1c", "ssl4eo_s12_l1c", (13,)),
            Product("s2l2a", "ssl4eo_s12_l2a", (12,)),
        ),
    ),
)
"""The published ones."""

FOLDER = Layout("folder", "a folder of GeoTIFF patches", re.compile(r"\.tiff?$", re.IGNORECASE))
"""Any other."""
