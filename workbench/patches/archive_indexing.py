"""How the table of an archive's patches is made, once, and kept.

Only headers are read. The table lies in the user's cache (``WORKBENCH_CACHE`` moves it), never beside the archive; it
is made anew when a folder of the archive has changed, or a file that was faulty.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.cubes.scene_files import cache_folder
from workbench.files import replacing
from workbench.patches.archive_headers import Header, headers_of, quieten
from workbench.patches.archive_index import COLUMNS, ArchiveIndex
from workbench.patches.archive_layouts import FOLDER, LAYOUTS, LOCATION, Found, Product, find_patches

VERSION = "1"
"""Of the table; another is made anew."""

AT_ONCE = 256
"""Files whose headers are read between two reports."""

_SORTED = [(name, "ascending") for name in ("location", "time", "file", "at")]


@dataclass(frozen=True, slots=True)
class Indexing:
    """How far the making of an index is."""

    done: int
    """Files looked at."""

    of: int
    """Files there are."""

    index: ArchiveIndex | None = None
    """With the last report."""


def index_archive(root: str | Path, *, workers: int = 4) -> ArchiveIndex:
    """The table of an archive's patches, from the cache where it still holds.

    Parameters
    ----------
    root : str or Path
        Folder of an archive in a published layout, or of any GeoTIFF patches.
    workers : int
        Threads that read headers.

    Returns
    -------
    ArchiveIndex
        Faulty patches are rows too, with what is wrong; see :meth:`ArchiveIndex.sound`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no patches, or those of more than one kind.
    OSError
        If the cache cannot be written.
    """
    *_, last = indexing(root, workers=workers)
    return last.index


def indexing(root: str | Path, *, workers: int = 4) -> Iterator[Indexing]:
    """The same, with a report now and then; the last has the index."""
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"an archive is a folder of patches, but there is no folder {root}; check the path")
    quieten()
    mark = _mark(root)
    kept = cache_folder() / "archives" / f"{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:24]}.parquet"
    index = _from_cache(root, kept, mark)
    if index is None:
        found, rows = find_patches(root), []
        for done in _headers(root, found, workers, rows):
            yield Indexing(done, len(found.patches))
        columns = zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
        table = pa.table({name: pa.array(column, kind) for (name, kind), column in columns})
        table = _compared(table, found.product).sort_by(_SORTED)
        index = ArchiveIndex(root, found.layout, found.product, table, mark)
        _keep(index, kept)
    yield Indexing(index.n_patches, index.n_patches, index)


def _headers(root: Path, found: Found, workers: int, rows: list[tuple]) -> Iterator[int]:
    """Put a row for every patch into `rows`; gives the number of files done."""
    members, files, done = found.product.members, iter(found.patches.items()), 0
    rows += [_row(name, name, "", Header(fault=f"{name} is empty; copy it again")) for name in found.empty]

    def read(item: tuple[str, tuple[str, str, set[str]]]) -> list[tuple]:
        file, (location, time, there) = item
        missing = tuple(name for name in members if name not in there)
        return [_row(file, location, time, head) for head in headers_of(root, file, members, missing)]

    with ThreadPoolExecutor(workers) as pool:
        while some := list(islice(files, AT_ONCE)):
            for of_file in pool.map(read, some):
                rows += of_file
            done += len(some)
            yield done


def _row(file: str, location: str, time: str, head: Header) -> tuple:
    """In the order of the columns; a Zarr store's header knows location and time itself."""
    own_location, own_time, *others = astuple(head)
    return own_location or location, own_time or time, file, *others


def _compared(table: pa.Table, product: Product) -> pa.Table:
    """The table, with a fault for every patch whose bands or type of numbers are not those of the others."""
    columns = table.select(["file", "bands", "dtype", "fault"]).to_pydict()
    counted = Counter(
        (bands, dtype)
        for bands, dtype, fault in zip(columns["bands"], columns["dtype"], columns["fault"], strict=True)
        if not fault and (not product.bands or bands in product.bands)
    )
    usual = counted.most_common(1)[0][0] if counted else (None, None)
    faults = []
    for file, bands, dtype, fault in zip(*columns.values(), strict=True):
        if not fault and product.bands and bands not in product.bands:
            known = " or ".join(map(str, product.bands))
            fault = f"{file} has {bands} bands, but patches of this archive have {known}; give it back its own files"
        elif not fault and (bands, dtype) != usual:
            fault = (
                f"{file} has {bands} bands of {dtype}, but most patches have {usual[0]} of {usual[1]}; move it "
                "elsewhere"
            )
        faults.append(fault)
    return table.set_column(table.schema.get_field_index("fault"), "fault", pa.array(faults, pa.string()))


def _mark(root: Path) -> str:
    """Hash of the names and times of all folders down to those of locations: changes when patches come or go."""
    digest, waiting = hashlib.sha256(VERSION.encode()), [(root, "")]
    while waiting:
        folder, relative = waiting.pop()
        digest.update(f"{relative}:{folder.stat().st_mtime_ns}\n".encode())
        if LOCATION.fullmatch(folder.name):
            continue
        with os.scandir(folder) as entries:
            below = sorted(e.name for e in entries if e.is_dir() and not e.name.endswith(".zarr"))
        waiting += [(folder / name, f"{relative}/{name}") for name in below]
    return digest.hexdigest()[:16]


def _from_cache(root: Path, kept: Path, mark: str) -> ArchiveIndex | None:
    """The table kept for an archive; None if there is none, or it holds no longer."""
    try:
        table = pq.read_table(kept)
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
    now = []
    for row in faulty:
        members = index.product.members
        missing = tuple(name for name in members if not (index.root / row["file"] / f"{name}.tif").exists())
        if row["fault"].startswith(f"{row['file']} is empty"):
            now.append(row["fault"])
            continue
        head = next(iter(headers_of(index.root, row["file"], members, missing)), Header())
        same = (head.bands, head.dtype) == (row["bands"], row["dtype"])
        now.append(row["fault"] if same and not head.fault else head.fault)
    return now


def _keep(index: ArchiveIndex, kept: Path) -> None:
    """Write the table, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    told = {"mark": index.fingerprint, "layout": index.layout.name, "product": index.product.name}
    with replacing(kept) as draft:
        pq.write_table(index.table.replace_schema_metadata(told), draft)
