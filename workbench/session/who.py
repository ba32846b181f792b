"""Who is at the desk, as far as one can tell."""

from __future__ import annotations

import getpass


def user_of_this_process() -> str:
    """Who runs this program; empty where the system does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
