"""Pixels in a plane: against scikit-learn's PCA and neighbours, drawn evenly, again, and never without data."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from workbench.cubes import good_bands, open_cube, save_cube, simulated_scene
from workbench.probe.plane import draw_pixels, methods, scene_plane


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    """A scene with a hole."""
    cube = simulated_scene(40, 60, seed=3)[0]
    return cube.where(~((np.arange(40)[:, None] < 9) & (np.arange(60) > 30)))


def learnt(cube: xr.DataArray) -> xr.DataArray:
    """What might be an embedding of the scene: a few numbers a pixel, the hole in it."""
    good = good_bands(cube)
    mix = np.random.default_rng(0).normal(size=(7, good.sum()))
    values = np.tanh(np.tensordot(mix, cube.values[good] - 0.2, 1)).astype("float32")
    return xr.DataArray(values, dims=("feature", "y", "x"))


@pytest.mark.parametrize("of", ["spectra", "embedding"])
def test_points_are_the_scores_of_another_librarys_components(cube, of):
    plane = scene_plane(cube, learnt(cube) if of == "embedding" else None, n=500)
    source = learnt(cube).values if of == "embedding" else cube.values[good_bands(cube)]
    values = source[:, plane.pixels[:, 0], plane.pixels[:, 1]].T.astype(float)
    other = PCA(2, svd_solver="full").fit(values)
    signs = np.sign((plane.points * other.transform(values)).sum(axis=0))
    np.testing.assert_allclose(plane.points, other.transform(values) * signs, atol=1e-6)
    np.testing.assert_allclose(plane.share, other.explained_variance_ratio_, rtol=1e-6)
    rest = np.array([[30, 5], [0, 59], [12, 40]])
    there = source[:, rest[:, 0], rest[:, 1]].T.astype(float)
    np.testing.assert_allclose(plane.place(rest)[::2], (other.transform(there[::2]) * signs), atol=1e-6)
    assert np.isnan(plane.place(rest)[1]).all()  # in the hole
    assert (plane.of, plane.method) == (of, "pca")


def test_no_pixel_without_data_is_drawn(cube):
    plane = scene_plane(cube, n=10**6)
    known = np.isfinite(cube.values[good_bands(cube)]).all(axis=0)
    assert sorted(map(tuple, plane.pixels)) == sorted(map(tuple, np.argwhere(known)))
    holed = learnt(cube)
    holed[3, 20, 20] = np.nan
    assert (20, 20) not in set(map(tuple, scene_plane(cube, holed, n=10**6).pixels))


@pytest.mark.parametrize(
    ("shape", "n"), [((40, 60), 500), ((3, 9000), 300), ((9000, 2), 300), ((5, 5), 3000), ((7, 1), 3)]
)
def test_pixels_are_drawn_one_of_each_cell_and_the_same_again(shape, n):
    found = draw_pixels(shape, n, seed=4)
    assert len(found) <= n
    assert len(found) > 0.6 * min(n, shape[0] * shape[1])
    assert len(set(map(tuple, found))) == len(found)
    assert ((found >= 0) & (found < shape)).all()
    np.testing.assert_array_equal(found, draw_pixels(shape, n, seed=4))
    if n < shape[0] * shape[1]:
        assert (found != draw_pixels(shape, n, seed=5)).any()
    for axis in (0, 1):  # halves hold as many, up to a row of cells
        here = (found[:, axis] < shape[axis] / 2).mean()
        assert abs(here - 0.5) <= 0.5 / len(set(found[:, axis])) + 0.1


def test_those_most_alike_are_another_librarys_neighbours(cube):
    plane = scene_plane(cube, n=400)
    wanted = cube.values[good_bands(cube)][:, 25, 33][None]
    _, places = NearestNeighbors(n_neighbors=9).fit(plane.values).kneighbors(wanted)
    np.testing.assert_array_equal(plane.nearest(25, 33, 9), places[0])
    assert plane.like(25, 33, 9) == [tuple(plane.pixels[i]) for i in places[0]]
    assert plane.like(0, 59, 9) == []


def test_a_scene_in_a_file_gives_the_same(cube, tmp_path):
    lazy = open_cube(save_cube(cube, tmp_path / "scene.zarr")).chunk({"y": 16, "x": 16})
    np.testing.assert_allclose(scene_plane(lazy, n=300).points, scene_plane(cube, n=300).points, atol=1e-9)


def test_a_single_feature_is_a_line(cube):
    assert (scene_plane(cube, learnt(cube)[:1], n=200).points[:, 1] == 0).all()


def test_what_cannot_be_laid_out_is_said(cube):
    with pytest.raises(ValueError, match=r"laid out by pca.*got 'tsne'"):
        scene_plane(cube, method="tsne")
    with pytest.raises(ValueError, match=r"four drawn pixels .* got 0 that have it in the embedding"):
        scene_plane(cube * np.nan, learnt(cube) * np.nan)


@pytest.mark.slow
def test_like_lies_by_like_by_umap_and_a_seed_repeats_it(cube):
    pytest.importorskip("umap")
    assert methods() == ["pca", "umap"]
    plane, again = (scene_plane(cube, method="umap", n=300, seed=1) for _ in range(2))
    np.testing.assert_array_equal(plane.points, again.points)
    near = NearestNeighbors(n_neighbors=6).fit(plane.values).kneighbors(return_distance=False)
    away = np.linalg.norm(plane.points[:, None] - plane.points[None], axis=2)
    assert np.take_along_axis(away, near, axis=1).mean() < 0.3 * away.mean()
    assert np.isfinite(plane.place(np.array([[30, 5]]))).all()
    assert plane.share == ()
