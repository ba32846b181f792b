"""The chosen model's catalogue item keeps the published rules: STAC by its schemas, the extension by its text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from affine import Affine

from tests.reports import NAMES, compared
from tests.scenes import make_cube
from workbench.compare import summarise
from workbench.compare.again import opened_again
from workbench.compare.report import read_finished, stac_item
from workbench.compare.report.outline import outline
from workbench.cubes.grid import place

MLM = "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    models = "spectral_angle,lda_components"
    return read_finished(compared(tmp_path_factory.mktemp("stac"), models, "--budgets 3 --only-split"))


@pytest.fixture(scope="module")
def item(finished):
    again = opened_again(finished.record)
    beside = finished.folder.parent
    made = stac_item(finished, again.cube, again.truth, "lda_components", beside=beside, report=beside / "r.html")
    return json.loads(json.dumps(made, allow_nan=False))


def _store(folder: Path) -> object:
    """STAC's and GeoJSON's schemas as pystac brings them, by their names; others are refused."""
    from referencing import Registry, Resource

    files = [json.loads(file.read_text()) for file in folder.rglob("*.json")]
    named = [(one["$id"], Resource.from_contents(one)) for one in files]
    # the specification calls it commonjson once, and item.json asks for common.json
    alias = {"commonjson": "common.json", "data-values.json#": "data-values.json"}
    more = [(name.rpartition("/")[0] + "/" + alias[name.rpartition("/")[2]], one) for name, one in named
            if name.rpartition("/")[2] in alias]  # fmt: skip
    return Registry().with_resources([*named, *more])


def test_an_item_is_valid_by_the_schemas_of_stac_itself(item):
    pystac = pytest.importorskip("pystac", reason="comes with leafmap")
    jsonschema = pytest.importorskip("jsonschema", reason="comes with jupyterlab")
    folder = Path(pystac.__file__).parent / "validation" / "jsonschemas"
    schema = json.loads((folder / "stac-spec" / "v1.1.0" / "item.json").read_text())
    check = jsonschema.Draft7Validator(schema, registry=_store(folder))
    assert [one.message for one in check.iter_errors(item)] == []
    broken = {**item, "properties": {**item["properties"], "datetime": None}}
    assert list(check.iter_errors(broken))


def test_the_extensions_required_fields_are_there_and_of_their_kind(item):
    """By the text of Machine Learning Model 1.4.0: README.md and json-schema/schema.json of stac-extensions/mlm."""
    told = item["properties"]
    assert MLM in item["stac_extensions"]
    assert {"mlm:name", "mlm:architecture", "mlm:tasks", "mlm:input", "mlm:output"} <= set(told)
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.\-\s]+[a-zA-Z0-9]", told["mlm:name"])
    tasks = {"regression", "classification", "scene-classification", "detection", "object-detection", "segmentation"}
    tasks |= {"semantic-segmentation", "instance-segmentation", "panoptic-segmentation", "similarity-search"}
    assert set(told["mlm:tasks"]) <= tasks
    names = [band["name"] for band in told["bands"]]
    for side, inner in (("mlm:input", "input"), ("mlm:output", "result")):
        for one in told[side]:
            assert {"name", inner} <= set(one)
            shape = one[inner]
            assert {"shape", "dim_order", "data_type"} <= set(shape)
            assert len(shape["shape"]) == len(shape["dim_order"]) == len(set(shape["dim_order"]))
            assert all(isinstance(length, int) and length >= -1 for length in shape["shape"])
            assert all(re.fullmatch("[a-z-_]+", name) for name in shape["dim_order"])
    assert all("bands" in one and set(one["bands"]) <= set(names) for one in told["mlm:input"])
    assert all(set(one["tasks"]) <= set(told["mlm:tasks"]) for one in told["mlm:output"])
    assert told["mlm:pretrained"] or told["mlm:pretrained_source"] is None
    assert all(re.fullmatch("[0-9a-zA-Z_.-]+", name) for name in told["mlm:hyperparameters"])
    models = [asset for asset in item["assets"].values() if "mlm:model" in asset["roles"]]
    assert len(models) == 1
    assert models[0]["mlm:artifact_type"]


def test_pystac_reads_the_model_back(item):
    pystac = pytest.importorskip("pystac", reason="comes with leafmap")
    mlm = pytest.importorskip("pystac.extensions.mlm", reason="comes with leafmap")
    read = mlm.MLMExtension.ext(pystac.Item.from_dict(item))
    assert read.mlm_name == "lda_components"
    assert read.input[0].input.shape[0] == len(read.input[0].bands)
    assert read.output[0].result.data_type == "int16"


def test_classes_bands_and_scores_are_those_of_the_comparison(item, finished):
    told, again = item["properties"], opened_again(finished.record)
    classes = told["mlm:output"][0]["classification:classes"]
    assert [one["title"] for one in classes[1:]] == again.truth.attrs["classes"]
    assert [one["title"] for one in classes[1:4]] == NAMES
    assert all(re.fullmatch("[0-9A-Za-z_-]+", one["name"]) for one in classes)
    assert [f"#{one['color_hint']}".lower() for one in classes[1:]] == again.truth.attrs["colors"]
    centres = [band["eo:center_wavelength"] for band in told["bands"]]
    np.testing.assert_allclose(centres, again.cube["wavelength"] / 1000, atol=1e-6)
    good = again.cube["good"].values
    assert len(told["mlm:input"][0]["bands"]) == good.sum() < len(good)
    own = summarise(finished.table).set_index("model").loc["lda_components"]
    assert [one["oa_mean"] for one in told["workbench:scores"]] == [own["oa_mean"]]
    files = [finished.folder.parent / asset["href"] for asset in item["assets"].values()]
    assert [file.name for file in files if not file.exists()] == ["r.html"]


def test_what_one_draw_cannot_tell_is_null(finished):
    again, alone = opened_again(finished.record), finished.table[finished.table["draw"] == 0]
    one = replace(finished, table=alone)
    made = stac_item(one, again.cube, again.truth, "spectral_angle", beside=finished.folder)
    scores = json.loads(json.dumps(made, allow_nan=False))["properties"]["workbench:scores"]
    assert [(row["oa_ci95"], row["oa_sd"]) for row in scores] == [([None, None], None)]


def test_the_outline_is_the_scenes_in_longitude_and_latitude(item, finished):
    from rasterio.warp import transform_bounds

    cube = opened_again(finished.record).cube
    known = transform_bounds(cube.rio.crs, "EPSG:4326", *cube.rio.bounds(), densify_pts=21)
    np.testing.assert_allclose(item["bbox"], known, atol=1e-5)
    ring = np.array(item["geometry"]["coordinates"][0])
    np.testing.assert_array_equal(ring[0], ring[-1])
    area = ((ring[:-1, 0] * ring[1:, 1]) - (ring[1:, 0] * ring[:-1, 1])).sum() / 2
    assert area > 0  # RFC 7946: outer rings run against the clock


def at(crs: str, transform: Affine, height: int = 20, width: int = 30) -> xr.DataArray:
    plain = make_cube(np.ones((3, height, width))).drop_vars(["x", "y"])
    return place(plain, crs, transform)


def test_a_scene_over_the_antimeridian_is_cut_there():
    geometry, bbox = outline(at("EPSG:32601", Affine(1000, 0, 160_000, 0, -1000, 0)))
    assert geometry["type"] == "MultiPolygon"
    assert len(geometry["coordinates"]) == 2
    longitudes = [[point[0] for point in part[0]] for part in geometry["coordinates"]]
    assert max(longitudes[0]) == 180
    assert min(longitudes[1]) == -180
    assert bbox[0] > 170
    assert bbox[2] < -170
    assert max(max(part) - min(part) for part in longitudes) < 1


def test_a_scene_that_is_nowhere_has_no_geometry_and_a_swath_has_its_edge():
    plain = make_cube(np.ones((3, 20, 30)))
    assert outline(plain) == (None, None)
    rows, columns = np.meshgrid(np.arange(20.0), np.arange(30.0), indexing="ij")
    swath = plain.assign_coords(
        longitude=(("y", "x"), 10 + columns / 100 + rows / 50), latitude=(("y", "x"), 50 - rows / 100)
    )
    assert outline(swath)[1] == pytest.approx([10, 50 - 0.19, 10.29 + 0.38, 50])


def test_a_model_that_was_not_compared_is_refused(finished):
    again = opened_again(finished.record)
    with pytest.raises(ValueError, match="no model 'svm' was compared; choose from spectral_angle, lda_components"):
        stac_item(finished, again.cube, again.truth, "svm", beside=finished.folder)
