"""The finer meaning of toxics, the same on both servers: rates, bounds, order, half-closes, changes on the way.

Times are lower bounds, or the order of two links on one server.
"""

import socket
from time import monotonic, sleep  # noqa: TID251 - lower bounds of real delays
from typing import TYPE_CHECKING

import pytest

from tests.harness.links.sockets import how_it_ends, read, reset, silent

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link

DATA = bytes(range(256)) * 400


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize(("rate", "size"), [(10, 3_000), (50, 20_000), (250, 90_000), (1_000_000, 100_000)])
def test_a_bandwidth_at_its_rate_in_its_direction(link: "Link", stream: str, rate: int, size: int) -> None:
    client, far = link.open()
    link.add("bandwidth", stream, rate=rate)
    source, destination = (client, far) if stream == "upstream" else (far, client)
    since = monotonic()
    source.sendall(DATA[:size])
    assert read(destination, size) == DATA[:size]
    assert monotonic() - since >= 0.9 * size / rate / 1000
    destination.sendall(b"free")
    assert read(source, 4) == b"free"


def test_a_bandwidth_is_of_each_connection(link: "Link") -> None:
    link.add("bandwidth", rate=1)
    (slow, slow_far), (client, far) = link.open(), link.open()
    slow.sendall(DATA[:30_000])
    client.sendall(b"x")
    assert read(far, 1) == b"x"
    assert len(slow_far.recv(65536)) < 30_000


def test_delays_of_pipelined_chunks_do_not_add_up(link: "Link") -> None:
    """Sixty times 0.5 s would be 30 s: the other link's 20 s would be over before."""
    other = type(link)(link.server, link.stack, "other")
    other.add("latency", latency=20_000)
    link.add("latency", latency=500)
    (slow, slow_far), (client, far) = other.open(), link.open()
    slow.sendall(b"x")
    for number in range(60):
        client.sendall(bytes([number]))
        sleep(0.002)
    assert read(far, 60) == bytes(range(60))
    assert silent(slow_far, 0.001)


def test_jitter_has_its_bounds(link: "Link") -> None:
    link.add("latency", latency=60, jitter=40)
    client, far = link.open()
    for _ in range(10):
        since = monotonic()
        client.sendall(b"x")
        assert read(far, 1) == b"x"
        assert monotonic() - since >= 0.019


def test_more_jitter_than_latency_only_ever_delays(link: "Link") -> None:
    link.add("latency", latency=1, jitter=20)
    client, far = link.open()
    for number in range(50):
        client.sendall(b"%02d" % number)
    assert read(far, 100) == b"".join(b"%02d" % number for number in range(50))


def test_what_was_held_arrives_before_the_end_of_a_half_close(link: "Link") -> None:
    link.add("latency", "downstream", latency=200)
    client, far = link.open()
    far.sendall(b"answer")
    sleep(0.05)
    client.shutdown(socket.SHUT_WR)
    assert how_it_ends(far) == "FIN"
    assert read(client, 6) == b"answer"
    assert how_it_ends(client) == "FIN"


def test_the_other_direction_lives_while_an_end_is_slow(link: "Link") -> None:
    link.add("slow_close", "upstream", delay=300)
    client, far = link.open()
    since = monotonic()
    client.shutdown(socket.SHUT_WR)
    far.sendall(b"meanwhile")
    assert read(client, 9) == b"meanwhile"
    assert how_it_ends(far) == "FIN"
    assert monotonic() - since >= 0.29
    assert how_it_ends(client) == "FIN"


def test_a_half_close_of_the_upstream_closes(link: "Link") -> None:
    client, far = link.open()
    far.sendall(b"last words")
    far.shutdown(socket.SHUT_WR)
    assert read(client, 11) == b"last words"
    assert how_it_ends(client) == "FIN"
    assert how_it_ends(far) == "FIN"


def test_a_reset_of_the_client_comes_as_an_end_after_what_was_held(link: "Link") -> None:
    link.add("latency", "upstream", latency=200)
    client, far = link.open()
    client.sendall(b"held")
    sleep(0.05)
    reset(client)
    assert read(far, 4) == b"held"
    assert how_it_ends(far) == "FIN"


def test_a_timeout_that_is_shortened_closes(link: "Link") -> None:
    client, far = link.open()
    link.add("timeout", "upstream", timeout=0)
    assert silent(far, 0.1)
    link.change("timeout", timeout=50)
    assert [how_it_ends(client), how_it_ends(far)] == ["FIN", "FIN"]


def test_a_limit_that_is_lowered_below_what_has_passed_closes_at_the_next_byte(link: "Link") -> None:
    link.add("limit_data", bytes=10)
    client, far = link.open()
    client.sendall(b"123456")
    assert read(far, 6) == b"123456"
    link.change("limit_data", bytes=4)
    assert silent(far, 0.1)
    client.sendall(b"7")
    assert how_it_ends(far) == "FIN"


def test_a_limit_that_is_removed_before_it_is_reached_is_none(link: "Link") -> None:
    link.add("limit_data", bytes=10)
    client, far = link.open()
    client.sendall(b"123456")
    assert read(far, 6) == b"123456"
    link.remove("limit_data")
    client.sendall(b"7890more")
    assert read(far, 8) == b"7890more"


def test_a_toxicity_of_0_frees_a_connection_that_was_affected(link: "Link") -> None:
    link.add("bandwidth", rate=0)
    client, far = link.open()
    client.sendall(b"held")
    assert silent(far, 0.1)
    link.change("bandwidth", toxicity=0)
    assert read(far, 4) == b"held"
    client.sendall(b"free")
    assert read(far, 4) == b"free"


def test_toxics_outlive_that_their_proxy_is_disabled(link: "Link") -> None:
    link.add("latency", latency=150)
    shown = link.server.call("GET", "/proxies/link").json
    for enabled in False, True:
        answer = link.server.call("PATCH", "/proxies/link", {"enabled": enabled})
        assert answer.json == {**shown, "enabled": enabled}
    client, far = link.open()
    since = monotonic()
    client.sendall(b"x")
    assert read(far, 1) == b"x"
    assert monotonic() - since >= 0.14


def test_toxics_may_be_added_changed_and_removed_while_a_proxy_is_disabled(link: "Link") -> None:
    link.server.call("PATCH", "/proxies/link", {"enabled": False})
    link.add("limit_data", bytes=9)
    link.add("timeout", timeout=0)
    link.change("limit_data", bytes=2)
    link.remove("timeout")
    link.server.call("PATCH", "/proxies/link", {"enabled": True})
    client, far = link.open()
    client.sendall(b"123")
    assert read(far, 3) == b"12"


def test_the_same_type_twice_counts_twice(link: "Link") -> None:
    for name, size in ("wide", 5), ("narrow", 3):
        body = {"type": "limit_data", "name": name, "stream": "upstream", "attributes": {"bytes": size}}
        assert link.server.call("POST", "/proxies/link/toxics", body).status == 200
    client, far = link.open()
    client.sendall(b"12345")
    assert read(far, 5) == b"123"


def test_a_slicer_of_single_bytes_loses_none(link: "Link") -> None:
    link.add("slicer", average_size=1, delay=10)
    client, far = link.open()
    client.sendall(DATA[:300])
    assert read(far, 300) == DATA[:300]


def test_a_slicer_waits_after_each_slice(link: "Link") -> None:
    link.add("slicer", average_size=100, delay=20_000)
    client, far = link.open()
    since = monotonic()
    client.sendall(DATA[:1_000])
    assert read(far, 1_000) == DATA[:1_000]
    assert monotonic() - since >= 0.17
