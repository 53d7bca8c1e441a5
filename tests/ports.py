"""Ports for servers of tests."""

import secrets
import socket

_FIRST, _EPHEMERAL = 10_240, 32_768


def free_port():
    """A port of the loopback on which nobody listens.

    It is below those that the kernel gives to outgoing connections, one of which could take it before its server does.
    """
    while True:
        port = _FIRST + secrets.randbelow(_EPHEMERAL - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
