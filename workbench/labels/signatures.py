"""Whether a vector file is of the kind that its name promises.

GDAL goes by what is inside. Under the name of a GeoPackage a text could then name other files of this machine, or
servers to ask; so what a file begins with is looked at here before GDAL sees it.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

_MAGIC = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a", ".fgb": b"fgb"}
_ROOTS = {".kml": ("kml",), ".gml": ("FeatureCollection", "SimpleFeatureCollection")}
_GEOJSON = ("FeatureCollection", "Feature", "GeometryCollection", "Point", "LineString", "Polygon")
_GEOJSON += tuple(f"Multi{name}" for name in ("Point", "LineString", "Polygon"))
_DATA_SOURCE = b"<OGR"  # how a text begins that names other files or servers


def check_signature(path: Path) -> None:
    """Refuse a file that is of another kind than its name says.

    Raises
    ------
    ValueError
        In one sentence.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(2**16)
    if suffix in _MAGIC and not head.startswith(_MAGIC[suffix]):
        raise ValueError(
            f"{path.name} cannot be read as a vector file: it begins unlike any {suffix} file; save it as GeoPackage"
        )
    if suffix in (".geojson", ".json"):
        read_geojson(path)
    elif suffix in _ROOTS and (_DATA_SOURCE in head or _root(path) not in _ROOTS[suffix]):
        raise ValueError(
            f"{path.name} cannot be read as a vector file: its first element is none of {suffix}; save it as GeoPackage"
        )


def read_geojson(path: Path) -> dict:
    """Content of a GeoJSON file, refused in one sentence if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError as error:
        raise ValueError(
            f"{path.name} cannot be read as a vector file: it is nested too deeply; save it as GeoPackage"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be read as a vector file: {error}; save it as GeoPackage") from error
    if not isinstance(content, dict) or content.get("type") not in _GEOJSON:
        raise ValueError(
            f"{path.name} cannot be read as a vector file: its type is no GeoJSON type; save it as GeoPackage"
        )
    return content


def _root(path: Path) -> str:
    try:
        _, element = next(ElementTree.iterparse(path, events=("start",)))
    except (ElementTree.ParseError, StopIteration, LookupError, ValueError):
        return ""
    return element.tag.rpartition("}")[2]
