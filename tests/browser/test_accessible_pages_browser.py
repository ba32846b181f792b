"""Pages besides the desk itself keep nobody out either: those that verbs write, log-in, welcome, no seat left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests import reports
from tests.browser.axe import barriers, shot
from tests.browser.conftest import address
from tests.browser.driver import PATIENCE
from tests.labelled_patches import encoder_for, quarters, write_patches
from workbench.cli import main
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.pretrain import save_encoder

pytestmark = [pytest.mark.browser, pytest.mark.slow]
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Pages that verbs write, by verb."""
    place = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(place / "cache"))
        yield pages(place)


def pages(place: Path) -> dict[str, Path]:
    """Written by verbs into a folder."""
    scores = reports.compared(place)
    report = place / "report.html"
    assert main(["report", str(scores), "--out", str(report)]) == 0
    cube, truth = simulated_scene(40, 50, seed=2, n_bands=30)
    scene = str(save_cube(cube, place / "scene.npz"))
    write_labels(truth, place / "labels.tif")
    on = [scene, "--truth", str(place / "labels.tif"), "--encoder", "pixel", "--device", "cpu", "--steps", "2", "--pdf"]
    study = ["study", *on, "--fractions", "5,100", "--repeats", "2"]
    assert main([*study, "--out", str(place / "study")]) == 0
    pair = ["pair", scene, "--split-at", "1000", "--encoder", "pixel", "--steps", "10", "--pairs", "64", "--dim", "8"]
    assert main([*pair, "--device", "cpu", "--out", str(place / "pair.safetensors")]) == 0
    explain = ["explain", str(place / "pair.safetensors"), scene, "--split-at", "1000", "--pixels", "256"]
    explain += ["--labels", str(place / "labels.tif"), "--draws", "2", "--budget", "5", "--split", "random", "--pdf"]
    assert main([*explain, "--device", "cpu", "--out", str(place / "explain")]) == 0
    write_patches(place / "toy", quarters(15))
    encoder = encoder_for()
    encoder.scene = {"source": "toy", "fingerprint": "0"}
    save_encoder(encoder, place / "toy.safetensors")
    transfer = ["transfer", str(place / "toy" / "images"), "--masks", str(place / "toy" / "masks"), "--steps", "5"]
    transfer += ["--encoder", str(place / "toy.safetensors"), "--fractions", "10,100", "--repeats", "2", "--pdf"]
    assert main([*transfer, "--device", "cpu", "--random-weights", "--out", str(place / "transfer")]) == 0
    return {
        "report": report,
        "study": place / "study" / "study.html",
        "explain": place / "explain" / "pair.html",
        "transfer": place / "transfer" / "transfer.html",
    }


@pytest.fixture
def page(browser: object) -> Iterator[Page]:
    """An empty page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("verb", ["report", "study", "explain", "transfer"])
@pytest.mark.parametrize("theme", THEMES)
def test_a_page_that_a_verb_writes_keeps_nobody_out(written, page, verb, theme):
    page.emulate_media(color_scheme=theme)
    page.goto(written[verb].as_uri())
    shot(page, f"{verb}-{theme}", whole=True)
    assert not barriers(page), "\n".join(barriers(page))


@pytest.mark.parametrize("verb", ["study", "explain", "transfer"])
def test_its_pdf_is_tagged_and_says_the_same(written, verb):
    page, read = reports.Page(written[verb].read_text(encoding="utf-8")), PdfReader(written[verb].with_suffix(".pdf"))
    assert read.metadata.title == page.root.all("title")[0].text
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    text = reports.squeezed("".join(sheet.extract_text() for sheet in read.pages))
    cells = [cell for table in page.root.all("table") for row in table.rows() for cell in row]
    assert cells
    assert [cell for cell in cells if reports.squeezed(cell) not in text] == []


def test_the_way_in_keeps_nobody_out(tmp_path, browser):
    (tmp_path / "words.json").write_text(json.dumps({"ada": "a long word"}))
    log = tmp_path / "server.log"
    command = [
        sys.executable,
        "-u",
        "-m",
        "workbench.cli",
        "serve",
        "--session",
        str(tmp_path / "session"),
        "--no-show",
    ]
    command += ["--password", str(tmp_path / "words.json"), "--max-pages", "1"]
    found = {}
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            url = address(process, log)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            page = context.new_page()
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                page.goto(url)
                page.get_by_label("Name").fill("ada")
                page.get_by_label("Password").fill("a wrong word")
                page.get_by_role("button", name="Log in").click()
                expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
                shot(page, f"login-{theme}")
                found[f"log in, {theme}"] = barriers(page)
            page.emulate_media(color_scheme="light")
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Password").fill("a long word")
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_text("Open a scene", exact=True)).to_be_visible(timeout=PATIENCE)
            for theme in THEMES:
                page.wait_for_timeout(3000)
                shot(page, f"welcome-{theme}")
                found[f"welcome, {theme}"] = barriers(page)
                page.get_by_label("Toggle theme").click()
            second = context.new_page()
            second.goto(url)
            expect(second.get_by_text("All pages are taken")).to_be_visible(timeout=PATIENCE)
            shot(second, "taken")
            found["no seat left"] = barriers(second)
            context.close()
        finally:
            process.terminate()
            process.wait(20)
    assert not any(found.values()), "\n".join(f"{view}: {one}" for view, all_ in found.items() for one in all_)
