"""pyproject.toml, environment.yml and binder/environment.yml ask for the same packages and the same bounds."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {
    "torch": "pytorch",
    "dask": "dask-core",
    "ipywidgets-bokeh": "ipywidgets_bokeh",
    "playwright": "playwright-python",
}
"""Where conda-forge calls a package otherwise than pip does."""

SERVERS = {"python", "pip"}
"""What a conda environment names and a Python package does not."""


def wanted(*extras: str, **renamed: str) -> dict[str, SpecifierSet]:
    """Bounds by conda name, from pyproject.toml."""
    names = {**CONDA_NAMES, **renamed}
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    requirements = [Requirement(line) for line in lines]
    return {names.get(r.name, r.name): r.specifier for r in requirements}


def listed(path: str) -> dict[str, str]:
    """Bounds by name as an environment file has them, pip's section among them."""
    found = {}
    for line in yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]:
        for spec in line["pip"] if isinstance(line, dict) else [line]:
            name, _, bounds = re.sub(r"\s+", " ", spec).partition(" ")
            found[name] = bounds
    return found


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("environment.yml", wanted("test")),
        ("binder/environment.yml", wanted(torch="pytorch-cpu")),
    ],
)
def test_conda_and_pip_agree(path, asked):
    found = listed(path)
    assert sorted(set(found) - SERVERS) == sorted(asked)
    assert {name: SpecifierSet(found[name]) for name in asked} == asked


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_python_is_one_the_project_supports(path):
    lowest = re.search(r"[\d.]+", listed(path)["python"]).group()
    assert SpecifierSet(PROJECT["requires-python"]).contains(lowest)


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_everything_comes_from_conda_forge_alone(path):
    assert yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("path", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert os.access(ROOT / path, os.X_OK)
