"""Links into processes that are stopped or gone, and very many connections."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from time import monotonic, sleep  # noqa: TID251 - deadlines on real processes
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.harness.links.sockets import fill, how_it_ends, read, reset

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

CONNECTIONS = int(os.environ.get("URUSHI_TEST_CONNECTIONS", "10000"))
GROWTH_BYTES_MAX = 16 * 1024 * 1024
ECHO = """
import socket, sys, threading

def serve(sock):
    while data := sock.recv(65536):
        sock.sendall(data)
    sock.close()

server = socket.create_server((sys.argv[1], 0))
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
TOXICS: list[tuple[str, dict[str, int]]] = [
    ("latency", {"latency": 5, "jitter": 5}),
    ("bandwidth", {"rate": 100}),
    ("bandwidth", {"rate": 0}),
    ("slicer", {"average_size": 100, "delay": 50}),
    ("limit_data", {"bytes": 100}),
    ("slow_close", {"delay": 5}),
    ("reset_peer", {"timeout": 60_000}),
    ("timeout", {"timeout": 0}),
]


@pytest.fixture
def stopped(own_link: "Link") -> Iterator[psutil.Process]:
    """A process that echoes and is stopped; the link leads to it."""
    host = own_link.server.host
    process = subprocess.Popen([sys.executable, "-c", ECHO, host], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        process.stdout.close()
        own_link.server.call("PATCH", f"/proxies/{own_link.name}", {"upstream": f"{host}:{port}"})
        with own_link.dial() as client:
            client.sendall(b"echo")
            assert read(client, 4) == b"echo"
        process.send_signal(signal.SIGSTOP)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def test_every_call_is_answered_while_links_into_a_stopped_process_are_full(
    own_link: "Link", stopped: psutil.Process
) -> None:
    """The real server answers none of them once one toxic has met a full link."""
    random = Random("pressure")
    place = f"/proxies/{own_link.name}"
    for _ in range(6):
        clients = [own_link.dial() for _ in range(3)]
        for client in clients:
            fill(client)
        for kind, attributes in random.sample(TOXICS, 5):
            stream = "upstream" if random.random() < 0.7 else "downstream"
            toxic = {"name": "t", "type": kind, "stream": stream, "attributes": attributes}
            assert own_link.server.call("POST", f"{place}/toxics", toxic).status == 200
            assert own_link.server.call("PATCH", f"{place}/toxics/t", {"attributes": attributes}).status == 200
            assert own_link.server.call("GET", "/proxies").json[own_link.name]["toxics"][0]["type"] == kind
            if random.random() < 0.3:
                assert own_link.server.call("POST", "/reset").status == 204
            else:
                assert own_link.server.call("DELETE", f"{place}/toxics/t").status == 204
        assert own_link.server.call("PATCH", place, {"enabled": False}).status == 200
        assert all(how_it_ends(client) in ("FIN", "RST") for client in clients)
        assert own_link.server.call("PATCH", place, {"enabled": True}).status == 200
    stopped.send_signal(signal.SIGCONT)
    with own_link.dial() as client:
        client.sendall(b"as before")
        assert read(client, 9) == b"as before"


def test_what_waits_for_a_stopped_process_arrives_when_it_goes_on(own_link: "Link", stopped: psutil.Process) -> None:
    with own_link.dial() as client:
        client.sendall(b"patience" * 1_000)
        for kind, attributes in (
            ("latency", {"latency": 5}),
            ("slicer", {"average_size": 500}),
            ("bandwidth", {"rate": 0}),
        ):
            own_link.add(kind, "upstream", **attributes)
            own_link.remove(kind)
        stopped.send_signal(signal.SIGCONT)
        assert read(client, 8_000) == b"patience" * 1_000


def test_a_link_to_a_dead_upstream_works_again_once_it_is_back(link: "Link") -> None:
    place = link.upstream.getsockname()
    client, far = link.open()
    far.close()
    assert how_it_ends(client) == "FIN"
    link.upstream.close()
    for _ in range(50):
        with link.dial() as client:
            assert how_it_ends(client) == "FIN"
    link.add("latency", latency=1)
    link.upstream = link.stack.enter_context(socket.create_server(place))
    link.upstream.settimeout(10)
    client, far = link.open()
    client.sendall(b"there")
    assert read(far, 5) == b"there"


def test_connections_without_number_leave_nothing(start_link: Callable[..., "Link"]) -> None:
    """Ended by either side, with FIN or RST, with a dead upstream, under toxics and without."""
    link: Link = start_link("stand-in")
    random = Random("connections")
    process = psutil.Process(link.server.process.pid)
    with socket.create_server((link.server.host, 0)) as gone:
        port = gone.getsockname()[1]
    body = {"name": "dead", "listen": f"{link.server.host}:0", "upstream": f"{link.server.host}:{port}"}
    dead = link.server.call("POST", "/proxies", body).json["listen"].rpartition(":")
    fds = process.num_fds()
    sizes = []
    for _ in range(2):  # the memory of the first round is used again by the second
        _open_and_close(link, CONNECTIONS // 10, random)
        for kind, attributes in TOXICS[:4]:
            link.add(kind, "upstream", **attributes)
            _open_and_close(link, CONNECTIONS // 10, random)
            link.remove(kind)
            for _ in range(CONNECTIONS // 200):
                with socket.create_connection((dead[0], int(dead[2])), timeout=10) as client:
                    assert how_it_ends(client) == "FIN"
        _wait_for(process, fds, link.server)
        sizes.append(process.memory_info().rss)
    assert sizes[1] < sizes[0] + GROWTH_BYTES_MAX


def _open_and_close(link: "Link", count: int, random: Random) -> None:
    for _ in range(count // 50):
        pairs = []
        for _ in range(50):
            client = socket.create_connection(link.address, timeout=10)
            pairs.append((client, link.upstream.accept()[0]))
        for pair in pairs:
            first, second = pair if random.random() < 0.5 else pair[::-1]
            with suppress(OSError):
                first.sendall(b"x" * 500)
                second.sendall(b"y" * 500)
            (reset if random.random() < 0.3 else socket.socket.close)(first)
            second.close()


def _wait_for(process: psutil.Process, fds: int, server: "Server") -> None:
    until = monotonic() + 30
    while process.num_fds() > fds and monotonic() < until:
        sleep(0.05)
    assert process.num_fds() <= fds, "descriptors were not given back"
    assert server.call("GET", "/version").status == 200
