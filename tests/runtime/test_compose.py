"""docker-compose.yml: what Docker would read, and that it runs the same commands as ./tenure does."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runtime.go_programs import cache_dir
from runtime.settings import CHECKOUT, LAUNCHER_VARIABLES, Settings, variable

FILE = CHECKOUT / "docker-compose.yml"
PINNED = re.compile(r"^[\w./-]+:(?!latest$)v?\d[\w.-]+$")


@cache
def reader() -> list[str | Path]:
    """The command that reads the file as Docker does, interpolated, as JSON."""
    docker = ["docker", "compose", "version"]
    if shutil.which("docker") and subprocess.run(docker, capture_output=True, check=False).returncode == 0:
        return ["docker", "compose", "-f", FILE, "config", "--format", "json"]
    checker = cache_dir() / "compose-go" / "cmd"
    assert checker.exists(), "no tool that reads compose files: run `make parts`, which builds one"
    return [checker, "-format", "json", FILE]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services, as Docker understands them."""
    done = subprocess.run(reader(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_reader_refuses_a_wrong_file(tmp_path: Path) -> None:
    """The judge is a judge: a misspelt key does not pass it."""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services:\n  api:\n    image: tenure:1\n    comand: [api]\n")
    command = [wrong if part == FILE else part for part in reader()]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("command", ["migrate", "worker", "api"])
def test_services_run_the_launchers_commands(services: dict[str, Any], command: str) -> None:
    """A container runs `./tenure COMMAND`, as a person would."""
    assert services[command]["command"] == [command]
    assert services[command].get("entrypoint") is None
    dockerfile = CHECKOUT / services[command]["build"]["dockerfile"]
    assert 'ENTRYPOINT ["./tenure"]' in dockerfile.read_text()


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    """The same file brings up the same programs next year."""
    images = [service["image"] for name, service in services.items() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (CHECKOUT / "compose" / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert len(images) == 5
    assert [image for image in images if not PINNED.match(image)] == []


def test_what_a_service_waits_for_exists_and_can_be_waited_for(services: dict[str, Any]) -> None:
    """Nothing waits for the health of a service that has no health check."""
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for the health of {other}"


@pytest.mark.parametrize("name", ["worker", "api"])
def test_stop_leaves_time_for_running_work(services: dict[str, Any], name: str) -> None:
    """A worker has 30 s for its activities before Docker kills it."""
    assert services[name]["stop_grace_period"] == "40s"


def test_environment_names_settings_that_exist(services: dict[str, Any]) -> None:
    """A container does not fail at its start over a setting that was renamed."""
    known = {variable(field) for field in Settings.model_fields} | LAUNCHER_VARIABLES
    for name in ("migrate", "worker", "api"):
        assert set(services[name]["environment"]) <= known


@pytest.mark.parametrize("password", ["${TENURE_DB_PASSWORD:-tenure}", "${TEMPORAL_DB_PASSWORD:-temporal}"])
def test_passwords_come_from_the_environment(password: str) -> None:
    """One variable changes a password on both sides: where the owner is made, and where the owner connects."""
    assert FILE.read_text().count(password) == 2


def test_mounted_files_exist(services: dict[str, Any]) -> None:
    """Docker would make an empty directory of a file that is not there."""
    mounts = [m for service in services.values() for m in service.get("volumes", []) if m["type"] == "bind"]
    assert len(mounts) == 2
    assert all(Path(mount["source"]).is_file() for mount in mounts)


def test_image_installs_what_the_tests_ran_with() -> None:
    """The image's lock file is the tested one less the development tools: same versions, same hashes."""
    tested, shipped = (_pins(CHECKOUT / name) for name in ("requirements.lock", "compose/requirements.lock"))
    assert shipped.items() <= tested.items()
    assert "temporalio" in shipped
    assert "pytest" not in shipped


def _pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    entries = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)[^\n]*((?:\n    --hash\S+[^\n]*)+)", lock.read_text(), re.MULTILINE
    )
    return {name: (version, frozenset(re.findall(r"sha256:\w+", hashes))) for name, version, hashes in entries}
