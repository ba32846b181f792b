"""Files of a Sentinel-2 product: in a folder, or in a zip that GDAL reads in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.cubes.archives import Files, files_of, glanced_names
from workbench.cubes.contract import CubeError

LARGEST = 64 * 2**20
"""Bytes of the longest metadata that are read."""

NAMES = {"MTD_MSIL1C.xml": "L1C", "MTD_MSIL2A.xml": "L2A"}
"""Names of the metadata, and the level of processing they tell."""


@dataclass(frozen=True, slots=True)
class Product:
    """Files of a product in a folder or a zip."""

    name: str
    """Of the folder or the zip."""

    members: dict[str, Path]
    """By the name inside the product; paths are GDAL's, which reads a zip in place."""

    archive: Files | None = None
    """The zip."""

    prefix: str = ""
    """Of its names in the zip."""

    def content(self, name: str) -> bytes:
        """A small file whole."""
        if self.archive is not None:
            return self.archive.content(self.prefix + name, LARGEST)
        path = self.members[name]
        if path.stat().st_size > LARGEST:
            raise CubeError(f"a product's metadata have at most 64 MB, but {name} has more; copy the product again")
        return path.read_bytes()

    def image(self, name: str) -> Path:
        """A JPEG 2000 file, told by its first bytes: GDAL would follow a text of that name to wherever it points."""
        path = self.members[name]
        if self.archive is None:
            with path.open("rb") as file:
                start = file.read(12)
        else:
            start = self.archive.start(self.prefix + name, 12)
        if start != b"\0\0\0\x0cjP  \r\n\x87\n":
            raise CubeError(f"{path.name} of {self.name} should be JPEG 2000, but is none or is damaged; copy it again")
        return path


def product_of(path: Path) -> Product | None:
    """The product in a folder or a zip, or beside its metadata; None if there is none."""
    if path.name in NAMES and path.is_file():
        path = path.parent
    if path.is_dir():
        if not any((path / name).is_file() for name in NAMES):
            return None
        members = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
        return Product(path.name, members)
    if path.suffix.lower() != ".zip" or not path.is_file():
        return None
    top = next((name for name in glanced_names(path) if _is_metadata(name)), None)
    if top is None:
        return None
    files = files_of(path)
    prefix = top[: -len(PurePosixPath(top).name)]
    names = [name for name in files.members if name.startswith(prefix)]
    place = path.resolve()
    # GDAL parts an archive's name from its member's by braces.
    return Product(
        path.name, {name[len(prefix) :]: Path(f"/vsizip/{{{place}}}/{name}") for name in names}, files, prefix
    )


def _is_metadata(name: str) -> bool:
    """Whether a zip's member is the metadata of a product, in its folder or at the top."""
    parts = PurePosixPath(name).parts
    return len(parts) <= 2 and parts[-1] in NAMES
