"""Noise on every port of a stand-in: requests that are cut, spoiled or no requests at all, ended in every way.

`python -m tests.harness.links.fuzz --cases 100000 --seed 7` does it for longer.
"""

import argparse
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from random import Random
from time import monotonic, sleep  # noqa: TID251 - deadlines on a real process
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from tests.harness.links.sockets import reset

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

GROWTH_BYTES_MAX = 64 * 1024 * 1024
OPEN_MAX = 100
TOXICS: list[tuple[str, dict[str, int]]] = [
    ("latency", {"latency": 3, "jitter": 3}),
    ("bandwidth", {"rate": 500}),
    ("slicer", {"average_size": 50, "size_variation": 20, "delay": 10}),
    ("limit_data", {"bytes": 500}),
    ("slow_close", {"delay": 3}),
    ("reset_peer", {"timeout": 1}),
    ("timeout", {"timeout": 5}),
]
PIECES = [
    b"GET ", b"POST ", b"PATCH ", b"/proxies", b"/proxies/l0", b"/toxics", b"/populate", b"/version", b" HTTP/1.1",
    b"\r\n", b"\r\n\r\n", b"\n", b"Host: x\r\n", b"Content-Length: 9\r\n", b"Content-Length: 99999999999\r\n",
    b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"5\r\n", b"0\r\n",
    b"{", b"}", b"[", b",", b'"name":', b'"p"', b'"upstream":"127.0.0.1:1"', b'"listen":"127.0.0.1:0"', b"null", b"-1",
    b"1e999", b"\xff", b"\x00", b"%", b"%2e%2e/",
]  # fmt: skip
WHOLE = [
    b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /proxies/l0/toxics HTTP/1.1\r\nHost: x\r\n\r\n",
    b'POST /proxies/l0/toxics HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{"type": "noop"}\n',
    b'PATCH /proxies/l0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"enabled":  true}\r\n0\r\n\r\n',
    b"GET /proxies HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"POST /populate HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
]


def noise(random: Random) -> bytes:
    kind = below(random, 5)
    if kind == 0:
        return random.getrandbits(8 * 300).to_bytes(300, "big")[: below(random, 300)]
    if kind == 1:
        return b"".join(PIECES[below(random, len(PIECES))] for _ in range(below(random, 25)))
    request = bytearray(WHOLE[below(random, len(WHOLE))])
    if kind == 2:
        return bytes(request[: below(random, len(request))])
    if kind == 3:
        for _ in range(1 + below(random, 4)):
            request[below(random, len(request))] = below(random, 256)
    return bytes(request) * (1 + below(random, 3))


def below(random: Random, limit: int) -> int:
    return int(random.random() * limit)


def close(sock: socket.socket) -> None:
    sock.close()


def read_to_the_end(sock: socket.socket) -> None:
    """Nothing hangs: what is shut on this side is ended on the other."""
    with sock, suppress(ConnectionResetError):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass


ENDS: list[Callable[[socket.socket], None]] = [close, reset, read_to_the_end]


def attack(server: "Server", seed: int, cases: int) -> None:
    """At the API, and through proxies with toxics that lead to it. After it the server is as it was before."""
    random = Random(f"{seed}/fuzz")
    process = psutil.Process(server.process.pid)
    before = process.num_fds(), process.memory_info().rss
    places = [(server.host, server.port), *_proxies(server)]
    with ExitStack() as stack:
        held: list[socket.socket] = []
        for _ in range(cases):
            with suppress(ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                sock = stack.enter_context(socket.create_connection(places[below(random, len(places))], timeout=20))
                held.append(sock)
                sock.sendall(noise(random))
            while len(held) > below(random, OPEN_MAX):
                ENDS[below(random, len(ENDS))](held.pop(below(random, len(held))))
    for name in server.call("GET", "/proxies").json:
        assert server.call("DELETE", f"/proxies/{quote(name, safe='')}").status == 204
    until = monotonic() + 30
    while process.num_fds() > before[0] and monotonic() < until:
        sleep(0.05)
    assert process.num_fds() <= before[0], "descriptors were not given back"
    assert process.memory_info().rss < before[1] + GROWTH_BYTES_MAX


def _proxies(server: "Server") -> Iterator[tuple[str, int]]:
    for number, (kind, attributes) in enumerate(TOXICS):
        body: dict[str, Any] = {"name": f"l{number}", "listen": f"{server.host}:0"}
        shown = server.call("POST", "/proxies", {**body, "upstream": f"{server.host}:{server.port}"}).json
        for stream in "upstream", "downstream":
            toxic = {"type": kind, "name": stream, "stream": stream, "attributes": attributes}
            assert server.call("POST", f"/proxies/l{number}/toxics", toxic).status == 200
        yield server.host, int(shown["listen"].rpartition(":")[2])


def main() -> None:
    from tests.harness.links.conftest import run  # noqa: PLC0415 - the tests' fixtures start it

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with ExitStack() as stack:
        attack(run(stack, "stand-in"), asked.seed, asked.cases)


if __name__ == "__main__":
    main()
