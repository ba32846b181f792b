"""What one may choose from: objectives, encoders, models and the device, read from the rooms that own them.

The learning rooms take seconds to import, so they are read beside the page and the choices appear when they are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.pretrain.encoders import EncoderKind


@dataclass(frozen=True, slots=True)
class Menu:
    """Names, as the session takes them, and what they are in words."""

    objectives: dict[str, str]
    """Title by name."""

    encoders: dict[str, tuple[str, str]]
    """What it looks at and title by name."""

    views: dict[str, str]
    """What a view can do without, and what each part of it does."""

    models: dict[str, tuple[str, str]]
    """Family and title by name."""

    device: str
    """``CPU`` or ``GPU``: where training will run."""

    planes: list[str]
    """Ways to lay pixels out in a plane that there are here."""


@cache
def read_menu() -> Menu:
    """Import the learning rooms and list what they have; once a process."""
    from workbench.patches import pick_device
    from workbench.pretrain import AUGMENTATIONS, AUTO, ENCODERS, OBJECTIVES
    from workbench.probe import MODELS
    from workbench.probe.plane import methods

    return Menu(
        {name: row.title for name, row in OBJECTIVES.items()},
        {AUTO: ("", "the one that suits the scene"), **{n: (_looks_at(r), r.title) for n, r in ENCODERS.items()}},
        {name: row.title for name, row in AUGMENTATIONS.items()},
        {name: (row.family, row.title) for name, row in MODELS.items()},
        "CPU" if str(pick_device("auto")).startswith("cpu") else "GPU",
        methods(),
    )


def _looks_at(encoder: EncoderKind) -> str:
    """The heading that an encoder stands under."""
    if "GPU" in encoder.needs:
        return "patches, with a GPU"
    return "a pixel and those round it" if encoder.footprint > 1 else "a pixel's spectrum"


SPELT = {
    **{
        "simclr": "SimCLR",
        "moco": "MoCo",
        "v2": "v2",
        "v3": "v3",
        "simsiam": "SimSiam",
        "swav": "SwAV",
        "dino": "DINO",
    },
    **{"data2vec": "data2vec", "paws": "PAWS", "fixmatch": "FixMatch", "cnn": "CNN", "1d": "1-D", "3d": "3-D"},
    **{"resnet18": "ResNet-18", "resnet50": "ResNet-50", "vit": "ViT", "spec": "Spec"},
}
"""Words as their papers spell them."""


def in_words(name: str) -> str:
    """A name for people: ``barlow_twins`` → ``Barlow Twins``, ``moco_v2`` → ``MoCo v2``; other short ones are initials.

    Examples
    --------
    >>> in_words("moco_v2"), in_words("svm"), in_words("cnn_1d"), in_words("spec_vit_small")
    ('MoCo v2', 'SVM', 'CNN 1-D', 'Spec ViT Small')
    """
    words = name.split("_")
    return " ".join(SPELT.get(word, word.upper() if len(word) <= 3 else word.capitalize()) for word in words)
