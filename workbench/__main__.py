"""``python -m workbench`` is ``workbench``: what ``torchrun -m workbench pretrain …`` starts in every process."""

import sys

from workbench.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
