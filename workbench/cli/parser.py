"""The parser of every verb: it refuses in one line, and takes from a config file what the command line leaves out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from workbench.cli.config_file import Setting, read_settings
from workbench.cli.config_words import in_words
from workbench.cli.refusals import in_one_line

HELP = """\
read arguments from a TOML or JSON file: options by their long names (steps = 500, budgets = [5, 20], no_maps = true),
arguments without a flag by theirs (scene = "a.hdr"), for every verb that has them or in a table a verb ([pretrain]),
which goes before; or from a result's .run.json, whose command is taken. What the command line says goes before FILE.
Relative paths begin at the folder of FILE
"""


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses in one line, and reads config files."""

    def __init__(self, **options: object) -> None:
        # No abbreviations: a script that says --out must not change meaning when --outline comes.
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the help is; exit with 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Arguments of `args`, then of the file that --config names, then as usual."""
        files = _named(args) if any(action.dest == "config" for action in self._actions) else []
        if not files or {"-h", "--help"} & set(args):
            return super().parse_known_args(args, namespace)
        if len(files) > 1:
            self.error(f"one --config is read, got {len(files)}; write them as one file")
        file = Path(files[0]).expanduser()
        from workbench.cli.program import verbs_of

        try:
            told = read_settings(file, self.prog.rpartition(" ")[2], verbs_of())
        except (OSError, ValueError) as error:
            self.error(in_one_line(error))
        return self._over(file, told, args, namespace)

    def _over(
        self, file: Path, told: dict[str, Setting], args: Sequence[str], namespace: argparse.Namespace | None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The command line's arguments over those that `file` has told."""
        actions = {action.dest: action for action in self._actions if action.dest in told}
        usual = [(action, action.default, action.required, action.nargs) for action in actions.values()]
        for action in actions.values():  # a mark of its own for each, which stays where the command line says nothing
            action.default = [] if isinstance(action, argparse._AppendAction) else object()
            action.required = False
            if not action.option_strings:
                action.nargs = {None: "?", "+": "*"}.get(action.nargs, action.nargs)
        left = {name: action.default for name, action in actions.items()}
        try:
            found, more = super().parse_known_args(args, namespace)
        finally:
            for action, default, required, nargs in usual:
                action.default, action.required, action.nargs = default, required, nargs
        del found.config
        silent = {name for name, mark in left.items() if getattr(found, name) is mark}
        for name in silent:
            others = self._excluded_by(name)
            if both := sorted(others & set(told)):
                self.error(f"{file}, {told[name].where}: not allowed with {told[both[0]].where}; keep one of the two")
            is_said = any(getattr(found, other) != self.get_default(other) for other in others)
            value = actions[name].default if is_said else self._told(file, actions[name], told[name])
            setattr(found, name, value)
        return found, more

    def _excluded_by(self, name: str) -> set[str]:
        """Arguments that may not be given with `name`."""
        groups = [{action.dest for action in group._group_actions} for group in self._mutually_exclusive_groups]
        return {other for group in groups if name in group for other in group} - {name}

    def _told(self, file: Path, action: argparse.Action, setting: Setting) -> object:
        """What `file` says of an argument, refused as on a command line."""
        try:
            words = in_words(action, setting, file.parent.resolve())
            if isinstance(words, bool):
                return words
            return (
                [_converted(action, word) for word in words] if isinstance(words, list) else _converted(action, words)
            )
        except (argparse.ArgumentTypeError, ValueError) as error:
            self.error(f"{file}, {setting.where}: {error}")


def takes_config(verb: argparse.ArgumentParser) -> None:
    """Add --config."""
    verb.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=HELP)


def _named(args: Sequence[str]) -> list[str]:
    """Files that --config names."""
    peek = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    peek.add_argument("--config", action="append", default=[], nargs="?")
    return [name for name in peek.parse_known_args(args)[0].config if name is not None]


def _converted(action: argparse.Action, word: str) -> object:
    value = action.type(word) if action.type else word
    if action.choices is not None and value not in action.choices:
        raise ValueError(f"one of {', '.join(map(str, action.choices))} is needed, got {word!r}")
    return value
