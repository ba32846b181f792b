"""A binary read by position gives what NumPy's memory map of the same file gives, and keeps nothing in memory."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.cubes import CubeError, binary
from workbench.cubes.binary import Binary

SHAPE = (5, 7, 11)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("binary") / "a.img"
    numbers = np.random.default_rng(0).integers(-9999, 9999, SHAPE).astype(">i2")
    path.write_bytes(b"header" + numbers.tobytes())
    return path


def part(n: int) -> st.SearchStrategy:
    """A slice with any step, or a list of indices in any order, repeats and all."""
    ends = st.none() | st.integers(-n - 1, n + 1)
    slices = st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, 3, -1, -2]))
    return slices | st.lists(st.integers(0, n - 1), max_size=n).map(lambda found: np.array(found, dtype=np.intp))


@given(key=st.tuples(*map(part, SHAPE)), gap=st.sampled_from([0, 4, 50, 2**14]), piece=st.sampled_from([1, 60, 2**23]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_selection_is_numpys(path, key, gap, piece):
    oracle = np.memmap(path, ">i2", "r", offset=6, shape=SHAPE)
    for dim, wanted in enumerate(key):
        oracle = oracle[(slice(None),) * dim + (wanted,)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binary, "_GAP", gap)
        patch.setattr(binary, "_PIECE", piece)
        found = Binary(path, np.dtype(">i2"), SHAPE, 6)[key]
    assert found.dtype == np.dtype(">i2")
    np.testing.assert_array_equal(found, oracle)


def test_it_is_opened_again_where_it_is_unpickled(path):
    again = pickle.loads(pickle.dumps(Binary(path, np.dtype(">i2"), SHAPE, 6)))
    assert again[0:1, 0:1, 0:1].shape == (1, 1, 1)


def test_without_positioned_reads_it_seeks(path, monkeypatch):
    wanted = Binary(path, np.dtype(">i2"), SHAPE, 6)[:, ::2, ::3]
    monkeypatch.delattr("os.preadv", raising=False)
    np.testing.assert_array_equal(Binary(path, np.dtype(">i2"), SHAPE, 6)[:, ::2, ::3], wanted)


def test_a_file_cut_off_while_it_is_open_is_named(path, tmp_path):
    copy = tmp_path / "b.img"
    copy.write_bytes(path.read_bytes())
    opened = Binary(copy, np.dtype(">i2"), SHAPE, 6)
    copy.write_bytes(copy.read_bytes()[:100])
    with pytest.raises(CubeError, match=r"b.img ends at byte 100, before its data do; copy it again"):
        opened[:, :, :]
