"""What the tests of start-up ask for."""

import os
from pathlib import Path

import pytest

from runtime.ports import free_ports
from tests.runtime.launched import Environment


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Settings for a house of its own: its data, its ports."""
    names = ("TENURE_API_PORT", "TENURE_TEMPORAL_PORT", "TENURE_TEMPORAL_UI_PORT")
    ports = dict(zip(names, map(str, free_ports(3)), strict=True))
    return {**os.environ, **ports, "TENURE_VAR_DIR": str(tmp_path / "var")}
