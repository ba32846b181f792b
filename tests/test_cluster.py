"""Blocks on a dask cluster: the same bytes as from one process, whoever is lost on the way, and no endless waiting."""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

from tests.scenes import few
from workbench.cli import main
from workbench.cubes import CubeError, open_cube, save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.patches import blocks_of
from workbench.pretrain import Recipe, begin, save_encoder
from workbench.probe import classify_to, cluster
from workbench.probe.cluster import on_cluster


@dataclass(frozen=True)
class Band:
    """The first band of a block; it takes its time."""

    seconds: float = 0.0

    def __call__(self, cube, piece):
        time.sleep(self.seconds)
        return {"band": piece.read(cube)[0].values, "process": np.array(os.getpid())}


def local_cluster(n_workers: int) -> LocalCluster:
    """A scheduler and its workers on this machine, processes of one thread each; on ports that are free."""
    return LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A scene, labels, and an encoder."""
    place = tmp_path_factory.mktemp("cluster")
    cube, truth = simulated_scene(40, 48, seed=5, n_bands=30)
    save_cube(cube, place / "scene.zarr")
    write_labels(few(truth, 5), place / "labels.gpkg")
    encoder, steps = begin(cube, Recipe(steps=10, pairs=64, encoder="context", reach=2), device="cpu")
    list(steps)
    save_encoder(encoder, place / "encoder.safetensors", cube=cube)
    return place


@pytest.fixture(scope="module")
def workers():
    """Two workers on this machine, processes of one thread."""
    with local_cluster(2) as cluster:
        yield cluster


@pytest.fixture
def address(workers) -> str:
    return workers.scheduler_address


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("workbench.probe.tables.BLOCK_BYTES", 2**10)


LINES = {
    "embed": ("embed {0}/scene.zarr --encoder {0}/encoder.safetensors --device cpu --out {1}/o.tif", ["o.tif"]),
    "classify": (
        "classify {0}/scene.zarr --labels {0}/labels.gpkg --encoder {0}/encoder.safetensors --out {1}/o.tif",
        ["o.tif", "o_confidence.tif", "o.tif.aux.xml"],
    ),
    "from scratch": (
        "classify {0}/scene.zarr --labels {0}/labels.gpkg --model supervised_pixel --out {1}/o.tif",
        ["o.tif", "o_confidence.tif"],
    ),
}


@pytest.mark.parametrize("verb", LINES)
def test_two_workers_give_the_bytes_of_one_process(place, address, tmp_path, verb, small_blocks):
    line, names = LINES[verb]
    for folder, more in (("one", []), ("two", ["--cluster", address])):
        (tmp_path / folder).mkdir()
        assert main([*line.format(place, tmp_path / folder).split(), *more]) == 0
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_both_workers_do_their_share(place, address):
    cube = open_cube(place / "scene.zarr")
    made = list(on_cluster(Band(0.05), cube, blocks_of(40, 48, (10, 10)), address))
    assert len(made) == 20
    assert len({int(arrays["process"]) for _, arrays in made} - {os.getpid()}) == 2
    for block, arrays in made:
        np.testing.assert_array_equal(arrays["band"], cube[0].values[block.place])


def test_the_blocks_of_a_lost_worker_are_done_by_others(place, address):
    cube, done = open_cube(place / "scene.zarr"), []
    results = on_cluster(Band(0.2), cube, blocks_of(40, 48, (10, 10)), address)
    first = next(results)
    os.kill(int(first[1]["process"]), signal.SIGKILL)
    done = [first, *results]
    assert sorted(str(block.place) for block, _ in done) == sorted(str(b.place) for b in blocks_of(40, 48, (10, 10)))
    for block, arrays in done:
        np.testing.assert_array_equal(arrays["band"], cube[0].values[block.place])


def test_a_scheduler_that_goes_away_ends_the_wait_and_leaves_the_finished_blocks(place, tmp_path, small_blocks):
    scene, encoder = open_cube(place / "scene.zarr"), _encoder(place)
    labels = _labels(place, scene)
    with local_cluster(1) as lost:
        asked = {"encoder": encoder, "device": "cpu"}
        steps = classify_to(scene, labels, tmp_path / "m.tif", cluster=lost.scheduler_address, **asked)
        next(steps), next(steps)
        lost.close()
        with pytest.raises(ConnectionError, match="went away; the finished blocks are kept"):
            list(steps)
    kept = len(list((tmp_path / ".m.tif.blocks").glob("*.npz")))
    assert kept >= 1
    steps = classify_to(scene, labels, tmp_path / "m.tif", **asked)
    assert next(steps).done > 0
    assert list(steps)[-1].done == 40 * 48


def test_no_scheduler_is_one_sentence_in_bounded_time(place, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    line = LINES["embed"][0].format(place, tmp_path)
    assert main([*line.split(), "--cluster", f"tcp://127.0.0.1:{port}"]) == 2
    assert time.monotonic() - began < 10
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"no dask scheduler answered at tcp://127.0.0.1:{port} within 1 s; start one with dask scheduler" in said[0]
    assert not list(tmp_path.iterdir())


def test_something_else_that_listens_is_no_scheduler(place, monkeypatch):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ConnectionError, match="no dask scheduler answered"):
            list(on_cluster(Band(), open_cube(place / "scene.zarr"), blocks_of(4, 4, (4, 4)), address, answer=1))


def test_a_cluster_without_workers_is_not_waited_for_for_ever(place):
    cube = open_cube(place / "scene.zarr")
    with (
        local_cluster(0) as empty,
        pytest.raises(ConnectionError, match="had no worker for 1 s; start some with dask worker tcp://"),
    ):
        list(on_cluster(Band(), cube, blocks_of(4, 4, (4, 4)), empty.scheduler_address, no_worker=1))


def test_a_worker_that_finds_another_scene_says_so(place, address, tmp_path):
    save_cube(simulated_scene(40, 48, seed=6, n_bands=30)[0], tmp_path / "scene.zarr")
    here = open_cube(place / "scene.zarr")
    there = here.assign_attrs(source=str(tmp_path / "scene.zarr"))
    with pytest.raises(CubeError, match=r"a worker finds another scene at .*scene\.zarr; put the same one"):
        list(on_cluster(Band(), there, blocks_of(4, 4, (4, 4)), address))


def test_a_worker_that_finds_no_scene_says_so(place, address, tmp_path):
    with Client(address, set_as_default=False) as client:
        opening = cluster.Opening.of(open_cube(place / "scene.zarr"))
        gone = cluster.Opening(str(tmp_path / "gone.zarr"), *list(vars(opening).values())[1:])
        with pytest.raises(CubeError, match=r"one of them finds no .*gone\.zarr; put it where all find it"):
            client.submit(cluster._opened, gone).result()


def test_a_worker_of_other_versions_says_so(place, address):
    with Client(address, set_as_default=False) as client:
        opening = cluster.Opening.of(open_cube(place / "scene.zarr"))
        older = cluster.Opening(*list(vars(opening).values())[:-1], versions=(("torch", "1.0"),))
        with pytest.raises(RuntimeError, match=r"it has .*torch 2\..* instead of torch 1\.0; install these"):
            client.submit(cluster._opened, older).result()


def test_a_cube_without_a_file_is_not_for_a_cluster(address):
    cube, _ = simulated_scene(16, 16, n_bands=8)
    with pytest.raises(ValueError, match="this cube has none; write it with save_cube"):
        list(on_cluster(Band(), cube, blocks_of(4, 4, (4, 4)), address))


@pytest.mark.parametrize("text", ["here", "tcp://", "tcp://host", "10.0.0.5:8786"])
def test_an_address_that_is_none_is_refused_before_work(place, tmp_path, text, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*LINES["embed"][0].format(place, tmp_path).split(), "--cluster", text])
    assert stop.value.code == 2
    assert "a scheduler's address is like tcp://10.0.0.5:8786" in capsys.readouterr().err


def _encoder(place: Path):
    from workbench.pretrain import load_encoder

    return load_encoder(place / "encoder.safetensors")


def _labels(place: Path, scene):
    from workbench.labels import open_labels

    return open_labels(place / "labels.gpkg", scene)
