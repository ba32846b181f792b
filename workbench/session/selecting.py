"""Many pixels that were selected somewhere and become one class together."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.session.commands import command
from workbench.session.grid import pixel_centres, pixel_under
from workbench.session.labelling import Labelling
from workbench.session.marks import SELECTED


class Selecting(Labelling):
    """Labels for selections."""

    @command
    def label_pixels(self, pixels: Sequence[tuple[int, int]]) -> None:
        """Give all of `pixels` (row, column) the current class, as one change; those that have it stay as they are."""
        name, cube = self._class_name(), self._scene()
        centres = dict(zip(pixels, pixel_centres(cube, pixels), strict=True))
        new = {(row, column) for row, column in centres if int(self.labels[row, column]) != self.current_class}
        if not new:
            raise ValueError(f"none of these pixels can become {name}; select some of another class, or of none")
        # As with clicks: what was given to a pixel before makes room, so that marks do not pile up.
        under = [mark.id for mark in self._state.marks if mark.is_pixel and pixel_under(cube, mark.geometry) in new]
        marks = ((name, centres[pixel], SELECTED) for pixel in sorted(new))
        self._become(self._state.without(*under).with_marks(*marks))
        self.tell(f"{len(new)} pixels are {name} now (Ctrl Z takes it back)")
