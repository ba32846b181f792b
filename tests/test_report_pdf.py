"""The report as a PDF: another reader finds in it what the page says; a browser that fails leaves nothing behind."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pypdf
import pytest

from tests.reports import NAMES, Page, compared, squeezed
from workbench.cli import main
from workbench.compare.report import pdf, print_page

PAGE = "<!DOCTYPE html><html lang='en'><head><title>Räume</title></head><body><p>One</p></body></html>"


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    return compared(tmp_path_factory.mktemp("kept"), "spectral_angle", "--budgets 3 --split blocks")


@pytest.mark.browser
def test_another_reader_finds_what_the_page_says(kept, tmp_path, capfd):
    html, out = tmp_path / "r.html", tmp_path / "r.PDF"
    assert main(["report", str(kept), "--out", str(html), "--json"]) == 0
    capfd.readouterr()
    item = tmp_path / "item.json"
    assert main(["report", str(kept), "--out", str(out), "--stac", str(item), "--json"]) == 0
    said = capfd.readouterr()
    assert "dbus" not in said.err
    assert Path(json.loads(said.out)["report"]) == out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["item.json", "r.PDF", "r.html", "r.run.json"]
    assert str(out) in json.loads((tmp_path / "r.run.json").read_text())["command"]

    asset = json.loads(item.read_text())["assets"]["report"]
    assert (asset["href"], asset["type"]) == ("r.PDF", "application/pdf")
    page, read = Page(html.read_text(encoding="utf-8")), pypdf.PdfReader(out)
    title = page.root.all("title")[0].text
    assert read.metadata.title == title
    assert read.trailer["/Root"]["/Lang"] == "en"
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]  # for those who have it read to them
    assert [round(side / 72 * 25.4) for side in read.pages[0].mediabox[2:]] == [210, 297]
    texts = [page.extract_text() for page in read.pages]
    assert len(texts) > 1
    assert all(squeezed(f"{number} / {len(texts)}") in squeezed(text) for number, text in enumerate(texts, 1))
    text = squeezed("".join(texts))
    assert "file:" not in text
    parts = page.root.all("section")
    headings = [part.all("h2")[0].text for part in parts]
    cells = [cell for part in parts for table in part.all("table") for row in table.rows() for cell in row]
    assert len(cells) > 60
    seen = [cell.removesuffix(" in the map") for cell in cells]  # which is for those who hear it
    assert [one for one in (*headings, *seen, *NAMES) if squeezed(one) not in text] == []
    assert {one.title for one in flat(read.outline)} >= {*headings}
    numbers = {cell for cell in cells if re.fullmatch(r"[\d.,]+", cell)}
    assert len(numbers) > 40
    assert [number for number in numbers if number not in "\n".join(texts)] == []  # none is broken in two
    pictures = len(page.root.all("img")) + len(page.root.all("image"))
    assert sum(len(sheet.images) for sheet in read.pages) == pictures > 3


def flat(outline: list) -> list:
    return [one for item in outline for one in (flat(item) if isinstance(item, list) else [item])]


@pytest.mark.browser
def test_a_page_that_the_browser_may_not_read_is_not_taken_for_one(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "as_uri", lambda path: f"file://{tmp_path}/elsewhere.html")
    with pytest.raises(RuntimeError, match="printed that it may not read the page"):
        print_page(PAGE, tmp_path / "r.pdf")
    assert list(tmp_path.iterdir()) == []


def test_without_a_browser_it_is_refused_before_any_work(kept, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("WORKBENCH_BROWSER", raising=False)
    monkeypatch.setattr(pdf, "PLACES", ())
    monkeypatch.setattr("workbench.cli.reporting.encoders_for", None)
    assert main(["report", str(kept), "--out", str(tmp_path / "r.pdf")]) == 2
    said = capsys.readouterr().err
    assert "a PDF is printed by Chromium, Chrome or Edge, and none of them is found; install one" in said
    for line in (
        f"study {kept}/../scene.zarr --truth {kept}/../truth.tif",
        f"transfer {tmp_path} --masks {tmp_path} --encoder e.safetensors",
        f"explain e.safetensors {kept}/../scene.zarr --split-at 900",
    ):
        assert main([*line.split(), "--pdf", "--out", str(tmp_path)]) == 2
        assert capsys.readouterr().err.split(": ", 1)[1] == said.split(": ", 1)[1]
    monkeypatch.setenv("WORKBENCH_BROWSER", f"{tmp_path}/none --flag")
    assert main(["report", str(kept), "--out", str(tmp_path / "r.pdf")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"WORKBENCH_BROWSER names a program that prints, got '{tmp_path}/none --flag'; name one" in said
    assert list(tmp_path.iterdir()) == []


BROKEN = {
    "fails": (
        "echo '[1:2:0101/0.1:ERROR:z.cc(9)] No sandbox!' >&2; echo '[1:2:0101/0.1:ERROR:dbus/bus.cc:4] No bus' >&2",
        "printed nothing .No sandbox!.;",
    ),
    "half": ('echo "%PDF-1.4 and no more" > "$OUT"', "printed half a file .it said nothing.; name another"),
    "hangs": ('echo "%PDF-1.4" > "$OUT"; sleep 600 & echo $! > "$PID"; wait', "has printed nothing in 1 s and was"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_browser_that_fails_leaves_the_older_file(how, tmp_path, monkeypatch):
    does, message = BROKEN[how]
    (tmp_path / "bin").mkdir()
    browser, pid = tmp_path / "bin" / "a browser", tmp_path / "bin" / "pid"
    browser.write_text(
        f'#!/bin/sh\nPID="{pid}"\nfor word; do case $word in --print-to-pdf=*) OUT=${{word#*=}};; esac; done\n{does}\n'
    )
    browser.chmod(stat.S_IRWXU)
    monkeypatch.setenv("WORKBENCH_BROWSER", str(browser))
    monkeypatch.setattr(pdf, "PATIENCE", 1)
    (tmp_path / "out").mkdir()
    older = tmp_path / "out" / "r.pdf"
    older.write_text("older")
    with pytest.raises(RuntimeError, match=message):
        print_page(PAGE, older)
    assert [path.name for path in older.parent.iterdir()] == ["r.pdf"]
    assert older.read_text() == "older"
    if how == "hangs":
        state = Path(f"/proc/{pid.read_text().strip()}/stat")
        assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"
