"""The production server's programs are built once, and its configuration is one that it takes."""

from pathlib import Path

import pytest

from runtime.go_programs import CannotBuild
from runtime.ports import free_low_ports
from runtime.postgres_cluster import PostgresCluster
from runtime.temporal_production import DATABASES, SERVICES, ProductionServer, production_programs

GO = """#!/bin/sh
echo go.temporal.io/server/cmd/server >&2
echo "$@" >> "$GOBIN/asked"
for name in server sql; do printf '#!/bin/sh\\n' > "$GOBIN/$name"; done
"""


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty cache and nothing but a Go that says it has built."""
    (tmp_path / "path").mkdir()
    program = tmp_path / "path" / "go"
    program.write_text(GO)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return program


@pytest.mark.usefixtures("go")
async def test_programs_are_built_once_and_kept() -> None:
    """Server and schema tool are built from one version, in one go; who asks again gets what is there."""
    said: list[str] = []
    folder = await production_programs(said.append)
    assert {path.name for path in folder.iterdir()} >= {"server", "sql"}
    assert any("compiling, 1 of about" in line for line in said)
    assert await production_programs(said.append) == folder
    (asked,) = (folder / "asked").read_text().splitlines()
    versions = {word.partition("@")[2] for word in asked.split() if "@" in word}
    assert len(versions) == 1


async def test_a_build_that_fails_says_why(go: Path) -> None:
    """What Go said last is in the error."""
    go.write_text('#!/bin/sh\necho "go: no such module" >&2\nexit 1\n')
    with pytest.raises(CannotBuild, match="no such module"):
        await production_programs(lambda _: None)


def test_configuration_has_a_port_for_each_service_that_its_tables_can_hold(tmp_path: Path) -> None:
    """The server keeps its ports in a column of 15 bits; no two services share one, and each store has its database."""
    server = ProductionServer(tmp_path, PostgresCluster())
    made = server._config()
    ports = [port for name in SERVICES for port in _ports(made["services"][name]["rpc"])]
    assert len(set(ports)) == 2 * len(SERVICES)
    assert max(ports) < 2**15
    stores = made["persistence"]["datastores"].values()
    assert {store["sql"]["databaseName"] for store in stores} == set(DATABASES)
    assert server.address == f"127.0.0.1:{made['services']['frontend']['rpc']['grpcPort']}"


def _ports(rpc: dict[str, int]) -> tuple[int, int]:
    return rpc["grpcPort"], rpc["membershipPort"]


def test_low_ports_are_different_and_low() -> None:
    """So many are given as were asked for."""
    found = free_low_ports(5)
    assert len(set(found)) == 5
    assert max(found) < 2**15
