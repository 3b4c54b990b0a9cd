"""What processes use: processor time and memory, read from the system."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil


class Cpu:
    """Processor seconds of some processes and their children, since a mark."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._marked = self._now()

    def _now(self) -> dict[str, float]:
        return {name: _used(process) for name, process in self._processes.items()}

    def mark(self) -> None:
        """Count from now on."""
        self._marked = self._now()

    def since(self) -> dict[str, float]:
        """Seconds since the mark, by process."""
        return {name: round(used - self._marked[name], 2) for name, used in self._now().items()}


def _used(process: psutil.Process) -> float:
    """Seconds of a process, of its children, and of those that have ended and were waited for."""
    seconds = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def peak_megabytes(pid: int) -> float:
    """The most memory that a process has held, in MB; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def megabytes(pid: int) -> float:
    """What a process and its children hold now, in MB; what they share is counted once."""
    held = 0
    for one in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            held += one.memory_full_info().pss
    return round(held / 1024**2, 1)


def port_owner(port: int) -> int:
    """The process that listens on a port. Raises RuntimeError where none does."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            return int(connection.pid or 0)
    raise RuntimeError(f"nothing listens on {port}")
