"""The one place where a Temporal client is made, so that every process reads and writes payloads alike."""

import asyncio
import time
from datetime import timedelta
from functools import cache
from pathlib import Path

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode, TLSConfig

from runtime.payloads import DATA_CONVERTER
from runtime.settings import Settings

REFUSALS = (RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED)


class TemporalUnreachable(Exception):
    """No Temporal server answered at the address in the settings."""


class TemporalRefused(Exception):
    """The Temporal server answered, but does not let us in."""


async def connect(settings: Settings, *, patience: timedelta = timedelta(seconds=10)) -> Client:
    """A client of the server, namespace and identity that the settings name, tried again until patience ends.

    Raises:
        TemporalUnreachable: nothing answered in that time.
        TemporalRefused: the API key or the certificate is not accepted.
    """
    address = settings.temporal_address or f"127.0.0.1:{settings.temporal_port}"
    until = time.monotonic() + patience.total_seconds()
    while True:
        try:
            return await _connect_once(settings, address)
        except (RuntimeError, RPCError) as error:
            if isinstance(error, RPCError) and error.status in REFUSALS:
                raise TemporalRefused(f"The Temporal server at {address} refused us: {error}") from error
            if time.monotonic() >= until:
                raise TemporalUnreachable(_unreachable(address, settings)) from error
        await asyncio.sleep(0.25)


async def _connect_once(settings: Settings, address: str) -> Client:
    key = settings.temporal_api_key
    return await Client.connect(
        address,
        namespace=settings.temporal_namespace,
        api_key=key.get_secret_value() if key else None,
        tls=_tls(settings),
        data_converter=DATA_CONVERTER,
        runtime=runtime(settings.metrics_address),
    )


@cache
def runtime(metrics_address: str | None) -> Runtime:
    """The process's one Temporal runtime, showing Prometheus metrics at the address when one is given."""
    if metrics_address is None:
        return Runtime.default()
    metrics = PrometheusConfig(bind_address=metrics_address, durations_as_seconds=True)
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


def _tls(settings: Settings) -> TLSConfig | bool:
    if not settings.uses_tls:
        return False
    return TLSConfig(
        server_root_ca_cert=_bytes(settings.temporal_tls_ca),
        client_cert=_bytes(settings.temporal_tls_cert),
        client_private_key=_bytes(settings.temporal_tls_key),
    )


def _bytes(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


def _unreachable(address: str, settings: Settings) -> str:
    hint = "is TEMPORAL_ADDRESS right?" if settings.temporal_address else "start it with ./tenure up."
    return f"No Temporal server answers at {address}: {hint}"
