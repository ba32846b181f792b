"""A file of marks is read the same by the command line and the dashboard, and says which classes it lost."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
import xarray as xr

from workbench.cubes.grid import place
from workbench.labels import open_labels
from workbench.session.imports import found_in


def scene() -> xr.DataArray:
    return place(xr.DataArray(np.zeros((2, 12, 15), "float32"), dims=("band", "y", "x")), None, None)


def geojson(path, marks: dict[str, list]):
    """Marks in pixel coordinates, in a file that says nothing of a CRS."""
    features = [
        {"type": "Feature", "properties": {"class_name": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shapes in marks.items()
        for shape in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_pixel_coordinates_without_a_word_on_crs_are_read_alike(tmp_path):
    path = geojson(tmp_path / "a.geojson", {"grass": [shapely.box(1, 1, 4, 4)], "roof": [shapely.Point(7.5, 2.5)]})
    labels = open_labels(path, scene())
    found, colors, *_ = found_in(path, scene())
    assert labels.attrs["classes"] == list(colors) == ["grass", "roof"]
    assert [(name, area.bounds) for name, area in found] == [
        ("grass", (1, 1, 4, 4)),
        ("roof", (7.5, 2.5, 7.5, 2.5)),
    ]


@pytest.mark.parametrize("shape", [shapely.box(100, 100, 140, 140), shapely.box(1.6, 1.6, 1.9, 1.9)])
def test_what_labels_no_pixel_is_refused_alike(tmp_path, shape):
    path = geojson(tmp_path / "a.geojson", {"grass": [shape]})
    with pytest.raises(ValueError, match=r"a\.geojson") as one:
        open_labels(path, scene())
    with pytest.raises(ValueError, match=r"a\.geojson") as other:
        found_in(path, scene())
    assert str(one.value) == str(other.value)


def test_a_class_without_a_pixel_is_told(tmp_path):
    marks = {
        "grass": [shapely.box(1, 1, 4, 4), shapely.Point(99, 99)],
        "far": [shapely.Point(-3, 2), shapely.Point(99, 2)],
        "tiny": [shapely.box(1.6, 1.6, 1.9, 1.9)],
    }
    labels = open_labels(geojson(tmp_path / "a.geojson", marks), scene())
    assert labels.attrs["dropped"] == {"far": 2, "tiny": 1}
    assert labels.attrs["classes"] == ["far", "grass", "tiny"]
    del marks["far"], marks["tiny"]
    assert open_labels(geojson(tmp_path / "b.geojson", marks), scene()).attrs["dropped"] == {}
