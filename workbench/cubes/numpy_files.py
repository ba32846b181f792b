"""NumPy's own files, ``.npy`` and ``.npz``: what the libraries below it say where one is damaged."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    SyntaxError,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)
"""Of a header, which is a Python literal; of a zip's directory, method or password; of what is packed in it."""
