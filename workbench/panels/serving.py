"""The desk on a server: where it listens, whom it lets in, and what it says of those it refuses."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Mapping, Sequence

import panel as pn
from tornado.websocket import WebSocketClosedError

from workbench.panels.app import TITLE, app
from workbench.panels.assets import install_widget_assets
from workbench.panels.base_maps import offered
from workbench.panels.doors import Seats, guard, is_no_token, is_own, of_another_host, origins, sorry, user
from workbench.panels.menu import read_menu
from workbench.panels.oauth import OAuth, guard_by_oauth
from workbench.session import Session, Sessions
from workbench.session.allowed import LOG
from workbench.session.who import user_of_this_process

TURN = 0.0005
"""Seconds that Python lets a thread go on while another waits, a tenth of the usual: the class map's thread, which asks
for its turn a hundred times a fit, is not to wait for what pages draw meanwhile."""

MOST_PAGES = 32
"""Pages at once, unless told otherwise."""


def serve(
    sessions: Session | Sessions,
    *,
    port: int = 0,
    address: str = "127.0.0.1",
    show: bool = True,
    known: Mapping[str, str] | OAuth | None = None,
    pages_of: Sequence[str] = (),
    most_pages: int = MOST_PAGES,
    tiles: str = "",
) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    sessions : Session or Sessions
        What every page shows; of several, a page shows the one that its address names (``?session=NAME``), where
        people log in that of its user, else the one named ``session``.
    port : int
        0 for any free one.
    address : str
        What to listen on; the default is this machine only.
    show : bool
        Whether to open a browser.
    known : mapping of str to str, or OAuth, optional
        Passwords by user, under the empty name one for users of any name; or who vouches for which users. Without,
        nobody is asked.
    pages_of : sequence of str
        Hosts, besides the address, whose pages may talk to the desk: the name that a proxy gives it.
    most_pages : int
        Pages that may be open at once.
    tiles : str
        Address of tiles for a base map of one's own, with {z}, {x} and {y} in it.

    Raises
    ------
    ValueError
        If others could reach the address and nobody is asked who they are, or `tiles` is no address of tiles.
    OSError
        If the port is in use.
    """
    if not is_own(address) and not known:
        raise ValueError(f"others can reach a desk at {address}, so that it needs a password; give --password FILE")
    offered(tiles)
    install_widget_assets()
    _log()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
        except OSError as error:
            raise OSError(
                f"port {port} at {address} is not free ({error.strerror}); choose another with --port"
            ) from error
        port = probe.getsockname()[1]
    doors = {}
    if known:
        doors = guard_by_oauth(known) if isinstance(known, OAuth) else guard(known)
    seats = Seats(most_pages)
    sys.setswitchinterval(TURN)
    threading.Thread(target=read_menu, name="menu", daemon=True).start()  # ready when the first page asks
    pn.serve(
        lambda: _page(sessions, tiles) if seats.take() else seats.full(),
        port=port, address=address, show=show, title=TITLE, verbose=True,
        websocket_origin=origins(address, port, pages_of), **doors,
    )  # fmt: skip


def _page(sessions: Session | Sessions, tiles: str) -> object:
    """What a page shows: its session, or why there is none."""
    if isinstance(sessions, Session):
        session = sessions
    else:
        name = session_named(pn.state.session_args, user())
        try:
            session = sessions.enter(name)
        except (ValueError, RuntimeError, OSError) as error:
            LOG.warning("%r asked for the session %r: %s", user(), name[:100], error)
            return sorry(str(error))
        pn.state.on_session_destroyed(lambda _: sessions.leave(name))
    session.who = lambda: user() or user_of_this_process()
    return app(session, tiles)


def session_named(asked: Mapping[str, Sequence[bytes]], logged_in: str) -> str:
    """Whose session a page shows: a user's own, or where nobody logs in, the one that the address names.

    Examples
    --------
    >>> session_named({"session": [b"north"]}, ""), session_named({}, ""), session_named({"session": [b"ada"]}, "bob")
    ('north', 'session', 'bob')
    """
    named = asked.get("session", [b"session"])[0].decode("utf-8", "replace")
    return logged_in or named


def _log() -> None:
    """Tell of refusals on standard error, and of nothing that is no news."""
    logging.getLogger("asyncio").addFilter(_is_news)
    sockets = logging.getLogger("bokeh.server.views.ws")
    sockets.setLevel(logging.ERROR)
    sockets.addFilter(of_another_host)
    logging.getLogger("tornado.application").addFilter(is_no_token)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s refused: %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    LOG.addHandler(handler)
    LOG.propagate = False


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a log record tells more than that a tab was closed while something was on its way to it."""
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketClosedError))
