"""`python -m cli`, which is what `./tenure` runs."""

import os
import sys

from cli.app import main


def run() -> int:
    """The command line to its end; its exit code."""
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


# The processes of a crew read this file too, and must not begin the command again.
if __name__ == "__main__":
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    # An interpreter that takes itself down while a thread of Temporal's client still lets go of it is aborted
    # (temporalio/sdk-python#300): one in five commands that ended right after many calls had the exit code -6.
    os._exit(code)
