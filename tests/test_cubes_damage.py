"""HDF5 and NetCDF files cut off anywhere, or with bytes changed, open or are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import test_cubes_aviris as aviris
from tests import test_cubes_emit as emit
from tests import test_cubes_neon as neon
from tests import test_cubes_netcdf as netcdf
from tests import test_cubes_prisma as prisma
from tests import test_cubes_tanager as tanager
from workbench.cubes import CubeError, open_cube


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape).astype("float32")


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 6000, shape).astype("uint16")


def foreign(path: Path, engine: str) -> Path:
    netcdf.foreign(path, engine=engine)
    return path


def own(path: Path) -> Path:
    netcdf.write(netcdf.scene(), path)
    return path


MAKERS = {
    "tanager": lambda to: tanager.write(to / "a.h5", random(tanager.BANDS, tanager.HEIGHT, tanager.WIDTH), ortho=False),
    "neon": lambda to: neon.write(to / "a.h5", numbers(neon.HEIGHT, neon.WIDTH, neon.BANDS).astype("int16")),
    "aviris": lambda to: aviris.write(to / "a.nc", random(aviris.BANDS, aviris.HEIGHT, aviris.WIDTH)),
    "emit": lambda to: emit.write(to / "a.nc", random(emit.DOWN, emit.ACROSS, emit.BANDS)),
    "prisma": lambda to: prisma.write(
        to / "a.he5", tuple(numbers(prisma.HEIGHT, len(w), prisma.WIDTH) for w in (prisma.VNIR, prisma.SWIR))
    ),
    "netcdf": lambda to: foreign(to / "a.nc", "h5netcdf"),
    "netcdf 3": lambda to: foreign(to / "a.nc", "scipy"),
    "netcdf of ours": lambda to: own(to / "a.nc"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_damage_is_refused_in_a_sentence(tmp_path, kind):
    path = MAKERS[kind](tmp_path)
    whole, damage = path.read_bytes(), np.random.default_rng(len(kind))
    refusals = []
    for i in range(36):
        spoilt = bytearray(whole[: damage.integers(len(whole))] if i % 3 == 0 else whole)
        for _ in range(0 if i % 3 == 0 else damage.integers(1, 12)):
            spoilt[damage.integers(len(spoilt) if i % 3 == 1 else min(len(spoilt), 6000))] = damage.integers(256)
        path.unlink()  # the last one may still be open
        path.write_bytes(spoilt)
        try:
            open_cube(path, format=kind.split()[0]).load()
        except CubeError as refusal:
            refusals.append(str(refusal))
    assert len(refusals) >= 12
    assert not [refusal for refusal in refusals if "\n" in refusal]


def test_texts_that_would_never_end_are_refused(tmp_path):
    """The free space of a heap of texts has the size 0: HDF5's own library walks on the spot."""
    path = own(tmp_path / "a.nc")
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    (size,) = np.frombuffer(content[heap + 8 : heap + 16], "u8")
    at = heap + 16
    while int.from_bytes(content[at : at + 2], "little"):  # to the free space, which has the number 0
        at += 16 + -(-int.from_bytes(content[at + 8 : at + 16], "little") // 8) * 8
    assert at + int.from_bytes(content[at + 8 : at + 16], "little") == heap + size
    content[at + 8 : at + 16] = bytes(8)
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(CubeError, match=r"the texts in a\.nc are damaged; copy it again"):
        open_cube(path)


def test_a_text_that_claims_gigabytes_is_refused(tmp_path):
    """Where a text of the heap is used stands its length: damaged, HDF5's library makes room for all of it."""
    path = MAKERS["aviris"](tmp_path)
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL\x01")
    used = content.index(heap.to_bytes(8, "little")) - 4
    assert 0 < int.from_bytes(content[used : used + 4], "little") < 100
    content[used : used + 4] = (2**31).to_bytes(4, "little")
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(CubeError, match=r"the texts in a\.nc are damaged; copy it again"):
        open_cube(path)
