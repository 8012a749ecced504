"""A place that cannot be listened at is named: the system names neither port nor socket."""

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from mailtrack.intake.listen import listen_from, open_server


async def test_a_socket_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = f"unix:{tmp_path}/gone/x.sock"
    with pytest.raises(FileNotFoundError) as caught:
        await open_server(listen_from(place), asyncio.Protocol, sock=None)
    assert caught.value.filename == place


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError) as caught:
            await open_server(listen_from(place), asyncio.Protocol, sock=None)
    assert (caught.value.errno, caught.value.filename) == (errno.EADDRINUSE, place)
