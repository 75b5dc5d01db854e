"""Where the stand-in differs from the real server: each is meant, and each is an improvement."""

import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.links.sockets import how_it_ends

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

CRASHING = [
    ("bandwidth", {"rate": -1}),
    ("slicer", {"average_size": 10, "size_variation": 40}),
]
MEANINGLESS = [
    ("slicer", {}),  # the real server ends of this as well, after two seconds of recursion
    ("latency", {"latency": -1}),
    ("latency", {"jitter": -1}),
    ("timeout", {"timeout": -1}),
    ("reset_peer", {"timeout": -1}),
    ("slow_close", {"delay": -1}),
    ("limit_data", {"bytes": -1}),
    ("slicer", {"average_size": 10, "delay": -1}),
    ("slicer", {"average_size": 10, "size_variation": 10}),
]


def test_reset_peer_resets_the_connections_that_it_finds(link: "Link") -> None:
    client, far = link.open()
    link.add("reset_peer", "upstream", timeout=0)
    client.sendall(b"x")
    expected = "RST" if link.server.kind == "stand-in" else "FIN"
    assert how_it_ends(far) == expected


def test_toxicity_follows_the_seed(start: Callable[..., "Server"], make_link: Callable[..., "Link"]) -> None:
    def fates(seed: int) -> list[bool]:
        link = make_link(start("stand-in", "--seed", str(seed)))
        link.add("limit_data", "upstream", toxicity=0.5, bytes=0)
        return [survives(link) for _ in range(40)]

    def survives(link: "Link") -> bool:
        client, far = link.open()
        client.sendall(b"x")
        return far.recv(1) == b"x"

    one, again, other = fates(1), fates(1), fates(2)
    assert one == again
    assert one != other


def test_the_api_answers_and_takes_toxics_while_a_link_is_full(own_link: "Link") -> None:
    client, far = own_link.open()
    fill(client)
    own_link.add("timeout", "upstream", timeout=0)
    own_link.add("latency", "upstream", latency=1)
    assert list(own_link.server.call("GET", "/proxies").json) == ["link"]
    own_link.remove("timeout")
    assert how_it_ends(client) in ("FIN", "RST")
    while far.recv(1 << 20):
        pass


def test_a_full_link_can_be_disabled(own_link: "Link") -> None:
    client, _far = own_link.open()
    fill(client)
    assert own_link.server.call("PATCH", "/proxies/link", {"enabled": False}).status == 200
    assert how_it_ends(client) in ("FIN", "RST")


def fill(sock: socket.socket) -> None:
    """Until nothing more has gone in for a while: nobody reads at the other end."""
    sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        while True:
            sock.send(b"x" * 65536)
    sock.settimeout(10)


@pytest.mark.parametrize(("kind", "attributes"), CRASHING + MEANINGLESS)
def test_attributes_that_mean_nothing_are_refused(own_link: "Link", kind: str, attributes: dict[str, int]) -> None:
    answer = own_link.server.call("POST", "/proxies/link/toxics", {"type": kind, "attributes": attributes})
    assert (answer.status, answer.json["status"]) == (400, 400)
    assert answer.json["error"].startswith(f"bad request body: attributes of {kind}: ")
    assert own_link.server.call("GET", "/proxies/link/toxics").json == []


@pytest.mark.parametrize(("kind", "attributes"), CRASHING)
def test_the_real_server_ends_of_these(
    start: Callable[..., "Server"], make_link: Callable[..., "Link"], kind: str, attributes: dict[str, int]
) -> None:
    link = make_link(start("toxiproxy"))
    link.add(kind, "upstream", **attributes)
    link.upstream.settimeout(0.2)  # what it accepted as it died comes to nothing
    with suppress(OSError):  # it may take some tries, by its draws
        for _ in range(100):
            client, far = link.open()
            client.sendall(b"x" * 60)
            far.recv(100)
    assert link.server.process.wait(10) != 0


def test_an_update_that_is_refused_changes_nothing(link: "Link") -> None:
    link.add("latency", "upstream", latency=5)
    change = {"attributes": {"jitter": 7, "latency": "words"}}
    assert link.server.call("PATCH", "/proxies/link/toxics/latency", change).status == 400
    attributes = link.server.call("GET", "/proxies/link/toxics/latency").json["attributes"]
    assert attributes == {"latency": 5, "jitter": 0 if link.server.kind == "stand-in" else 7}


def test_a_proxy_is_shown_without_a_stray_field(link: "Link") -> None:
    expected = {"name", "listen", "upstream", "enabled", "toxics"}
    stray: set[Any] = set() if link.server.kind == "stand-in" else {"Logger"}
    assert set(link.server.call("GET", "/proxies/link").json) == expected | stray


def test_a_stream_is_shown_in_lower_case(link: "Link") -> None:
    answer = link.server.call("POST", "/proxies/link/toxics", {"type": "noop", "stream": "UPSTREAM"})
    assert answer.json["stream"] == ("upstream" if link.server.kind == "stand-in" else "UPSTREAM")


def test_a_proxy_can_be_deleted_while_it_dials(stand_in: "Server") -> None:
    """The real server's call waits until the upstream has answered. What clients say meanwhile is bounded."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind((stand_in.host, 0))
        full.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        host, port = full.getsockname()
        shown = stand_in.call("POST", "/proxies", {"name": "f", "listen": f"{host}:0", "upstream": f"{host}:{port}"})
        address = (host, int(shown.json["listen"].rpartition(":")[2]))
        clients = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(3)]
        fill(clients[0])
        assert stand_in.call("DELETE", "/proxies/f").status == 204
        for client in clients:
            assert how_it_ends(client) in ("FIN", "RST")
