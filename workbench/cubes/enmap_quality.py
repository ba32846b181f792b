"""Quality masks of EnMAP products and patches: which file holds one, and which of its numbers raise it.

The numbers are those of the product specification, section on quality layers: two bits for the classes (1 land, 2
water, 3 background), for cirrus (1 thin, 2 medium, 3 thick) and for the overall quality (0 nominal, 1 reduced, 2 low,
3 not produced); one bit elsewhere. ``pixelmask`` has a band for each band of the image and hides single values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.masked import Flag
from workbench.cubes.products import Plane, Product
from workbench.cubes.raster import Raster

MASKS = {
    "cloud": ("QL_QUALITY_CLOUD", (1,)),
    "cloudshadow": ("QL_QUALITY_CLOUDSHADOW", (1,)),
    "cirrus": ("QL_QUALITY_CIRRUS", (1, 2, 3)),
    "haze": ("QL_QUALITY_HAZE", (1,)),
    "snow": ("QL_QUALITY_SNOW", (1,)),
    "land": ("QL_QUALITY_CLASSES", (1,)),
    "water": ("QL_QUALITY_CLASSES", (2,)),
    "background": ("QL_QUALITY_CLASSES", (3,)),
    "low_quality": ("QL_QUALITY_TESTFLAGS", tuple(n for n in range(256) if n & 3 >= 2)),
    "pixelmask": ("QL_PIXELMASK", (1,)),
}
"""Names of masks, the file of each and the numbers that raise it."""


def masks_of(product: Product, detector: str = "") -> dict[str, tuple[str, tuple[int, ...]]]:
    """Masks that the product has, as file and numbers; those of one detector where there are two."""
    found = {}
    for name, (layer, numbers) in MASKS.items():
        ends = [f"-{layer}{'_' * bool(part)}{part.upper()}{cog}.TIF" for part in (detector, "") for cog in ("", "_COG")]
        file = product.find(*ends)
        if file is not None and product.files.members[file].size:
            found[name] = (file, numbers)
    return found


def raised(
    product: Product, image: Raster, masks: Mapping[str, tuple[str, tuple[int, ...]]], names: Sequence[str]
) -> tuple[Flag, ...]:
    """Flags of the masks called `names`, checked to lie on the image."""
    files = sorted({masks[name][0] for name in names})
    layers = dict(zip(files, product.rasters(files), strict=True)) if files else {}
    flags = []
    for name in names:
        file, numbers = masks[name]
        layer = layers[file]
        if layer.shape[1:] != image.shape[1:] or layer.shape[0] not in (1, image.shape[0]):
            raise CubeError(
                f"mask {name!r} lies on the image, whose shape is {image.shape}, but its own is {layer.shape} in "
                f"{product.files.path.name}; copy the product again"
            )
        flags.append(Flag(layer if layer.shape[0] > 1 else Plane(layer), DIMS, numbers))
    return tuple(flags)
