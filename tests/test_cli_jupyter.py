"""The dashboard behind a Jupyter server, as on Binder and JupyterHub: its page, its files and its WebSocket."""

from __future__ import annotations

import asyncio
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from workbench.cli.jupyter import server

BASE = "/user/someone/"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Jupyter server under a hub's kind of prefix, with nothing but the installed entry point."""
    folder = tmp_path_factory.mktemp("jupyter")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    homes = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    options = [f"--port={port}", f"--ServerApp.base_url={BASE}", "--IdentityProvider.token=secret"]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", *options]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **homes}, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}{BASE}"
    try:
        wait_for(f"{address}api?token=secret", folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def wait_for(url: str, log: Path, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.3)
        else:
            return


@pytest.fixture(scope="module")
def visit(jupyter: str) -> tuple[str, str, str]:
    """Address of the dashboard, its page, and the cookies of somebody who is logged in."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{jupyter}workbench/?token=secret", timeout=180) as answer:
        page = answer.read().decode()
    return f"{jupyter}workbench/", page, "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def test_the_page_is_the_dashboard(visit):
    assert "<title>Hyperspectral workbench</title>" in visit[1]


def test_every_file_it_names_comes_through_the_proxy(visit):
    address, page, cookies = visit
    files = sorted(set(re.findall(r'<(?:script|link)[^>]+(?:src|href)="(?!data:)([^"]+)"', page)) - {""})
    assert files
    assert not [file for file in files if re.match(r"https?:|//|/", file)], "only relative addresses survive a prefix"
    for file in files:
        request = urllib.request.Request(address + file, headers={"Cookie": cookies})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


async def first_word(visit: tuple[str, str, str], origin: str) -> str:
    """What the dashboard says first to a page from `origin` with the cookies of somebody logged in."""
    address, page, cookies = visit
    token = re.search(r'"token":"([^"]+)"', page)[1]
    headers = {"Origin": origin, "Cookie": cookies}
    request = HTTPRequest(address.replace("http", "ws", 1) + "ws", headers=headers)
    connection = await websocket_connect(request, subprotocols=["bokeh", token])
    said = await connection.read_message()
    connection.close()
    while await connection.read_message() is not None:
        continue
    return said


def test_its_own_page_may_talk_to_it(visit):
    assert '"ACK"' in asyncio.run(first_word(visit, visit[0].split(BASE)[0]))


def test_a_strangers_page_may_not(visit):
    with pytest.raises(HTTPClientError, match="403"):
        asyncio.run(first_word(visit, "http://elsewhere.example"))


def test_nobody_gets_in_without_the_login(jupyter):
    with urllib.request.urlopen(f"{jupyter}workbench/", timeout=30) as answer:
        assert "/login" in answer.url


def test_the_launcher_has_a_tile():
    assert server()["launcher_entry"]["title"] == "Hyperspectral workbench"
    assert "{port}" in server()["command"]
