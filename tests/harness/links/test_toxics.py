"""What each toxic does to a connection, the same on the real server and the stand-in.

The client dials; upstream is the direction from it. Times are lower bounds only.
"""

import socket
from time import monotonic  # noqa: TID251 - lower bounds of real delays
from typing import TYPE_CHECKING

import pytest

from tests.harness.links.sockets import how_it_ends, read, silent

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

MEGABYTE = bytes(range(256)) * 4096


# timeout


def test_timeout_drops_in_its_direction_only(link: "Link") -> None:
    client, far = link.open()
    link.add("timeout", "upstream", timeout=0)
    client.sendall(b"lost")
    assert silent(far, 0.1)
    far.sendall(b"passes")
    assert read(client, 6) == b"passes"


def test_timeout_removed_closes_and_delivers_nothing_of_what_it_dropped(link: "Link") -> None:
    client, far = link.open()
    link.add("timeout", "upstream", timeout=0)
    client.sendall(b"lost")
    link.remove("timeout")
    assert [how_it_ends(far), how_it_ends(client)] == ["FIN", "FIN"]
    client, far = link.open()
    client.sendall(b"new")
    assert read(far, 3) == b"new"


def test_timeout_affects_connections_that_come_later(link: "Link") -> None:
    link.add("timeout", "downstream", timeout=0)
    client, far = link.open()
    far.sendall(b"lost")
    assert silent(client, 0.1)


def test_timeout_lets_an_end_pass(link: "Link") -> None:
    client, far = link.open()
    link.add("timeout", "upstream", timeout=0)
    client.close()
    assert how_it_ends(far) == "FIN"


def test_timeout_closes_after_so_long_without_data(link: "Link") -> None:
    client, far = link.open()
    link.add("timeout", "upstream", timeout=600)
    assert silent(far, 0.25)
    sent = monotonic()
    client.sendall(b"begins the time anew")
    assert how_it_ends(client) == "FIN"
    assert monotonic() - sent >= 0.55


# latency


def test_latency_delays_every_chunk_from_its_own_arrival(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=150)
    since = monotonic()
    client.sendall(b"a")
    assert silent(far, 0.05)
    client.sendall(b"b")
    assert read(far, 1) == b"a"
    assert monotonic() - since >= 0.14
    assert read(far, 1) == b"b"
    assert monotonic() - since >= 0.19


def test_latency_spares_the_other_direction_and_the_end(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=60_000)
    far.sendall(b"now")
    assert read(client, 3) == b"now"
    client.close()
    assert how_it_ends(far) == "FIN"


def test_latency_with_jitter_keeps_the_order(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=5, jitter=5)
    for number in range(100):
        client.sendall(b"%03d" % number)
    assert read(far, 300) == b"".join(b"%03d" % number for number in range(100))


def test_latency_removed_sends_what_it_held(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=60_000)
    client.sendall(b"held")
    assert silent(far, 0.1)
    link.remove("latency")
    client.sendall(b"next")
    assert read(far, 8) == b"heldnext"


def test_two_latencies_add_up(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=60)
    body = {"type": "latency", "name": "second", "stream": "upstream", "attributes": {"latency": 60}}
    link.server.call("POST", "/proxies/link/toxics", body)
    since = monotonic()
    client.sendall(b"x")
    read(far, 1)
    assert monotonic() - since >= 0.11


# bandwidth


def test_bandwidth_takes_the_time_that_the_bytes_need(link: "Link") -> None:
    client, far = link.open()
    link.add("bandwidth", "upstream", rate=100)
    since = monotonic()
    client.sendall(MEGABYTE[:30_000])
    assert read(far, 30_000) == MEGABYTE[:30_000]
    assert monotonic() - since >= 0.25


def test_bandwidth_0_holds_everything_until_it_is_removed(link: "Link") -> None:
    client, far = link.open()
    link.add("bandwidth", "upstream", rate=0)
    client.sendall(b"held")
    assert silent(far, 0.15)
    link.remove("bandwidth")
    assert read(far, 4) == b"held"


def test_bandwidth_0_holds_until_the_rate_is_changed(link: "Link") -> None:
    client, far = link.open()
    link.add("bandwidth", "upstream", rate=0)
    client.sendall(b"held")
    assert silent(far, 0.1)
    link.change("bandwidth", rate=1000)
    assert read(far, 4) == b"held"


def test_bandwidth_holds_the_sender_back(link: "Link") -> None:
    client, _far = link.open()
    link.add("bandwidth", "upstream", rate=1)
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.sendall(MEGABYTE * 32)


# limit_data


def test_limit_data_passes_so_much_then_closes(link: "Link") -> None:
    client, far = link.open()
    link.add("limit_data", "upstream", bytes=10)
    client.sendall(b"0123456")
    assert read(far, 7) == b"0123456"
    client.sendall(b"789abc")
    assert read(far, 7) == b"789"
    assert how_it_ends(client) in ("FIN", "RST")


def test_limit_data_counts_each_connection_for_itself_and_on_through_updates(link: "Link") -> None:
    link.add("limit_data", "upstream", bytes=4)
    for _ in range(2):
        client, far = link.open()
        client.sendall(b"abc")
        assert read(far, 3) == b"abc"
    link.change("limit_data", bytes=5)
    client.sendall(b"def")
    assert read(far, 6) == b"de"


# slicer


def test_slicer_makes_small_pieces_of_the_same_bytes(link: "Link") -> None:
    client, far = link.open()
    link.add("slicer", "upstream", average_size=100, size_variation=20, delay=3000)
    client.sendall(MEGABYTE[:2000])
    pieces: list[bytes] = []
    while len(b"".join(pieces)) < 2000:
        pieces.append(far.recv(65536))
    assert b"".join(pieces) == MEGABYTE[:2000]
    assert len(pieces) >= 10


# slow_close


def test_slow_close_delays_the_end_only(link: "Link") -> None:
    client, far = link.open()
    link.add("slow_close", "upstream", delay=150)
    since = monotonic()
    client.sendall(b"at once")
    assert read(far, 7) == b"at once"
    client.close()
    assert how_it_ends(far) == "FIN"
    assert monotonic() - since >= 0.14


def test_slow_close_removed_closes_at_once(link: "Link") -> None:
    client, far = link.open()
    link.add("slow_close", "upstream", delay=600_000)
    client.close()
    assert silent(far, 0.1)
    link.remove("slow_close")
    assert how_it_ends(far) == "FIN"


# reset_peer


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_reset_peer_resets_on_the_first_data(link: "Link", stream: str) -> None:
    link.add("reset_peer", stream, timeout=80)
    client, far = link.open()
    assert silent(far, 0.1)
    since = monotonic()
    (client if stream == "upstream" else far).sendall(b"x")
    assert [how_it_ends(far), how_it_ends(client)] == ["RST", "RST"]
    assert monotonic() - since >= 0.07


def test_reset_peer_resets_instead_of_an_end(link: "Link") -> None:
    link.add("reset_peer", "upstream", timeout=0)
    client, far = link.open()
    client.shutdown(socket.SHUT_WR)
    assert how_it_ends(far) == "RST"


# toxicity, combinations, reset


@pytest.mark.parametrize(("toxicity", "affected"), [(0, False), (1, True)])
def test_toxicity_is_the_share_of_affected_connections(link: "Link", toxicity: float, *, affected: bool) -> None:
    link.add("timeout", "upstream", toxicity=toxicity, timeout=0)
    client, far = link.open()
    client.sendall(b"x")
    assert silent(far, 0.1) == affected


def test_toxicity_between_affects_some(link: "Link") -> None:
    link.add("limit_data", "upstream", toxicity=0.5, bytes=0)
    survived = set()
    for _ in range(60):
        client, far = link.open()
        client.sendall(b"x")
        survived.add(read(far, 1))
        client.close()
    assert survived == {b"", b"x"}


def test_toxics_work_in_the_order_they_were_added(link: "Link") -> None:
    link.add("limit_data", "upstream", bytes=5)
    link.add("slow_close", "upstream", delay=100)
    client, far = link.open()
    since = monotonic()
    client.sendall(b"0123456")
    assert read(far, 7) == b"01234"
    assert monotonic() - since >= 0.09


def test_reset_frees_the_links(link: "Link") -> None:
    client, far = link.open()
    link.add("latency", "upstream", latency=60_000)
    link.add("bandwidth", "upstream", rate=0)
    client.sendall(b"held")
    assert link.server.call("POST", "/reset").status == 204
    client.sendall(b"next")
    assert read(far, 8) == b"heldnext"


def test_a_toxic_on_one_proxy_spares_the_others(link: "Link", server: "Server") -> None:
    other = type(link)(server, link.stack, "other")
    link.add("timeout", "upstream", timeout=0)
    client, far = other.open()
    client.sendall(b"x")
    assert read(far, 1) == b"x"
