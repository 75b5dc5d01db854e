"""Both servers, and links through them whose two far ends are in the hands of the test."""

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - deadlines on real processes
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

import harness
from harness.stages.processes.links.server import NoServer, Prefer, argv, find

HOST = f"127.90.{os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"
PATIENCE_S = 10


class Answer(NamedTuple):
    status: int
    content_type: str | None
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server(NamedTuple):
    kind: Prefer
    host: str
    port: int
    process: subprocess.Popen[bytes]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=patience_s)
        try:
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("Content-Type"), answer.read())
        finally:
            connection.close()


class Link:
    """A proxy from `address` to a socket of ours."""

    def __init__(self, server: Server, stack: ExitStack, name: str) -> None:
        self.server = server
        self.stack = stack
        self.name = name
        self.upstream = stack.enter_context(socket.create_server((HOST, 0)))
        self.upstream.settimeout(PATIENCE_S)
        host, port = self.upstream.getsockname()
        body = {"name": name, "listen": f"{HOST}:0", "upstream": f"{host}:{port}"}
        answer = server.call("POST", "/proxies", body)
        assert answer.status == 201, answer
        self.listen = str(answer.json["listen"])

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host, int(port)

    def dial(self) -> socket.socket:
        client = self.stack.enter_context(socket.create_connection(self.address, timeout=PATIENCE_S))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def open(self) -> tuple[socket.socket, socket.socket]:
        """The client's socket and the upstream's, connected through the link, for certain."""
        client = self.dial()
        far = self.stack.enter_context(self.upstream.accept()[0])
        far.settimeout(PATIENCE_S)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, far

    def listen_elsewhere(self) -> None:
        """The upstream's place is taken by a socket that nobody accepts from, and whose queue is full."""
        full = self.stack.enter_context(socket.socket())
        full.bind((HOST, 0))
        full.listen(0)
        for _ in range(4):
            filler = self.stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        host, port = full.getsockname()
        answer = self.server.call("PATCH", f"/proxies/{self.name}", {"upstream": f"{host}:{port}"})
        assert answer.status == 200, answer

    def add(self, kind: str, stream: str = "upstream", toxicity: float = 1, **attributes: int) -> None:
        body = {"type": kind, "name": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        answer = self.server.call("POST", f"/proxies/{self.name}/toxics", body)
        assert answer.status == 200, answer

    def change(self, kind: str, toxicity: float = 1, **attributes: int) -> None:
        body = {"toxicity": toxicity, "attributes": attributes}
        answer = self.server.call("PATCH", f"/proxies/{self.name}/toxics/{kind}", body)
        assert answer.status == 200, answer

    def remove(self, kind: str) -> None:
        assert self.server.call("DELETE", f"/proxies/{self.name}/toxics/{kind}").status == 204


def run(stack: ExitStack, kind: Prefer, *more: str) -> Server:
    """A server that is killed with the stack; skips where there is none of the kind."""
    try:
        choice = find(kind)
    except NoServer as missing:
        pytest.skip(str(missing))
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    root = str(Path(harness.__file__).parents[1])
    process = subprocess.Popen(
        [*argv(choice, HOST, port), *more],
        env={**os.environ, "PYTHONPATH": root, "LOG_LEVEL": "error"},
        stdout=subprocess.DEVNULL,
    )
    stack.callback(process.wait, PATIENCE_S)
    stack.callback(process.kill)
    server = Server(kind, HOST, port, process)
    _await_ready(server)
    return server


def _await_ready(server: Server) -> None:
    until = monotonic() + PATIENCE_S
    while True:
        try:
            assert server.call("GET", "/version").status == 200
        except OSError:
            assert server.process.poll() is None, "the server ended"
            assert monotonic() < until, f"no answer within {PATIENCE_S} s"
            sleep(0.01)
        else:
            return


@pytest.fixture(scope="session")
def stand_in() -> Iterator[Server]:
    with ExitStack() as stack:
        yield run(stack, "stand-in")


@pytest.fixture(scope="session")
def real() -> Iterator[Server]:
    with ExitStack() as stack:
        yield run(stack, "toxiproxy")


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Servers for one test alone."""
    with ExitStack() as stack:
        yield partial(run, stack)


def _clear(server: Server) -> None:
    for name in server.call("GET", "/proxies").json:
        server.call("DELETE", f"/proxies/{quote(name, safe='')}")


class Lasting:
    """One server for many tests. The real one hangs at times: the tests after that get another."""

    def __init__(self, stack: ExitStack, kind: Prefer) -> None:
        self._stack = stack
        self.server = run(stack, kind)

    def clear(self) -> None:
        try:
            _clear(self.server)
        except TimeoutError:
            assert self.server.kind == "toxiproxy", "the stand-in never hangs"
            self.server.process.kill()
            self.server = run(self._stack, "toxiproxy")


@pytest.fixture(scope="session", params=["stand-in", "toxiproxy"])
def either(request: pytest.FixtureRequest) -> Iterator[Lasting]:
    with ExitStack() as stack:
        yield Lasting(stack, request.param)


@pytest.fixture
def server(either: Lasting) -> Iterator[Server]:
    """Either server, without proxies."""
    yield either.server
    either.clear()


@pytest.fixture
def make_link() -> Iterator[Callable[[Server], Link]]:
    with ExitStack() as stack:
        yield lambda server: Link(server, stack, "link")


@pytest.fixture
def link(server: Server, make_link: Callable[[Server], Link]) -> Link:
    return make_link(server)


@pytest.fixture
def start_link(start: Callable[..., Server], make_link: Callable[[Server], Link]) -> Callable[..., Link]:
    """A link through a server of the test's own, which may be ended or left hanging."""
    return lambda kind, *more: make_link(start(kind, *more))


@pytest.fixture
def own_link(stand_in: Server, make_link: Callable[[Server], Link]) -> Iterator[Link]:
    """A link through the stand-in, for what only it does."""
    yield make_link(stand_in)
    _clear(stand_in)
