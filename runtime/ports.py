"""Network ports on this machine."""

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """That many different ports on which nothing listens at the moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


def free_low_ports(count: int) -> list[int]:
    """That many different ports below 32768, where the system gives none away by itself."""
    candidates = random.SystemRandom().sample(range(10_000, 32_768), 50 * count)
    free = [port for port in candidates if is_free(port)]
    return free[:count]


def free_port() -> int:
    """A port on which nothing listens at the moment."""
    return free_ports(1)[0]


def is_free(port: int) -> bool:
    """Whether a server of ours could listen on this port now."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True
