"""Where a front listens: a TCP port or a Unix socket, made here or handed over by systemd."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BACKLOG: Final = 512
PORT_MAX: Final = 65_535
UNIX_PREFIX: Final = "unix:"
SOCKET_MODE: Final = 0o660
FIRST_SYSTEMD_DESCRIPTOR: Final = 3  # sd_listen_fds(3)
NAMELESS: Final = "smtp"  # what a socket without FileDescriptorName is for


@dataclass(frozen=True, slots=True)
class Listen:
    """A place to listen; ``path`` is None for TCP. Port 0 takes a free one."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    def __str__(self) -> str:
        if self.path:
            return f"{UNIX_PREFIX}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def listen_from(text: str) -> Listen:
    """``127.0.0.1:2525``, ``[::1]:2525`` or ``unix:/run/x.sock``. ValueError if it is none."""
    if text.startswith(UNIX_PREFIX):
        path = Path(text.removeprefix(UNIX_PREFIX))
        if not path.is_absolute():
            raise ValueError(f"{text!r}: the path of a socket begins with /")
        return Listen(path=path)
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > PORT_MAX:
        raise ValueError(f"{text!r}: write host:port, [address]:port or unix:/path")
    return Listen(host.removeprefix("[").removesuffix("]"), int(port))


async def open_server(
    listen: Listen,
    factory: Callable[[], asyncio.BaseProtocol],
    *,
    sock: socket.socket | None,
) -> asyncio.Server:
    """A server at ``listen``, or on ``sock`` if one was handed over.

    Raises ``OSError`` that names the place if nobody can listen there.
    """
    try:
        return await _opened(listen, factory, sock)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(listen)) from error


async def _opened(
    listen: Listen, factory: Callable[[], asyncio.BaseProtocol], sock: socket.socket | None
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if sock is not None and sock.family == socket.AF_UNIX:
        return await loop.create_unix_server(factory, sock=sock, backlog=BACKLOG)
    if sock is not None:
        return await loop.create_server(factory, sock=sock, backlog=BACKLOG)
    if listen.path is None:
        return await loop.create_server(
            factory, listen.host or None, listen.port, backlog=BACKLOG
        )
    server = await loop.create_unix_server(factory, listen.path, backlog=BACKLOG)
    # Who may write to us is decided by the socket's group and its folder.
    listen.path.chmod(SOCKET_MODE)
    return server


def sockets_from_systemd(environ: Mapping[str, str]) -> dict[str, socket.socket]:
    """The listening sockets that systemd hands over, by ``FileDescriptorName``."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(environ.get("LISTEN_FDS", "0"))
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    names += [""] * (count - len(names))
    handed = {
        name or NAMELESS: socket.socket(fileno=FIRST_SYSTEMD_DESCRIPTOR + at)
        for at, name in enumerate(names[:count])
    }
    for one in handed.values():
        one.set_inheritable(False)  # the processes that read mail have no business with it
    return handed
