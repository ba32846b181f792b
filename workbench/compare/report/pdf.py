"""A page of ours as a PDF, printed by a browser that is on the machine: without a window and without the network."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from workbench.files import replacing

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
"""Programs that print, as they are called."""

PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
"""Where they are installed and not on the PATH."""

PATIENCE = 120
"""Seconds that a browser has."""

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the page needs nothing from anywhere
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)

PAPER = """\
<style>@page { size: A4; margin: 15mm 14mm 18mm;
  @bottom-center { content: counter(page) " / " counter(pages); font: 9pt sans-serif; } }</style>
"""

REMEDY = "name another in WORKBENCH_BROWSER, with its flags, or write a page (.html) and print that"


def find_browser() -> list[str]:
    """Words that start a browser which prints: that of the variable WORKBENCH_BROWSER, or the first that is found.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    if named := os.environ.get("WORKBENCH_BROWSER"):
        words = [named] if shutil.which(named) else shlex.split(named)
        if found := shutil.which(words[0]):
            return [found, *words[1:]]
        raise FileNotFoundError(f"WORKBENCH_BROWSER names a program that prints, got {named!r}; name one that is there")
    found = next(filter(None, map(shutil.which, (*BROWSERS, *PLACES))), None)
    if found is None:
        raise FileNotFoundError(
            "a PDF is printed by Chromium, Chrome or Edge, and none of them is found; install one, name its program "
            "in WORKBENCH_BROWSER, or write a page (.html) and print that"
        )
    return [found]


def print_page(page: str, path: Path) -> None:
    """Write a page of ours as a PDF on A4, pages counted, tagged and with an outline; whole or not at all.

    Parameters
    ----------
    page : str
        HTML that needs nothing beside itself.
    path : Path
        The PDF; replaced in one step.

    Raises
    ------
    FileNotFoundError
        If there is no browser.
    RuntimeError
        If it prints nothing, or not in time. The message has its last words.
    """
    words = find_browser()
    with replacing(path) as draft, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        source = draft.absolute().with_suffix(".html")
        try:
            source.write_text(page.replace("</head>", f"{PAPER}</head>", 1), encoding="utf-8")
            own = [*FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={draft.absolute()}", source.as_uri()]
            # Chromium does not run as root in its sandbox; the page is ours, with no script in it.
            said = _run([*words, *(["--no-sandbox"] if _is_root() else []), *own])
            if trouble := _trouble(draft):
                raise RuntimeError(f"{Path(words[0]).name} printed {trouble} ({_last(said)}); {REMEDY}")
        finally:
            source.unlink(missing_ok=True)


def _is_root() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


def _run(words: list[str]) -> str:
    """What a program says on standard error; it and all that it started are ended if it takes too long."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired as error:
        name = Path(words[0]).name
        raise RuntimeError(f"{name} has printed nothing in {PATIENCE} s and was ended; {REMEDY}") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
            process.communicate()


def _trouble(pdf: Path) -> str:
    """What is wrong with a PDF, or nothing."""
    content = pdf.read_bytes() if pdf.is_file() else b""
    if not (content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")):
        return "half a file" if content else "nothing"
    # Where a browser may not read the page, it prints that it may not, under the page's address.
    return "that it may not read the page" if b"/Title (file:" in content else ""


def _last(said: str) -> str:
    """The last line of what a browser said that is no matter of the desktop's bus."""
    lines = [line for line in said.splitlines() if line.strip() and "dbus/" not in line]
    return re.sub(r"^\[[\d:/.]+:\w+:[^\]]*\]\s*", "", lines[-1])[:200] if lines else "it said nothing"
