"""Starts a program that ends with its parent, however the parent ends; run as a script, never imported.

A script and not a `preexec_fn`, because forking Python code out of a process with threads can deadlock.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Becomes the program given after: parent's pid, signal number, user name or '-'."""
    parent, signal_number, user, *command = sys.argv[1:]
    if user != "-":
        _become(user)
    if sys.platform == "linux":
        # After the change of user, which clears it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("The parent ended before the program began.")
    os.execvp(command[0], command)  # noqa: S606 - to become the program is the point


def _become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main()
