"""How JupyterLab, JupyterHub and Binder find the dashboard: an entry point of jupyter-server-proxy.

The dashboard listens on loopback only and is reached through the Jupyter server, which checks who asks. The proxy
hands on requests as if they came from loopback itself, so that the dashboard accepts its own page's WebSocket and
still refuses a stranger's: no wildcard origin is needed, whatever the hub's public address is.
"""

from __future__ import annotations

import sys


def server() -> dict[str, object]:
    """What to start, and how to reach it at ``<jupyter server>/workbench/``."""
    return {
        "command": [sys.executable, "-m", "workbench.cli", "demo", "--no-show", "--port", "{port}"],
        "timeout": 120,  # seconds until the first answer: a Binder core takes its time over the first import
        "request_headers_override": {"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:{port}"},
        "launcher_entry": {"title": "Hyperspectral workbench", "category": "Notebook"},
        "new_browser_tab": True,
    }
