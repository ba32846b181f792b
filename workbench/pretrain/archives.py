"""The archives that released weights learnt from: their bands, their units and how they were scaled.

Weights mean nothing without these. A scene is matched to them by wavelength; a scene of other bands is to be resampled
first. Two archives of EnMAP have as many bands but not the same ones, so a count is never enough.

Sources: SpectralEarth's band table (arXiv:2408.08447), whose means and spreads are files of its repository;
SSL4EO-S12 (arXiv:2211.07044) and DeCUR (arXiv:2309.05300) as torchgeo scales them, Sentinel-2 by 10,000 (so
reflectance as it is) and Sentinel-1 by the means and spreads of DeCUR's repository; SSL4EO-L (arXiv:2306.09424) by the
limits its scripts turn into bytes: 0 to 0.4 reflectance at the top of the atmosphere, 0 to 0.3 at the surface, −25 to
45 °C for thermal bands. Bytes cut off what lies beyond these; here it goes on. The Zarr stores of SSL4EO-S12 v1.1
(arXiv:2503.00168) hold Sentinel-2 with 1000 added, as ESA's later products do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.cubes.enmap_bands import HYSPECNET, SPECTRAL_EARTH, WAVELENGTH
from workbench.cubes.multispectral import LANDSAT, SENTINEL_2, Bands
from workbench.cubes.so2sat import BANDS


@dataclass(frozen=True)
class Archive:
    """What the patches of an archive are."""

    name: str
    """As typed."""

    title: str
    """For people."""

    wavelength: tuple[float, ...]
    """Band centres in the archive's order [nm]; NaN where there is none."""

    mean: tuple[float, ...] | None
    """Subtracted from each band, in the units of a scene; None where the user must bring it."""

    scale: tuple[float, ...] | None
    """What each band is divided by then."""

    quantity: str = "reflectance"
    """What a scene must hold."""

    units: str = "1"
    """Of the scene's values."""

    gain: float | tuple[float, ...] = 1.0
    """What the archive's stored numbers are multiplied by to get the units of a scene, for all bands or for each."""

    offset: float | tuple[float, ...] = 0.0
    """What is added then."""

    nodata: float | None = None
    """The stored number that means no data, where a file names none."""


def _bands(name: str, title: str, bands: Bands, *, top: float, in_bytes: bool = False, **others: object) -> Archive:
    """Reflectance from 0 to `top`, thermal bands from −25 to 45 °C, become 0 to 1; `in_bytes`, stored as 0 to 255."""
    thermal = [centre > 5000 for centre in bands.wavelength]
    mean = tuple(248.15 if is_thermal else 0.0 for is_thermal in thermal)
    scale = tuple(70.0 if is_thermal else top for is_thermal in thermal)
    if in_bytes:
        others |= {"gain": tuple(step / 255 for step in scale), "offset": mean}
    return Archive(name, title, tuple(map(float, bands.wavelength)), mean, scale, **others)


def _landsat(number: int, *names: int) -> Bands:
    return LANDSAT[number].pick(tuple(f"B{name}" for name in names))


_L2A = SENTINEL_2.pick(tuple(name for name in SENTINEL_2.names if name != "B10"))

ARCHIVES = {
    row.name: row
    for row in (
        Archive(
            "spectral_earth",
            "SpectralEarth: EnMAP, 202 bands",
            tuple(WAVELENGTH[SPECTRAL_EARTH - 1].tolist()),
            None,
            None,
            gain=1e-4,
            nodata=-32768,
        ),
        Archive(
            "hyspecnet",
            "HySpecNet-11k: EnMAP, 202 bands",
            tuple(WAVELENGTH[HYSPECNET - 1].tolist()),
            None,
            None,
            gain=1e-4,
            nodata=-32768,
        ),
        _bands("ssl4eo_s12_l1c", "SSL4EO-S12: Sentinel-2 L1C, 13 bands", SENTINEL_2, top=1.0, gain=1e-4),
        _bands("ssl4eo_s12_l2a", "SSL4EO-S12: Sentinel-2 L2A, 12 bands", _L2A, top=1.0, gain=1e-4),
        _bands(
            "ssl4eo_s12_v11_l1c",
            "SSL4EO-S12 v1.1 in Zarr: Sentinel-2 L1C, 13 bands",
            SENTINEL_2,
            top=1.0,
            gain=1e-4,
            offset=-0.1,
        ),
        _bands(
            "ssl4eo_s12_v11_l2a",
            "SSL4EO-S12 v1.1 in Zarr: Sentinel-2 L2A, 12 bands",
            _L2A,
            top=1.0,
            gain=1e-4,
            offset=-0.1,
        ),
        Archive(
            "ssl4eo_s12_s1",
            "SSL4EO-S12: Sentinel-1 GRD, VV and VH",
            (np.nan, np.nan),
            (-12.59, -20.26),
            (5.26, 5.91),
            quantity="dn",
            units="dB",
        ),
        # EuroSAT's files have band 8A last, unlike any other set of Sentinel-2.
        _bands(
            "eurosat",
            "EuroSAT: Sentinel-2 L1C, 13 bands, 8A last",
            SENTINEL_2.pick((*(name for name in SENTINEL_2.names if name != "B8A"), "B8A")),
            top=1.0,
            gain=1e-4,
        ),
        _bands("so2sat", "So2Sat LCZ42: Sentinel-2, 10 bands", SENTINEL_2.pick(BANDS), top=1.0),
        _bands("bigearthnet_s2", "BigEarthNet: Sentinel-2 L2A, 12 bands", _L2A, top=1.0, gain=1e-4),
        Archive(
            "bigearthnet_s1",
            "BigEarthNet: Sentinel-1 GRD, VV and VH",
            (np.nan, np.nan),
            None,
            None,
            quantity="dn",
            units="dB",
        ),
        _bands(
            "ssl4eo_l_tm_toa",
            "SSL4EO-L: Landsat 4–5 TM, top of atmosphere",
            _landsat(5, *range(1, 8)),
            top=0.4,
            in_bytes=True,
        ),
        _bands(
            "ssl4eo_l_etm_toa",
            "SSL4EO-L: Landsat 7 ETM+, top of atmosphere",
            _landsat(7, 1, 2, 3, 4, 5, 6, 6, 7, 8),
            top=0.4,
            in_bytes=True,
        ),
        _bands(
            "ssl4eo_l_etm_sr",
            "SSL4EO-L: Landsat 7 ETM+, surface",
            _landsat(7, 1, 2, 3, 4, 5, 7),
            top=0.3,
            in_bytes=True,
        ),
        _bands(
            "ssl4eo_l_oli_tirs_toa",
            "SSL4EO-L: Landsat 8–9, top of atmosphere",
            _landsat(8, *range(1, 12)),
            top=0.4,
            in_bytes=True,
        ),
        _bands(
            "ssl4eo_l_oli_sr", "SSL4EO-L: Landsat 8–9 OLI, surface", _landsat(8, *range(1, 8)), top=0.3, in_bytes=True
        ),
    )
}
"""By name."""


def find_archive(name: str) -> Archive:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in ARCHIVES:
        raise ValueError(f"no archive is named {name!r}; choose one of: {', '.join(ARCHIVES)}")
    return ARCHIVES[name]
