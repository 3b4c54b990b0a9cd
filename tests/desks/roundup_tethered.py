"""Roundup's server as a script: it changes its user itself, which would free it from the tie to its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from roundup.scripts import roundup_server

PR_SET_PDEATHSIG = 1
_become = os.setuid


def _tied(user: int) -> None:
    """Become a user, and still end with the parent."""
    _become(user)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


if __name__ == "__main__":
    os.setuid = _tied
    roundup_server.run()
