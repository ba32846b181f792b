"""Products of matrices in one thread: for as long as anybody wants it, and no longer."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

from workbench.probe.arithmetic import SMALL, one_core_each, one_core_if_small, one_thread


def threads() -> int:
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


@pytest.fixture(autouse=True)
def two_threads():
    before = threads()
    set_to(2)
    if threads() < 2:
        pytest.skip("this machine's BLAS has one thread")
    yield
    set_to(before)


def set_to(n: int) -> None:
    """Without keeping the right to set it, as a ``with`` would."""
    threadpool_limits(n, user_api="blas")
    release = getattr(OpenBLASController, "clear_controlling_thread", lambda **_: None)
    release(force=True)


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


def test_the_last_gives_back_what_another_thread_took():
    """The first comes first, goes first, and lives on."""
    mine = one_thread()
    come, go, gone = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with one_thread():
            come.set()
            go.wait(10)
        gone.set()
        go.clear()
        go.wait(10)

    other = threading.Thread(target=first)
    other.start()
    come.wait(10)
    with mine:
        go.set()
        gone.wait(10)
        assert threads() == 1
    assert threads() == 2
    go.set()
    other.join()


def test_an_error_gives_the_threads_back():
    with pytest.raises(ZeroDivisionError), one_core_each(2) as pool:
        list(pool.map(lambda n: 1 / n, [1, 0]))
    assert threads() == 2


def test_only_small_products_stay_in_one_thread():
    with one_core_if_small(np.zeros(10).size):
        assert threads() == 1
    with one_core_if_small(SMALL):
        assert threads() == 2
