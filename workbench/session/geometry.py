"""Geometry as GeoPackage keeps it: a header with the extent, then well-known binary (OGC 12-128r18, 2.1.3)."""

from __future__ import annotations

import struct

import shapely
from shapely.geometry.base import BaseGeometry

_HEADER = struct.Struct("<2sBBi")
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


def to_blob(geometry: BaseGeometry, srs: int) -> bytes:
    """The plane part of `geometry`, little-endian, with its extent in front unless it is a point or empty."""
    empty = geometry.is_empty
    plain = empty or geometry.geom_type == "Point"
    flags = 0b1 | (not plain) << 1 | empty << 4
    envelope = b"" if plain else struct.pack("<4d", *(geometry.bounds[i] for i in (0, 2, 1, 3)))
    wkb = shapely.to_wkb(geometry, output_dimension=2, byte_order=1, flavor="iso")
    return _HEADER.pack(b"GP", 0, flags, srs) + envelope + wkb


def from_blob(blob: bytes) -> BaseGeometry:
    """The geometry in a GeoPackage blob, written by us or by another program."""
    if blob[:2] != b"GP":
        raise ValueError(f"a GeoPackage geometry begins with GP, got {blob[:2]!r}; the file is damaged")
    return shapely.from_wkb(blob[_HEADER.size + _ENVELOPE_BYTES[blob[3] >> 1 & 0b111] :])


def bound(blob: bytes, i: int) -> float:
    """One of (x least, y least, x greatest, y greatest): what spatial indices made by other programs ask for."""
    return from_blob(blob).bounds[i]
