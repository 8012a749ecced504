"""`python -m mailtrack` is the same as the installed command `mailtrack`."""

import sys

from mailtrack.cli import main

if __name__ == "__main__":
    sys.exit(main())
