"""The file of a training's steps, JSON a line: the terms of the loss, the learning rate, pixels a second, memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.pretrain import Progress


def steps_of(encoder: Path) -> Path:
    """The file of its steps, JSON a line, when it is done."""
    return encoder.with_suffix(".steps.jsonl")


def write_down(file: Path, report: Progress, **last: object) -> list[dict]:
    """Add each step since the last report to a file, JSON a line, and return them; `last` is of the latest alone."""
    from workbench.pretrain import memory

    first = report.step - len(report.each) + 1
    also = {"pixels_per_second": round(report.rate, 1), "seconds": round(report.seconds, 3), **memory()}
    rows = [
        {"step": first + k, "loss": sum(terms.values()), "terms": terms, "learning_rate": rate, **also}
        for k, (terms, rate) in enumerate(zip(report.each, report.rates, strict=True))
    ]
    rows[-1] |= last
    with file.open("a", encoding="utf-8") as lines:
        lines.write("".join(f"{json.dumps(row)}\n" for row in rows))
    return rows


def rows_until(path: Path, step: int) -> Iterable[str]:
    """The whole lines of a file of steps up to a step; a kill may have cut the last one."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            if json.loads(line)["step"] > step:
                break
        except ValueError:
            break
        rows.append(line)
    return rows
