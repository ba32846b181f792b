"""Products of matrices in one thread: for as long as anybody wants it, and no longer."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from workbench.probe.arithmetic import SMALL, one_core_each, one_core_if_small, one_thread


def threads() -> int:
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if threads() < 2:
            pytest.skip("this machine's BLAS has one thread")
        yield


def test_two_that_overlap_leave_no_limit_behind():
    """The first comes first and goes first."""
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == 1
    second.__exit__(None, None, None)
    assert threads() == 2


def test_many_threads_leave_no_limit_behind():
    def work() -> None:
        for _ in range(50):
            with one_thread():
                seen.append(threads())

    seen: list[int] = []
    many = [threading.Thread(target=work) for _ in range(8)]
    for one in many:
        one.start()
    for one in many:
        one.join()
    assert set(seen) == {1}
    assert threads() == 2


def test_an_error_gives_the_threads_back():
    with pytest.raises(ZeroDivisionError), one_core_each(2) as pool:
        list(pool.map(lambda n: 1 / n, [1, 0]))
    assert threads() == 2


def test_only_small_products_stay_in_one_thread():
    with one_core_if_small(np.zeros(10).size):
        assert threads() == 1
    with one_core_if_small(SMALL):
        assert threads() == 2
