"""Small sets of labelled patches whose truth is the value of one band, and encoders for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tests.archives import write_tiff
from tests.scenes import make_cube
from workbench.cubes import save_cube
from workbench.pretrain import Recipe
from workbench.pretrain.encoders import BackboneEncoder, Encoder, find_encoder

LEVELS = (0.1, 0.5, 0.9)
"""Reflectance of the band that tells, by class."""

TELLS = 3
"""Which band that is."""


def write_patches(root: Path, classes: np.ndarray, n_bands: int = 8, *, seed: int = 0) -> list[str]:
    """GeoTIFFs in ``images`` from classes (n, height, width), 0 to 2; masks of codes 10, 20, 30 in ``masks``."""
    rng = np.random.default_rng(seed)
    (root / "images").mkdir(parents=True)
    names = [f"{i:03d}.tif" for i in range(len(classes))]
    for name, classes_of_one in zip(names, classes, strict=True):
        values = rng.uniform(0.35, 0.45, (n_bands, *classes_of_one.shape)).astype("float32")
        values[TELLS] = np.array(LEVELS)[classes_of_one] + rng.normal(0, 0.01, classes_of_one.shape)
        save_cube(make_cube(values), root / "images" / name)
        write_tiff(root / "masks" / name, (10 * classes_of_one + 10).astype("uint8")[None])
    return names


def quarters(n: int, side: int = 8, seed: int = 0) -> np.ndarray:
    """Classes (n, side, side) of patches whose quarters have one class each."""
    coarse = np.random.default_rng(seed).integers(0, 3, (n, 2, 2))
    return coarse.repeat(side // 2, axis=1).repeat(side // 2, axis=2)


def encoder_for(name: str = "pixel", n_bands: int = 8, seed: int = 0) -> Encoder:
    """A fresh encoder for the patches' bands, scaled as they are."""
    torch.manual_seed(seed)
    wavelength = np.linspace(450, 2400, n_bands)
    if name in ("pixel", "context", "cnn", "transformer", "adapter"):
        encoder = find_encoder(name).make(n_bands, 64, wavelength)
    else:
        encoder = BackboneEncoder(n_bands, architecture=name, size=16)
    encoder.scaler.mean.fill_(0.4)
    encoder.scaler.scale.fill_(0.2)
    encoder.wavelength, encoder.quantity, encoder.units = wavelength, "reflectance", "1"
    encoder.recipe = Recipe(encoder=name) if name in ("pixel", "context", "cnn", "transformer", "adapter") else None
    return encoder.eval()
