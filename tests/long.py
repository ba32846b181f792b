"""Which tests only a person asks for: together they take longer than a check of every change may."""

from __future__ import annotations

import os

import pytest

LONG = pytest.mark.skipif(not os.environ.get("WORKBENCH_LONG"), reason="takes minutes; set WORKBENCH_LONG=1 to run it")
