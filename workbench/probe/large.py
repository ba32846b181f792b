"""Embeddings and class maps of scenes larger than memory: written as they come, and gone on with after a kill.

Blocks are done in threads or on a cluster and put away one by one; when all are there, the file is made of them and
takes its place in one step.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from pathlib import Path

import dask
import numpy as np
import xarray as xr
from sklearn.base import ClassifierMixin

from workbench.files import write_json
from workbench.memory import give_back, keep_large_apart
from workbench.patches import blocks_of
from workbench.pretrain import Encoder, load_encoder, matching_bands, save_encoder
from workbench.probe.blocks_done import Progress, Written, conditions, finish, put_in_place
from workbench.probe.blockwise import Classification, Embedding
from workbench.probe.classify import fit_model
from workbench.probe.drafts import ANEW, Draft, drafting
from workbench.probe.features import FEATURES
from workbench.probe.maps import check_map_suffix, write_class_map
from workbench.probe.models import find_model
from workbench.probe.mosaics import check_embedding_suffix, mosaic, write_embedding
from workbench.probe.stamps import encoder_stamp, labels_stamp, model_stamp, scene_stamp
from workbench.probe.tables import labels_on_data


def embed_to(
    cube: xr.DataArray,
    encoder: Encoder,
    path: str | Path,
    *,
    block: int | None = None,
    device: str = "auto",
    workers: int | None = None,
    cluster: str = "",
) -> Generator[Progress, None, Written]:
    """Write the embedding of every pixel; killed and asked again, it goes on with the blocks that are there.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; a lazy one is read block by block.
    encoder : Encoder
        Its bands are found in the cube by wavelength.
    path : str or Path
        ``.zarr`` or ``.tif``: float32 (``feature``, ``y``, ``x``), NaN where the scene has no data.
    block : int, optional
        Side of a block [pixels]; by default as large as little memory allows.
    device : str
        ``"auto"`` or torch's name of one.
    workers : int, optional
        Blocks at a time in this process; by default one a core, at most 4.
    cluster : str
        Address of a dask scheduler whose workers do the blocks instead of this process.

    Yields
    ------
    Progress

    Returns
    -------
    Written

    Raises
    ------
    ValueError
        If the scene lacks a band of the encoder or is in other units, or `path` has another suffix.
    RuntimeError
        If another run is writing `path`.
    ConnectionError
        If the cluster does not answer.
    """
    path, began = check_embedding_suffix(Path(path)), time.monotonic()
    matching_bands(encoder, cube)
    keep_large_apart()
    work = Embedding(encoder, device)
    plan = {
        "verb": "embed",
        "scene": scene_stamp(cube),
        "encoder": encoder_stamp(encoder),
        **conditions(block or work.side, device, cluster),
    }
    with drafting(path, plan) as draft:
        blocks = list(blocks_of(*cube.shape[1:], (block or work.side,) * 2, work.halo))
        kept = yield from finish(work, cube, blocks, draft, draft.note, workers, cluster)
        made = draft.folder / path.name
        with dask.config.set(scheduler="synchronous"):
            write_embedding(mosaic(draft, "embedding", blocks, cube), made)
        put_in_place(made, path)
    return Written([path], time.monotonic() - began, len(blocks), kept)


def classify_to(
    cube: xr.DataArray,
    labels: xr.DataArray,
    path: str | Path,
    model: str = "auto",
    *,
    encoder: Encoder | Callable[[], Encoder] | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
    cluster: str = "",
) -> Generator[Progress, None, Written]:
    """Write a class map of a scene from a few labels; killed and asked again, it goes on with the blocks there are.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; a lazy one is read block by block.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K.
    path : str or Path
        ``.tif``; its confidence goes beside it as ``…_confidence.tif``.
    model : str
        Name in ``MODELS``.
    encoder : Encoder or callable, optional
        For models of an embedding. A callable makes one; it is not asked again after a kill.
    seed : int
        Seeds whatever is drawn.
    device, workers, cluster
        As in :func:`embed_to`.

    Yields
    ------
    Progress

    Returns
    -------
    Written

    Raises
    ------
    ValueError
        If there is no such model, fewer than two classes have labels where there is data, or `path` is no ``.tif``.
    RuntimeError
        If another run is writing `path`.
    ConnectionError
        If the cluster does not answer.
    """
    path, row, began = check_map_suffix(Path(path)), find_model(model), time.monotonic()
    if not row.embeds:
        encoder = None
    elif encoder is None:
        raise ValueError(f"model {model!r} works on an embedding; pretrain an encoder on the scene first")
    keep_large_apart()
    labels = labels_on_data(cube, labels)
    plan = {
        "verb": "classify",
        "scene": scene_stamp(cube),
        "labels": labels_stamp(labels),
        "model": model,
        "seed": seed,
        "encoder": "made here" if encoder and not hasattr(encoder, "dense") else encoder and encoder_stamp(encoder),
        **conditions(None, device, cluster),
    }
    with drafting(path, plan) as draft:
        if encoder is not None and not hasattr(encoder, "dense"):
            waited = time.monotonic()
            encoder = _made(encoder, cube, draft)
            began += time.monotonic() - waited
        features = FEATURES[row.features].learn(cube) if row.features in FEATURES else None
        classifier, inputs = fit_model(row, cube, labels, encoder, features, seed, device)
        if hasattr(classifier, "n_jobs"):
            classifier.n_jobs = 1  # the cores have a block each
        note = _settled(classifier, inputs, draft)
        give_back(collect=True)
        work = Classification(classifier, cube.sizes["band"], encoder, features, device)
        blocks = list(blocks_of(*cube.shape[1:], (work.side, work.side), work.halo))
        kept = yield from finish(work, cube, blocks, draft, note, workers, cluster)
        codes, confidence = (mosaic(draft, name, blocks, cube) for name in ("codes", "confidence"))
        codes.attrs = {name: labels.attrs[name] for name in ("classes", "colors")}
        with dask.config.set(scheduler="synchronous"):
            made = write_class_map(codes, confidence, draft.folder / path.name)
        size = len(labels.attrs["classes"]) + 1
        pixels = sum(np.bincount(values.ravel(), minlength=size) for values in draft.all("codes"))
        for file in reversed(made):  # the map last: what lies beside it is there when it is
            put_in_place(file, path.with_name(file.name))
    files = [path.with_name(file.name) for file in made]
    return Written(files, time.monotonic() - began, len(blocks), kept, tuple(int(n) for n in pixels))


def _made(make: Callable[[], Encoder], cube: xr.DataArray, draft: Draft) -> Encoder:
    """An encoder that is made once and kept with the blocks."""
    file = draft.folder / "encoder.safetensors"
    if not (file.exists() and file.with_suffix(".json").exists()):
        save_encoder(make(), file, cube=cube)
        give_back(collect=True)
    return load_encoder(file)


def _settled(classifier: ClassifierMixin, inputs: np.ndarray, draft: Draft) -> str:
    """Let go of blocks of another classifier: fitted again on another processor, the same may differ a little."""
    file, now = draft.folder / "model.json", {"stamp": model_stamp(classifier, inputs)}
    note = draft.note
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) != now:
        draft.forget()
        note = f"{ANEW}, since the same labels gave another model here"
    write_json(file, now)
    return note
