"""What one may choose from: objectives, encoders, models and the device, read from the rooms that own them.

The learning rooms take seconds to import, so they are read beside the page and the choices appear when they are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Menu:
    """Names, as the session takes them, and what they are in words."""

    objectives: dict[str, str]
    """Title by name."""

    encoders: dict[str, str]
    """Title by name."""

    models: dict[str, tuple[str, str]]
    """Family and title by name."""

    device: str
    """``CPU`` or ``GPU``: where training will run."""


@cache
def read_menu() -> Menu:
    """Import the learning rooms and list what they have; once a process."""
    from workbench.patches import pick_device
    from workbench.pretrain import AUTO, ENCODERS, OBJECTIVES
    from workbench.probe import MODELS

    return Menu(
        {name: row.title for name, row in OBJECTIVES.items()},
        {AUTO: "the one that suits the scene", **{name: row.title for name, row in ENCODERS.items()}},
        {name: (row.family, row.title) for name, row in MODELS.items()},
        "CPU" if str(pick_device("auto")).startswith("cpu") else "GPU",
    )


def in_words(name: str) -> str:
    """A name for people: ``barlow_twins`` → ``Barlow Twins``; short ones are initials."""
    words = name.split("_")
    return " ".join(word.upper() if len(word) <= 3 else word.capitalize() for word in words)
