"""Our readers as an engine of xarray: ``xr.open_dataset("scene.hdr", engine="workbench")``.

Without ``engine=`` xarray asks every engine it knows whether it could open a file. We say so only of what no other
one opens: ENVI headers, MATLAB files, HDF-EOS 5 products and products that are folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import xarray as xr
from xarray.backends import BackendEntrypoint

from workbench.cubes.formats import FORMATS
from workbench.cubes.opening import open_cube
from workbench.cubes.remote import is_remote

_ENDINGS = (".hdr", ".mat", ".he5")


class WorkbenchBackend(BackendEntrypoint):
    """Opens a scene as a Dataset with one variable, named by its quantity."""

    description = "Hyperspectral scenes by the workbench's readers"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "format", "options")

    def open_dataset(
        self,
        filename_or_obj: str | os.PathLike[str],
        *,
        drop_variables: str | Iterable[str] | None = None,
        format: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> xr.Dataset:
        """A scene as a Dataset.

        Parameters
        ----------
        filename_or_obj : str or Path
            As in :func:`workbench.cubes.open_cube`.
        drop_variables : str or iterable of str, optional
            Coordinates to leave out.
        format : str, optional
            As in ``open_cube``.
        options : dict, optional
            What the format's reader takes, such as ``{"mask": "cloud"}``.

        Returns
        -------
        xarray.Dataset
            One variable (band, y, x), called ``reflectance``, ``radiance`` or ``dn``; lazy unless small.
        """
        cube = open_cube(filename_or_obj, format, **(options or {}))
        dropped = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables or ())
        return cube.to_dataset(name=cube.attrs["quantity"]).drop_vars(dropped, errors="ignore")

    def guess_can_open(self, filename_or_obj: object) -> bool:
        """Whether it is a file of ours alone, by its name; of a folder, by what a product's folder holds."""
        if not isinstance(filename_or_obj, str | os.PathLike) or is_remote(filename_or_obj):
            return False
        path = Path(filename_or_obj)
        if not path.is_dir():
            return path.suffix.lower() in _ENDINGS
        if path.suffix.lower() == ".zarr":
            return False
        return any(f.may_be(path) and f.load().recognises(path) for f in FORMATS)
