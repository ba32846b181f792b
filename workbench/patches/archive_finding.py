"""What a folder has of the patches of a published archive, by places and names; no file is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workbench.patches.archive_layouts import FOLDER, LAYOUTS, LOCATION, Layout, Product

PACKED = re.compile(r"\.(tgz|tar|tar\.(gz|zst|xz|bz2))(?P<part>(\.?part)?[a-z]{2})?$", re.IGNORECASE)
"""Downloads: ``hyspecnet-11k-01.tar.gz``, ``spectral_earth_part_1.tar.gz``, and pieces of one, ``s1.tar.gz.partaa``."""


@dataclass
class Found:
    """What there is of one product of a layout."""

    layout: Layout
    product: Product
    patches: dict[str, tuple[str, str, set[str]]] = field(default_factory=dict)
    """By file, or folder where each band is a file, relative to the root: location, time, names of the bands' files."""

    empty: list[str] = field(default_factory=list)
    """Folders that should hold patches, or bands, and hold nothing."""


def find_patches(root: Path, product: str = "") -> Found:
    """All patches in a folder and below, unread; if a product is named, its alone.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If there are no patches in it, or those of more than one kind.
    """
    check_folder(root)
    found: dict[tuple[str, str], Found] = {}
    empty, packed, whole = [], [], root.resolve().as_posix()
    for relative, names in _walk(root, others_than(product)):
        if not names and relative:
            empty.append(relative)
        for name in names:
            file = f"{relative}/{name}" if relative else name
            for layout in (*LAYOUTS, FOLDER):
                if match := layout.pattern.search(f"{whole}/{file}"):
                    _note(found, layout, match.groupdict(), file)
                    break
            else:
                packed += [file] if PACKED.search(file) else []
    known = [one for one in found.values() if one.layout is not FOLDER] or list(found.values())
    if product:
        known = [one for one in known if one.product.name == product]
    if not known and packed:
        raise ValueError(_to_unpack(packed[0]))
    if not known and product:
        raise ValueError(f"two products are learnt from, but {root} has no patch of {product}; name the folder of both")
    if not known:
        raise ValueError(f"an archive holds GeoTIFF patches or Zarr stores, but {root} has none; name another folder")
    if len(known) > 1:
        kinds = " and ".join(sorted(one.product.name or one.layout.title for one in known))
        raise ValueError(f"an encoder learns from patches of one kind, but {root} holds {kinds}; name one's own folder")
    chosen = known[0]
    if chosen.layout is not FOLDER:
        chosen.empty = [name for name in empty if any(LOCATION.fullmatch(part) for part in name.split("/")[-2:])]
    return chosen


def others_than(product: str) -> frozenset[str]:
    """Folders, by their names in small letters, that hold other products than the one named; none if none is named.

    Raises
    ------
    ValueError
        If no archive has such a product.
    """
    names = [one.name for layout in LAYOUTS for one in layout.products if one.name]
    if product and product not in names:
        raise ValueError(f"no archive has a product {product!r}; choose from {', '.join(dict.fromkeys(names))}")
    return frozenset(names) - {product} if product else frozenset()


def is_published(root: Path) -> bool:
    """Whether a folder holds a published archive, by the names of its files; one of other GeoTIFFs may be a scene."""
    whole = root.resolve().as_posix()
    for relative, names in _walk(root):
        for name in names:
            if any(layout.pattern.search(f"{whole}/{relative}/{name}") for layout in LAYOUTS):
                return True
    return False


def is_packed(root: Path) -> bool:
    """Whether a folder holds downloads of an archive that are still packed, and no GeoTIFF."""
    names = [name for _, some in _walk(root) for name in some]
    return any(map(PACKED.search, names)) and not any(map(FOLDER.pattern.search, names))


def check_folder(root: Path) -> None:
    """Refuse what is no folder."""
    if root.is_file() and PACKED.search(root.name):
        raise ValueError(_to_unpack(str(root)))
    if not root.is_dir():
        raise FileNotFoundError(f"an archive is a folder of patches, but there is no folder {root}; check the path")


def _to_unpack(file: str) -> str:
    """What is said of a download that cannot be read where it lies."""
    part = PACKED.search(file)["part"]
    pipe = f"cat {file.removesuffix(part)}* | tar -xz" if part else f"tar -xf {file}"
    return (
        f"patches are read where they lie, which {file} does not allow: it can only be read from its beginning; unpack "
        f"it ({pipe}) and name the folder"
    )


def _note(found: dict[tuple[str, str], Found], layout: Layout, groups: dict[str, str], file: str) -> None:
    """Enter a file, or the folder of the patch that it is a band of."""
    product = layout.product(groups.get("product"))
    there = found.setdefault((layout.name, product.name), Found(layout, product))
    location, time = groups.get("location") or file, groups.get("time") or ""
    if member := groups.get("member"):
        file = file.rpartition("/")[0]
        there.patches.setdefault(file, (location, time, set()))[2].add(member)
    else:
        there.patches[file] = (location, time, set())


def _walk(root: Path, but: frozenset[str] = frozenset()) -> Iterator[tuple[str, list[str]]]:
    """Folders below, relative and in order, with the names in them that are no folders; a Zarr store is one name.

    Folders called as `but` says, in any case, are passed by.
    """
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        folders, names = [], []
        with os.scandir(root / relative) as entries:
            for entry in entries:
                is_folder = entry.is_dir() and not entry.name.endswith(".zarr")
                if not (entry.name.startswith(".") or (is_folder and entry.name.lower() in but)):
                    (folders if is_folder else names).append(entry.name)
        waiting += [f"{relative}/{name}".lstrip("/") for name in sorted(folders, reverse=True)]
        if names or not folders:
            yield relative, sorted(names)
