"""Scenes larger than memory: written by blocks as they would be in memory, gone on with after a kill."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from tests.hurry import hurry
from tests.large import peak_of, write_scene
from tests.scenes import few
from workbench.cli import main
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.pretrain import Recipe, begin, save_encoder
from workbench.probe import MODELS, blocks_done, classify_scene, classify_to, embed, embed_to
from workbench.probe.drafts import folder_for

HEIGHT, WIDTH = 40, 48


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A scene of which a whole block and more has no data, a few labels, and an encoder that sees 11 × 11 pixels."""
    place = tmp_path_factory.mktemp("large")
    cube, truth = simulated_scene(HEIGHT, WIDTH, seed=5, n_bands=30)
    cube = cube.compute().copy()
    cube[:, 14:34, 15:33] = np.nan
    save_cube(cube, place / "scene.zarr")
    labels = few(truth.where(np.isfinite(cube[0]), 0).astype("int16").assign_attrs(truth.attrs), 5)
    write_labels(labels, place / "labels.gpkg")
    encoder, steps = begin(cube, Recipe(steps=10, pairs=64, encoder="context", reach=2), device="cpu")
    list(steps)
    save_encoder(encoder, place / "encoder.safetensors", cube=cube)
    return place


@pytest.fixture
def lazy(place) -> xr.DataArray:
    """The scene as a large one comes: in dask blocks."""
    return open_cube(place / "scene.zarr").chunk({"y": 10, "x": 20})


@pytest.fixture
def encoder(place):
    from workbench.pretrain import load_encoder

    return load_encoder(place / "encoder.safetensors")


@pytest.fixture
def labels(place, lazy) -> xr.DataArray:
    from workbench.labels import open_labels

    return open_labels(place / "labels.gpkg", lazy)


@pytest.fixture
def small_blocks(monkeypatch):
    """Memory for 16 × 16 pixels, so that a small scene has many blocks."""
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 2**10)


def outcome(steps):
    """All reports of a generator, and what it returns."""
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as end:
            return reports, end.value


def array_in(path: Path) -> np.ndarray:
    if path.suffix == ".zarr":
        return xr.open_zarr(path, consolidated=False)["embedding"].values
    with rasterio.open(path) as file:
        return file.read()


@pytest.mark.parametrize("suffix", [".zarr", ".tif"])
@pytest.mark.parametrize("block", [13, 16, 1000])
def test_an_embedding_in_blocks_is_that_in_memory(lazy, encoder, tmp_path, block, suffix):
    path = tmp_path / f"e{suffix}"
    outcome(embed_to(lazy, encoder, path, block=block, device="cpu"))
    np.testing.assert_array_equal(array_in(path), embed(lazy.compute(), encoder, device="cpu").values)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", MODELS)
def test_a_class_map_in_blocks_is_that_in_memory(lazy, labels, encoder, tmp_path, name, small_blocks, monkeypatch):
    hurry(monkeypatch)
    whole = lazy.compute()
    expected = classify_scene(name, whole, labels, embedding=embed(whole, encoder, device="cpu"), seed=2)
    _, made = outcome(classify_to(lazy, labels, tmp_path / "m.tif", name, encoder=encoder, seed=2, device="cpu"))
    assert made.blocks == 9
    np.testing.assert_array_equal(array_in(tmp_path / "m.tif")[0], expected.class_map.values)
    np.testing.assert_allclose(array_in(tmp_path / "m_confidence.tif")[0], expected.confidence.values, atol=1e-5)
    assert made.pixels == tuple(np.bincount(expected.class_map.values.ravel(), minlength=len(made.pixels)))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_does_not_change_a_bit(lazy, encoder, tmp_path, workers):
    for name, n in (("one", 2), ("two", workers)):
        outcome(embed_to(lazy, encoder, tmp_path / f"{name}.tif", block=16, device="cpu", workers=n))
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "two.tif").read_bytes()


SMALL_BLOCKS = "import workbench.probe.tables as tables; tables.BLOCK_BYTES = 2**10\n"
ASKED = "import sys; from workbench.cli import main; sys.exit(main(sys.argv[1:]))"
KILLED = """
import os, signal, sys
from workbench.cli import main
from workbench.probe.drafts import Draft
put, done = Draft.put, []
def put_three(self, block, arrays):
    put(self, block, arrays)
    done.append(block)
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
Draft.put = put_three
main(sys.argv[1:])
"""
VERBS = {
    "embed": (
        "embed {0}/scene.zarr --encoder {0}/encoder.safetensors --block 16 --device cpu --out {1}/o.tif",
        "o.tif",
    ),
    "classify": (
        "classify {0}/scene.zarr --labels {0}/labels.gpkg --model barlow_twins_linear --encoder "
        "{0}/encoder.safetensors --out {1}/o.tif",
        "o.tif",
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_after_kill_9_the_same_command_goes_on(place, tmp_path, verb, capsys, small_blocks):
    line, name = VERBS[verb]
    (tmp_path / "through").mkdir()
    (tmp_path / name).write_text("older")
    killed = subprocess.run([sys.executable, "-c", SMALL_BLOCKS + KILLED, *shlex.split(line.format(place, tmp_path))])
    assert killed.returncode == -9
    assert (tmp_path / name).read_text() == "older"
    assert len(list(folder_for(tmp_path / name).glob("*.npz"))) == 3

    assert main(shlex.split(line.format(place, tmp_path))) == 0
    assert "going on with the blocks that are there (3 of 9)" in capsys.readouterr().err
    result = json.loads((tmp_path / "o.run.json").read_text())["result"]
    assert (result["blocks"], result["kept"]) == (9, 3)
    assert not folder_for(tmp_path / name).exists()
    assert main(shlex.split(line.format(place, tmp_path / "through"))) == 0
    assert {p.name for p in tmp_path.iterdir()} - {"through"} == {p.name for p in (tmp_path / "through").iterdir()}
    for file in tmp_path.glob("*.tif"):
        assert file.read_bytes() == (tmp_path / "through" / file.name).read_bytes()


def stopped(steps, blocks: int) -> None:
    """Take so many blocks of a generator and close it, as Ctrl+C does."""
    for _ in range(blocks + 1):
        next(steps)
    steps.close()


def test_finished_blocks_are_not_done_again(lazy, encoder, tmp_path, monkeypatch):
    asked, in_threads = [], blocks_done.in_threads
    monkeypatch.setattr(
        blocks_done, "in_threads", lambda w, c, blocks, **o: asked.append(len(blocks)) or in_threads(w, c, blocks, **o)
    )
    stopped(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"), 4)
    outcome(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"))
    assert asked == [9, 5]


def test_a_damaged_block_is_done_again(lazy, encoder, tmp_path):
    stopped(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"), 4)
    first, second, *_ = sorted(folder_for(tmp_path / "e.tif").glob("*.npz"))
    first.write_bytes(first.read_bytes()[:-40])
    content = bytearray(second.read_bytes())
    content[2000] ^= 1
    second.write_bytes(content)
    _, made = outcome(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"))
    assert made.kept == 2
    np.testing.assert_array_equal(array_in(tmp_path / "e.tif"), embed(lazy.compute(), encoder, device="cpu").values)


def other_scene(lazy, labels, encoder):
    return lazy + 0.25, labels, encoder


def other_labels(lazy, labels, encoder):
    return lazy, labels.copy(data=np.where(labels == 1, 2, labels)), encoder


def other_encoder(lazy, labels, encoder):
    import torch

    with torch.no_grad():
        encoder.layers[0].bias += 1
    return lazy, labels, encoder


@pytest.mark.parametrize(
    ("change", "named"), [(other_scene, "scene"), (other_labels, "labels"), (other_encoder, "encoder")]
)
def test_a_changed_input_starts_anew_and_says_so(lazy, labels, encoder, tmp_path, change, named, small_blocks):
    lazy = lazy.assign_attrs(source="")
    stopped(classify_to(lazy, labels, tmp_path / "m.tif", "barlow_twins", encoder=encoder, device="cpu"), 4)
    cube, marks, changed = change(lazy, labels, encoder)
    cube = cube.assign_attrs(lazy.attrs).assign_coords(lazy.coords)
    marks = marks.assign_attrs(labels.attrs)
    reports, made = outcome(classify_to(cube, marks, tmp_path / "m.tif", "barlow_twins", encoder=changed, device="cpu"))
    assert reports[0].note == f"starting anew, since an unfinished run had another: {named}"
    assert (reports[0].done, made.kept) == (0, 0)


def test_a_scene_whose_file_was_touched_starts_anew(place, encoder, tmp_path):
    lazy = open_cube(place / "scene.zarr").chunk()
    stopped(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"), 2)
    os.utime(place / "scene.zarr" / "zarr.json")
    reports, _ = outcome(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"))
    assert "starting anew" in reports[0].note


def test_an_encoder_made_on_the_way_is_made_once(lazy, labels, encoder, tmp_path, small_blocks):
    made = []
    steps = classify_to(lazy, labels, tmp_path / "m.tif", encoder=lambda: made.append(1) or encoder, device="cpu")
    stopped(steps, 2)
    outcome(classify_to(lazy, labels, tmp_path / "m.tif", encoder=lambda: made.append(2) or encoder, device="cpu"))
    assert made == [1]


def test_two_runs_do_not_write_one_file(lazy, encoder, tmp_path):
    first = embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu")
    next(first)
    with pytest.raises(RuntimeError, match=r"another run is writing .*e\.tif; wait for its end, or stop it"):
        next(embed_to(lazy, encoder, tmp_path / "e.tif", block=16, device="cpu"))
    outcome(first)
    assert (tmp_path / "e.tif").exists()


def test_a_folder_of_somebody_else_is_left_alone(lazy, encoder, tmp_path):
    theirs = folder_for(tmp_path / "e.tif")
    theirs.mkdir()
    (theirs / "diary.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="which is another's; move it away"):
        next(embed_to(lazy, encoder, tmp_path / "e.tif"))
    assert (theirs / "diary.txt").read_text() == "dear"


def test_what_fails_before_a_block_leaves_nothing(lazy, encoder, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise OSError("no disk")

    monkeypatch.setattr("workbench.probe.drafts.Draft.put", fails)
    with pytest.raises(OSError, match="no disk"):
        outcome(embed_to(lazy, encoder, tmp_path / "e.tif", device="cpu"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", VERBS)
def test_a_disk_too_small_for_the_file_leaves_the_older_one_and_the_blocks(place, tmp_path, verb):
    """The blocks fit, the file made of them does not: a limit on the size of files stands for the disk."""
    limit = {"embed": 70_000, "classify": 12_000}[verb]
    line, name = VERBS[verb]
    (tmp_path / name).write_text("older")
    run = subprocess.run(
        [sys.executable, "-c", SMALL_BLOCKS + ASKED, *shlex.split(line.format(place, tmp_path))],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1), run.stderr
    assert "choose a disk that takes larger files" in run.stderr
    assert (tmp_path / name).read_text() == "older"
    assert len(list(folder_for(tmp_path / name).glob("*.npz"))) == 9


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("WORKBENCH_LARGE"), reason="takes minutes and 3 GB of disk; set WORKBENCH_LARGE=1 to run it"
)
@pytest.mark.parametrize("interleave", ["bil", "bsq"])
def test_a_scene_of_1_gb_takes_the_memory_of_a_few_blocks(place, tmp_path, interleave):
    """As numbers it is 2 GB; libraries alone take some 0.8 GB, of which 0.4 are pages of their files."""
    header, labels = write_scene(tmp_path, 1100, 1200, 400, interleave)
    words = ["pretrain", open_crop(header, tmp_path), "--steps", "3", "--pairs", "64", "--encoder", "context"]
    assert main([*map(str, words), "--out", f"{tmp_path}/encoder.safetensors"]) == 0
    for line in (
        f"embed {header} --encoder {tmp_path}/encoder.safetensors --out {tmp_path}/e.zarr",
        f"classify {header} --labels {labels} --encoder {tmp_path}/encoder.safetensors --out {tmp_path}/m.tif",
        f"classify {header} --labels {labels} --model random_forest --out {tmp_path}/f.tif",
    ):
        code, _, peak = peak_of([sys.executable, "-m", "workbench.cli", *line.split()])
        assert code == 0
        assert peak < 1500 * 2**20, f"{line}: {peak / 2**20:.0f} MB"


def open_crop(header: Path, folder: Path) -> Path:
    """The upper left corner of a scene, as a file."""
    save_cube(
        open_cube(header)[:, :80, :90].compute().drop_attrs(deep=False).assign_attrs(quantity="reflectance"),
        folder / "crop.zarr",
    )
    return folder / "crop.zarr"
