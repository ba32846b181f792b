"""What a refusal says: one line that names the file, the value and the remedy."""

from __future__ import annotations

import errno
import re
from pathlib import Path

REMEDIES = {
    errno.ENOENT: "check the path",
    errno.EACCES: "check the permissions, or choose another place",
    errno.EPERM: "check the permissions, or choose another place",
    errno.EROFS: "choose a place that can be written",
    errno.ENOSPC: "free some space, or choose another disk; what was there before is untouched",
    errno.EDQUOT: "free some of your quota, or choose another disk; what was there before is untouched",
    errno.EFBIG: "choose a disk that takes larger files; what was there before is untouched",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "name a folder",
    errno.EADDRINUSE: "choose another with --port, or stop the program that has it",
    errno.EADDRNOTAVAIL: "choose an --address of this machine",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}
"""What to do about the system's own refusals; those of the rooms say it themselves."""


FOREIGN = {"rasterio", "pyogrio", "safetensors", "safetensors_rust", "zarr", "numcodecs", "h5py", "pyproj", "shapely"}
"""Packages that read and write files, and whose own errors come from what is in them."""


def is_refusal(error: BaseException) -> bool:
    """Whether `error` is about what the user gave, rather than a defect of ours, which must show where it is."""
    if isinstance(error, ValueError | OSError | ImportError | RuntimeError | ArithmeticError | MemoryError):
        return not isinstance(error, NotImplementedError | RecursionError)
    return type(error).__module__.split(".")[0].lstrip("_") in FOREIGN


def in_one_line(error: BaseException, out: Path | None = None) -> str:
    """The message of `error` without line breaks, with a remedy where it comes from the system.

    `out` is what was to be written, for errors of writing that name no file.

    Examples
    --------
    >>> in_one_line(ValueError("budgets are counts, got 0;\\n give 1 or more"))
    'budgets are counts, got 0; give 1 or more'
    >>> in_one_line(OSError(errno.ENOSPC, "No space left on device", "map.tif"))
    'no space left on device: map.tif; free some space, or choose another disk; what was there before is untouched'
    """
    if isinstance(error, MemoryError):
        return f"not enough memory ({error or 'none given'}); use a smaller scene or part of it"
    if isinstance(error, OSError) and error.errno in REMEDIES and error.strerror:
        what = error.strerror[0].lower() + error.strerror[1:]
        name = error.filename or out
        place = f": {name}" if name else ""
        return " ".join(f"{what}{place}; {REMEDIES[error.errno]}".split())
    if found := re.search(r"(.*)\(os error (\d+)\)", str(error)):
        remedy = REMEDIES.get(int(found[2]), "check the disk and the path")
        return f"{found[1].strip()}{f': {out}' if out else ''}; {remedy}"
    text = re.sub(r"\bpass (\w+)= ?", r"pass --\1 ", " ".join(str(error).split()))  # the rooms speak Python
    return text or f"{type(error).__name__} without a message; see WORKBENCH_TRACEBACK=1"
