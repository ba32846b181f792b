"""What a record says of where numbers came from: the versions that made them, and the files they were made of."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench import __version__

PACKAGES = ("numpy", "xarray", "rasterio", "torch", "lightning-fabric", "scikit-learn")
"""Whose versions a run.json keeps."""


def versions() -> dict[str, str]:
    """Of the workbench, Python and the packages that decide the numbers."""
    found = {"workbench": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def file_fingerprint(path: str | Path) -> dict[str, object]:
    """Path, size [bytes] and a SHA-256 over the size and the first and last MiB of a file, or of a folder's listing.

    Whole files of several GB would take minutes; two scenes that agree in size, head and tail are the same in practice.
    """
    path = Path(path).absolute()
    digest = hashlib.sha256()
    members = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = 0
    for member in members:
        size = member.stat().st_size
        total += size
        digest.update(f"{member.relative_to(path)}:{size}\n".encode())
        with member.open("rb") as file:
            digest.update(file.read(2**20))
            if size > 2**21 and len(members) == 1:
                file.seek(-(2**20), os.SEEK_END)
                digest.update(file.read())
    return {"path": str(path), "bytes": total, "sha256": digest.hexdigest()}
