"""Which of GDAL's readers a raster goes to: the one its name promises.

GDAL by itself goes by what is inside. A text inside a ``.tif`` could then be a virtual raster that shows any file of
this machine, or the address of a server that is asked.
"""

from __future__ import annotations

from pathlib import PurePath

from workbench.cubes.remote import Address

_BY_SUFFIX = {".tif": "GTiff", ".tiff": "GTiff", ".png": "PNG", ".jp2": "JP2OpenJPEG", ".vrt": "VRT"}


def driver_of(path: PurePath | Address) -> str:
    """Name of GDAL's reader for a raster.

    Examples
    --------
    >>> driver_of(PurePath("scene.TIF")), driver_of(PurePath("mosaic.vrt"))
    ('GTiff', 'VRT')
    """
    suffix = path.suffix.lower()
    is_member = str(path).startswith("/vsisubfile/")  # of a tar; products there hold GeoTIFFs
    if suffix in _BY_SUFFIX or is_member or isinstance(path, Address):
        return _BY_SUFFIX.get(suffix, "GTiff")
    if suffix == ".img" and _starts(path, b"EHFA_HEADER_TAG"):
        return "HFA"
    headers = [path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")]
    return "ENVI" if any(_starts(header, b"ENVI") for header in headers) else "EHdr"


def _starts(path: PurePath, words: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(words)) == words
    except OSError:
        return False
