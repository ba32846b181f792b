"""Files of labels are read by rule, refused in a sentence, and written so that they read back the same."""

from __future__ import annotations

import pathlib
import sqlite3
import warnings
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import scipy.io
import shapely
import xarray as xr
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import rasterize

from workbench.cubes import open_cube, transform_of
from workbench.cubes.grid import place
from workbench.labels import counts, open_labels, rasterise, read_vector, write_labels
from workbench.labels.grid import grid_of
from workbench.labels.legend import CLASSES_URI
from workbench.labels.rasterise import as_labels

PLACE = Affine(30, 0, 383000, 0, -30, 5819000)
ROTATED = Affine.translation(383000, 5819000) @ Affine.rotation(20) @ Affine.scale(30, -30)


def scene(transform: Affine | None = PLACE, height: int = 12, width: int = 15) -> xr.DataArray:
    cube = xr.DataArray(np.zeros((2, height, width), "float32"), dims=("band", "y", "x"))
    return place(cube, "EPSG:32633" if transform else None, transform)


def truth(cube: xr.DataArray, seed: int = 0) -> xr.DataArray:
    values = np.random.default_rng(seed).integers(0, 4, (cube.sizes["y"], cube.sizes["x"]))
    return as_labels(values, cube, ["Wasser", "Wald & Wiese", "Straße"], ["#0000ff", "#00aa00", "#888888"])


def squares(crs="EPSG:32633", **columns) -> gpd.GeoDataFrame:
    """Three squares of 4 × 4 pixels in a row, with the given columns."""
    columns = columns or {"class_name": ["a", "b", "a"]}
    boxes = [shapely.box(383000 + 150 * i, 5818880, 383120 + 150 * i, 5819000) for i in range(3)]
    return gpd.GeoDataFrame(columns, geometry=boxes, crs=crs)


def to_tif(path, values, crs="EPSG:32633", transform=PLACE, **profile):
    values = np.asarray(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        sizes = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
        with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **sizes, **profile) as target:
            target.write(values, 1)
    return path


def with_legend(path: pathlib.Path, statement: str) -> dict:
    """Attributes of labels in a file that a statement gives a legend to."""
    squares().to_file(path, layer="labels")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(statement.format(uri=CLASSES_URI))
    return open_labels(path, scene()).attrs


# --- vector files


@pytest.mark.parametrize(
    ("legend", "classes"),
    [
        (
            '[{"name": "b", "color": "#112233"}, {"name": "c", "color": "#445566"}, {"name": "a", "color": "#778899"}]',
            "bca",
        ),
        ('[{"name": "b", "color": "#112233"}]', "ab"),
        ('[{"name": "b", "color": "red"}, {"name": "a", "color": "#778899"}]', "ab"),
        ('[{"name": ["b"], "color": "#112233"}, 7]', "ab"),
        ("{", "ab"),
        ("[" * 9999, "ab"),
    ],
)
def test_a_legend_in_the_file_numbers_and_colours_the_classes(tmp_path, legend, classes):
    table = "CREATE TABLE gpkg_metadata (md_standard_uri TEXT, metadata TEXT);"
    attrs = with_legend(
        tmp_path / "a.gpkg",
        f"{table} INSERT INTO gpkg_metadata VALUES ('{{uri}}', '{{legend}}')".replace(
            "{legend}", legend.replace("{", "{{").replace("}", "}}")
        ),
    )
    assert "".join(attrs["classes"]) == classes
    assert (attrs["colors"] == ["#112233", "#445566", "#778899"]) is (classes == "bca")
    assert attrs["dropped"] == {}


def test_a_legend_that_is_a_query_is_not_asked(tmp_path):
    view = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT '{uri}' AS md_standard_uri, "
    view = f"CREATE VIEW gpkg_metadata AS {view} '[]' AS metadata FROM n WHERE i < 0"  # which never ends
    assert with_legend(tmp_path / "a.gpkg", view)["classes"] == ["a", "b"]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
@pytest.mark.parametrize("crs", [4326, 32633, 3857])
def test_any_vector_file_in_any_crs_labels_the_same_pixels(tmp_path, suffix, crs):
    squares().to_crs(crs).to_file(tmp_path / f"a{suffix}")
    labels = open_labels(tmp_path / f"a{suffix}", scene())
    wanted = np.zeros((12, 15), int)
    wanted[:4, :4] = wanted[:4, 10:14] = 1
    wanted[:4, 5:9] = 2
    np.testing.assert_array_equal(labels, wanted)
    assert labels.attrs["column"] == "class_name"


@pytest.mark.parametrize(
    ("columns", "chosen", "names"),
    [
        ({"name": ["x", "y", "x"], "area": [1.5, 2.5, 3.5]}, "name", ["x", "y", "x"]),
        ({"code": [3, 10, 3], "area": [1.5, 2.5, 3.5]}, "code", ["3", "10", "3"]),
        ({"code": [3.0, 10.0, 3.0]}, "code", ["3", "10", "3"]),
        ({"note": ["p", "q", "r"], "Class": ["x", "y", "x"]}, "Class", ["x", "y", "x"]),
        ({"cover": ["x ", " y", "x"], "id": [1, 2, 3]}, "cover", ["x", "y", "x"]),
        ({"Level_1": ["v", "v", "s"], "Level_2": ["g", "t", "s"], "Level_2_ID": [1, 2, 3]}, "Level_2", ["g", "t", "s"]),
    ],
)
def test_the_class_column_is_found_by_rule(tmp_path, columns, chosen, names):
    squares(**columns).to_file(tmp_path / "a.gpkg")
    frame = read_vector(tmp_path / "a.gpkg")
    assert frame.attrs["column"] == chosen
    assert frame["class_name"].tolist() == names
    assert list(frame.columns) == ["class_name", "source", "created", "geometry"]
    assert set(frame["source"]) == {"import:a.gpkg"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"who": ["p", "q", "p"], "what": ["x", "y", "z"]}, r"one of: who \(2 values\), what \(3 values\)"),
        ({"Level_1": ["v", "s", "v"], "Level_2": ["g", "g", "t"]}, r"one of: Level_1 \(2 values\), Level_2"),
        ({"area": [1.5, 2.5, 3.5]}, "a.gpkg has only: area; add one or pass column="),
        ({"big": [100000, 2, 3]}, "a.gpkg has only: big; add one"),
    ],
)
def test_where_no_rule_decides_the_columns_are_named(tmp_path, columns, message):
    squares(**columns).to_file(tmp_path / "a.gpkg")
    with pytest.raises(ValueError, match=message):
        read_vector(tmp_path / "a.gpkg")


def test_the_users_column_wins(tmp_path):
    squares(class_name=["a", "b", "a"], crop=["wheat", "wheat", "maize"]).to_file(tmp_path / "a.gpkg")
    assert open_labels(tmp_path / "a.gpkg", scene(), column="crop").attrs["classes"] == ["maize", "wheat"]
    with pytest.raises(ValueError, match=r"a.gpkg has no column 'corp'; pass column= one of: class_name, crop"):
        read_vector(tmp_path / "a.gpkg", column="corp")


def test_rows_without_a_class_or_a_place_are_left_out(tmp_path):
    frame = squares(class_name=["a", None, "b"])
    frame.loc[2, "geometry"] = None
    frame.to_file(tmp_path / "a.gpkg")
    assert read_vector(tmp_path / "a.gpkg")["class_name"].tolist() == ["a"]


def test_a_style_table_is_no_layer_of_labels(tmp_path):
    squares().to_file(tmp_path / "a.gpkg", layer="fields")
    style = pd.DataFrame({"styleName": ["s"]})
    pyogrio.write_dataframe(style, tmp_path / "a.gpkg", layer="layer_styles", append=True)
    assert len(read_vector(tmp_path / "a.gpkg")) == 3


def test_two_layers_are_a_question_for_the_user(tmp_path):
    squares().to_file(tmp_path / "a.gpkg", layer="spring")
    squares(class_name=["c", "c", "c"]).to_file(tmp_path / "a.gpkg", layer="autumn")
    with pytest.raises(ValueError, match=r"but a\.gpkg has 2; pass layer= one of: spring, autumn"):
        read_vector(tmp_path / "a.gpkg")
    assert open_labels(tmp_path / "a.gpkg", scene(), layer="autumn").attrs["classes"] == ["c"]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
def test_pixel_coordinates_label_a_scene_without_crs(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"class_name": ["a"]}, geometry=[shapely.box(2, 1, 5, 3)])
    write_labels(frame, tmp_path / f"a{suffix}")
    assert read_vector(tmp_path / f"a{suffix}").crs is None
    labels = open_labels(tmp_path / f"a{suffix}", scene(None))
    assert np.argwhere(labels.values).tolist() == [[1, 2], [1, 3], [1, 4], [2, 2], [2, 3], [2, 4]]


# --- raster files


def test_codes_of_a_mat_file_become_dense(tmp_path):
    values = np.random.default_rng(0).choice([0, 1, 10, 11, 14], (12, 15)).astype("uint8")
    scipy.io.savemat(tmp_path / "gt.mat", {"gt": values, "note": "x"})
    labels = open_labels(tmp_path / "gt.mat", scene(None))
    assert labels.attrs["classes"] == ["1", "10", "11", "14"]
    for code, name in enumerate(labels.attrs["classes"], start=1):
        np.testing.assert_array_equal(labels.values == code, values == int(name))


def test_two_fitting_arrays_of_a_mat_file_are_a_question(tmp_path):
    scipy.io.savemat(tmp_path / "gt.mat", {"train": np.ones((12, 15)), "test": np.full((12, 15), 2)})
    with pytest.raises(
        ValueError, match=r"gt\.mat has several arrays of the scene's size; pass layer= one of: train, test"
    ):
        open_labels(tmp_path / "gt.mat", scene(None))
    assert open_labels(tmp_path / "gt.mat", scene(None), layer="test").attrs["classes"] == ["2"]


@pytest.mark.parametrize("transform", [PLACE, ROTATED, None], ids=["north up", "rotated", "pixel grid"])
def test_a_map_of_labels_reads_back_the_same(tmp_path, transform):
    labels = truth(scene(transform))
    write_labels(labels, tmp_path / "truth.tif")
    again = open_labels(tmp_path / "truth.tif", scene(transform))
    np.testing.assert_array_equal(again, labels)
    assert again.attrs["classes"] == labels.attrs["classes"]
    assert again.attrs["colors"] == labels.attrs["colors"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["truth.tif", "truth.tif.aux.xml"]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
@pytest.mark.parametrize("transform", [PLACE, ROTATED, None], ids=["north up", "rotated", "pixel grid"])
def test_a_map_saved_as_polygons_reads_back_the_same(tmp_path, transform, suffix):
    labels = truth(scene(transform))
    write_labels(labels, tmp_path / f"a{suffix}")
    again = open_labels(tmp_path / f"a{suffix}", scene(transform))
    names = np.array(["", *labels.attrs["classes"]])
    np.testing.assert_array_equal(np.array(["", *again.attrs["classes"]])[again.values], names[labels.values])


def test_marks_keep_who_made_them_and_when(tmp_path):
    frame = squares()
    frame["source"], frame["created"] = "click", "2026-01-02T03:04:05+00:00"
    again = read_vector(write_labels(frame, tmp_path / "a.gpkg"))
    assert set(again["source"]) == {"click"}
    assert set(again["created"]) == {"2026-01-02T03:04:05+00:00"}


def test_a_raster_on_a_finer_grid_gives_each_pixel_the_code_at_its_centre(tmp_path):
    fine = np.random.default_rng(0).integers(0, 5, (60, 75)).astype("uint8")
    to_tif(tmp_path / "fine.tif", fine, transform=Affine(6, 0, 383000, 0, -6, 5819000))
    labels = open_labels(tmp_path / "fine.tif", scene())
    np.testing.assert_array_equal(labels, fine[2::5, 2::5])


def test_a_raster_in_another_crs_lands_in_its_place(tmp_path):
    box = shapely.box(383090, 5818760, 383300, 5818940)
    lonlat = gpd.GeoSeries([box], crs=32633).to_crs(4326)
    left, bottom, right, top = np.add(lonlat.total_bounds, (-0.002, -0.002, 0.002, 0.002))
    step = 2e-5
    size = (round((top - bottom) / step), round((right - left) / step))
    grid = Affine(step, 0, left, 0, -step, top)
    to_tif(tmp_path / "a.tif", rasterize(lonlat, out_shape=size, transform=grid), "EPSG:4326", grid)
    labels = open_labels(tmp_path / "a.tif", scene())
    frame = gpd.GeoDataFrame({"class_name": ["1"]}, geometry=[box], crs=32633)
    np.testing.assert_array_equal(labels, rasterise(frame, scene()))


def test_no_data_nan_and_negative_are_unlabelled(tmp_path):
    values = np.ones((12, 15), "float32")
    values[0], values[1], values[2], values[3] = np.nan, -1, 99, 0
    labels = open_labels(to_tif(tmp_path / "a.tif", values, nodata=99), scene())
    assert counts(labels).to_dict() == {"1": 8 * 15}
    assert not labels[:4].any()


# --- refusals


def no_file(folder):
    return folder / "none.gpkg"


def a_folder(folder):
    return folder


def a_text(folder):
    (folder / "a.txt").write_text("water")
    return folder / "a.txt"


def a_false_gpkg(folder):
    (folder / "a.gpkg").write_text("water")
    return folder / "a.gpkg"


def a_false_mat(folder):
    (folder / "a.mat").write_text("water")
    return folder / "a.mat"


def a_false_geojson(folder):
    (folder / "a.geojson").write_text('{"type": "FeatureColl')
    return folder / "a.geojson"


def a_false_tif(folder):
    (folder / "a.tif").write_text("water")
    return folder / "a.tif"


def an_empty_gpkg(folder):
    squares().iloc[:0].to_file(folder / "a.gpkg")
    return folder / "a.gpkg"


def no_crs(folder):
    return write_labels(squares(crs=None), folder / "a.gpkg")


def elsewhere(folder):
    frame = squares()
    frame.geometry = frame.translate(1e5, 0)
    frame.to_file(folder / "a.gpkg")
    return folder / "a.gpkg"


def wrong_crs(folder):
    squares(crs="EPSG:32601").to_file(folder / "a.gpkg")
    return folder / "a.gpkg"


def too_small(folder):
    frame = gpd.GeoDataFrame({"class_name": ["a"]}, geometry=[shapely.box(383001, 5818990, 383009, 5818999)], crs=32633)
    frame.to_file(folder / "a.gpkg")
    return folder / "a.gpkg"


def other_size(folder):
    scipy.io.savemat(folder / "a.mat", {"gt": np.ones((15, 12))})
    return folder / "a.mat"


def tif_of_other_size(folder):
    return to_tif(folder / "a.tif", np.ones((5, 6), "uint8"), crs=None, transform=Affine.identity())


def tif_elsewhere(folder):
    return to_tif(folder / "a.tif", np.ones((12, 15), "uint8"), transform=Affine(30, 0, 500000, 0, -30, 5819000))


def all_zero(folder):
    return to_tif(folder / "a.tif", np.zeros((12, 15), "uint8"))


def an_image(folder):
    return to_tif(folder / "a.tif", np.arange(180, dtype="float32").reshape(12, 15) / 7)


def many_codes(folder):
    return to_tif(folder / "a.tif", np.arange(600 * 600, dtype="int32").reshape(600, 600))


@pytest.mark.parametrize(
    ("spoilt", "error", "message"),
    [
        (no_file, FileNotFoundError, "no file at .*none.gpkg"),
        (a_folder, ValueError, "labels come from a file, but .* is a folder; name the file in it"),
        (a_text, ValueError, "labels come as .gpkg .*, got a.txt; save them as one of these"),
        (a_false_gpkg, ValueError, "a.gpkg cannot be read as a vector file"),
        (a_false_geojson, ValueError, "a.geojson cannot be read as a vector file"),
        (a_false_mat, ValueError, "a.mat"),
        (a_false_tif, ValueError, "a.tif cannot be read as a raster"),
        (an_empty_gpkg, ValueError, "labels need at least one feature, but a.gpkg holds none; draw some"),
        (no_crs, ValueError, "labels have no CRS, but the scene is in EPSG:32633; say which"),
        (elsewhere, ValueError, r"all labels of a.gpkg \(EPSG:32633\) lie outside the scene; check"),
        (wrong_crs, ValueError, r"all labels of a.gpkg \(EPSG:32601\) lie outside the scene; check"),
        (too_small, ValueError, "no polygon of a.gpkg covers the centre of a pixel; draw larger polygons or points"),
        (other_size, ValueError, "must have the scene's size, 12 × 15, but a.mat has: gt 15 × 12; check"),
        (tif_of_other_size, ValueError, "must have its size, 12 × 15, but a.tif has 5 × 6; give both a CRS"),
        (tif_elsewhere, ValueError, "no pixel of a.tif .* lies on the scene; check its CRS"),
        (all_zero, ValueError, "a.tif labels no pixel of the scene: it holds only 0"),
        (an_image, ValueError, "a truth map holds whole-number codes, but a.tif has 0.14"),
        (many_codes, ValueError, "a truth map has at most 255 classes, but a.tif has 359999; is it an image"),
    ],
)
def test_what_cannot_be_labels_is_refused_in_a_sentence(tmp_path, spoilt, error, message):
    path = spoilt(tmp_path)
    with pytest.raises(error, match=message) as caught:
        open_labels(path, scene(height=600, width=600) if spoilt is many_codes else scene())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "name", "message"),
    [
        (squares(), "a.tif", "marks have no pixels, so a.tif cannot be a GeoTIFF; rasterise them first"),
        (squares(), "a.docx", "labels are saved as .gpkg, .geojson, .shp or .tif, got a.docx"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, labels, name, message):
    with pytest.raises(ValueError, match=message):
        write_labels(labels, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_labels(truth(scene()), tmp_path / "a.tif")
    before = path.read_bytes()
    monkeypatch.setattr(pathlib.Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_labels(truth(scene(), seed=1), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "a.tif.aux.xml"]


# --- real data


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "cube", "labels", "classes"),
    [
        ("hymap_berlin", "HyMap02_*.bsq", "LandCov_*.shp", ["Grass", "Pavement", "Roof", "Soil", "Tree"]),
        (
            "enmap_berlin",
            "EnMAP_*.bsq",
            "LandCov_*.shp",
            ["Low vegetation", "Other", "Pavement", "Roof", "Soil", "Tree"],
        ),
        ("enmap_potsdam", "landcover.tif", "*.gpkg", ["impervious", "low vegetation", "soil", "tree", "water"]),
    ],
)
def test_real_polygons_and_points_land_as_rasterio_puts_them(real_data, folder, cube, labels, classes):
    with rasterio.open(next((real_data / folder).glob(cube))) as source:
        grid, size, crs = source.transform, source.shape, source.crs
    blank = place(xr.DataArray(np.zeros((1, *size), "float32"), dims=("band", "y", "x")), crs, grid)
    path = next((real_data / folder).glob(labels))
    found = open_labels(path, blank)
    assert found.attrs["classes"] == classes
    layer = path.stem if path.suffix == ".gpkg" else None
    frame = gpd.read_file(path, layer=layer).to_crs(crs)
    column = next(c for c in frame.columns if c.lower() == "level_2")
    shapes = [(g, classes.index(n) + 1) for g, n in zip(frame.geometry, frame[column], strict=True)]
    np.testing.assert_array_equal(found, rasterize(shapes, out_shape=size, transform=grid))
    assert (counts(found) > 0).all()


@pytest.mark.realdata
def test_the_potsdam_mosaic_labels_a_tile_as_the_tile_itself_does(real_data):
    folder = real_data / "enmap_potsdam"
    tile = open_cube(folder / "images" / "enmap_potsdam_tile_96_96.tif")
    from_mosaic = open_labels(folder / "landcover.tif", tile)
    own = open_labels(folder / "labels" / "enmap_potsdam_tile_96_96.tif", tile)
    names = [np.array(["0", *labels.attrs["classes"]])[labels.values] for labels in (from_mosaic, own)]
    np.testing.assert_array_equal(*names)


@pytest.mark.realdata
def test_salinas_a_has_six_classes_of_known_size(real_data):
    cube = open_cube(real_data / "salinas_a" / "SalinasA_corrected.mat")
    labels = open_labels(real_data / "salinas_a" / "SalinasA_gt.mat", cube)
    assert labels.attrs["classes"] == ["1", "10", "11", "12", "13", "14"]
    assert counts(labels).tolist() == [391, 1343, 616, 1525, 674, 799]


@pytest.mark.parametrize("name", ["map.hdr", "map.raw.hdr"])
def test_an_envi_classification_is_found_beside_its_header_as_a_scene_is(tmp_path, name):
    (tmp_path / name.replace(".hdr", "" if name.count(".") == 2 else ".bin")).write_bytes(bytes([1] * 180))
    fields = "samples = 15\nlines = 12\nbands = 1\ndata type = 1\ninterleave = bsq\nbyte order = 0\n"
    (tmp_path / name).write_text(f"ENVI\n{fields}file type = ENVI Standard\n")
    assert (open_labels(tmp_path / name, scene(None)) == 1).all()


@pytest.mark.parametrize("part", [np.s_[:, 3:, 2:], np.s_[:, 3:4, 2:3], np.s_[:, :, 5:6]])
@pytest.mark.parametrize("transform", [PLACE, ROTATED], ids=["north up", "rotated"])
def test_labels_and_cubes_agree_where_a_part_lies(transform, part):
    cropped = scene(transform)[part]
    assert grid_of(cropped).transform.almost_equals(transform_of(cropped), 1e-9)
    bare = scene(transform).drop_vars(["x", "y"])
    assert grid_of(bare).transform.almost_equals(transform, 1e-6)
    assert transform_of(bare).almost_equals(transform, 1e-6)


def test_shares_of_materials_become_the_largest_one(tmp_path):
    shares = np.random.default_rng(0).dirichlet(np.ones(3), (12, 15))
    shares[2, 3] = 0
    scipy.io.savemat(tmp_path / "gt.mat", {"S_GT": shares})
    labels = open_labels(tmp_path / "gt.mat", scene(None)).values
    assert labels[2, 3] == 0
    for row, column in ((0, 0), (5, 9), (11, 14)):
        assert labels[row, column] == 1 + [*shares[row, column]].index(max(shares[row, column]))
    scipy.io.savemat(tmp_path / "gt.mat", {"S_GT": shares * 3})
    with pytest.raises(ValueError, match=r"shares of materials that add up to 1, but those of gt\.mat add up to"):
        open_labels(tmp_path / "gt.mat", scene(None))
