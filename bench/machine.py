"""What something is measured on: the machine, how busy it was, and the versions of what it runs."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runtime.postgres_cluster import PostgresMissing, postgres_programs
from runtime.temporal_binary import temporal_binary
from runtime.temporal_production import VERSION

_LIBRARIES = ("temporalio", "pydantic", "sqlalchemy", "fastapi", "uvicorn", "uvloop")


async def machine() -> dict[str, Any]:
    """The machine, its load before it is measured (of one minute, five and fifteen), and all versions."""
    temporal = await temporal_binary(lambda _: None)
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "versions": {
            **{name: version(name) for name in _LIBRARIES},
            "sqlite": sqlite3.sqlite_version,
            "postgresql": _postgresql(),
            "temporal, embedded": _said(temporal),
            "temporal, production": VERSION,
        },
    }


def _postgresql() -> str | None:
    try:
        return _said(postgres_programs() / "postgres")
    except PostgresMissing:
        return None


def _said(program: Path) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
