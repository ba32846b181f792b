"""Weights that torchgeo has a name for, as encoders of ours; torchgeo is an extra and downloads them when asked.

Only those are known here whose archive and scaling are: MoCo, SimCLR, DINO, MAE, FG-MAE and DeCUR on SSL4EO-L and
SSL4EO-S12.
"""

from __future__ import annotations

import pickle
import re
from importlib import import_module

import torch

from workbench.pretrain.archives import Archive, find_archive
from workbench.pretrain.encoders import BackboneEncoder
from workbench.pretrain.released import LEAST, from_weights, statistics_of

_FAMILIES = {
    "ResNet18": "resnet18",
    "ResNet50": "resnet50",
    "ViTSmall16": "vit_small",
    "ViTBase16": "vit_base",
    "ViTLarge16": "vit_large",
}

_OF_TORCHGEO = {
    r"SENTINEL2_ALL_(MOCO|DINO|MAE|FGMAE|DECUR)": "ssl4eo_s12_l1c",
    r"SENTINEL1_(ALL|GRD)_(MOCO|MAE|FGMAE|DECUR)": "ssl4eo_s12_s1",
    r"LANDSAT_TM_TOA_(MOCO|SIMCLR)": "ssl4eo_l_tm_toa",
    r"LANDSAT_ETM_TOA_(MOCO|SIMCLR)": "ssl4eo_l_etm_toa",
    r"LANDSAT_ETM_SR_(MOCO|SIMCLR)": "ssl4eo_l_etm_sr",
    r"LANDSAT_OLI_TIRS_TOA_(MOCO|SIMCLR)": "ssl4eo_l_oli_tirs_toa",
    r"LANDSAT_OLI_SR_(MOCO|SIMCLR)": "ssl4eo_l_oli_sr",
}
"""Which of torchgeo's weights learnt from which archive; their number of bands is checked against it."""


def find_named(name: str) -> tuple[str, Archive]:
    """Architecture and archive of weights by torchgeo's name of them, or ValueError that says which are known."""
    family, _, member = name.partition("_Weights.")
    archive = next((row for pattern, row in _OF_TORCHGEO.items() if re.fullmatch(pattern, member)), None)
    if family not in _FAMILIES or archive is None:
        raise ValueError(
            f"{name} is none of the weights of {', '.join(_FAMILIES)} that learnt from SSL4EO-L or SSL4EO-S12 by MoCo, "
            "SimCLR, DINO, MAE, FG-MAE or DeCUR; load its file with load_released"
        )
    return _FAMILIES[family], find_archive(archive)


def load_released_by_name(
    name: str, *, size: int | None = None, least: float = LEAST, device: str | torch.device = "cpu"
) -> BackboneEncoder:
    """Weights of SSL4EO-L, SSL4EO-S12 or DeCUR by torchgeo's name of them; torchgeo downloads them once.

    Parameters
    ----------
    name : str
        Such as ``ResNet50_Weights.SENTINEL2_ALL_MOCO``.
    size, least, device
        As in :func:`load_released`.

    Raises
    ------
    ImportError
        If torchgeo is not installed.
    OSError
        If the weights cannot be downloaded.
    ValueError
        If torchgeo has no such weights, or none that learnt from an archive in ``ARCHIVES``.
    """
    try:
        models = import_module("torchgeo.models")  # seconds to import, and an extra
    except ModuleNotFoundError as error:
        raise ImportError(
            f"weights by name ({name}) come from torchgeo; try: pip install hyperspectral-workbench[torchgeo]"
        ) from error
    architecture, archive = find_named(name)
    enum, _, member = name.partition(".")
    others = getattr(getattr(models, enum, None), "__members__", {})  # SENTINEL1_GRD_DECUR is another name of ALL_DECUR
    try:
        weights = models.get_weight(str(others.get(member, name)))
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(
            f"torchgeo has no weights named {name}; see torchgeo.models.list_models and its enums"
        ) from error
    try:
        content = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise OSError(
            f"{weights.url} could not be downloaded or read ({' '.join(str(error).split())[:200]}); check the "
            f"connection, or fetch the file otherwise and load it as {architecture} of the archive {archive.name}"
        ) from error
    return from_weights(content, architecture, archive, name, size, statistics_of(archive, None), least).to(device)
