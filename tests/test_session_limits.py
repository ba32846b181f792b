"""What a desk gives its sessions: so many runs at once, in the order they were asked for, and so much memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.jobs import LONG, one_thread_each, posix, small_scene, until  # noqa: F401, fixtures
from workbench.cli import main
from workbench.cubes import open_cube, save_cube
from workbench.session import Limits, Session

MIB = 2**20


@pytest.fixture
def sessions(tmp_path, scene) -> Iterator[list[Session]]:
    """Three of one desk, which does one run at a time."""
    shared, made = Limits(runs=1), []
    for name in "abc":
        one = Session(tmp_path / name, limits=shared)
        one.live = False
        assert one.open_scene(scene), one.message
        made.append(one)
    yield made
    for one in made:
        one.close()


def states(sessions: list[Session]) -> list[str]:
    return [one.runs[-1].state for one in sessions]


def test_a_run_waits_for_those_of_other_sessions_and_goes_on_when_it_is_its_turn(sessions):
    a, b, c = sessions
    assert a.start_pretraining(steps=LONG, encoder="pixel"), a.message
    for one in (c, b):
        assert one.start_pretraining(steps=4, encoder="pixel"), one.message
        assert one.message.endswith("waits: this desk does 1 run at once, and as many are under way")
        assert one.is_busy
    assert states(sessions) == ["running", "waiting", "waiting"]
    seen = []
    for one in (b, c):
        one.param.watch(lambda event, one=one: event.new and seen.append(one.folder.name), "job")
    a.stop()
    assert until(lambda: states(sessions) == ["stopped", "done", "done"], 120)
    assert list(dict.fromkeys(seen)) == ["c", "b"]
    assert not any(one.is_busy for one in sessions)


def test_who_no_longer_wants_gives_their_turn_to_the_next():
    limits, begun = Limits(runs=2), []
    assert limits.take("a")
    assert limits.take("b")
    for who in "cde":
        assert not limits.take(who, lambda who=who: begun.append(who))
    limits.leave("c")  # waited, and is closed
    assert begun == []
    limits.leave("a")
    assert begun == ["d"]
    limits.leave("d")  # asked nothing more
    assert begun == ["d", "e"]
    assert limits.take("e")
    for who in "fg":
        assert not limits.take(who, lambda who=who: begun.append(who))
    limits.leave("b")
    limits.pass_turn()  # by f, who had something else under way
    assert begun == ["d", "e", "f", "g"]
    assert all(Limits().take(n) for n in range(100))


@posix
def test_a_run_that_takes_too_much_memory_is_ended_in_a_sentence(tmp_path, scene):
    session = Session(tmp_path / "session", limits=Limits(memory=100 * MIB))
    session.live = False
    assert session.open_scene(scene), session.message
    assert session.start_pretraining(steps=LONG, encoder="pixel"), session.message
    assert session.wait_for_job(60)
    assert session.job.state == "failed"
    found = re.fullmatch(
        r"the run took (\d\.\d) GiB, more than the 0\.1 GiB that one may take on this desk; take .*", session.job.error
    )
    assert found
    assert 0.1 <= float(found[1]) < 2
    assert session.runs[-1].error == session.job.error
    session.close()


def test_a_scene_that_is_held_as_a_whole_may_be_no_larger_and_one_in_pieces_may(tmp_path, scene, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)  # else it is read at once
    cube = open_cube(scene)
    whole, pieces = scene, save_cube(cube, tmp_path / "scene.zarr")
    session = Session(tmp_path / "session", limits=Limits(memory=cube.nbytes - 1))
    assert not session.open_scene(whole)
    assert re.match(r"a session may hold 0\.0 GiB, but scene\.npz takes 0\.0 GiB as a whole", session.message)
    assert session.cube is None
    assert session.open_scene(pieces), session.message
    session.close()
    free = Session(tmp_path / "free")
    assert free.open_scene(whole), free.message
    free.close()
    again = Session(tmp_path / "free", limits=Limits(memory=cube.nbytes - 1))
    assert again.cube is None
    assert "as a whole" in again.message
    again.close()


@pytest.mark.parametrize("text", ["0", "-1", "much", "nan", "inf"])
def test_no_memory_is_no_limit(text, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--session", str(tmp_path / "s"), "--no-show", "--max-memory", text])
    assert f"memory is a number of GiB above 0, got '{text}'" in capsys.readouterr().err
