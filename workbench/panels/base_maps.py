"""Maps of the world to lay below a scene: the one thing that the desk asks of the network, and only when told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from xyzservices import TileProvider, providers

NONE = "none"
"""The choice that asks nothing."""

PARTS = ("{z}", "{x}", "{y}")


@dataclass(frozen=True, slots=True)
class BaseMap:
    """Where tiles come from."""

    url: str
    """Address of a tile, with {z}, {x} and {y} in it."""

    attribution: str
    """HTML that its maker wants to be read beside it."""

    deepest: int
    """Zoom from which on tiles are drawn larger, since there are no finer ones."""

    @classmethod
    def of(cls, provider: TileProvider) -> BaseMap:
        """One of the list of public ones that ``xyzservices`` keeps."""
        return cls(
            provider.build_url(x="{x}", y="{y}", z="{z}"), provider.html_attribution, provider.get("max_zoom", 19)
        )


PUBLIC: Mapping[str, BaseMap] = MappingProxyType(
    {
        "OpenStreetMap": BaseMap.of(providers.OpenStreetMap.Mapnik),
        "satellite (Esri)": BaseMap.of(providers.Esri.WorldImagery),
        "terrain (OpenTopoMap)": BaseMap.of(providers.OpenTopoMap),
    }
)
"""What anybody may ask, by the name on the screen."""


def own_base_map(url: str) -> BaseMap:
    """Tiles of one's own server.

    Raises
    ------
    ValueError
        If it is no address of tiles.

    Examples
    --------
    >>> own_base_map("https://tiles.example.org/{z}/{x}/{y}.png").deepest
    22
    """
    missing = [part for part in PARTS if part not in url]
    host = urlsplit(url)
    if missing or host.scheme not in ("http", "https") or not host.netloc:
        raise ValueError(
            "tiles come from an http or https address with {z}, {x} and {y} in it, "
            f"got {url!r}; for example https://tiles.example.org/{{z}}/{{x}}/{{y}}.png"
        )
    return BaseMap(url, f"tiles of {host.hostname}", 22)


def offered(tiles: str = "") -> dict[str, BaseMap]:
    """Base maps by the name on the screen, one's own tiles first.

    Raises
    ------
    ValueError
        As :func:`own_base_map`.
    """
    return ({urlsplit(tiles).hostname or tiles: own_base_map(tiles)} if tiles else {}) | dict(PUBLIC)
