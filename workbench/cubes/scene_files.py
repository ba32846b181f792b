"""Where a public benchmark scene lies on this machine, and how it gets there.

Nothing is downloaded unasked. A scene's files lie in a folder of its name in the user's cache (``WORKBENCH_CACHE``
moves it), whether ``fetch`` put them there or a person did.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from workbench.cubes.benchmark import Benchmark
from workbench.cubes.catalogue import find_scene


def cache_folder() -> Path:
    """The user's cache; it need not exist yet."""
    import pooch

    return Path(os.environ.get("WORKBENCH_CACHE") or pooch.os_cache("hyperspectral-workbench")).expanduser()


def folder_of(scene: Benchmark) -> Path:
    """Where the files of `scene` lie, or should."""
    return cache_folder() / "scenes" / scene.name


def found_file(scene: Benchmark) -> Path | None:
    """The scene's own file in the cache, whoever put it there; None without one."""
    folder = folder_of(scene)
    if scene.files and (folder / scene.files[0].name).is_file():
        return folder / scene.files[0].name
    if not folder.is_dir():
        return None
    truths = {file.name for file in scene.files[1:]}
    there = [path for path in folder.iterdir() if path.is_file() and path.name not in truths]
    there = [path for path in there if "_gt" not in path.stem.lower() and not path.name.startswith(".")]
    headers = [path for path in there if path.suffix.lower() == ".hdr"] or there
    return headers[0] if len(headers) == 1 else None


def local_file(name: str) -> Path:
    """The file of a scene that has been downloaded.

    Parameters
    ----------
    name : str
        One of :data:`workbench.cubes.catalogue.SCENES`.

    Returns
    -------
    Path
        In the user's cache.

    Raises
    ------
    ValueError
        If there is no such scene.
    FileNotFoundError
        If it has not been downloaded. The message says what to do.
    """
    scene = find_scene(name)
    path = found_file(scene)
    if path is None:
        first = f"run workbench scenes {scene.name} --fetch, or " if scene.files else ""
        raise FileNotFoundError(f"{scene.title} is not on this machine; {first}{by_hand(scene)}")
    return path


def by_hand(scene: Benchmark) -> str:
    """What a person downloads, and where to put it."""
    what = " and ".join(file.name for file in scene.files) or "the scene's file"
    return f"download {what} from {scene.page} and put it into {folder_of(scene)}"


def fetch(scene: Benchmark) -> list[Path]:
    """Download the files of `scene` into the user's cache; those that are there already stay.

    Returns
    -------
    list of Path
        The scene, then its truth.

    Raises
    ------
    ValueError
        If its publisher's files have no address we know, or a file has another hash than is known.
    OSError
        If the server does not answer. The message says what to download and where to put it.
    """
    import pooch
    import requests

    from workbench.cubes.remote import WAIT

    if not scene.files:
        raise ValueError(f"{scene.title} has no address that is known; {by_hand(scene)}")
    pooch.get_logger().setLevel(logging.WARNING)
    got = []
    for file in scene.files:
        try:
            path = pooch.retrieve(
                file.url,
                known_hash=f"sha256:{file.sha256}" if file.sha256 else None,
                fname=file.name,
                path=folder_of(scene),
                downloader=pooch.HTTPDownloader(timeout=WAIT),
            )
        except requests.RequestException as error:
            reason = f"status {error.response.status_code}" if error.response is not None else type(error).__name__
            raise OSError(f"{file.url} could not be fetched ({reason}); {by_hand(scene)}") from error
        except ValueError as error:
            raise ValueError(
                f"{file.name} from {file.url} has another SHA-256 than is known; do not trust it, and {by_hand(scene)}"
            ) from error
        got.append(Path(path))
    return got
