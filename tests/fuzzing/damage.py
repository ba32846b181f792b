"""What can befall a file: cut off, bits flipped, absurd numbers, files missing or swapped, archives that attack."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np

from tests.fuzzing.specimens import Files, packed

Random = np.random.Generator
NUMBERS = (
    b"-1",
    b"0",
    b"1",
    b"7",
    b"-32768",
    b"2147483647",
    b"4294967296",
    b"99999999999999999999",
    b"1e308",
    b"-1e400",
)
WORDS = (
    b"nan",
    b"inf",
    b"",
    b"none",
    b"{",
    b"}",
    b"\xff\xfe",
    b"\x00",
    b"\xc3\x28",
    "٣".encode(),
    b"..",
    b"/etc/passwd",
    b"'",
)
TEXTS = (".hdr", ".xml", ".txt", ".json", ".geojson", ".TXT", ".XML")
LAUGHS = b"<!DOCTYPE z [" + b"".join(
    b'<!ENTITY a%d "%s">' % (i, (b"&a%d;" % (i - 1)) * 10 if i else b"ha" * 50) for i in range(10)
)


def cut(content: bytes, rng: Random) -> bytes:
    """Less of the end."""
    return content[: rng.integers(len(content))] if content else content


def flipped(content: bytes, rng: Random) -> bytes:
    """Some bits the other way, often near the start, where headers are."""
    spoilt = bytearray(content)
    within = min(len(spoilt), int(rng.choice([200, 6000, len(spoilt) or 1])))
    for _ in range(rng.integers(1, 12) if within else 0):
        spoilt[rng.integers(within)] ^= 1 << rng.integers(8)
    return bytes(spoilt)


def overwritten(content: bytes, rng: Random) -> bytes:
    """Four bytes as an absurd count."""
    if len(content) < 8:
        return content
    spoilt = bytearray(content)
    at = int(rng.integers(min(len(spoilt), int(rng.choice([400, 6000, len(spoilt)]))) - 4))
    number = int(rng.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**24, 65535, 2**28]))
    spoilt[at : at + 4] = number.to_bytes(4, "little" if rng.random() < 0.7 else "big")
    return bytes(spoilt)


def reworded(content: bytes, rng: Random) -> bytes:
    """A number of a text as another one or as a word."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return content
    for _ in range(rng.integers(1, 4)):
        number = found[rng.integers(len(found))]
        among = NUMBERS if rng.random() < 0.6 else WORDS
        new = among[rng.integers(len(among))]
        content = content[: number.start()] + new + content[number.end() :]
        found = list(re.finditer(rb"-?\d+(\.\d+)?", content)) or found[:1]
    return content


def relined(content: bytes, rng: Random) -> bytes:
    """A line, or an element of a text, left out, said twice, or bytes of no encoding put in."""
    parts = re.split(rb"(?<=[>\n,])", content)
    at = int(rng.integers(len(parts)))
    parts[at] = (b"", parts[at] * 2, parts[at] * 50, b"\xff\xfe" + parts[at], parts[at].upper())[rng.integers(5)]
    return b"".join(parts)


def laughing(content: bytes, rng: Random) -> bytes:
    """An XML whose entities grow without end."""
    head, end, rest = content.partition(b"?>")
    return head + end + LAUGHS + b"]>" + rest.replace(b"</", b"&a9;</", 1) if end else flipped(content, rng)


def absurd_hdf5(content: bytes, rng: Random) -> bytes:
    """A dataset that claims to be immense and stores nothing; or that is gone, turned or of another kind."""
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as opened:
        found: list[str] = []
        opened.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        name = found[rng.integers(len(found))]
        shape, dtype, attrs = opened[name].shape, opened[name].dtype, dict(opened[name].attrs)
        values = opened[name][()] if opened[name].size else None
        del opened[name]
        kind = rng.integers(5)
        if kind == 0 and shape:
            side = int(rng.choice([0, 1, 10_000, 3_000_000]))
            opened.create_dataset(
                name, tuple(side if rng.random() < 0.6 else n for n in shape), dtype, chunks=True if side else None
            )
        elif kind == 1 and np.ndim(values):
            opened[name] = np.asarray(values).T
        elif kind == 2:
            opened[name] = b"words"
        elif kind == 3 and values is not None and dtype.kind in "iuf":
            opened[name] = np.full(shape, rng.choice([np.nan, np.inf, -1e38, 0]))
        if name in opened:
            for key, value in attrs.items():
                if key not in ("DIMENSION_LIST", "REFERENCE_LIST"):
                    opened[name].attrs[key] = value
    return file.getvalue()


ANY = (cut, flipped, flipped, overwritten)
TEXT = (reworded, reworded, reworded, relined, cut, flipped)


def spoilt(files: Files, rng: Random) -> Files:
    """`files` after one mishap, or three."""
    files = dict(files)
    for _ in range(1 if rng.random() < 0.7 else 3):
        names = sorted(files)
        texts = [name for name in names if name.endswith(TEXTS)]
        name = _pick(names, texts, rng)
        fate = rng.random()
        if fate < 0.03:
            del files[name]
            return files
        if fate < 0.06:
            files[name] = files[names[rng.integers(len(names))]]
        elif fate < 0.07:
            files[name] = b""
        elif name.endswith(TEXTS):
            hands = (*TEXT, laughing) if name.lower().endswith(".xml") else TEXT
            files[name] = hands[rng.integers(len(hands))](files[name], rng)
        elif name.endswith((".zip", ".tar", ".tar.gz")) and rng.random() < 0.6:
            files[name] = archive(files[name], name, rng)
        elif files[name][:4] == b"\x89HDF" and rng.random() < 0.3:
            files[name] = _or_flipped(absurd_hdf5, files[name], rng)
        elif name.endswith(".npz") and rng.random() < 0.6:
            files[name] = archive(files[name], "a.zip", rng)
        else:
            files[name] = ANY[rng.integers(len(ANY))](files[name], rng)
    return files


def _pick(names: list[str], texts: list[str], rng: Random) -> str:
    among = texts if texts and rng.random() < 0.6 else names
    return among[rng.integers(len(among))]


def _or_flipped(hand, content: bytes, rng: Random) -> bytes:
    """A hand that needs a sound file, or bits flipped where an earlier one has spoilt it."""
    try:
        return hand(content, rng)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError):
        return flipped(content, rng)


BLOCK = 2**20
CLIMBING = ("../escaped.tif", "../../escaped.tif", "/tmp/escaped-from-archive.tif", "a/../../escaped.tif", "..\\e.tif")


def bomb(size: int) -> bytes:
    """A raw deflate stream of `size` MB of zeros, made at once: one flushed block, again and again."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = press.compress(bytes(BLOCK)) + press.flush(zlib.Z_FULL_FLUSH)
    return block * size + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def gzip_bomb(size: int) -> bytes:
    """The same as a gzip file; its check sum is wrong, which nobody learns who stops in time."""
    return gzip.compress(b"")[:10] + bomb(size) + bytes(8)


def zip_bomb(name: str, size: int, claimed: int) -> bytes:
    """A zip of one member of `size` MB of zeros that claims another size."""
    stream = bomb(size)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(name, stream)
    content = bytearray(buffer.getvalue())
    central = content.rindex(b"PK\x01\x02")
    for at in (8, central + 10):
        content[at : at + 2] = (8).to_bytes(2, "little")
    for at in (22, central + 24):
        content[at : at + 4] = claimed.to_bytes(4, "little")
    return bytes(content)


def archive(content: bytes, name: str, rng: Random) -> bytes:
    """The archive with members spoilt, that climb out of it, that blow up, or in one another."""
    ending = "tar.gz" if name.endswith(".tar.gz") else Path(name).suffix[1:]
    try:
        files = unpacked(content, ending)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        OSError,
        EOFError,
        zlib.error,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ):
        return flipped(content, rng)
    member = sorted(files)[rng.integers(len(files))] if files else "a"
    kind = rng.integers(8)
    if kind <= 2 and files:
        return packed(spoilt(files, rng), ending)
    if kind == 3:
        climbing = str(
            rng.choice(["../escaped.tif", "/tmp/escaped-from-archive.tif", "a/../../escaped.tif", "..\\escaped.tif"])
        )
        files[climbing] = files.get(member, b"x")
        if rng.random() < 0.5:
            files.pop(member, None)
        return packed(files, ending)
    if kind == 4 and ending == "zip":
        return zip_bomb(member, 1500, int(rng.choice([1000, 1500 * BLOCK])))
    if kind == 4 and ending == "tar.gz":
        return gzip_bomb(1500)
    if kind == 5:
        for _ in range(int(rng.integers(1, 6))):
            files = {f"inner.{ending}": packed(files, ending)}
        return packed(files, ending)
    if kind == 6 and ending != "zip":
        return _linked(files, member, ending, rng)
    if kind == 7:
        return packed({f"{i:05d}.txt": b"" for i in range(int(rng.choice([0, 300, 30_000])))} | files, ending)
    return flipped(content, rng)


def _linked(files: Files, member: str, ending: str, rng: Random) -> bytes:
    """A tar in which a member is a link out of it, a device, or longer than the tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if ending == "tar.gz" else "w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if name == member:
                info.type = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)[rng.integers(4)]
                info.linkname, info.size, content = "/etc/passwd", 0, b""
            made.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpacked(content: bytes, ending: str) -> Files:
    """The members of a sound archive."""
    if ending == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            if sum(info.file_size for info in opened.infolist()) > 64 * BLOCK:
                raise ValueError("a bomb of an earlier hand's")
            return {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(fileobj=io.BytesIO(content)) as opened:
        return {info.name: opened.extractfile(info).read() for info in opened if info.isfile()}
