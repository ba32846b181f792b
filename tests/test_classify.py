"""From labels to a class map, and the map on disk as another program reads it."""

from __future__ import annotations

from xml.etree import ElementTree

import dask.array as da
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import xarray as xr
from rio_cogeo import cog_validate

from tests.hurry import hurry
from tests.scenes import few, two_fields
from workbench.cubes import simulated_scene
from workbench.pretrain import Recipe, begin
from workbench.probe import MODELS, classify, classify_scene, embed, write_class_map


@pytest.fixture(scope="module")
def scene() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Two fields, a few labels, and an embedding; a corner has no data."""
    cube, truth = two_fields()
    cube = cube.copy(deep=True)
    cube[:, :3, :4] = np.nan
    encoder, steps = begin(cube, Recipe(steps=60, pairs=64), device="cpu")
    list(steps)
    return cube, truth, embed(cube, encoder, device="cpu")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_tells_two_fields_apart(scene, name):
    cube, truth, embedding = scene
    result = classify_scene(name, cube, few(truth, 5), embedding=embedding, seed=1)
    has_data = np.isfinite(cube.values).all(axis=0)
    assert (result.class_map.values[has_data] == truth.values[has_data]).mean() > 0.95
    assert (result.class_map.values[~has_data] == 0).all()
    assert result.confidence.isnull().values[~has_data].all()
    assert ((result.confidence.values[has_data] >= 0.5 - 1e-6) & (result.confidence.values[has_data] <= 1)).all()
    assert result.class_map.dtype == "int16"
    assert result.class_map.attrs["classes"] == ["left", "right"]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_makes_the_same_map(scene, name, monkeypatch):
    hurry(monkeypatch)
    cube, truth, embedding = scene
    one, two = (classify_scene(name, cube, few(truth, 3), embedding=embedding, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.class_map.values, two.class_map.values)


@pytest.mark.parametrize("name", MODELS)
def test_class_codes_need_not_be_the_first_ones(scene, name, monkeypatch):
    hurry(monkeypatch, steps=60)
    cube, truth, embedding = scene
    moved = truth.copy(data=np.where(truth.values == 1, 7, 3).astype("int16"))
    moved.attrs = {"classes": [f"c{k}" for k in range(1, 8)], "colors": ["#000000"] * 7}
    result = classify_scene(name, cube, few(moved, 5), embedding=embedding)
    assert set(np.unique(result.class_map)) <= {0, 3, 7}
    assert result.class_map.values[10, 5] == 7


def test_one_class_is_not_enough(scene):
    cube, truth, _ = scene
    with pytest.raises(ValueError, match="labels of at least two classes, got only 'left' in the labels; label"):
        classify(cube, truth.copy(data=np.where(truth == 1, 1, 0).astype("int16")), "svm")


def test_labels_where_there_is_no_data_do_not_count(scene):
    cube, truth, _ = scene
    labels = xr.zeros_like(truth)
    labels[0, 0], labels[10, 20] = 1, 2
    with pytest.raises(ValueError, match="got only 'right' in the labels where the scene has data"):
        classify_scene("svm", cube, labels)


def test_a_model_of_an_embedding_says_that_it_needs_one(scene):
    cube, truth, _ = scene
    with pytest.raises(ValueError, match="model 'barlow_twins' works on an embedding; pretrain an encoder"):
        classify_scene("barlow_twins", cube, few(truth, 2))


def test_a_map_of_an_embedding_reads_nothing_of_the_scene(scene):
    cube, truth, embedding = scene

    def unreadable(block: np.ndarray) -> np.ndarray:
        raise OSError("the scene was read")

    away = cube.copy(data=da.from_array(cube.values).map_blocks(unreadable, dtype="float32", meta=cube.values[:0]))
    here, there = (classify_scene("barlow_twins", one, few(truth, 5), embedding=embedding) for one in (cube, away))
    np.testing.assert_array_equal(here.class_map.values, there.class_map.values)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    cube, truth = simulated_scene(40, 60, seed=2)
    result = classify(cube, few(truth, 5), "svm")
    path = tmp_path_factory.mktemp("map") / "map.tif"
    write_class_map(result.class_map, result.confidence, path)
    return cube, result, path


def test_a_map_on_disk_has_the_scenes_grid_and_the_classes_colours(written):
    cube, result, path = written
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), result.class_map.values)
        assert file.crs == cube.rio.crs
        assert file.transform.almost_equals(cube.rio.transform())
        assert file.nodata == 0
        for code, color in enumerate(result.class_map.attrs["colors"], start=1):
            assert "#{:02x}{:02x}{:02x}".format(*file.colormap(1)[code][:3]) == color.lower()
    with rasterio.open(path.with_name("map_confidence.tif")) as file:
        np.testing.assert_array_equal(file.read(1), result.confidence.values)


def test_a_map_on_disk_is_cloud_optimised(written):
    _, _, path = written
    for file in (path, path.with_name("map_confidence.tif")):
        assert cog_validate(file, strict=True, quiet=True) == (True, [], [])


def test_gdal_reads_the_names_of_the_classes(written, tmp_path):
    _, result, path = written
    rasterio.shutil.copy(path, tmp_path / "map.vrt", driver="VRT")  # GDAL writes down what it has read
    names = [node.text or "" for node in ElementTree.parse(tmp_path / "map.vrt").iter("Category")]
    assert names == ["", *result.class_map.attrs["classes"]]


def test_a_map_is_a_tif(written, tmp_path):
    _, result, _ = written
    with pytest.raises(ValueError, match=r"a class map is written as GeoTIFF, got map.png; use map.tif"):
        write_class_map(result.class_map, result.confidence, tmp_path / "map.png")
