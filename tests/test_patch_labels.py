"""Truth of patches in each layout, what is refused, and splits that never put one place on two sides."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.archives import write_tiff
from workbench.labels import (
    places_of,
    share_of_patches,
    split_by_lists,
    split_by_place,
    truth_of_folders,
    truth_of_masks,
    truth_of_table,
)

FILES = ("enmap/0000001/a.tif", "enmap/0000001/b.tif", "enmap/0000002/a.tif")


@pytest.mark.parametrize("below", ["cdl", "cdl/enmap"])
def test_masks_are_found_beside_the_patches_as_published(tmp_path, below):
    values = np.array([[0, 7], [3, -2]], "float32")
    for i, file in enumerate(FILES):
        name = file.partition("/")[2]
        write_tiff(tmp_path / below / name, np.where(values == 7, 7 + i, values)[None], nodata=-2.0)
    truth = truth_of_masks(FILES, tmp_path / "cdl")
    assert truth.task == "segmentation"
    assert truth.names == ("3", "7", "8", "9")
    np.testing.assert_array_equal(truth.mask(2), [[-1, 3], [0, -1]])
    assert "0" in truth_of_masks(FILES, tmp_path / "cdl", unlabelled=3).names


def test_a_folder_a_class():
    truth = truth_of_folders(("River/1.tif", "Forest/1.tif", "River/2.tif"), "eurosat")
    assert truth.names == ("Forest", "River")
    assert truth.values.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("content", "task", "names", "values"),
    [
        ({"a": "x", "b": "y"}, "classes", ("x", "y"), [0, 1]),
        ({"a": ["x", "y"], "b": ["y"]}, "several", ("x", "y"), [[1, 1], [0, 1]]),
        ([{"file": "a.tif", "label": 3}, {"file": "c.tif", "label": 2}], "classes", ("2", "3"), [1, 0]),
        ([{"patch": "p/a", "cover": 0.25}, {"patch": "p/b", "cover": 3}], "number", ("cover",), [0.25, 3]),
    ],
    ids=["class", "classes", "records", "number"],
)
def test_json_says_what_it_holds(tmp_path, content, task, names, values):
    (tmp_path / "l.json").write_text(json.dumps(content))
    truth = truth_of_table(("p/a.tif", "p/b.tif", "p/c.tif"), tmp_path / "l.json")
    assert (truth.task, truth.names) == (task, names)
    np.testing.assert_allclose(truth.values, values)


def test_a_table_of_several_classes_by_separator_and_by_columns(tmp_path):
    table = pd.DataFrame(
        {"file": ["a.tif", "b.tif"], "labels": ["wood;water", "water"], "wood": [1, 0], "water": [1, 1]}
    )
    table.to_csv(tmp_path / "l.csv", index=False)
    one, two = (truth_of_table(("a.tif", "b.tif"), tmp_path / "l.csv", column=c) for c in (None, "wood,water"))
    assert one.names == two.names == ("water", "wood")
    np.testing.assert_array_equal(one.values, two.values)


@pytest.mark.parametrize(
    ("table", "choices", "message"),
    [
        ("file,label\nz.tif,1\ny.tif,2\n", {}, "neither a.tif nor any other is among them"),
        ("file,one,two\na.tif,1,2\n", {}, "say with --column which"),
        ("file,label\na.tif,1\nb.tif,2\n", {"column": "cover"}, "no column 'cover'"),
        ("file,label\na.tif,much\nb.tif,2\n", {"task": "number"}, "'much', which is no number"),
        ("file,label\na.tif,1\nb.tif,1\n", {}, "has 1; check"),
        ("file\na.tif\n", {}, "a column of files and one of labels"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(tmp_path, table, choices, message):
    (tmp_path / "l.csv").write_text(table)
    with pytest.raises(ValueError, match=message):
        truth_of_table(("a.tif", "b.tif"), tmp_path / "l.csv", **choices)


def test_overlapping_ground_and_equal_locations_are_one_place(tmp_path):
    from rasterio.transform import from_origin

    for name, left in (("a", 0), ("b", 60), ("c", 600), ("d", 900)):  # a and b share ground, c and d touch
        write_tiff(tmp_path / f"{name}.tif", np.zeros((1, 10, 10), "uint8"), transform=from_origin(left, 0, 30, 30))
    write_tiff(
        tmp_path / "e.tif", np.zeros((1, 10, 10), "uint8"), crs="EPSG:32633", transform=from_origin(5000, 0, 30, 30)
    )
    files = [f"{name}.tif" for name in "abcde"]
    place = places_of(tmp_path, files, ["a", "b", "c", "d", "c"])
    assert place[0] == place[1]
    assert place[2] == place[4]
    assert len(set(place)) == 3


@pytest.mark.parametrize("seed", range(5))
def test_no_place_is_on_two_sides(seed):
    place = np.repeat(np.arange(10), 3)
    split = split_by_place(place, seed)
    sides = [set(place[part]) for part in (split.train, split.val, split.test)]
    assert [len(side) for side in sides] == [6, 2, 2]
    assert len(set.union(*sides)) == 10


def test_lists_that_leak_a_place_are_refused(tmp_path):
    truth = truth_of_folders(FILES, tmp_path)
    place = np.array([0, 0, 1])
    (tmp_path / "train.txt").write_text("0000001/a.tif\n")
    (tmp_path / "test.txt").write_text("enmap/0000002/a\n")
    assert split_by_lists(truth, place, tmp_path).test.tolist() == [2]
    (tmp_path / "test.txt").write_text("0000001/b.tif\n")
    with pytest.raises(ValueError, match=r"enmap/0000001/b\.tif of test\.txt shows a place that train\.txt has too"):
        split_by_lists(truth, place, tmp_path)


def test_shares_of_patches_are_nested_and_keep_each_class():
    truth = truth_of_folders(tuple(f"{'rare' if i % 10 == 0 else 'often'}/{i}.tif" for i in range(100)), "")
    train = np.arange(100)
    shares = [set(share_of_patches(truth, train, share, seed=3)) for share in (0.01, 0.1, 1)]
    assert [len(some) for some in shares] == [2, 10, 100]
    assert shares[0] < shares[1] < shares[2]
    assert set(truth.values[sorted(shares[0])]) == {0, 1}


def test_the_mask_of_another_date_is_never_taken(tmp_path):
    values = np.array([[0, 1], [2, 3]], "uint8")[None]
    write_tiff(tmp_path / "cdl" / "0000001" / "a.tif", values)
    write_tiff(tmp_path / "cdl" / "0000002" / "nlcd_2019.tif", values)
    write_tiff(tmp_path / "cdl" / "PATCH" / "PATCH_reference_map.tif", values)
    files = ("0000001/a.tif", "0000001/b.tif", "0000002/all_bands.tif", "PATCH")
    assert truth_of_masks(files, tmp_path / "cdl").files == ("0000001/a.tif", "0000002/all_bands.tif", "PATCH")
