"""The API's web server."""

from __future__ import annotations

import socket

import pytest

from cli.http import CannotServe, _listen


def test_an_answer_does_not_wait_for_an_acknowledgement(port: int) -> None:
    """Connections send at once: else the second part of an answer comes 40 ms later where a connection is kept."""
    with (
        _listen("127.0.0.1", port) as listener,
        socket.create_connection(("127.0.0.1", port)),
        listener.accept()[0] as taken,
    ):
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_named(port: int) -> None:
    """The message says where it cannot listen, and which settings change that."""
    with _listen("127.0.0.1", port), pytest.raises(CannotServe, match=f"127.0.0.1:{port} .*TENURE_API_PORT"):
        _listen("127.0.0.1", port)
