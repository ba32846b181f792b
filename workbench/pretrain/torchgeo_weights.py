"""Weights that torchgeo has a name for, as encoders of ours; torchgeo is an extra and downloads them when asked.

Only those are known here whose archive and scaling are: MoCo, SimCLR, DINO, MAE and DeCUR on SSL4EO-L and SSL4EO-S12.
"""

from __future__ import annotations

import re

import torch

from workbench.pretrain.archives import find_archive
from workbench.pretrain.encoders import BackboneEncoder
from workbench.pretrain.released import LEAST, from_weights, statistics_of

_FAMILIES = {"ResNet18": "resnet18", "ResNet50": "resnet50", "ViTSmall16": "vit_small"}

_OF_TORCHGEO = {
    r"SENTINEL2_ALL_(MOCO|DINO|MAE|DECUR)": "ssl4eo_s12_l1c",
    r"SENTINEL1_(ALL|GRD)_(MOCO|MAE|DECUR)": "ssl4eo_s12_s1",
    r"LANDSAT_TM_TOA_(MOCO|SIMCLR)": "ssl4eo_l_tm_toa",
    r"LANDSAT_ETM_TOA_(MOCO|SIMCLR)": "ssl4eo_l_etm_toa",
    r"LANDSAT_ETM_SR_(MOCO|SIMCLR)": "ssl4eo_l_etm_sr",
    r"LANDSAT_OLI_TIRS_TOA_(MOCO|SIMCLR)": "ssl4eo_l_oli_tirs_toa",
    r"LANDSAT_OLI_SR_(MOCO|SIMCLR)": "ssl4eo_l_oli_sr",
}
"""Which of torchgeo's weights learnt from which archive; their number of bands is checked against it."""


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
    ValueError
        If torchgeo has no such weights, or none that learnt from an archive in ``ARCHIVES``.
    """
    try:
        from torchgeo.models import get_weight  # seconds to import, and an extra
    except ModuleNotFoundError as error:
        raise ImportError(
            f"weights by name ({name}) come from torchgeo; try: pip install hyperspectral-workbench[torchgeo]"
        ) from error
    family, _, member = name.partition("_Weights.")
    archive = next((row for pattern, row in _OF_TORCHGEO.items() if re.fullmatch(pattern, member)), None)
    if family not in _FAMILIES or archive is None:
        raise ValueError(
            f"{name} is none of the weights of {', '.join(_FAMILIES)} that learnt from SSL4EO-L or SSL4EO-S12 by MoCo, "
            "SimCLR, DINO, MAE or DeCUR; load its file with load_released"
        )
    try:
        weights = get_weight(name)
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(
            f"torchgeo has no weights named {name}; see torchgeo.models.list_models and its enums"
        ) from error
    content, found = weights.get_state_dict(progress=False, check_hash=True, weights_only=True), find_archive(archive)
    return from_weights(content, _FAMILIES[family], found, name, size, statistics_of(found, None), least).to(device)
