"""The page that holds this workbench against its neighbours loses no line, and every file it names is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "notebooks" / "peers.md").read_text(encoding="utf-8")
LIST = json.loads((ROOT / "notebooks" / "peers.json").read_text(encoding="utf-8"))
FEATURES, ASKED = 62, 15
"""Lines of features that neighbours have, and of those found in none."""


def lines() -> list[dict[str, str]]:
    """The page's tables: a dict a line, with the heading it stands under."""
    found, part = [], ""
    for line in PAGE.splitlines():
        part = line.removeprefix("## ") if line.startswith("## ") else part
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "feature":
            assert len(cells) == 5, line
            found.append({"part": part, **dict(zip(("feature", "here", "what", "shown", "found"), cells, strict=True))})
    return found


def test_every_row_of_the_list_is_a_line_of_the_page_and_no_other():
    told = [{name: line[name] for name in ("part", "feature", "here", "what", "found")} for line in lines()]
    wanted = [
        {
            **{name: row[name] for name in ("part", "feature", "what")},
            "here": f"**{row['here']}**",
            "found": ", ".join(row["found_in"]) or "–",
        }
        for row in LIST
    ]
    assert told == wanted
    assert len(wanted) == FEATURES + ASKED
    assert len({row["feature"] for row in LIST}) == len(LIST)


def test_every_line_leads_to_its_tests():
    for line, row in zip(lines(), LIST, strict=True):
        assert re.findall(r"\]\(\.\./(.+?)\)", line["shown"]) == row["shown_by"], row["feature"]


@pytest.mark.parametrize("row", LIST, ids=lambda row: row["feature"])
def test_what_is_told_is_shown_and_what_is_missing_is_said(row):
    assert [path for path in row["shown_by"] if not (ROOT / path).is_file()] == []
    assert row["here"] in ("yes", "partly", "no")
    if row["here"] == "yes":
        assert row["shown_by"]
    else:
        assert re.search(r"missing: \w", row["what"])


def test_the_page_counts_itself():
    here = [[row["here"] for row in LIST[:FEATURES]], [row["here"] for row in LIST[FEATURES:]]]
    yes, partly, no = (here[0].count(word) for word in ("yes", "partly", "no"))
    flat = " ".join(PAGE.split())
    assert f"Of {FEATURES} features {yes} are here, {partly} partly, {no} not." in flat
    yes, partly, no = (here[1].count(word) for word in ("yes", "partly", "no"))
    are = "are" if yes > 1 else "is"
    assert f"{yes or 'none'} {are} here whole, {partly} are partly, {no or 'none'} is not." in flat


def test_what_neighbours_are_called_is_said_above():
    above = PAGE.split("\n## ", 1)[0]
    names = {part for row in LIST for name in row["found_in"] for part in name.split(", ")}
    assert {name for name in names if name.split()[0] not in above} == set()


def test_the_readme_leads_to_the_page():
    assert "(notebooks/peers.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
