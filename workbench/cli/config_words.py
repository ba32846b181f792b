"""From a value of a config file to words as on a command line, by the kind of its argument; wrong kinds are refused."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.config_file import Setting

NUMBERS = {"int": "a whole number", "float": "a number"}
PAIR = "tuple[str, str]"
CALLED = {bool: "true or false", int: "number", float: "number", str: "text", list: "list", dict: "table"}


def in_words(action: argparse.Action, setting: Setting, folder: Path) -> str | list[str] | bool:
    """What would be typed for an argument: a word, a list of words where it may be repeated, or whether it is.

    Parameters
    ----------
    action : argparse.Action
        The argument.
    setting : Setting
        Its value.
    folder : Path
        Where relative paths begin.

    Raises
    ------
    ValueError
        If the value is of another kind than the argument.
    """
    value, kind = setting.value, kind_of(action)
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise ValueError(_wrong("true or false", value))
        return value
    if setting.spoken:
        return value
    if isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+"):
        if isinstance(value, dict) and kind == PAIR:
            value = list(value.items())
        return [_word(action, kind, one, folder) for one in (value if isinstance(value, list) else [value])]
    if not kind.startswith("list["):
        return _word(action, kind, value, folder)
    kind = kind.removeprefix("list[").removesuffix("]")
    parts = value.split(",") if isinstance(value, str) and kind not in NUMBERS else value
    words = [_word(action, kind, one, folder) for one in (parts if isinstance(parts, list) else [parts])]
    if several := [word for word in words if "," in word]:
        raise ValueError(f"commas are between names, got {several[0]!r} as one; rename it")
    return ",".join(words)


def kind_of(action: argparse.Action) -> str:
    """What an argument's text is turned into: ``int``, ``list[str]``, ``Path | Address`` …

    Examples
    --------
    >>> from workbench.cli.arguments import counts
    >>> kind_of(argparse.ArgumentParser().add_argument("--budgets", type=counts))
    'list[int]'
    """
    if action.type is None:
        return "str"
    return action.type.__name__ if isinstance(action.type, type) else action.type.__annotations__["return"]


def _word(action: argparse.Action, kind: str, value: object, folder: Path) -> str:
    if kind in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int if kind == "int" else int | float):
            raise ValueError(_wrong(NUMBERS[kind], value))
        return str(value)
    if kind == PAIR and isinstance(value, list | tuple) and len(value) == 2:
        if not all(isinstance(part, str) for part in value):
            raise ValueError(_wrong("a name with a text", list(value)))
        return "=".join(value)
    if not isinstance(value, str):
        raise ValueError(_wrong("a text" if action.type else "a text or a name", value))
    return _placed(action, kind, value, folder)


def _placed(action: argparse.Action, kind: str, text: str, folder: Path) -> str:
    """A text; a relative path as one from `folder`."""
    if kind == "LogPlace":  # KIND:DIR
        before, colon, path = text.partition(":")
    elif "TorchgeoPlace" in kind and text.startswith("torchgeo:"):  # torchgeo:NAME@DIR
        before, colon, path = text.partition("@")
    else:
        before, colon, path = "", "", text
    if not colon and (("Path" not in kind) or ("Address" in kind and text.lower().startswith("scene:"))):
        return text
    if "://" in path or not path:
        return text
    inside = folder / Path(path).expanduser()
    if "str" in kind.split(" | ") and not inside.exists() and isinstance(action.type(text), str):
        return text  # a name
    return f"{before}{colon}{inside}"


def _wrong(wanted: str, value: object) -> str:
    called = CALLED.get(type(value), type(value).__name__)
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    got = shown if isinstance(value, bool) else f"the {called} {shown if len(shown) < 60 else shown[:60] + '…'}"
    return f"{wanted} is needed, got {got}"
