"""Notebooks tell a story in a few lines, run as they are, and carry no outputs."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LINES, LINES_A_CELL, SECONDS = 40, 8, 300


def code(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """Lines of code a cell, blank ones and comments left out."""
    cells = (cell.source.splitlines() for cell in notebook.cells if cell.cell_type == "code")
    return [[line for line in lines if line.strip() and not line.strip().startswith("#")] for lines in cells]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_the_first_one_is_there():
    assert FOLDER / "01_first_map.ipynb" in NOTEBOOKS


def test_it_is_thin(notebook):
    cells = code(notebook)
    assert sum(map(len, cells)) <= LINES
    assert max(map(len, cells)) < LINES_A_CELL


def test_it_is_thin_and_defines_nothing(notebook):
    for lines in code(notebook):
        assert not [line for line in lines if line.lstrip().startswith(("%", "!"))]
        kinds = {type(node) for node in ast.walk(ast.parse("\n".join(lines)))}
        assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda}


def test_a_sentence_stands_before_each_cell(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown"
    assert notebook.cells[0].cell_type == "markdown"


def test_it_is_stripped(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


@pytest.fixture(scope="module")
def executed(request, tmp_path_factory) -> Iterator[dict[Path, Future]]:
    """Each notebook in a kernel and an empty folder of its own, two at a time: most of a kernel's time is its start."""
    here = [one for one in request.session.items if getattr(one, "originalname", "") == "test_it_runs_as_it_is"]
    # Not those that are left to a long check: the end would wait for them.
    wanted = [one.callspec.params["path"] for one in here if not any(m.args[0] for m in one.iter_markers("skipif"))]
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))  # not the user's
        patch.setenv("OMP_NUM_THREADS", "1")
        yield {path: pool.submit(execute, path, tmp_path_factory.mktemp(path.stem)) for path in wanted}


def execute(path: Path, folder: Path) -> tuple[nbformat.NotebookNode, list[Path]]:
    """The notebook with its outputs, and what it left behind; nbclient raises if a cell does."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}})
    asyncio.run(client.async_execute())  # its own execute leaves a thread's event loop open
    return notebook, list(folder.iterdir())


@pytest.mark.slow
def test_it_runs_as_it_is(path, executed):
    notebook, left = executed[path].result()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "error"]
    assert not [output for output in shown if output.get("name") == "stderr"], "a warning would be the reader's"
    assert left == []
