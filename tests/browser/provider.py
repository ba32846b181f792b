"""An OAuth 2.0 provider on this machine, which vouches for whoever clicks a name (RFC 6749, section 4.1)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

KEY, SECRET = "desk", "between the two"
NAMES = ("ada", "mallory")


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/authorize":
            words = {name: values[0] for name, values in parse_qs(asked.query).items()}
            assert (words["client_id"], words["response_type"]) == (KEY, "code")
            links = [
                f"<a href='{escape(words['redirect_uri'])}?"
                f"{escape(urlencode({'code': 'code of ' + name, 'state': words['state']}))}'>{name}</a>"
                for name in NAMES
            ]
            self._send("text/html", f"<!DOCTYPE html><html lang=en><title>Who?</title>{' '.join(links)}</html>")
        elif asked.path == "/user":
            token = self.headers["Authorization"].removeprefix("Bearer ")
            self._send("application/json", json.dumps({"email": f"{token.removeprefix('token of ')}@example.org"}))
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        words = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if (words["client_id"], words["client_secret"], words["grant_type"]) != (
            [KEY],
            [SECRET],
            ["authorization_code"],
        ):
            self.send_error(401)
            return
        name = words["code"][0].removeprefix("code of ")
        self._send("application/json", json.dumps({"access_token": f"token of {name}", "token_type": "bearer"}))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def provider() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
