"""Scenes that are not on this machine: addresses such as ``https://…/scene.tif``, ``s3://…`` and ``gs://…``.

Rasters are read by GDAL and stores through fsspec, both by ranges of bytes, so that a picture of a large GeoTIFF reads
its blocks and not the file. An address may hold a password or a signature. Those go to the server, and nowhere else: as
text an address has neither.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePosixPath

from workbench.cubes.contract import CubeError

WAIT = 15
"""Seconds a server has for its first answer."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://|/vsi[a-z0-9_]+[/?]", re.IGNORECASE)
_GDAL = {"GDAL_HTTP_CONNECTTIMEOUT": str(WAIT), "GDAL_HTTP_TIMEOUT": "60"}
"""How long GDAL waits; the environment's own words win."""


class Address:
    """What readers ask of a path, for a scene elsewhere; ``os.fspath`` alone gives the password and the signature."""

    def __init__(self, url: str) -> None:
        self._url = url
        plain = PurePosixPath(str(self).rstrip("/"))
        self.name, self.stem, self.suffix = plain.name, plain.stem, plain.suffix

    def __fspath__(self) -> str:
        """All of it, for the library that reads."""
        return self._url

    def __str__(self) -> str:
        """Without user, password, query and fragment."""
        return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", self._url, maxsplit=1)[0])

    def __repr__(self) -> str:
        """Without secrets too."""
        return f"Address({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """By all of it."""
        return isinstance(other, Address) and self._url == other._url

    def __hash__(self) -> int:
        """By all of it."""
        return hash(self._url)

    @property
    def has_secrets(self) -> bool:
        """Whether its text leaves something out."""
        return str(self) != self._url

    def is_dir(self) -> bool:
        """Whether it is a store, which is a folder."""
        return self.suffix.lower() == ".zarr"

    def absolute(self) -> Address:
        """An address is."""
        return self

    def check(self) -> None:
        """Refuse a server that does not answer, and a file that it does not have.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        CubeError
            If nobody answers, or the server refuses.
        """
        for name, value in _GDAL.items():
            os.environ.setdefault(name, value)
        if self._url.lower().startswith(("http://", "https://")):
            self._ask_server()
        elif not self.is_dir():
            self._ask_gdal()

    def _ask_gdal(self) -> None:
        """To open the file: object stores want signatures that GDAL makes."""
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with alone(self):
                    rasterio.open(self).close()
        except RasterioIOError as error:
            raise unread(self, error) from None

    def _ask_server(self) -> None:
        """For one byte, as some servers answer nothing else; of a store, for a file that it may have."""
        parts = urllib.parse.urlsplit(self._url)
        if self.is_dir():
            parts = parts._replace(path=f"{parts.path.rstrip('/')}/zarr.json")
        host = parts.netloc.rpartition("@")[2]
        headers = {"Range": "bytes=0-0"}
        if parts.username:
            pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        request = urllib.request.Request(parts._replace(netloc=host, fragment="").geturl(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=WAIT):
                return
        except urllib.error.HTTPError as error:
            with error:
                code = error.code
            if code in (404, 410) and self.is_dir():
                return  # an older store has files of other names
            if code in (404, 410):
                raise FileNotFoundError(f"{host} has no file {self}; check the address") from None
            hint = "check user, password or signature" if code in (401, 403) else "try again later"
            raise CubeError(f"{host} refuses {self} with status {code}; {hint}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise CubeError(
                f"{host} does not answer within {WAIT} s ({reason}); check the address and the network, "
                f"or download {self.name} and open the copy"
            ) from None


@contextmanager
def alone(path: Path | Address) -> Iterator[None]:
    """While it opens an address GDAL looks for no files beside it; a local raster may have its header there."""
    import rasterio

    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR") if is_remote(path) else nullcontext():
        yield


def is_remote(path: object) -> bool:
    """Whether `path` is an address, or the text of one.

    Examples
    --------
    >>> is_remote("https://example.org/a.tif"), is_remote("/vsicurl/https://example.org/a.tif"), is_remote("C:/a.tif")
    (True, True, False)
    """
    return isinstance(path, Address) or (isinstance(path, str) and bool(_SCHEME.match(path)))


def located(path: str | Path | Address) -> Path | Address:
    """A path or an address, whichever the words mean; ``scene:NAME`` is a scene of the catalogue.

    Raises
    ------
    FileNotFoundError
        If the catalogue's scene has not been downloaded.
    ValueError
        If the catalogue has no such scene.
    """
    if isinstance(path, Address):
        return path
    if is_remote(path):
        return Address(path)
    if isinstance(path, str) and path.lower().startswith("scene:"):
        from workbench.cubes.scene_files import local_file

        return local_file(path[len("scene:") :])
    return Path(path).expanduser()


def unread(address: Address, error: Exception) -> CubeError:
    """What to say where a library could not open `address`."""
    reason = str(error).replace(os.fspath(address), str(address)).strip().splitlines() or [type(error).__name__]
    return CubeError(
        f"{address} could not be read from here ({reason[-1][:160]}); check the address, the network and your "
        f"credentials, or download it and open the copy"
    )
