"""Who may come in: this machine alone, or whoever has the password; from which pages; and how many at once."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import panel as pn
from panel.auth import BasicAuthProvider, BasicLoginHandler

from workbench.session.allowed import LOG

WAIT = 1.0
"""Seconds that a wrong password takes."""

LOGIN = Path(__file__).with_name("login.html")


def is_own(address: str) -> bool:
    """Whether only programs of this machine reach `address`.

    Examples
    --------
    >>> is_own("127.0.0.1"), is_own("localhost"), is_own("0.0.0.0"), is_own("::1")
    (True, True, False, True)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def origins(address: str, port: int, named: Sequence[str] = ()) -> list[str]:
    """Hosts whose pages may talk to the desk: those it is reached by, and the `named` ones.

    Raises
    ------
    ValueError
        If any page of the web would do.
    """
    for one in named:
        if "*" in one or "/" in one or not one:
            raise ValueError(f"an origin is a host with or without a port, got {one!r}; for example desk.example.org")
    hosts = [address, "localhost"]
    if not is_own(address) and _is_any(address):
        own = socket.gethostname()
        hosts = ["localhost", "127.0.0.1", own, socket.getfqdn(), *_addresses(own)]
    return [*(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in dict.fromkeys(hosts)), *named]


def _is_any(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False


def _addresses(host: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except OSError:
        return []


def guard(passwords: Mapping[str, str]) -> dict[str, object]:
    """What ``pn.serve`` is told so that it lets in nobody without a password.

    Parameters
    ----------
    passwords : mapping of str to str
        By user; under the empty name one for users of any name.
    """

    class Login(BasicLoginHandler):
        """Panel's, with passwords that are compared in constant time, and a log of those that were wrong."""

        def _validate(self, username: str, password: str) -> bool:
            known = passwords.get(username) or passwords.get("")
            same = hmac.compare_digest(password.encode(), (known or secrets.token_hex()).encode())
            return bool(known) and same and bool(username)

        async def post(self) -> None:
            name = self.get_argument("username", "")
            if not self._validate(name, self.get_argument("password", "")):
                LOG.warning("%s gave a wrong password for %r", self.request.remote_ip, name[:100])
                await asyncio.sleep(WAIT)
            super().post()

    class Guard(BasicAuthProvider):
        """Panel's provider with our login page."""

        @property
        def login_handler(self) -> type[BasicLoginHandler]:
            Login._login_endpoint, Login._login_template = self._login_endpoint, self._login_template
            return Login

    return {"auth_provider": Guard(login_template=str(LOGIN)), "cookie_secret": secrets.token_hex(32)}


class Seats:
    """How many pages are open, of how many.

    Parameters
    ----------
    most : int
        Pages at once.
    """

    def __init__(self, most: int) -> None:
        self.most, self._taken, self._lock = most, 0, threading.Lock()

    def take(self) -> bool:
        """One for the page that is being built, until it is closed; False if there is none left."""
        with self._lock:
            if self._taken >= self.most:
                LOG.warning("a page was refused: all %d are open", self.most)
                return False
            self._taken += 1
        pn.state.on_session_destroyed(self._leave)
        return True

    def _leave(self, _: object) -> None:
        with self._lock:
            self._taken -= 1

    def full(self) -> pn.pane.HTML:
        """What a page shows that found no seat."""
        return pn.pane.HTML(
            f"<main lang='en'><h1>All pages are taken</h1><p>This desk shows {self.most} pages at once. Close one of "
            "them, wait half a minute, and load this page again.</p></main>"
        )


def sorry(reason: str) -> pn.pane.HTML:
    """What a page shows that has no session."""
    return pn.pane.HTML(f"<main lang='en'><h1>There is no session here</h1><p>{escape(reason)}</p></main>")


def user() -> str:
    """Who is logged in on the page that acts now; empty where nobody had to."""
    return pn.state.user or ""


def of_another_host(record: logging.LogRecord) -> bool:
    """What Bokeh says of a page that it keeps out, in our log and words; a filter that lets nothing else through."""
    if str(record.msg).startswith("Refusing websocket connection"):
        LOG.warning("a page from %r was kept out: it is not of this desk", str(record.args[0])[:200])
    return False


def is_no_token(record: logging.LogRecord) -> bool:
    """A filter of Tornado's messages: who comes without a page's token is a line in our log, not a traceback."""
    request = record.args[1] if isinstance(record.args, tuple) and len(record.args) == 2 else None
    if not str(record.msg).startswith("Uncaught exception") or not str(getattr(request, "path", "")).endswith("/ws"):
        return True
    LOG.warning("%r came with a token that is none of a page's", request.remote_ip)
    return False
