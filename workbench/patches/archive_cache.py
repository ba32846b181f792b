"""The table of an archive's patches, kept in the user's cache (``WORKBENCH_CACHE`` moves it), never beside the archive.

It holds as long as no folder of the archive has changed, no tar, and no file that was faulty.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.cubes.scene_files import cache_folder
from workbench.files import replacing
from workbench.patches.archive_headers import Header, headers_of
from workbench.patches.archive_index import COLUMNS, ArchiveIndex
from workbench.patches.archive_layouts import FOLDER, LAYOUTS, LOCATION

VERSION = "2"
"""Of the table; another is made anew."""


def mark_of(root: Path, but: frozenset[str] = frozenset()) -> str:
    """Hash of the names and times of all folders down to those of locations: changes when patches come or go, or a tar
    of them is another. Folders called as `but` says, in any case, do not count."""
    digest, waiting = hashlib.sha256(VERSION.encode()), [(root, "")]
    while waiting:
        folder, relative = waiting.pop()
        digest.update(f"{relative}:{folder.stat().st_mtime_ns}\n".encode())
        if LOCATION.fullmatch(folder.name):
            continue
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        below = [entry.name for entry in found if entry.is_dir() and not entry.name.endswith(".zarr")]
        below = [name for name in below if name.lower() not in but]
        # What lies where in a tar is in the table, and a tar copied again in place leaves its folder's time as it was.
        for tar in (entry for entry in found if entry.name.endswith(".tar") and entry.is_file()):
            digest.update(f"{tar.name}:{tar.stat().st_size}:{tar.stat().st_mtime_ns}\n".encode())
        waiting += [(folder / name, f"{relative}/{name}") for name in below]
    return digest.hexdigest()[:16]


def from_cache(root: Path, mark: str, product: str = "") -> ArchiveIndex | None:
    """The table kept for an archive, or for one product of it; None if there is none, or it holds no longer."""
    try:
        table = pq.read_table(_place(root, product))
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    told = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if told.get("mark") != mark or table.column_names != list(COLUMNS):
        return None
    layout = next(row for row in (*LAYOUTS, FOLDER) if row.name == told["layout"])
    index = ArchiveIndex(root, layout, layout.product(told["product"]), table, mark)
    # A file that is copied again in place leaves its folder's time as it was.
    if index.faults and index.faults != _faults_now(index):
        return None
    return index


def _faults_now(index: ArchiveIndex) -> list[str]:
    """What is wrong now with the patches that were faulty; those that are only unlike the others stay so."""
    faulty = index.table.filter(pa.compute.not_equal(index.table["fault"], "")).to_pylist()
    now, heads = [], {}
    for row in faulty:
        file, members = row["file"], index.product.band_files(row["file"])
        missing = tuple(name for name in members if not (index.root / name).exists())
        if row["fault"].startswith(f"{file} is empty"):
            now.append(row["fault"])
            continue
        if file not in heads:
            heads[file] = list(headers_of(index.root, file, members, missing))
        head = next((head for head in heads[file] if head.member == row["member"]), Header())
        same = (head.bands, head.dtype) == (row["bands"], row["dtype"])
        now.append(row["fault"] if same and not head.fault else head.fault)
    return now


def _place(root: Path, product: str) -> Path:
    """Where the table of an archive, or of one product of it, is kept."""
    name = f"{root.resolve()}\n{product}" if product else str(root.resolve())
    return cache_folder() / "archives" / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.parquet"


def keep(index: ArchiveIndex, product: str = "") -> None:
    """Write the table, whole or not at all; `product` says whether it is of one product that was asked for."""
    kept = _place(index.root, product)
    kept.parent.mkdir(parents=True, exist_ok=True)
    told = {"mark": index.fingerprint, "layout": index.layout.name, "product": index.product.name}
    with replacing(kept) as draft:
        pq.write_table(index.table.replace_schema_metadata(told), draft)
