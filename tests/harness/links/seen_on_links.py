"""Experiments on links in which the stand-in and the real server differ. Each says in words what it saw."""

import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic  # noqa: TID251 - lower bounds of real delays
from typing import TYPE_CHECKING, Any

from tests.harness.links.sockets import fill, how_it_ends, read, silent

if TYPE_CHECKING:
    from harness.stages.processes.links.server import Prefer
    from tests.harness.links.conftest import Link, Server

StartLink = Callable[..., "Link"]
FOREVER = 2**63 - 1


def held_or_passed(far: socket.socket) -> str:
    return "still held" if silent(far, 0.3) else "passed on at once"


def answered(server: "Server", method: str, path: str, body: Any = None) -> str:
    """The real server is given less patience: it never answers, and nobody wants to wait for that."""
    try:
        status = server.call(method, path, body, patience_s=10 if server.kind == "stand-in" else 2).status
    except TimeoutError:
        return "no answer"
    assert status in (200, 204)
    return "answered"


def established(link: "Link") -> tuple[socket.socket, socket.socket]:
    """A connection that the server has set up as well: it is accepted at the other end a little before."""
    client, far = link.open()
    far.sendall(b"x")
    assert read(client, 1) == b"x"
    return client, far


# reset_peer


def reset_of_an_old_connection(link: "Link") -> str:
    client, far = established(link)
    link.add("reset_peer", timeout=0)
    client.sendall(b"x")
    return how_it_ends(far)


def end_after_a_reset_that_was_removed(link: "Link") -> str:
    link.add("reset_peer", timeout=0)
    client, far = established(link)
    link.remove("reset_peer")
    client.close()
    return how_it_ends(far)


def reset_while_the_other_direction_is_held(link: "Link") -> str:
    link.add("reset_peer", "upstream", timeout=0)
    link.add("bandwidth", "downstream", rate=0)
    client, far = link.open()
    far.sendall(b"held")
    assert silent(client, 0.2)
    client.sendall(b"x")
    assert how_it_ends(far) == "RST"
    return "only one side is reset" if silent(client, 0.5) else "both sides are reset"


def removal_of_a_reset_that_waits(start_link: StartLink, kind: "Prefer") -> str:
    link = start_link(kind)
    link.add("reset_peer", timeout=60_000)
    client, far = link.open()
    client.sendall(b"x")
    assert silent(far, 0.2)
    return answered(link.server, "DELETE", "/proxies/link/toxics/reset_peer")


# toxicity


def fates_of_one_seed(start_link: StartLink, kind: "Prefer") -> str:
    def fates() -> list[bool]:
        link = start_link(kind, "--seed", "1")
        link.add("limit_data", toxicity=0.5, bytes=0)
        return [survives(link) for _ in range(40)]

    def survives(link: "Link") -> bool:
        client, far = link.open()
        client.sendall(b"x")
        return far.recv(1) == b"x"

    return "the same connections" if fates() == fates() else "others every time"


def fate_when_a_neighbour_is_added(link: "Link") -> str:
    link.add("limit_data", toxicity=0.5, bytes=0)
    pairs = [link.open() for _ in range(40)]
    survivors = []
    for client, far in pairs:
        client.sendall(b"x")
        if far.recv(1):
            survivors.append((client, far))
    link.add("noop")
    for client, _ in survivors:
        client.sendall(b"y")
    return "stays" if all(far.recv(1) for _, far in survivors) else "is drawn anew"


def timeout_of_toxicity_0(link: "Link") -> str:
    client, far = link.open()
    link.add("timeout", timeout=0)
    client.sendall(b"lost")
    assert silent(far, 0.1)
    link.change("timeout", toxicity=0)
    with suppress(OSError):
        client.sendall(b"next")
    return "the stream ends" if how_it_ends(far) in ("FIN", "RST") else "the stream goes on with a hole"


# What a change lets out


def held_by_a_latency_that_is_set_to_what_it_is(link: "Link") -> str:
    client, far = link.open()
    link.add("latency", latency=60_000)
    client.sendall(b"x")
    assert silent(far, 0.1)
    link.change("latency", latency=60_000)
    return held_or_passed(far)


def held_by_a_bandwidth_that_is_set_to_what_it_is(link: "Link") -> str:
    client, far = link.open()
    link.add("bandwidth", rate=0)
    client.sendall(b"x")
    assert silent(far, 0.1)
    link.change("bandwidth", rate=0)
    return held_or_passed(far)


def held_while_a_toxic_is_added_behind(link: "Link") -> str:
    client, far = link.open()
    link.add("latency", latency=60_000)
    client.sendall(b"x")
    assert silent(far, 0.1)
    link.add("noop")
    return held_or_passed(far)


# Sizes and times


def sizes_of_slices(link: "Link") -> str:
    client, far = link.open()
    link.add("slicer", average_size=100, delay=20_000)
    client.sendall(b"x" * 2_000)
    sizes: list[int] = []
    while sum(sizes) < 2_000:
        sizes.append(len(far.recv(65536)))
    return "less than the average" if min(sizes[:-1]) < 100 else "the average"


def bandwidth_before_latency(link: "Link") -> str:
    """What arrives early even once counts only once."""
    link.add("bandwidth", rate=1)
    link.add("latency", latency=300)
    client, far = link.open()
    for _ in range(5):
        since = monotonic()
        client.sendall(b"x" * 100)
        assert read(far, 100) == b"x" * 100
        if monotonic() - since < 0.39:
            return "the longer of the two"
    return "their sum"


def longest_slow_close(link: "Link") -> str:
    client, far = link.open()
    link.add("slow_close", delay=FOREVER)
    client.close()
    return "waits" if silent(far, 0.5) else "closes at once"


def numbers_that_end_it(start_link: StartLink, kind: "Prefer") -> str:
    """Of each kind of failure one."""
    ended = []
    for toxic, attributes in (
        ("bandwidth", {"rate": -1}),
        ("bandwidth", {"rate": 10**17}),
        ("latency", {"jitter": FOREVER}),
        ("slicer", {"average_size": 10, "size_variation": 40}),
    ):
        link = start_link(kind)
        body = {"type": toxic, "stream": "upstream", "attributes": attributes}
        status = link.server.call("POST", "/proxies/link/toxics", body).status
        assert status in ((200,) if kind == "toxiproxy" else (200, 400))
        ended.append(_ends(link))
    assert len(set(ended)) == 1
    return "the server ends" if ended[0] else "refused, or as it says"


def _ends(link: "Link") -> bool:
    """It may take some tries, by its draws; what it accepted as it died comes to nothing."""
    link.upstream.settimeout(0.2)
    with suppress(OSError):
        for _ in range(20):
            client, far = link.open()
            client.sendall(b"x" * 60)
            far.settimeout(0.2)
            far.recv(100)
    with suppress(OSError):
        return link.server.call("GET", "/version").status != 200
    return True


# The API and links that do not move


def toxic_on_a_full_link(start_link: StartLink, kind: "Prefer") -> str:
    link = start_link(kind)
    client, _far = link.open()
    fill(client)
    body = {"type": "latency", "stream": "upstream", "attributes": {"latency": 1}}
    return answered(link.server, "POST", "/proxies/link/toxics", body)


def deletion_while_it_dials(start_link: StartLink, kind: "Prefer") -> str:
    link = start_link(kind)
    link.listen_elsewhere()
    clients = [link.dial() for _ in range(3)]
    fill(clients[0])
    seen = answered(link.server, "DELETE", "/proxies/link")
    if seen == "answered":
        assert all(how_it_ends(client) in ("FIN", "RST") for client in clients)
    return seen


def removal_before_a_limit_that_was_reached(start_link: StartLink, kind: "Prefer") -> str:
    link = start_link(kind)
    link.add("noop")
    link.add("limit_data", bytes=5)
    link.add("latency", latency=60_000)
    client, far = link.open()
    for _ in range(3):
        client.sendall(b"01234")
        assert silent(far, 0.1)
    return answered(link.server, "DELETE", "/proxies/link/toxics/noop")
