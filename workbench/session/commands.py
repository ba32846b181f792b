"""What a click may ask of a session: done, or refused in one sentence; never a traceback on the screen."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Callable
from functools import wraps

USERS = (ValueError, OSError, FloatingPointError, ImportError, RuntimeError, LookupError, sqlite3.Error)
"""Errors a user can cause; their text is a sentence already. Others are ours, and are logged with their traceback."""

_SYSTEM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the disk takes no file of this size",
    errno.EACCES: "writing is not permitted",
    errno.EPERM: "writing is not permitted",
    errno.EROFS: "the file system is read-only",
}
_SQLITE = {
    "disk is full": "the disk is full",
    "readonly": "writing is not permitted",
    "unable to open": "the file cannot be opened",
    "disk i/o": "the disk does not take what is written",
    "locked": "another program holds it; close it there",
}


def sentence(error: BaseException) -> str:
    """Say `error` to the user: what, where, and what to do, on one line."""
    if isinstance(error, sqlite3.Error):
        return next((said for key, said in _SQLITE.items() if key in str(error).lower()), str(error))
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        where = f": {error.filename}" if error.filename else ""
        return f"{_SYSTEM[error.errno]}{where}; free space or choose another folder"
    if isinstance(error, OSError) and error.errno and error.filename:
        return f"{(error.strerror or 'failed').lower()}: {error.filename}"
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    return text if isinstance(error, USERS) and text else f"{type(error).__name__}: {text}"


def command(method: Callable[..., None]) -> Callable[..., bool]:
    """Make a session's method a command: True when done, False when refused with the reason in ``message``."""

    @wraps(method)
    def ask(session: object, *args: object, **kwargs: object) -> bool:
        with session.lock:
            session.tell("")
            outer, session.doing = session.doing, method.__name__.replace("_", " ")
            try:
                method(session, *args, **kwargs)
            except Exception as error:
                if not isinstance(error, USERS):
                    logging.getLogger(__name__).exception("%s failed", method.__name__)
                session.refuse(sentence(error))
                return False
            finally:
                session.doing = outer
        return True

    return ask
