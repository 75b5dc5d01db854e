"""Orders through toxiproxy-python, the same to either server; and what is said when one fails."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
import toxiproxy.api

from harness.stages.processes.links import client
from harness.stages.processes.links.control import Control, Toxic
from harness.stages.processes.links.link import Link, LinkError

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server


@pytest.fixture
def control(server: "Server") -> Iterator[Control]:
    with closing(Control(server.host, server.port)) as control:
        control.wait_ready(10)
        yield control


class Ends:
    """A link of the control, with both its far ends."""

    def __init__(self, control: Control, server: "Server", stack: ExitStack) -> None:
        self.stack = stack
        self.upstream = stack.enter_context(socket.create_server((server.host, 0)))
        self.upstream.settimeout(10)
        with socket.create_server((server.host, 0)) as free:
            self.address = free.getsockname()
        control.create([Link("r1>r2", "{}:{}".format(*self.address), "{}:{}".format(*self.upstream.getsockname()))])

    def open(self) -> tuple[socket.socket, socket.socket]:
        client = self.stack.enter_context(socket.create_connection(self.address, timeout=10))
        far = self.stack.enter_context(self.upstream.accept()[0])
        far.settimeout(10)
        return client, far


@pytest.fixture
def ends(control: Control, server: "Server") -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(control, server, stack)


def test_the_version_tells_the_servers_apart(control: Control, server: "Server") -> None:
    assert control.version().endswith("urushi") == (server.kind == "stand-in")


BLOCK = Toxic("block", "timeout", "upstream", {"timeout": 0})
LATE = Toxic("late", "latency", "downstream", {"latency": 50, "jitter": 0})


def test_a_toxic_works_on_its_stream_until_it_is_removed(control: Control, ends: Ends) -> None:
    client, far = ends.open()
    control.add("r1>r2", BLOCK)
    client.sendall(b"dropped")
    far.sendall(b"passes")
    assert client.recv(6) == b"passes"
    control.remove("r1>r2", BLOCK)
    assert (client.recv(9), far.recv(9)) == (b"", b"")
    client, far = ends.open()
    client.sendall(b"passes again")
    assert far.recv(12) == b"passes again"


def test_a_toxic_holds_for_connections_made_under_it(control: Control, ends: Ends) -> None:
    control.add("r1>r2", BLOCK)
    client, far = ends.open()
    client.sendall(b"dropped")
    far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        far.recv(9)


def test_an_update_holds_for_what_is_held(control: Control, ends: Ends) -> None:
    for_ever = Toxic("late", "latency", "upstream", {"latency": 3_600_000, "jitter": 0})
    control.add("r1>r2", for_ever)
    client, far = ends.open()
    client.sendall(b"at once")
    control.update("r1>r2", for_ever._replace(attributes={"latency": 0, "jitter": 0}))
    assert far.recv(7) == b"at once"


def test_a_proxy_that_is_disabled_refuses_until_it_is_enabled(control: Control, ends: Ends) -> None:
    client, far = ends.open()
    control.disable("r1>r2")
    assert (client.recv(9), far.recv(9)) == (b"", b"")
    with pytest.raises(ConnectionRefusedError):
        ends.open()
    control.enable("r1>r2")
    client, far = ends.open()
    client.sendall(b"passes again")
    assert far.recv(12) == b"passes again"


def test_all_that_is_on_is_shown_at_once(control: Control, ends: Ends) -> None:
    control.create([Link("other", "127.0.0.1:0", "u:1")])
    control.add("r1>r2", LATE)
    control.add("r1>r2", BLOCK)
    control.disable("other")
    shown = control.shown()
    assert set(shown) == {"r1>r2", "other"}
    assert shown["other"] == (False, [])
    assert shown["r1>r2"].enabled
    assert sorted(shown["r1>r2"].toxics) == [BLOCK, LATE]


def test_toxics_outlive_a_proxy_that_is_disabled(control: Control, ends: Ends) -> None:
    control.add("r1>r2", LATE)
    control.disable("r1>r2")
    control.enable("r1>r2")
    assert control.shown()["r1>r2"] == (True, [LATE])


def test_reset_removes_every_toxic_and_enables_every_proxy(control: Control, ends: Ends) -> None:
    control.add("r1>r2", BLOCK)
    control.disable("r1>r2")
    control.reset()
    assert control.shown()["r1>r2"] == (True, [])


def failure(call: Callable[..., object], *arguments: object) -> LinkError:
    with pytest.raises(LinkError) as raised:
        call(*arguments)
    error = raised.value
    assert str(error) == f"link {error.link}: {error.call}: {error.why}. {error.remedy}."
    return error


def test_to_add_twice_is_an_error(control: Control, ends: Ends) -> None:
    control.add("r1>r2", BLOCK)
    error = failure(control.add, "r1>r2", BLOCK)
    assert (error.link, error.call, error.why) == ("r1>r2", "add block", "toxic already exists")
    assert "share one lever" in error.remedy


@pytest.mark.parametrize("call", ["remove", "update"])
def test_to_change_what_is_not_on_is_an_error(control: Control, ends: Ends, call: str) -> None:
    error = failure(getattr(control, call), "r1>r2", BLOCK)
    assert (error.call, error.why) == (f"{call} block", "toxic not found")
    assert "not on" in error.remedy


def test_a_link_that_the_server_has_lost_is_an_error(control: Control, server: "Server", ends: Ends) -> None:
    server.call("DELETE", "/proxies/r1%3Er2")
    for call in (control.add, control.update, control.remove):
        assert failure(call, "r1>r2", BLOCK).why == "proxy not found"
    for switch in (control.disable, control.enable):
        assert failure(switch, "r1>r2").why == "proxy not found"
    assert control.shown() == {}


def test_an_unknown_link_is_an_error_that_names_those_there_are(control: Control, ends: Ends) -> None:
    assert "r1>r2" in failure(control.add, "r2>r1", BLOCK).remedy


def test_a_taken_port_names_the_link_and_keeps_those_before_it(control: Control, server: "Server", ends: Ends) -> None:
    taken = "{}:{}".format(*ends.address)
    links = [Link("a", "127.0.0.1:0", "u:1"), Link("b", taken, "u:1"), Link("c", "127.0.0.1:0", "u:1")]
    error = failure(control.create, links)
    assert (error.link, error.call) == ("b", "create")
    assert "address already in use" in error.why
    assert "ss -ltnp" in error.remedy
    assert sorted(server.call("GET", "/proxies").json) == ["a", "r1>r2"]


@pytest.mark.parametrize("name", ["a/b", "a?b", "a#b", "a%41"])
def test_a_name_that_no_path_can_carry_is_refused_before_it_is_sent(
    control: Control, server: "Server", name: str
) -> None:
    assert failure(control.create, [Link(name, "127.0.0.1:0", "u:1")]).link == name
    assert server.call("GET", "/proxies").json == {}


def test_two_servers_in_turn(control: Control, server: "Server", start: Callable[..., "Server"]) -> None:
    other = start("stand-in")
    with closing(Control(other.host, other.port)) as second:
        for each in (control, second):
            each.create([Link("same", "127.0.0.1:0", "u:1")])
        control.add("same", BLOCK)
        assert (control.shown()["same"].toxics, second.shown()["same"].toxics) == ([BLOCK], [])


def test_the_library_is_left_as_it_was(control: Control) -> None:
    before = (toxiproxy.api.requests, toxiproxy.api.APIConsumer.host, toxiproxy.api.APIConsumer.port)
    control.version()
    failure(control.disable, "nothing")
    assert before == (toxiproxy.api.requests, toxiproxy.api.APIConsumer.host, toxiproxy.api.APIConsumer.port)


def test_no_web_proxy_is_asked(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert control.version()


# Without a server that works


@pytest.fixture
def deaf() -> Iterator[Control]:
    """A port that accepts and never answers, as the real server does when it hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener, closing(Control(*listener.getsockname())) as control:
        yield control


def test_a_call_has_a_deadline(deaf: Control) -> None:
    error = failure(deaf.version, 0.1)
    assert "within 0.1 s" in error.why
    assert "issue 558" in error.remedy


def test_waiting_for_a_server_has_a_deadline(deaf: Control) -> None:
    error = failure(deaf.wait_ready, 0.2)
    assert (error.call, error.link) == ("wait_ready", "(all)")
    assert "0.2 s" in error.why


def test_no_server_at_all(stand_in: "Server") -> None:
    with socket.create_server((stand_in.host, 0)) as free:
        port = free.getsockname()[1]
    with closing(Control(stand_in.host, port)) as control:
        assert f"{stand_in.host}:{port}" in failure(control.wait_ready, 0.1).why
        assert "never started" in failure(control.reset).remedy


def test_a_call_that_waits_for_another_has_a_deadline_too(control: Control) -> None:
    with client._turn:
        assert "another call" in failure(control.version, 0.05).why
    assert control.version()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}", "500 Oh"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n<h1>", "404 Not Found"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords", "not JSON"),
        (b"words\r\n\r\n", "no server answers"),
    ],
)
def test_strange_answers(answer: bytes, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, closing(Control(*listener.getsockname())) as control:
        answering = threading.Thread(target=answer_once, args=(listener, answer))
        answering.start()
        assert why in failure(control.version).why
        answering.join(10)


def answer_once(listener: socket.socket, answer: bytes) -> None:
    listener.settimeout(10)
    with listener.accept()[0] as peer:
        peer.settimeout(10)
        peer.recv(65536)
        peer.sendall(answer)
