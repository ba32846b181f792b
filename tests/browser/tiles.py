"""A server of map tiles, all of one colour, that keeps what it was asked."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

COLOR = (200, 30, 170)


@contextmanager
def tile_server() -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    """The address of its tiles, and a list that fills with those asked for: zoom, column, row."""
    file, asked = io.BytesIO(), []
    Image.new("RGB", (256, 256), COLOR).save(file, "PNG")

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(tuple(int(part) for part in self.path.removesuffix(".png").split("/")[1:]))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(file.getvalue())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png", asked
    finally:
        server.shutdown()
        server.server_close()
