"""What a proxy without toxics does to a connection, the same on the real server and the stand-in."""

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.harness.links.sockets import how_it_ends, read

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link

MEGABYTE = bytes(range(256)) * 4096


def test_bytes_pass_both_ways(link: "Link") -> None:
    client, far = link.open()
    client.sendall(b"there")
    assert read(far, 5) == b"there"
    far.sendall(b"and back")
    assert read(client, 8) == b"and back"


def test_the_upstream_may_speak_first(link: "Link") -> None:
    client = link.dial()
    far, _ = link.upstream.accept()
    with far:
        far.sendall(b"welcome")
    assert read(client, 8) == b"welcome"


def test_much_passes_whole_and_in_order(link: "Link") -> None:
    client, far = link.open()
    assert _through(client, far, MEGABYTE * 4) == MEGABYTE * 4


def _through(source: socket.socket, destination: socket.socket, data: bytes) -> bytes:
    """Both ends in one thread: writes what fits, reads what has come."""
    source.settimeout(0)
    received = bytearray()
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[source.send(rest) :]
        except BlockingIOError:
            received += destination.recv(1 << 20)
    return bytes(received) + read(destination, len(data) - len(received))


@pytest.mark.parametrize("closer", ["client", "upstream"])
def test_a_close_passes_after_the_data_before_it(link: "Link", closer: str) -> None:
    client, far = link.open()
    first, second = (client, far) if closer == "client" else (far, client)
    first.sendall(MEGABYTE[:100_000])
    first.close()
    assert read(second, 200_000) == MEGABYTE[:100_000]


def test_a_half_close_closes(link: "Link") -> None:
    client, far = link.open()
    client.shutdown(socket.SHUT_WR)
    assert how_it_ends(far) == "FIN"
    assert how_it_ends(client) == "FIN"


def test_a_client_may_say_everything_before_the_upstream_has_accepted(link: "Link") -> None:
    for _ in range(10):
        client = link.dial()
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        far, _ = link.upstream.accept()
        with far:
            far.settimeout(10)
            assert read(far, 100) == b"all of it"


def test_a_reset_passes_as_an_end(link: "Link") -> None:
    client, far = link.open()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    assert how_it_ends(client) == "FIN"


def test_a_dead_upstream_accepts_then_ends(link: "Link") -> None:
    link.upstream.close()
    assert how_it_ends(link.dial()) == "FIN"


def test_a_disabled_proxy_ends_its_connections_and_refuses_new_ones(link: "Link") -> None:
    client, far = link.open()
    link.server.call("PATCH", "/proxies/link", {"enabled": False})
    assert [how_it_ends(client), how_it_ends(far)] == ["FIN", "FIN"]
    with pytest.raises(ConnectionRefusedError):
        link.dial()
    link.server.call("PATCH", "/proxies/link", {"enabled": True})
    link.open()


def test_a_deleted_proxy_ends_its_connections_and_frees_its_port(link: "Link") -> None:
    client, far = link.open()
    link.server.call("DELETE", "/proxies/link")
    assert [how_it_ends(client), how_it_ends(far)] == ["FIN", "FIN"]
    body = {"name": "next", "listen": link.listen, "upstream": "127.0.0.1:1"}
    assert link.server.call("POST", "/proxies", body).status == 201


def test_a_new_upstream_ends_the_connections_to_the_old_one(link: "Link") -> None:
    client, _ = link.open()
    with socket.create_server((link.server.host, 0)) as other:
        host, port = other.getsockname()
        link.server.call("PATCH", "/proxies/link", {"upstream": f"{host}:{port}"})
        assert how_it_ends(client) == "FIN"
        other.settimeout(10)
        link.dial()
        other.accept()[0].close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "[::ffff:127.0.0.1]"])
def test_an_upstream_may_be_named_in_many_ways(link: "Link", host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(10)
        link.server.call("PATCH", "/proxies/link", {"upstream": f"{host}:{other.getsockname()[1]}"})
        client = link.dial()
        with other.accept()[0] as far:
            far.sendall(b"found")
            assert read(client, 5) == b"found"


@pytest.mark.parametrize("upstream", ["words", "", "a:b:c", "127.0.0.1:nonsense", "127.0.0.1:99999", "no such:1"])
def test_an_upstream_that_is_none_is_dead(link: "Link", upstream: str) -> None:
    link.server.call("PATCH", "/proxies/link", {"upstream": upstream})
    assert how_it_ends(link.dial()) == "FIN"
