"""When a scene was taken, as one form of text: UTC, ISO 8601, to the second."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_IN_NAME = re.compile(r"((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))[tT_]?((?:[01]\d|2[0-3])[0-5]\d[0-5]\d)")


def utc(text: object) -> str:
    """An instant as products write it, in UTC where it names no other zone; nothing where it is none.

    Examples
    --------
    >>> utc("2022-09-03T16:31:29+0000"), utc("2020-06-27T10:23:34.123456"), utc("soon")
    ('2022-09-03T16:31:29Z', '2020-06-27T10:23:34Z', '')
    """
    try:
        when = datetime.fromisoformat(str(text).strip())
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_in_name(name: str) -> str:
    """The date and time in a file's name, or nothing.

    Examples
    --------
    >>> utc_in_name("AV320231008t173943_004_L2A_OE"), utc_in_name("NEON_D02_SERC_DP3_368000_4306000")
    ('2023-10-08T17:39:43Z', '')
    """
    found = _IN_NAME.search(name)
    return utc(f"{found[1]}T{found[2]}") if found else ""
