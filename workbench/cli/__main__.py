"""``python -m workbench.cli`` is ``workbench``, for places that know an interpreter but no path to scripts."""

import sys

from workbench.cli.program import main

sys.exit(main())
