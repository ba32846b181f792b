"""A scene described in several ways at once, none of which needs a label: what a pool of opinions is formed on.

Which way serves depends on the scene: means of the surroundings on wide fields, the bare spectrum where pixels are
coarse and mixed, directions of low noise where noise is the trouble. Each way is a row of ``FEATURES``, the spectra
themselves, or the embedding of an encoder that learnt from the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block
from workbench.pretrain import Encoder
from workbench.probe.edge_features import edge_features
from workbench.probe.embed import embed_block, embedding_side
from workbench.probe.features import Features, feature_map, feature_rows, fits_in_memory
from workbench.probe.projections import mnf_features
from workbench.probe.superpixel_features import superpixel_features
from workbench.probe.tables import block_side, features_of


@dataclass(frozen=True)
class Spectra:
    """The good bands."""

    n_features: int
    halo: int = 0

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(self.n_features)

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Spectra (n_good, height, width) of a block's ``place``, float32."""
        read = features_of(piece.read(cube), None).values
        return np.asarray(read[:, *piece.inner], "float32")


@dataclass(frozen=True, eq=False)
class Embedded:
    """What an encoder makes of a block."""

    encoder: Encoder
    device: str = "auto"

    @property
    def n_features(self) -> int:
        """Length of an embedding."""
        return self.encoder.dim

    @property
    def halo(self) -> int:
        """Half the encoder's footprint."""
        return self.encoder.footprint // 2

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return embedding_side(self.encoder)

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Embedding (dim, height, width) of a block's ``place``."""
        return embed_block(cube, self.encoder, piece, self.device)


@dataclass(frozen=True, eq=False)
class Kept:
    """A description that was made of the whole scene before."""

    values: xr.DataArray
    """Shape (n_features, height, width)."""

    halo: int = 0

    @property
    def n_features(self) -> int:
        """How many a pixel has."""
        return len(self.values)

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels]."""
        return block_side(len(self.values))

    def block(self, cube: xr.DataArray, piece: Block) -> NDArray:
        """Its part (n_features, height, width) at a block's ``place``."""
        return self.values[:, *piece.place].values


@dataclass(frozen=True, eq=False)
class Descriptions:
    """All of them, by name."""

    kinds: Mapping[str, Features]
    """``spectra``, some of ``FEATURES``, ``embedding``."""

    @property
    def halo(self) -> int:
        """Pixels round a block that must be read with it."""
        return max(kind.halo for kind in self.kinds.values())

    def with_embedding(self, embedding: xr.DataArray) -> Descriptions:
        """The same ways but for the embedding (dim, height, width), made of the whole scene by another encoder."""
        return Descriptions({**self.kinds, "embedding": Kept(embedding)})

    @property
    def kept(self) -> bool:
        """Whether all were made before, so that any block is there at once."""
        return all(isinstance(kind, Kept) for kind in self.kinds.values())

    @property
    def side(self) -> int:
        """Side of a block that takes little memory [pixels], read with the widest halo, described one way at a time."""
        most = max(kind.n_features for kind in self.kinds.values())
        return min(block_side(most, 8, self.halo), *(kind.side for kind in self.kinds.values()))

    def each(self, cube: xr.DataArray, piece: Block) -> Iterator[tuple[str, NDArray]]:
        """One description after another (n_features, height, width) of a block's ``place``, which is read once.

        NaN where there is no data. Whoever lets go of one before asking for the next never holds two.
        """
        piece = piece.held(cube)
        for name, kind in self.kinds.items():
            yield name, kind.block(cube, piece)

    def rows(self, cube: xr.DataArray, wanted: NDArray) -> dict[str, NDArray]:
        """Each description (n, n_features) of some pixels, counted along the scene's rows."""
        return {name: feature_rows(cube, kind, wanted) for name, kind in self.kinds.items()}


def describe(
    cube: xr.DataArray,
    *,
    encoder: Encoder | None = None,
    embedding: xr.DataArray | None = None,
    keep: bool = False,
    device: str = "auto",
) -> Descriptions:
    """Learn from a scene how to describe it.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    encoder : Encoder
        Makes the embedding, block by block, unless it is given.
    embedding : xarray.DataArray of shape (dim, height, width), optional
        Where it is there already.
    keep : bool
        Whether to make what fits in memory once, for several rounds of labels, instead of block by block.
    device : str
        ``"auto"`` or torch's name of one.

    Returns
    -------
    Descriptions

    Raises
    ------
    ValueError
        If neither an encoder nor an embedding is given.
    """
    if encoder is None and embedding is None:
        raise ValueError("the model 'auto' works on an embedding, too; pretrain an encoder on the scene first")
    spectra = features_of(cube, None)
    as_it_is = keep and spectra.chunks is None and spectra.dtype == np.float32
    kinds: dict[str, Features] = {"spectra": Kept(spectra) if as_it_is else Spectra(len(spectra))}
    fractions = mnf_features(cube)
    made = {
        "noise_fractions": fractions,
        "superpixels": superpixel_features(cube),
        "edge_means": edge_features(cube, fractions),
    }
    for name, learnt in made.items():
        kinds[name] = Kept(feature_map(cube, learnt)) if keep and fits_in_memory(cube, learnt) else learnt
    kinds["embedding"] = Kept(embedding) if embedding is not None else Embedded(encoder, device)
    return Descriptions(kinds)
