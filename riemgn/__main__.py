"""`python -m riemgn`."""

import sys

from riemgn.cli import main

sys.exit(main())
