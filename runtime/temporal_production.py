"""Temporal's production server on PostgreSQL, for measurements and tests of what the dev server cannot show.

It is built with Go, once, into this user's cache: nothing that ships with Tenure needs it, and nothing builds it
unasked.
"""

import asyncio
import fcntl
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Self

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from runtime import child, go_programs
from runtime.go_programs import cache_dir
from runtime.ports import LOOPBACK, free_low_ports
from runtime.postgres_cluster import OWNER, PostgresCluster
from runtime.progress import Tell
from runtime.settings import CHECKOUT

VERSION = "1.32.0"
MODULE = "go.temporal.io/server"
PACKAGES_TO_COMPILE = 1_500
START_PATIENCE = timedelta(seconds=120)
STOP_GRACE = timedelta(seconds=30)
RETENTION = timedelta(days=30)
DYNAMIC_CONFIG = CHECKOUT / "compose" / "temporal-dynamic-config.yaml"
SERVICES = ("frontend", "matching", "history", "worker")
DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""The databases of one server, and which of the server's schemas each has."""


class ProductionServerFailed(Exception):
    """The server or its schema tool did not do its work; the message has its last words."""


async def production_programs(tell: Tell) -> Path:
    """The folder of the programs `server` and `sql`, the schema tool; built where they are not there.

    Raises:
        CannotBuild: Go is not installed, or its build failed.
    """
    folder = cache_dir() / f"server-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "build.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not all((folder / name).exists() for name in ("server", "sql")):
            packages = [f"{MODULE}/{path}@v{VERSION}" for path in ("cmd/server", "cmd/tools/sql")]
            environment = os.environ | {"GOBIN": str(folder)}
            what = "Temporal's production server"
            await go_programs.install(packages, tell, what=what, about=PACKAGES_TO_COMPILE, env=environment)
    return folder


class ProductionServer:
    """All four services of Temporal in one process, on a cluster of PostgreSQL, for as long as the block lasts.

    What it has is in the cluster's databases: on the same cluster, another one goes on where this one stopped.
    """

    def __init__(
        self,
        programs: Path,
        cluster: PostgresCluster,
        *,
        history_shards: int = 4,
        namespace: str = "default",
        dynamic_config: Path = DYNAMIC_CONFIG,
        log_level: str = "warn",
    ) -> None:
        """The server, not yet started; ``history_shards`` can never change for databases that have contracts."""
        self.namespace = namespace
        self._programs, self._cluster, self._shards = programs, cluster, history_shards
        self._dynamic_config, self._log_level = dynamic_config, log_level
        # The server writes its ports down as a smallint of SQL.
        self._ports = free_low_ports(2 * len(SERVICES))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients connect to."""
        return f"{LOOPBACK}:{self._ports[0]}"

    @property
    def pid(self) -> int:
        """The server's process. Raises ProductionServerFailed where it does not run."""
        if self._process is None:
            raise ProductionServerFailed("it does not run")
        return self._process.pid

    async def __aenter__(self) -> Self:
        """The server, answering, its namespace registered.

        Raises:
            ProductionServerFailed: it ended, or did not answer in time.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="tenure-temporal-")
        self._log = (Path(self._folder.name) / "log").open("w+b")
        try:
            await asyncio.to_thread(self._set_up)
            config = Path(self._folder.name) / "config.yaml"
            config.write_text(json.dumps(self._config()))  # JSON is YAML
            command: list[str | Path] = [self._programs / "server", "--config-file", config, "--allow-no-auth", "start"]
            self._process = child.start(command, output=self._log)
            await self._answering()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends the server gracefully, by force when it takes too long."""
        if self._process is not None:
            await asyncio.to_thread(child.stop, self._process, grace=STOP_GRACE)
        self._log.close()
        self._folder.cleanup()

    def _set_up(self) -> None:
        """Both databases with their newest schema; those that are there already are only brought up to date."""
        for database, schema in DATABASES.items():
            if self._cluster.make_database(database):
                self._schema(database, "setup-schema", "--version", "0.0")
            self._schema(database, "update-schema", "--schema-name", f"postgresql/v12/{schema}")

    def _schema(self, database: str, *arguments: str) -> None:
        where = ("--plugin", "postgres12", "--endpoint", LOOPBACK, "--port", str(self._cluster.port))
        who = ("--user", OWNER, "--password", OWNER, "--database", database)
        command: list[str | Path] = [self._programs / "sql", *where, *who, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProductionServerFailed(f"The schema of {database} could not be made:\n{done.stdout}{done.stderr}")

    def _config(self) -> dict[str, Any]:
        rpc, membership = self._ports[: len(SERVICES)], self._ports[len(SERVICES) :]
        return {
            "log": {"stdout": True, "level": self._log_level},
            "persistence": {
                "numHistoryShards": self._shards,
                "defaultStore": "default",
                "visibilityStore": "visibility",
                "datastores": {
                    "default": self._store("temporal", connections=20),
                    "visibility": self._store("temporal_visibility", connections=10),
                },
            },
            "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK}},
            "services": {
                name: {"rpc": {"grpcPort": rpc[at], "membershipPort": membership[at], "bindOnLocalHost": True}}
                for at, name in enumerate(SERVICES)
            },
            "clusterMetadata": self._cluster_metadata(),
            "dcRedirectionPolicy": {"policy": "noop"},
            "dynamicConfigClient": {"filepath": str(self._dynamic_config), "pollInterval": "60s"},
        }

    def _store(self, database: str, *, connections: int) -> Mapping[str, Any]:
        sql = {
            "pluginName": "postgres12",
            "databaseName": database,
            "connectAddr": f"{LOOPBACK}:{self._cluster.port}",
            "connectProtocol": "tcp",
            "user": OWNER,
            "password": OWNER,
            "maxConns": connections,
            "maxIdleConns": connections,
            "maxConnLifetime": "1h",
        }
        return {"sql": sql}

    def _cluster_metadata(self) -> Mapping[str, Any]:
        this = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": self.address}
        return {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {"active": this},
        }

    async def _answering(self) -> None:
        until = time.monotonic() + START_PATIENCE.total_seconds()
        while not await self._has_namespace():
            assert self._process is not None  # noqa: S101 - narrows the type
            if self._process.poll() is not None or time.monotonic() > until:
                raise ProductionServerFailed(f"Temporal's server did not start:\n{_last_words(self._log)}")
            await asyncio.sleep(0.2)

    async def _has_namespace(self) -> bool:
        """Whether the namespace can be used; one that is not there is asked for."""
        try:
            client = await Client.connect(self.address)
            service = client.workflow_service
            await service.describe_namespace(DescribeNamespaceRequest(namespace=self.namespace))
            await client.count_workflows("WorkflowType = 'none'")
        except (RuntimeError, RPCError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                await self._register(client)
            return False
        return True

    async def _register(self, client: Client) -> None:
        period = Duration()
        period.FromTimedelta(RETENTION)
        request = RegisterNamespaceRequest(namespace=self.namespace, workflow_execution_retention_period=period)
        try:
            await client.workflow_service.register_namespace(request)
        except RPCError as error:
            if error.status not in {RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.UNAVAILABLE}:
                raise


def _last_words(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()[-15:]
    return "\n".join(line[:400] for line in lines)
