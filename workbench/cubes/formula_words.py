"""What a formula of bands is made of, and what it comes to.

It is read into Python's syntax tree, of which a few kinds of nodes are understood and worked out here. Nothing is ever
evaluated as Python: any other node is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

LONGEST = 300
"""Most letters of a formula."""

LARGEST = 1e100
"""No number of a formula is as large."""

FUNCTIONS: dict[str, tuple[Callable, int, int]] = {
    "sqrt": (np.sqrt, 1, 1),
    "log": (np.log, 1, 1),
    "log10": (np.log10, 1, 1),
    "exp": (np.exp, 1, 1),
    "abs": (np.abs, 1, 1),
    "min": (lambda *values: np.minimum.reduce(np.broadcast_arrays(*values)), 2, 9),
    "max": (lambda *values: np.maximum.reduce(np.broadcast_arrays(*values)), 2, 9),
}
"""By name: the function, and how many values it takes at least and at most."""

_OPERATORS = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}
_BAND = re.compile(r"[rRbB]\d{1,6}")
_EXAMPLE = "for example (R860 - R650) / (R860 + R650)"


def parsed(formula: str) -> ast.expr:
    """The formula's syntax tree, of nothing but what is understood."""
    if len(formula) > LONGEST:
        raise ValueError(f"a formula has at most {LONGEST} letters, got {len(formula)}; shorten it")
    if not formula.strip():
        raise ValueError(f"a formula names bands, got an empty one; {_EXAMPLE}")
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = f" at letter {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ValueError(f"{formula.strip()[:80]!r} is no formula{at}; write one of bands, {_EXAMPLE}") from error
    _check(tree)
    if not names_in(tree):
        raise ValueError(f"a formula names at least one band, got {formula.strip()[:80]!r}; {_EXAMPLE}")
    return tree


def names_in(tree: ast.AST) -> list[str]:
    """Bands as they are named, in their order, each once."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    return list(dict.fromkeys(node.id for node in sorted(found, key=lambda node: node.col_offset)))


def value_of(node: ast.AST, planes: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """What a tree that :func:`parsed` gave comes to, given the values of its bands by name."""
    match node:
        case ast.BinOp(left, operator, right):
            return _OPERATORS[type(operator)](value_of(left, planes), value_of(right, planes))
        case ast.UnaryOp(operator, operand):
            return _OPERATORS[type(operator)](value_of(operand, planes))
        case ast.Constant(value):
            return np.float64(value)
        case ast.Name(name):
            return planes[name]
        case ast.Call(ast.Name(name), arguments):
            return FUNCTIONS[name][0](*(value_of(argument, planes) for argument in arguments))
    raise AssertionError(node)


def _check(node: ast.AST) -> None:
    """Refuse what is not understood."""
    match node:
        case ast.BinOp(left, operator, right):
            _check_operator(operator, node)
            _check(left)
            _check(right)
        case ast.UnaryOp(operator, operand):
            _check_operator(operator, node)
            _check(operand)
        case ast.Constant(value) if type(value) in (int, float):
            if not abs(value) < LARGEST:
                raise ValueError(f"a formula's numbers are below {LARGEST:g}, got one that is not; write it smaller")
        case ast.Name(name):
            if not _BAND.fullmatch(name):
                raise ValueError(f"a band is written R860 (by nm) or b12 (by number), got {name[:40]!r}; {_EXAMPLE}")
        case ast.Call(ast.Name(name), arguments, []) if name in FUNCTIONS:
            _, least, most = FUNCTIONS[name]
            if not least <= len(arguments) <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                raise ValueError(f"{name} takes {wanted} values in its brackets, got {len(arguments)}; correct it")
            for argument in arguments:
                _check(argument)
        case ast.Call(ast.Name(name)) if name not in FUNCTIONS:
            raise ValueError(
                f"a formula knows the functions {', '.join(FUNCTIONS)}, got {name[:40]!r}; use one of them"
            )
        case _:
            raise _not_understood(node)


def _check_operator(operator: ast.AST, node: ast.AST) -> None:
    if isinstance(operator, ast.BitXor):
        raise ValueError("a power is written **, got ^; for example R860 ** 2")
    if type(operator) not in _OPERATORS:
        raise _not_understood(node)


def _not_understood(node: ast.AST) -> ValueError:
    return ValueError(f"a formula is made of bands, numbers, + - * / ** and brackets, got {ast.unparse(node)[:60]!r}")
