"""Requests as an attacker writes them: byte by byte, without what a browser would put right."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager

from bokeh.util.token import generate_jwt_token, generate_session_id

from tests.browser.driver import PATIENCE


@contextmanager
def ask(
    url: str, path: str, method: str = "GET", content: str = "", **headers: str
) -> Iterator[http.client.HTTPResponse]:
    """An answer to exactly this path."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=PATIENCE / 1000)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host, "Content-Length": str(len(content)), **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(content.encode())
    with closing(connection), connection.getresponse() as answer:
        yield answer


def read(url: str, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    with ask(url, path) as answer:
        return answer.status, answer.read().decode(errors="replace")


def knock(url: str, origin: str, cookie: str = "", token: str = "") -> str:
    """Try to talk to the desk as its page does: ``let in``, or how one was kept out."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    upgrade |= {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": origin, "Cookie": cookie}
    token = token or generate_jwt_token(generate_session_id())
    with ask(url, "/ws", **upgrade, Sec_WebSocket_Protocol=f"bokeh, {token}") as answer:
        if answer.status != 101:
            return str(answer.status)
        first = answer.fp.read(1)
    return "let in" if first and first[0] & 15 == 1 else "closed"
