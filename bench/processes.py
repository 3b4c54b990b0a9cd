"""What processes use: processor time and memory, read from the system."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil


class Cpu:
    """Processor seconds of some processes, since a mark."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._marked = self._now()

    def _now(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._processes.items()}
        return {name: used.user + used.system for name, used in times.items()}

    def mark(self) -> None:
        """Count from now on."""
        self._marked = self._now()

    def since(self) -> dict[str, float]:
        """Seconds since the mark, by process."""
        return {name: round(used - self._marked[name], 2) for name, used in self._now().items()}


def peak_megabytes(pid: int) -> float:
    """The most memory that a process has held, in MB; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def port_owner(port: int) -> int:
    """The process that listens on a port. Raises RuntimeError where none does."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            return int(connection.pid or 0)
    raise RuntimeError(f"nothing listens on {port}")
