"""A config file: options of verbs, written down beforehand as TOML or JSON, or the record of a verb that was done."""

from __future__ import annotations

import argparse
import difflib
import json
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

MOST = 4 * 2**20
"""Bytes of a config file that are read."""


@dataclass(frozen=True)
class Setting:
    """A value of a config file."""

    value: object
    """As TOML or JSON has it, or the words of a command."""

    where: str
    """Its name, with its table."""

    spoken: bool = False
    """Whether it is from a command, with paths in full."""


def read_settings(file: Path, verb: str, verbs: Mapping[str, argparse.ArgumentParser]) -> dict[str, Setting]:
    """What a config file says to a verb, by argument.

    Parameters
    ----------
    file : Path
        TOML or JSON: options by their names, for all verbs that have them or in a table a verb, which goes before; or
        the ``.run.json`` of a result, whose command is taken.
    verb : str
        The verb that asks.
    verbs : mapping of str to argparse.ArgumentParser
        Every verb.

    Returns
    -------
    dict of str to Setting
        Those that are null are left out.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is too large, no TOML or JSON, or names an option or a verb that there is not.
    """
    content = read_config(file)
    if "verb" in content and isinstance(content.get("command"), str):
        return _of_record(file, content["command"], verb, verbs)
    own = names_of(verbs[verb])
    tables = {
        name: table
        for name, table in content.items()
        if isinstance(table, dict) and (name in verbs or _plain(name) not in own)
    }
    for name in tables:
        if name not in verbs:
            raise ValueError(f"{file} has a table [{name}], but no verb is called that; {_nearest(name, verbs)}")
    elsewhere = {name for table in tables for name in names_of(verbs[table])}
    shared = {name: value for name, value in content.items() if name not in tables}
    needed = {name: value for name, value in shared.items() if _plain(name) in own or _plain(name) not in elsewhere}
    found = _by_argument(file, verb, own, needed, "")
    return found | _by_argument(file, verb, own, tables.get(verb, {}), f"[{verb}] ")


def read_config(file: Path) -> dict[str, object]:
    """The content of a file of TOML or JSON, whichever its ending or its first sign says."""
    with file.open("rb") as opened:
        content = opened.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError(f"a config file has up to {MOST // 2**20} MiB, but {file} has more; name a file of options")
    is_json = file.suffix.lower() == ".json" or (file.suffix.lower() != ".toml" and content.lstrip()[:1] == b"{")
    kind, read = ("JSON", _read_json) if is_json else ("TOML", tomllib.loads)
    try:
        found = read(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a config file is TOML or JSON, but {file} is not {kind} ({error}); correct it") from error
    if not isinstance(found, dict):
        raise ValueError(f"a config file has options by their names, but {file} has a {type(found).__name__}")
    return found


def _read_json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON, which by itself would keep the last of two values and say nothing."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def names_of(verb: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Arguments of a verb by what they are called in a file: the long name, ``_`` for ``-``; where other, the record's.

    Examples
    --------
    >>> verb = argparse.ArgumentParser()
    >>> _ = verb.add_argument("--no-show", action="store_true"), verb.add_argument("--option", dest="options")
    >>> list(names_of(verb))
    ['no_show', 'option', 'options']
    """
    found = {}
    for action in verb._actions:
        if action.dest not in ("help", "config"):
            long = [_plain(flag.lstrip("-")) for flag in action.option_strings if flag.startswith("--")]
            found |= dict.fromkeys([*long, action.dest], action)
    return found


def _by_argument(
    file: Path, verb: str, own: dict[str, argparse.Action], given: dict[str, object], table: str
) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for name, value in given.items():
        where = f"{table}{name}"
        if (action := own.get(_plain(name))) is None:
            raise ValueError(f"{file}, {where}: workbench {verb} has no option {name!r}; {_nearest(_plain(name), own)}")
        if action.dest in found:
            raise ValueError(f"{file}, {where}: it is there as {found[action.dest].where}, too; keep one of the two")
        if value is not None:
            found[action.dest] = Setting(value, where)
    return found


def _of_record(file: Path, command: str, verb: str, verbs: Mapping[str, argparse.ArgumentParser]) -> dict[str, Setting]:
    """The words of a record's command, by argument, looked at no further."""
    words = shlex.split(command)
    if words[:1] != ["workbench"] or words[1:2] != [verb]:
        of = " ".join(words[:2]) or "nothing"
        raise ValueError(f"a record repeats its own verb, but {file} is of {of}, not of workbench {verb}")
    reader = verbs[verb]
    reader.error = _refused
    for action in reader._actions:
        action.type = action.choices = None
        action.default, action.required = argparse.SUPPRESS, False
    try:
        given = vars(reader.parse_args(words[2:]))
    except ValueError as error:
        raise ValueError(f"the command in {file} is none of workbench {verb}: {error}") from error
    arguments = {action.dest for action in names_of(reader).values()}
    return {name: Setting(value, name, spoken=True) for name, value in given.items() if name in arguments}


def _refused(message: str) -> NoReturn:
    raise ValueError(message)


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _nearest(name: str, known: Iterable[str]) -> str:
    """What was probably meant."""
    return f"the nearest is {difflib.get_close_matches(name, list(known), n=1, cutoff=0)[0]}"
