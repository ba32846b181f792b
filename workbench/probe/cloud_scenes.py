"""Which files a scene of the two cloud benchmarks has, and what makes its numbers reflectance and temperature.

L8 Biome's level-1 numbers become reflectance by the scene's ``_MTL.txt``, ``(MULT × number + ADD) / sin(sun
elevation)``, and in bands 10 and 11 temperature [K], ``K2 / ln(K1 / radiance + 1)``. L7 Irish is older: its metadata
tell the radiances of the least and the largest number, and reflectance is ``π radiance d² / (ESUN sin(elevation))``,
with the distance of the sun d [astronomical units] by the day of the year where the metadata do not tell it.

References
----------
Chander, Markham, Helder (2009). *Summary of current radiometric calibration coefficients for Landsat MSS, TM, ETM+, and
EO-1 ALI sensors.* Remote Sensing of Environment 113. doi:10.1016/j.rse.2009.01.007
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.landsat_mtl import Metadata, read_any_metadata

REFLECTIVE, THERMAL = range(1, 10), (10, 11)
"""Numbers of Landsat 8's bands."""

ETM = ("1", "2", "3", "4", "5", "61", "62", "7", "8")
"""Landsat 7's bands as older metadata name them, in the order of the scenes' own; 61 and 62 are one in two gains."""

ESUN = np.array([1997, 1812, 1533, 1039, 230.8, np.nan, np.nan, 84.9, 1362])[:, None, None]
"""Of the sun on each of them [W m⁻² µm⁻¹], after Chander et al., table 4."""

K1, K2 = 666.09, 1282.71
"""Of Landsat 7's band 6 [W m⁻² sr⁻¹ µm⁻¹, K], after Chander et al., table 7."""

Scaling = Callable[[NDArray], NDArray]
"""From the numbers of all bands of a scene to reflectance [1] and temperature [K]."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The files of a scene."""

    image: Path
    mask: Path
    metadata: Path


@dataclass(frozen=True, slots=True)
class CloudSet:
    """How the scenes of a benchmark lie on disk."""

    pattern: str
    """Of the images' names."""

    mask: Callable[[str], str]
    """From an image's name, without its ending, to that of the mask beside it."""

    scaling: Callable[[Metadata], Scaling]
    """From a scene's metadata."""

    reflective: int
    """Bands, the first, of which none is 0 where there is data."""

    def scenes(self, root: Path) -> list[Scene]:
        """All scenes in a folder and below.

        Raises
        ------
        FileNotFoundError
            If there is none, or one lacks its mask or its metadata.
        """
        images = sorted(path for path in root.rglob(self.pattern) if not path.stem.endswith(("_fixedmask", "_BQA")))
        if not images:
            raise FileNotFoundError(f"there is no {self.pattern} in {root}")
        return [self._scene(image) for image in images]

    def _scene(self, image: Path) -> Scene:
        scene = Scene(image, image.with_name(self.mask(image.stem)), image.with_name(f"{image.stem}_MTL.txt"))
        for path in (scene.mask, scene.metadata):
            if not path.is_file():
                raise FileNotFoundError(f"a scene has its mask and metadata, but there is no {path}; copy it again")
        return scene

    def scaling_of(self, scene: Scene) -> Scaling:
        """Of one of them."""
        return self.scaling(read_any_metadata(scene.metadata.name, scene.metadata.read_bytes()))


def landsat_8(metadata: Metadata) -> Scaling:
    """Of eleven bands."""
    rescaling, elevation = "RADIOMETRIC_RESCALING", metadata.number("IMAGE_ATTRIBUTES", "SUN_ELEVATION")

    def each(word: str, bands: Sequence[int], group: str = rescaling) -> NDArray:
        return np.array([metadata.number(group, f"{word}_BAND_{band}") for band in bands])[:, None, None]

    sun = np.sin(np.radians(elevation))
    mult, add = each("REFLECTANCE_MULT", REFLECTIVE) / sun, each("REFLECTANCE_ADD", REFLECTIVE) / sun
    gain, offset = each("RADIANCE_MULT", THERMAL), each("RADIANCE_ADD", THERMAL)
    k1, k2 = (each(f"K{k}_CONSTANT", THERMAL, "TIRS_THERMAL_CONSTANTS") for k in (1, 2))

    def scaled(stored: NDArray) -> NDArray:
        light, heat = stored[:9] * mult + add, stored[9:] * gain + offset
        return np.concatenate([light, k2 / np.log(k1 / heat + 1)])

    return scaled


def landsat_7(metadata: Metadata) -> Scaling:
    """Of nine bands; by the older names of what is told, or by those since 2012."""
    where = {key: group for group, entries in metadata.groups.items() for key in entries}
    older = "LMAX_BAND1" in where

    def told(key: str, *others: str) -> float:
        name = next((one for one in (key, *others) if one in where), key)
        return metadata.number(where.get(name, "MIN_MAX_RADIANCE"), name)

    def each(old: str, new: str) -> NDArray:
        names = [f"{old}_BAND{band}" if older else f"{new}_BAND_{_since_2012(band)}" for band in ETM]
        return np.array([told(name) for name in names])[:, None, None]

    most, least = each("LMAX", "RADIANCE_MAXIMUM"), each("LMIN", "RADIANCE_MINIMUM")
    top, bottom = each("QCALMAX", "QUANTIZE_CAL_MAX"), each("QCALMIN", "QUANTIZE_CAL_MIN")
    gain = (most - least) / (top - bottom)
    distance = told("EARTH_SUN_DISTANCE") if "EARTH_SUN_DISTANCE" in where else sun_distance(_day(metadata, where))
    light = np.pi * distance**2 / (ESUN * np.sin(np.radians(told("SUN_ELEVATION"))))

    def scaled(stored: NDArray) -> NDArray:
        radiance = (stored - bottom) * gain + least
        with np.errstate(divide="ignore", invalid="ignore"):
            heat = K2 / np.log(K1 / radiance + 1)
        return np.where(np.isnan(ESUN), heat, radiance * light)

    return scaled


def sun_distance(day: date) -> float:
    """Of the earth from the sun [astronomical units], to 0.0004.

    Examples
    --------
    >>> round(sun_distance(date(2001, 1, 4)), 3), round(sun_distance(date(2001, 7, 4)), 3)
    (0.983, 1.017)
    """
    return 1 - 0.01672 * math.cos(math.radians(0.9856 * (day.timetuple().tm_yday - 4)))


def _since_2012(band: str) -> str:
    return f"6_VCID_{band[1]}" if len(band) > 1 else band


def _day(metadata: Metadata, where: dict[str, str]) -> date:
    """When a scene was taken."""
    name = "ACQUISITION_DATE" if "ACQUISITION_DATE" in where else "DATE_ACQUIRED"
    text = metadata.text(where.get(name, "PRODUCT_METADATA"), name)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name} is a date, got {text!r} in {metadata.name}; copy the scene again") from error


def _irish_mask(image: str) -> str:
    """Of ``L71PPPRRR_RRRYYYYMMDD``, by path and row."""
    return f"L7_p{image[3:6].lstrip('0')}_r{image[6:9].lstrip('0')}_newmask2015.TIF"


CLOUD_SETS = {
    "L8Biome": CloudSet("LC8*.TIF", "{}_fixedmask.TIF".format, landsat_8, 7),
    "L7Irish": CloudSet("L71*.TIF", _irish_mask, landsat_7, 5),
}
"""By torchgeo's name of the class."""
