"""`python -m strate` is the command `strate`."""

import sys

from strate.cli import main

if __name__ == "__main__":
    sys.exit(main())
