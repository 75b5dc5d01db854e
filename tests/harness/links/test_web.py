"""The stand-in's HTTP: whatever is sent to it, it answers or hangs up, and goes on answering others."""

import re
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

VERSION = b"GET /version HTTP/1.1\r\n\r\n"


def answers(server: "Server", sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=10) as api:
        api.sendall(sent)
        api.shutdown(socket.SHUT_WR)
        received = bytearray()
        try:
            while data := api.recv(65536):
                received += data
        except ConnectionResetError:
            pass  # it closed with something of ours unread
    return bytes(received)


def statuses(received: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+)", received)]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (VERSION * 3, [200, 200, 200]),
        (b"GET /version HTTP/1.0\r\n\r\n" + VERSION, [200]),
        (b"GET /version HTTP/1.1\r\nConnection: close\r\n\r\n" + VERSION, [200]),
        (b"GET /version?now=1 HTTP/1.1\r\n\r\n", [200]),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody" + VERSION, [204, 200]),
        (b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", [411]),
        (b"POST /reset HTTP/1.1\r\nContent-Length: -4\r\n\r\n", [400]),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n", [413]),
        (b"POST /reset HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", [413]),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 9\r\n\r\nless", []),
        (b"GET /version HTTP/2\r\n\r\n", [400]),
        (b"hello\r\n\r\n", [400]),
        (b"GET /version HTTP/1.1\r\nX: " + b"x" * 100_000, [431]),
        (b"", []),
    ],
)  # fmt: skip
def test_requests_of_every_shape(stand_in: "Server", sent: bytes, expected: list[int]) -> None:
    assert statuses(answers(stand_in, sent)) == expected


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\r\n\r\n", b" HTTP/1.1\r\n\r\n"]))
def test_nothing_that_is_sent_ends_it(stand_in: "Server", noise: bytes, end: bytes) -> None:
    answers(stand_in, noise + end)
    assert stand_in.call("GET", "/version").status == 200
