"""Kept spectra on the desk: which lie on the open scene, in which colours, and what M does."""

from __future__ import annotations

from workbench.panels.look import Look
from workbench.panels.plots import HUES
from workbench.session import KeptSpectrum, Session


def keep(session: Session, look: Look) -> None:
    """Keep the spectrum of the pixel clicked last, of the chosen class; again: without it."""
    if look.pixel is not None:
        session.keep_spectrum(*look.pixel)


def kept_here(session: Session) -> list[tuple[KeptSpectrum, str]]:
    """Those on the open scene, each in its class's colour; one without in a hue that no class has."""
    taken = {one.color.lower() for one in session.classes}
    hues = [hue for hue in HUES if hue not in taken] or list(HUES)
    here, free = [], 0
    for one in session.kept:
        if one.pixel is None:
            continue
        its_class = session.class_of(one)
        here.append((one, its_class.color if its_class else hues[free % len(hues)]))
        free += its_class is None
    return here
