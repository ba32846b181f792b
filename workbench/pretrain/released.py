"""Weights that others released, as encoders of ours: SpectralEarth, DeCUR, SSL4EO-S12 and SSL4EO-L.

A file is read without running anything in it. What its weights learnt from travels with the encoder: the wavelengths of
the bands, their units and their scaling, so that a scene they do not fit is refused when it is embedded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.pretrain.archives import Archive, find_archive
from workbench.pretrain.encoders import BackboneEncoder, find_architecture
from workbench.pretrain.layouts import MatchReport, match
from workbench.pretrain.weight_files import read_weights

LEAST = 1.0
"""Share of a backbone's weights that a file must have: what it lacks would stay at random."""


def load_released(
    path: str | Path,
    architecture: str,
    archive: str,
    *,
    size: int | None = None,
    statistics: str | Path | None = None,
    least: float = LEAST,
    device: str | torch.device = "cpu",
) -> BackboneEncoder:
    """Read weights that others released.

    Parameters
    ----------
    path : str or Path
        ``.pth``, ``.ckpt`` or ``.safetensors``, as downloaded.
    architecture : str
        Name in ``ARCHITECTURES``.
    archive : str
        Name in ``ARCHIVES``: what the weights learnt from.
    size : int, optional
        Side of the patch a pixel's embedding is made of [pixels]; positional embeddings are resampled to it. By default
        32 for SpectralEarth's and 64 for the others.
    statistics : str or Path, optional
        Folder with ``mu.npy`` and ``sigma.npy`` of the archive's own numbers, where it does not come with them: that of
        SpectralEarth's repository, for reflectance × 10,000.
    least : float
        Share of the backbone's weights that must be found, 0 to 1; all of them by default.
    device : str or torch.device
        Where it is wanted.

    Returns
    -------
    BackboneEncoder
        In evaluation mode, with ``report`` (:class:`MatchReport`), ``card``, ``wavelength`` [nm] and ``scaler``. Its
        ``recipe`` is None: it was not made here.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no statistics in their folder.
    ValueError
        If it holds more than plain weights, or fewer of the backbone's than `least`.
    """
    found = find_archive(archive)
    return from_weights(
        read_weights(path), architecture, found, Path(path).name, size, statistics_of(found, statistics), least
    ).to(device)


def from_weights(
    content: Mapping,
    architecture: str,
    archive: Archive,
    source: str,
    size: int | None,
    statistics: tuple[NDArray, NDArray],
    least: float = LEAST,
) -> BackboneEncoder:
    """An encoder of weights that were read, with all that travels with it; see :func:`load_released`."""
    row = find_architecture(architecture)
    encoder = BackboneEncoder(
        len(archive.wavelength), architecture=architecture, size=size or (32 if row.any_bands else 64)
    )
    weights, report = match(content, encoder.backbone)
    if report.share < least:
        raise ValueError(
            f"{source} has {report.share:.0%} of the weights of {architecture} for {len(archive.wavelength)} bands "
            f"and at least {least:.0%} are needed; choose another architecture or archive ({_in_a_line(report)})"
        )
    encoder.backbone.load_state_dict(weights, strict=False)
    for buffer, values in zip((encoder.scaler.mean, encoder.scaler.scale), statistics, strict=True):
        buffer.copy_(torch.as_tensor(values, dtype=torch.float32))
    encoder.report, encoder.recipe = report, None
    encoder.wavelength, encoder.quantity = np.array(archive.wavelength), archive.quantity
    encoder.units = archive.units
    encoder.card = {"source": source, "architecture": architecture, "archive": archive.name, "report": str(report)}
    return encoder.eval()


def statistics_of(archive: Archive, folder: str | Path | None) -> tuple[NDArray, NDArray]:
    """Mean and spread of each band of an archive, in the units of a scene."""
    if archive.mean is not None:
        if folder is not None:
            raise ValueError(f"{archive.name} comes with its own scaling; leave statistics out")
        return np.array(archive.mean), np.array(archive.scale)
    if folder is None:
        raise ValueError(
            f"weights of {archive.name} need the means and spreads they were trained with; give as statistics= the "
            "folder with mu.npy and sigma.npy, data/statistics of its repository"
        )
    values = []
    for name in ("mu.npy", "sigma.npy"):
        file = Path(folder) / name
        if not file.is_file():
            raise FileNotFoundError(f"statistics are mu.npy and sigma.npy, but there is no {file}; give their folder")
        try:
            values.append(np.load(file, allow_pickle=False).astype("float64") / 10_000)
        except (ValueError, OSError, EOFError) as error:
            raise ValueError(f"{file} is no array of numbers; download it again") from error
        if values[-1].shape != (len(archive.wavelength),) or not np.isfinite(values[-1]).all():
            raise ValueError(
                f"{file} holds an array of shape {values[-1].shape}, but {archive.name} has "
                f"{len(archive.wavelength)} bands; give the archive's own"
            )
    return values[0], values[1]


def _in_a_line(report: MatchReport) -> str:
    return "; ".join(str(report).splitlines())
