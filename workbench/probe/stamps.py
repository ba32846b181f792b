"""Short hashes that tell whether what a result depends on is still the same."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from torch import nn

from workbench.cubes.envi import binary_of
from workbench.pretrain import Encoder
from workbench.probe.scene_classifier import SceneClassifier
from workbench.record import file_fingerprint


def scene_stamp(cube: xr.DataArray) -> str:
    """Of a scene: all values of one in memory; of a lazy one a few spectra, and the size, head, tail and age of files.

    A file that was only touched counts as changed: it may have changed in the middle.
    """
    if cube.chunks is None:
        return stamp(*_known(cube), np.ascontiguousarray(cube.values))
    source = Path(cube.attrs.get("source") or "no file")
    files = [source] if source.exists() else []
    if source.suffix.lower() == ".hdr" and files:
        files.append(binary_of(source))
    told = [repr((file_fingerprint(file)["sha256"], file_age(file))) for file in files]
    return stamp(*_known(cube), *told, spectra_stamp(cube))


def spectra_stamp(cube: xr.DataArray) -> str:
    """Of five spectra of a scene: the corners and the middle. Quick, and the same on every machine."""
    height, width = cube.shape[1:]
    places = {(0, 0), (0, width - 1), (height // 2, width // 2), (height - 1, 0), (height - 1, width - 1)}
    return stamp(*_known(cube), *(cube[:, r : r + 1, c : c + 1].values for r, c in sorted(places)))


def encoder_stamp(encoder: Encoder) -> str:
    """Of an encoder: what it is, and its weights."""
    return stamp(repr(encoder.arguments), encoder.quantity, np.asarray(encoder.wavelength), *_weights(encoder))


def model_stamp(classifier: ClassifierMixin | SceneClassifier, inputs: NDArray) -> str:
    """Of a fitted model: its weights, or what it says of the rows (n, n_features) it was fitted to."""
    if isinstance(classifier, SceneClassifier):
        return stamp(*classifier.learnt())
    return stamp(classifier.classes_, classifier.predict_proba(inputs))


def labels_stamp(labels: xr.DataArray) -> str:
    """Of labels: codes, names and colours."""
    return stamp(np.ascontiguousarray(labels.values), repr((labels.attrs["classes"], labels.attrs["colors"])))


def _known(cube: xr.DataArray) -> tuple[str | NDArray, ...]:
    good = cube["good"].values.astype("uint8") if "good" in cube.coords else ""
    told = (cube.shape, cube.attrs.get("quantity"), cube.attrs.get("format"), cube.attrs.get("options"))
    return repr(told), np.asarray(cube["wavelength"].values, "float64"), good


def _weights(module: nn.Module) -> list[NDArray]:
    return [tensor.detach().cpu().numpy() for _, tensor in sorted(module.state_dict().items())]


def file_age(path: Path) -> int:
    """Latest change of a file, or of any in a folder [ns]."""
    if not path.is_dir():
        return path.stat().st_mtime_ns
    return max((os.stat(file).st_mtime_ns for file in path.rglob("*")), default=0)


def stamp(*parts: str | NDArray) -> str:
    """Of texts and arrays.

    Examples
    --------
    >>> stamp("a", np.zeros(2)) == stamp("a", np.zeros(2)), stamp("ab") == stamp("a", "b")
    (True, False)
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        digest.update(f"{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
