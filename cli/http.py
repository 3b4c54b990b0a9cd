"""The API's web server, as a part of a process that has other parts."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from runtime.settings import Settings

GRACE_SECONDS = 10


class CannotServe(Exception):
    """The web server cannot begin; the message says what is in its way."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the whole process's, not the web server's alone."""
        yield


@asynccontextmanager
async def serving(app: FastAPI, settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """The running web server, answering; at the end of the block it finishes the requests that it has.

    Raises:
        CannotServe: the port is taken, or the host is not this machine.
    """
    listener = _listen(settings.api_host, settings.api_port)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE_SECONDS, server_header=False)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110 - uvicorn tells it by this attribute alone
            await asyncio.sleep(0.01)
        yield task
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # Python repeats the address behind it
        raise CannotServe(
            f"The API cannot listen at {host}:{port} ({reason}): "
            "set TENURE_API_HOST and TENURE_API_PORT to an address that is free."
        ) from error
    # An answer is sent in two parts: without this the second waits 40 ms for the first one's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
