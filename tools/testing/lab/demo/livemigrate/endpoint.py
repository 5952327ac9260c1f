# SPDX-License-Identifier: GPL-2.0-only
"""Sockets by the names that QEMU gives them: unix:PATH, which may be a bare path, or tcp:HOST:PORT."""

import socket


def connect(name):
    """A socket that is connected; raises OSError."""
    kind, _, rest = name.partition(":")
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(rest if kind == "unix" else name)
    except OSError:
        sock.close()
        raise
    return sock
