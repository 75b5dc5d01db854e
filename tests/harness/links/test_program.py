"""The stand-in as a program: how it starts, how it ends, and that it gives back what it takes."""

import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from random import Random
from time import monotonic, sleep  # noqa: TID251 - deadlines on a real process
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.stages.processes.links.server import argv, find

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

TOXICS: list[tuple[str, dict[str, int]]] = [
    ("latency", {"latency": 5, "jitter": 5}),
    ("bandwidth", {"rate": 1000}),
    ("bandwidth", {"rate": 0}),
    ("slicer", {"average_size": 500}),
    ("slow_close", {"delay": 5}),
    ("limit_data", {"bytes": 700}),
    ("timeout", {"timeout": 5}),
    ("reset_peer", {"timeout": 1}),
]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(start: Callable[..., "Server"], number: int) -> None:
    server = start("stand-in")
    server.process.send_signal(number)
    assert server.process.wait(10) == 0


def test_a_taken_port_is_said(stand_in: "Server") -> None:
    command = argv(find("stand-in"), stand_in.host, stand_in.port)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"{stand_in.host}:{stand_in.port}" in ended.stderr
    assert "--port" in ended.stderr


def test_it_may_open_as_many_files_as_it_is_let(stand_in: "Server") -> None:
    soft, hard = psutil.Process(stand_in.process.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == hard


def test_it_gives_back_every_descriptor(
    start: Callable[..., "Server"], make_link: Callable[..., "Link"], capfd: pytest.CaptureFixture[str]
) -> None:
    """Connections that end in any way, under toxics that come and go."""
    random = Random(1)
    server = start("stand-in")
    process = psutil.Process(server.process.pid)
    link = make_link(server)
    before = process.num_fds()
    for _ in range(60):
        abuse(link, random)
    link.server.call("POST", "/reset")
    until = monotonic() + 10
    while process.num_fds() > before and monotonic() < until:
        sleep(0.01)
    assert process.num_fds() <= before
    assert capfd.readouterr().err == ""


def abuse(link: "Link", random: Random) -> None:
    kind, attributes = TOXICS[int(random.random() * len(TOXICS))]
    pairs = [link.open() for _ in range(4)]
    link.add(kind, "upstream" if random.random() < 0.5 else "downstream", **attributes)
    for pair in pairs:
        for sock in pair:
            with suppress(OSError):
                sock.sendall(b"x" * 1_000)
            if random.random() < 0.3:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.remove(kind)
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_another_seed_draws_others(start: Callable[..., "Server"], make_link: Callable[..., "Link"]) -> None:
    def fates(seed: int) -> list[bytes]:
        link = make_link(start("stand-in", "--seed", str(seed)))
        link.add("limit_data", "upstream", toxicity=0.5, bytes=0)
        pairs = [link.open() for _ in range(40)]
        for client, _ in pairs:
            client.sendall(b"x")
        return [far.recv(1) for _, far in pairs]

    assert fates(1) != fates(2)
