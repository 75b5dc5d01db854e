"""The stand-in's HTTP: whatever is sent to it, it answers or hangs up, and goes on answering others."""

import asyncio
import os
import re
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from harness.stages.processes.links.standin import web
from tests.harness.links.fuzz import attack
from tests.harness.links.seen_in_api import FENCE
from tests.harness.links.sockets import conversation

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

FUZZ_CASES = int(os.environ.get("URUSHI_TEST_FUZZ_CASES", "2000"))

VERSION = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /proxies HTTP/1.1\r\nHost: x\r\n"


def statuses(server: "Server", sent: bytes) -> list[int]:
    received = conversation((server.host, server.port), sent + FENCE)
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d+) ", received)]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (VERSION * 3, [200, 200, 200, 200]),
        (b"GET /version HTTP/1.0\r\n\r\n", [200]),
        (b"GET /version HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200, 200]),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [200]),
        (b"GET /version HTTP/1.1\nHost: x\n\n", [200, 200]),
        (b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n", [404, 200]),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [200, 200]),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", [204, 200]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", [400, 200]),
        (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", [100, 400, 200]),
        (POST + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}", [417]),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", [501]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", [400]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}more\r\n", [400]),
        (POST + b"Content-Length: -4\r\n\r\n", [400]),
        (b"GET /version HTTP/1.1\r\n\r\n", [400]),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", [400]),
        (b"GET /version HTTP/2.0\r\nHost: x\r\n\r\n", [505]),
        (b"hello\r\n\r\n", [400]),
        (b"", [200]),
    ],
)  # fmt: skip
def test_requests_of_every_shape(server: "Server", sent: bytes, expected: list[int]) -> None:
    assert statuses(server, sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (POST + b"Content-Length: 4000000\r\n\r\n" + b" " * 4_000_000, [413]),
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"80000\r\n" + b" " * 0x80000 + b"\r\n") * 3, [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 9_000, [431]),
        (b"GET /version HTTP/1.1\r\nX: " + b"x" * 100_000, [431]),
        (b"GET /version HTTP/1.1\r\n" + b"X: y\r\n" * 9_000, [431]),
        (b"GET /" + b"x" * 100_000, [431]),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused(stand_in: "Server", sent: bytes, expected: list[int]) -> None:
    assert statuses(stand_in, sent) == expected


def test_an_answer_comes_in_the_version_of_its_request(server: "Server") -> None:
    old = conversation((server.host, server.port), b"GET /version HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + FENCE)
    assert old.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Connection: keep-alive\r\n" in old
    assert b"\nHTTP/1.1 200 OK\r\n" in old


def test_the_answer_to_head_has_no_body(server: "Server") -> None:
    received = conversation((server.host, server.port), b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + FENCE)
    first, second = received.split(b"\r\n\r\nHTTP/1.1 ")
    assert b"Content-Length: 19" in first
    assert second.startswith(b"200 OK")


@pytest.mark.parametrize("sent", [b"", b"GET /version HTT", VERSION[:-2], POST + b"Content-Length: 9\r\n\r\n{}"])
def test_who_sends_nothing_more_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(web, "IDLE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(web, "TRANSFER_SECONDS_MAX", 0.05)

    async def handle(_request: web.Request) -> web.Answer:
        raise AssertionError("it was not complete")

    async def play() -> bytes:
        server = await web.serve("127.0.0.1", 0, handle)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        async with asyncio.timeout(10):
            received = await reader.read()
        writer.close()
        server.close()
        return received

    assert asyncio.run(play()) == b""


def test_a_refusal_is_not_lost_with_what_was_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """To close with something unread is to reset, and then the client may never see the answer."""
    monkeypatch.setattr(web, "LINGER_SECONDS_MAX", 10)

    async def handle(_request: web.Request) -> web.Answer:
        raise AssertionError("it was too long")

    async def play() -> bytes:
        server = await web.serve("127.0.0.1", 0, handle)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET /" + b"x" * 300_000)
        await writer.drain()
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        server.close()
        return received

    assert asyncio.run(play()).startswith(b"HTTP/1.1 431 ")


def test_slow_clients_do_not_keep_others_waiting(stand_in: "Server") -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((stand_in.host, stand_in.port))) for _ in range(200)]
        for sent in VERSION[:-1]:
            for api in slow:
                api.send(bytes([sent]))
        assert statuses(stand_in, b"") == [200]
        for api in slow:
            api.send(VERSION[-1:])
            assert api.recv(8) == b"HTTP/1.1"


def test_nothing_that_is_sent_ends_it(start: Callable[..., "Server"], capfd: pytest.CaptureFixture[str]) -> None:
    server = start("stand-in")
    attack(server, seed=1, cases=FUZZ_CASES)
    assert capfd.readouterr().err == ""
