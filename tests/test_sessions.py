"""Several sessions of one desk: each has its own labels, comes back as it was, and is put away when nobody looks."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from pathlib import Path

import pytest

from tests.jobs import LONG, one_thread_each, small_scene, until  # noqa: F401, fixtures
from workbench.session import Session, Sessions


@pytest.fixture
def sessions(tmp_path, scene):
    def begin(folder: Path) -> Session:
        session = Session.at(folder)
        session.live = False
        if not session.scene:
            session.open_scene(scene)
        return session

    sessions = Sessions(tmp_path / "all", begin, most=3, patience=0.2)
    yield sessions
    sessions.close()


def test_each_has_its_own_labels_and_pages_of_one_share_them(sessions):
    ada, bob = sessions.enter("ada"), sessions.enter("bob")
    assert ada is not bob
    assert sessions.enter("ada") is ada
    ada.add_class("water")
    assert [len(one.classes) for one in (ada, bob)] == [1, 0]
    assert {path.name for path in sessions.folder.iterdir()} == {"ada", "bob"}


def test_one_that_nobody_looks_at_is_put_away_and_comes_back_as_it_was(sessions):
    gone = weakref.ref(sessions.enter("ada"))
    gone().add_class("water")
    gone().label_pixel(1, 2)
    sessions.leave("ada")
    assert until(lambda: sessions.names == [], 10)
    gc.collect()
    assert gone() is None, "its memory is given back"
    again = sessions.enter("ada")
    assert again.counts == {"water": 1}


def test_a_reload_and_a_second_page_keep_it_open(sessions):
    first = sessions.enter("ada")
    sessions.enter("ada")
    sessions.leave("ada")
    time.sleep(0.5)
    assert sessions.names == ["ada"]
    sessions.leave("ada")
    assert sessions.enter("ada") is first
    time.sleep(0.5)
    assert sessions.names == ["ada"]


def test_one_with_a_job_under_way_stays_until_it_has_ended(sessions):
    session = sessions.enter("ada")
    session.start_pretraining(steps=LONG, encoder="pixel")
    assert until(lambda: session.job.history)
    sessions.leave("ada")
    time.sleep(0.7)
    assert sessions.names == ["ada"]
    session.stop()
    assert session.wait_for_job(20)
    assert until(lambda: sessions.names == [], 10)


def test_no_more_than_so_many_are_open(sessions):
    for name in ("a", "b", "c"):
        sessions.enter(name)
    with pytest.raises(RuntimeError, match="keeps 3 sessions open at once; come back"):
        sessions.enter("d")
    sessions.leave("b")
    assert until(lambda: len(sessions.names) == 2, 10)
    sessions.enter("d")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../ada", "a/b", "a\\b", ".hidden", "a" * 65, "a\n", "a\0b", "-rf", "/etc"]
)
def test_a_name_that_leads_elsewhere_is_refused_and_makes_nothing(sessions, name):
    with pytest.raises(ValueError, match="a session is named by letters, digits"):
        sessions.enter(name)
    assert not sessions.folder.exists()


def test_pages_that_come_and_go_at_once_open_one_session(sessions):
    found = []

    def come_and_go() -> None:
        for _ in range(20):
            found.append(id(sessions.enter("ada")))
            sessions.leave("ada")

    threads = [threading.Thread(target=come_and_go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert until(lambda: sessions.names == [], 10)
