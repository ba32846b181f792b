"""The level at which classes are shown: each as itself, or as its group. Only names and colours change, no map does."""

from __future__ import annotations

import xarray as xr

from workbench.panels.look import Look
from workbench.session import Session
from workbench.session.groups import at_level


def shown(session: Session, look: Look) -> dict[str, tuple[str, str]]:
    """Name and colour of each of the session's classes."""
    if look.by_group:
        return at_level(tuple(session.classes))
    return {one.name: (one.name, one.color) for one in session.classes}


def colors_of(codes: xr.DataArray | None, session: Session, look: Look) -> list[str]:
    """Colours of a map's classes: those it comes with, or their groups', by their names in the session."""
    if codes is None:
        return []
    own = codes.attrs["colors"]
    if not look.by_group:
        return own
    level = at_level(tuple(session.classes))
    return [level.get(name, (name, color))[1] for name, color in zip(codes.attrs["classes"], own, strict=True)]
