"""Which file of spectra is read and written by which module: two tables, and the functions that use them.

A kind of file is a module with ``recognises(path)`` and ``read(path, …)``, as a cube's format is; one that can be
written has ``write(library, draft, path)``. What comes out keeps the rules of ``library``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import xarray as xr

from workbench.cubes.contract import CubeError
from workbench.cubes.library import check_library, join_libraries
from workbench.files import replacing

KINDS = {
    "envi": ("workbench.cubes.library_envi", "ENVI spectral library (.sli with .hdr)"),
    "ecostress": ("workbench.cubes.library_ecostress", "ECOSTRESS and ASTER spectrum (.spectrum.txt)"),
    "usgs": ("workbench.cubes.library_usgs", "USGS splib07 ASCII spectrum (.txt), its wavelengths in a file nearby"),
    "geopackage": ("workbench.cubes.library_geopackage", "points with a column a band, nm_450_5 at 450.5 nm (.gpkg)"),
    "csv": ("workbench.cubes.library_csv", "table, a spectrum a row or a column (.csv)"),
}
"""Kinds of library files: the module that reads each, and what it is."""

WRITERS = {
    ".sli": "workbench.cubes.library_envi",
    ".csv": "workbench.cubes.library_csv",
    ".gpkg": "workbench.cubes.library_geopackage",
}
"""Which module writes which ending."""


def open_library(path: str | Path | Sequence[str | Path], **options: object) -> xr.DataArray:
    """Read spectra from a file, a folder of such files, or a list of them.

    Parameters
    ----------
    path : str, Path or sequence of them
        See ``KINDS``. Of a folder the files that are spectra are read, in order of their names.
    **options
        What the kind's own ``read`` takes, such as ``wavelengths=`` for a USGS spectrum.

    Returns
    -------
    xarray.DataArray of shape (n_spectra, n_bands)
        float32; NaN where a file says no data. ``attrs["files"]`` are those it was read from.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CubeError
        If a file holds no spectra, or several differ in their wavelengths.
    """
    paths = [Path(path).expanduser()] if isinstance(path, str | Path) else [Path(p).expanduser() for p in path]
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise FileNotFoundError(f"no file at {missing[0]}; check the path")
    given = len(paths) == 1 and not paths[0].is_dir()
    files = [f for p in paths for f in (sorted(p.iterdir()) if p.is_dir() else [p])]
    found = [(file, kind) for file in files if (kind := kind_of(file))]
    if not found:
        known = "; ".join(title for _, title in KINDS.values())
        raise CubeError(f"no spectra known in {paths[0] if paths else 'an empty list'}; a library is one of: {known}")
    libraries = []
    for file, kind in found:
        library = import_module(KINDS[kind][0]).read(file, **options)
        files = [str(file), *library.attrs.get("files", ())]
        libraries.append(check_library(library.assign_attrs(source=str(file), format=kind, files=files)))
    if given:
        return libraries[0]
    every = dict.fromkeys(file for library in libraries for file in library.attrs["files"])
    return join_libraries(libraries).assign_attrs(source=str(paths[0]), files=list(every))


def kind_of(path: Path) -> str:
    """Name of the kind that recognises a file, or nothing."""
    if not path.is_file():
        return ""
    return next((name for name, (module, _) in KINDS.items() if import_module(module).recognises(path)), "")


def save_library(library: xr.DataArray, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a library as ENVI (``.sli``), a table (``.csv``) or points on a map (``.gpkg``).

    Parameters
    ----------
    library : xarray.DataArray of shape (n_spectra, n_bands)
        For ``.gpkg`` with ``x`` and ``y`` on ``spectrum``.
    path : str or Path
        Its ending chooses. Beside a ``.sli`` its ``.hdr`` is written.
    overwrite : bool
        Whether what is at `path` may be replaced.

    Raises
    ------
    ValueError
        If the ending is another one.
    FileExistsError
        If something is at `path` and `overwrite` is False.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"a library is written to {', '.join(WRITERS)}, got {path.name}; change the ending")
    for there in (path, path.with_suffix(".hdr")) if path.suffix.lower() == ".sli" else (path,):
        if there.exists() and not overwrite:
            raise FileExistsError(f"{there} is there already; remove it or pass overwrite=True")
    with replacing(path) as draft:
        import_module(WRITERS[path.suffix.lower()]).write(check_library(library), draft, path)
    return path
