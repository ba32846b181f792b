"""Geometries become the right pixels on any grid."""

from __future__ import annotations

import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from affine import Affine

from workbench.cubes.grid import place
from workbench.labels import counts, rasterise
from workbench.labels.grid import grid_of
from workbench.labels.rasterise import natural_order

NORTH_UP = Affine(30, 0, 383000, 0, -30, 5819000)
ROTATED = Affine.translation(383000, 5819000) @ Affine.rotation(27) @ Affine.scale(30, -25)


def scene(transform: Affine | None = NORTH_UP, height: int = 40, width: int = 50) -> xr.DataArray:
    cube = xr.DataArray(np.zeros((2, height, width), "float32"), dims=("band", "y", "x"))
    return place(cube, "EPSG:32633" if transform else None, transform)


def marks(geometries, names, crs="EPSG:32633") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"class_name": names}, geometry=geometries, crs=crs)


def blobs(transform: Affine, seed: int, n: int = 12) -> list:
    """Irregular polygons somewhere on the scene, in map units."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radius = rng.uniform(1, 9, 9)
        column = rng.uniform(0, 50) + radius * np.cos(angle)
        row = rng.uniform(0, 40) + radius * np.sin(angle)
        ring = [transform @ (c, r) for c, r in zip(column, row, strict=True)]
        found.append(shapely.Polygon(ring).buffer(0))
    return found


def slowly(geometries, codes, transform, height=40, width=50) -> np.ndarray:
    """The formula: for every pixel, the last polygon that contains its centre."""
    values = np.zeros((height, width), int)
    for row in range(height):
        for column in range(width):
            centre = shapely.Point(*(transform @ (column + 0.5, row + 0.5)))
            for geometry, code in zip(geometries, codes, strict=True):
                if geometry.contains(centre):
                    values[row, column] = code
    return values


@pytest.mark.parametrize("transform", [NORTH_UP, ROTATED, Affine.identity()], ids=["north up", "rotated", "pixel grid"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_polygon_labels_the_pixels_whose_centre_it_contains(transform, seed):
    is_plain = transform == Affine.identity()
    geometries = blobs(transform, seed)
    codes = [1 + i % 3 for i in range(len(geometries))]
    frame = marks(geometries, ["abc"[c - 1] for c in codes], None if is_plain else "EPSG:32633")
    labels = rasterise(frame, scene(None if is_plain else transform))
    np.testing.assert_array_equal(labels, slowly(geometries, codes, transform))


@pytest.mark.parametrize("transform", [NORTH_UP, ROTATED], ids=["north up", "rotated"])
def test_a_point_labels_the_pixel_that_contains_it(transform):
    rng = np.random.default_rng(3)
    column, row = rng.uniform(0, 50, 60), rng.uniform(0, 40, 60)
    points = [shapely.Point(*(transform @ (c, r))) for c, r in zip(column, row, strict=True)]
    labels = rasterise(marks(points, ["a"] * 60), scene(transform))
    wanted = np.zeros((40, 50), int)
    wanted[np.floor(row).astype(int), np.floor(column).astype(int)] = 1
    np.testing.assert_array_equal(labels, wanted)


def test_a_line_labels_pixels_along_it():
    labels = rasterise(marks([shapely.LineString([(2.5, 7.5), (9.5, 7.5)])], ["road"], None), scene(None))
    assert (labels[7, 2:10] == 1).all()
    assert int(labels.sum()) == 8


def test_the_later_mark_wins():
    square, point = shapely.box(0, 0, 5, 5), shapely.Point(2.5, 2.5)
    over = rasterise(marks([square, point], ["a", "b"], None), scene(None))
    under = rasterise(marks([point, square], ["b", "a"], None), scene(None))
    assert (int(over[2, 2]), int(under[2, 2])) == (2, 1)


def test_marks_in_longitude_and_latitude_label_the_same_pixels():
    frame = marks(blobs(NORTH_UP, 5), ["a", "b"] * 6)
    np.testing.assert_array_equal(rasterise(frame.to_crs(4326), scene()), rasterise(frame, scene()))


def test_a_crop_gets_the_labels_of_its_place():
    for transform in (NORTH_UP, ROTATED):
        frame = marks(blobs(transform, 6), ["a", "b"] * 6)
        whole, window = rasterise(frame, scene(transform)), (slice(7, 31), slice(11, 42))
        cropped = scene(transform).isel(y=window[0], x=window[1])
        np.testing.assert_array_equal(rasterise(frame, cropped), whole[window])


def test_a_crop_of_a_pixel_grid_keeps_its_pixel_coordinates():
    labels = rasterise(
        marks([shapely.Point(12.5, 9.5)], ["a"], None), scene(None).isel(y=slice(9, 12), x=slice(10, 20))
    )
    assert int(labels[0, 2]) == 1


def test_labels_carry_the_scenes_grid_and_their_legend():
    labels = rasterise(marks([shapely.box(383000, 5818900, 383090, 5819000)], ["water"]), scene())
    assert labels.dtype == np.int16
    assert labels.rio.crs.to_epsg() == 32633
    assert grid_of(labels) == grid_of(scene())
    assert labels.attrs["classes"] == ["water"]
    assert counts(labels).to_dict() == {"water": 9}


def test_classes_keep_the_order_given_and_empty_ones():
    frame = marks([shapely.Point(0.5, 0.5)], ["b"], None)
    labels = rasterise(frame, scene(None), classes=["c", "b"])
    assert int(labels[0, 0]) == 2
    assert counts(labels).to_dict() == {"c": 0, "b": 1}


def test_no_marks_are_no_labels():
    labels = rasterise(marks([], []), scene(), classes=["a"])
    assert not labels.any()


def test_a_mark_off_the_projection_is_passed_over():
    frame = marks([shapely.Point(0, 90), shapely.Point(13.3, 52.5)], ["a", "a"], 4326)
    assert not rasterise(frame, scene()).any()


@pytest.mark.parametrize(
    ("frame", "cube", "message"),
    [
        (
            marks([shapely.Point(1, 1)], ["a"], None),
            scene(),
            r"labels have no CRS, but the scene is in EPSG:32633; say",
        ),
        (marks([shapely.Point(1, 1)], ["a"]), scene(None), r"in EPSG:32633, but the scene has no CRS; give"),
        (marks([shapely.Point(1, 1)], ["a"], None), scene(None, 0, 5), r"a scene needs pixels, got 0 × 5"),
    ],
)
def test_what_cannot_be_placed_is_refused(frame, cube, message):
    with pytest.raises(ValueError, match=message):
        rasterise(frame, cube)


def test_an_unknown_class_is_named():
    with pytest.raises(ValueError, match="labels name the class 'x', but the classes are: a; add it first"):
        rasterise(marks([shapely.Point(1, 1)], ["x"], None), scene(None), classes=["a"])


def test_codes_sort_by_value():
    assert natural_order(["14", "1", "10", "2"]) == ["1", "2", "10", "14"]


def test_names_that_differ_only_in_case_have_one_order():
    names = ["WATER", "water", "Water", "wAter"]
    assert {tuple(natural_order(names[i:] + names[:i])) for i in range(4)} == {("WATER", "Water", "wAter", "water")}
    code = "from workbench.labels.rasterise import natural_order as n; print(n(['water', 'Water', 'WATER', 'wAter']))"
    orders = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(orders) == 1
