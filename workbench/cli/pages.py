"""``--pdf``: the page that a verb writes, as a PDF, too."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path


def takes_pdf(verb: argparse.ArgumentParser, page: str) -> None:
    """Add --pdf."""
    verb.add_argument(
        "--pdf", action="store_true", help=f"write {page} as a PDF, too: printed by Chromium, Chrome or Edge"
    )


def written(args: argparse.Namespace, names: Iterable[str]) -> list[Path]:
    """Files that a verb writes into its folder; a PDF is refused here, before any work, where nothing prints it."""
    if args.pdf:
        from workbench.compare.report import find_browser

        find_browser()
    files = [args.out / name for name in names]
    return files + [file.with_suffix(".pdf") for file in files if args.pdf and file.suffix == ".html"]


def write_page(args: argparse.Namespace, path: Path, page: str) -> dict[str, Path]:
    """Write a page and, where asked for, its PDF; returns where they are, by what they are."""
    from workbench.compare.report import print_page
    from workbench.files import replacing

    with replacing(path) as draft:
        draft.write_text(page, encoding="utf-8")
    if not args.pdf:
        return {"page": path}
    print_page(page, path.with_suffix(".pdf"))
    return {"page": path, "pdf": path.with_suffix(".pdf")}
