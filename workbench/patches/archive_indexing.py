"""How the table of an archive's patches is made, once; only headers are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from workbench.patches.archive_cache import from_cache, keep, mark_of
from workbench.patches.archive_finding import Found, check_folder, find_patches, others_than
from workbench.patches.archive_headers import Header, headers_of, quieten
from workbench.patches.archive_index import COLUMNS, ArchiveIndex
from workbench.patches.archive_layouts import Product

AT_ONCE = 256
"""Files whose headers are read between two reports."""

_SORTED = [(name, "ascending") for name in ("location", "time", "file", "member", "at")]


@dataclass(frozen=True, slots=True)
class Indexing:
    """How far the making of an index is."""

    done: int
    """Files looked at."""

    of: int
    """Files there are."""

    index: ArchiveIndex | None = None
    """With the last report."""


def index_archive(root: str | Path, *, workers: int = 4, product: str = "") -> ArchiveIndex:
    """The table of an archive's patches, from the cache where it still holds.

    Parameters
    ----------
    root : str or Path
        Folder of an archive in a published layout, or of any GeoTIFF patches.
    workers : int
        Threads that read headers.
    product : str
        Which of several in the folder, such as ``"s1"``; nothing where there is one.

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
    *_, last = indexing(root, workers=workers, product=product)
    return last.index


def indexing(root: str | Path, *, workers: int = 4, product: str = "") -> Iterator[Indexing]:
    """The same, with a report now and then; the last has the index."""
    root, product = Path(root), product.lower()
    check_folder(root)
    quieten()
    mark = mark_of(root, others_than(product))
    index = from_cache(root, mark, product)
    if index is None:
        found, rows = find_patches(root, product), []
        for done in _headers(root, found, workers, rows):
            yield Indexing(done, len(found.patches))
        columns = zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
        table = pa.table({name: pa.array(column, kind) for (name, kind), column in columns})
        table = _compared(table, found.product).sort_by(_SORTED)
        index = ArchiveIndex(root, found.layout, found.product, table, mark)
        keep(index, product)
    yield Indexing(index.n_patches, index.n_patches, index)


def _headers(root: Path, found: Found, workers: int, rows: list[tuple]) -> Iterator[int]:
    """Put a row for every patch into `rows`; gives the number of files done."""
    product, files, done = found.product, iter(found.patches.items()), 0
    rows += [_row(name, name, "", Header(fault=f"{name} is empty; copy it again")) for name in found.empty]

    def read(item: tuple[str, tuple[str, str, set[str]]]) -> list[tuple]:
        file, (location, time, there) = item
        members = product.band_files(file)
        missing = tuple(path for path, name in zip(members, product.members, strict=True) if name not in there)
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
    columns = table.select(["file", "member", "bands", "dtype", "fault"]).to_pydict()
    files, parts = columns["file"], columns.pop("member")
    columns["file"] = [f"{file}/{part}" if part else file for file, part in zip(files, parts, strict=True)]
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
