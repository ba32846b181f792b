"""What is advised, as the map marks it: pixels that wait for an answer, and the one that is looked at."""

from __future__ import annotations

from workbench.panels.level import shown
from workbench.panels.look import Look
from workbench.session import Session

Place = tuple[tuple[int, int], str]
"""Row and column, and the colour of the class that the pixel is taken for."""


def advised(session: Session, look: Look) -> tuple[list[Place], Place | None]:
    """Those that wait, and the one looked at; none while nothing is asked."""
    made = session.advice
    if made is None or made.current is None or not look.walking:
        return [], None
    level = shown(session, look)
    found = [((one.row, one.column), level.get(one.guess, ("", "#888888"))[1]) for one in made.items]
    return [one for i, one in enumerate(found) if i != made.at and i not in made.answers], found[made.at]
