"""Data moves one way: a room may import the ones before it, and only the libraries it owns; the door stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import workbench

ROOT = Path(workbench.__file__).parent
ROOMS = ["cubes", "labels", "patches", "pretrain", "probe", "compare", "session", "panels"]
OWNERS = {
    "torch": {"patches", "pretrain", "probe", "session"},
    "lightning_fabric": {"pretrain"},
    "safetensors": {"pretrain"},
    "tensorboard": {"pretrain"},
    "mlflow": {"pretrain"},
    "sklearn": {"probe", "compare"},
    "umap": {"probe"},
    "h5py": {"cubes", "labels"},
    "zarr": {"cubes"},
    "h5netcdf": {"cubes"},
    "fsspec": {"cubes"},
    "pooch": {"cubes"},
    "spyndex": {"cubes"},
    "geopandas": {"labels", "session"},
    "param": {"session", "panels"},
    "panel": {"panels"},
    "panel_material_ui": {"panels"},
    "bokeh": {"panels"},
    "holoviews": {"panels"},
    "leafmap": {"panels"},
    "ipyleaflet": {"panels"},
    "ipywidgets": {"panels"},
}
HEAVY = {"torch", "panel", "bokeh", "param", "holoviews", "leafmap", "sklearn", "geopandas", "rasterio", "xarray"}


def imports(path: Path, *, types: bool = True) -> set[str]:
    """Dotted names imported anywhere in a file, in functions too; ``from workbench import x`` gives ``workbench.x``.

    Without `types`, those under ``if TYPE_CHECKING:`` are left out: they load nothing.
    """
    found, tree = set(), ast.parse(path.read_text(encoding="utf-8"))
    for node in [] if types else list(ast.walk(tree)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full, from workbench.…"
            found |= {f"workbench.{name.name}" for name in node.names} if node.module == "workbench" else {node.module}
    return found


def looks_ahead(room: str, root: Path = ROOT) -> list[str]:
    """Imports, in the files of `room`, of rooms after it or of the command line."""
    later = [*ROOMS[ROOMS.index(room) + 1 :], "cli"]
    return [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted((root / room).rglob("*.py"))
        for name in sorted(imports(path))
        if name.startswith("workbench.") and name.split(".")[1] in later
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_looks_only_back(room):
    assert (ROOT / room).is_dir()
    assert not looks_ahead(room)


def test_what_every_room_may_use_knows_no_room():
    for path in ROOT.glob("*.py"):
        rooms = {name for name in imports(path) if name.split(".")[0] == "workbench" and name.split(".")[1] in ROOMS}
        assert not rooms, f"{path.name} imports {rooms}"


def test_a_look_ahead_is_found(tmp_path):
    (tmp_path / "cubes").mkdir()
    (tmp_path / "cubes" / "a.py").write_text(
        "def f():\n    from workbench import session\n    import workbench.panels.app\n"
    )
    (tmp_path / "cubes" / "b.py").write_text(
        "from workbench.cubes import contract\nfrom workbench import __version__\n"
    )
    assert looks_ahead("cubes", tmp_path) == [
        "cubes/a.py imports workbench.panels.app",
        "cubes/a.py imports workbench.session",
    ]


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_stays_in_its_rooms(library):
    wrong = [
        f"{path.relative_to(ROOT)} imports {library}"
        for path in sorted(ROOT.rglob("*.py"))
        if library in {name.split(".")[0] for name in imports(path, types=False)}
        and path.relative_to(ROOT).parts[0] not in OWNERS[library]
    ]
    assert not wrong


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_carries_its_card(room):
    card = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    missing = [
        part for part in ("In", "Out", "May use", "Never") if not re.search(rf"^(.*\.\s)?\W*{part}\b", card, re.M)
    ]
    assert not missing, f"{room}/__init__.py does not say: {', '.join(missing)}"


@pytest.mark.parametrize(
    "statement",
    ["import workbench", "import workbench.cli", "import workbench.cli; workbench.cli.main(['--help'])"],
)
def test_the_door_is_light(statement):
    code = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint(*sorted({HEAVY!r} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == ""


def test_the_verbs_at_the_root_exist():
    for name in workbench.__all__:
        assert getattr(workbench, name) is not None
