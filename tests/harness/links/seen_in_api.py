"""Experiments with the API in which the stand-in and the real server differ. Each says in words what it saw."""

import re
import socket
import subprocess
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from harness.stages.processes.links.server import argv, find
from tests.harness.links.sockets import conversation

if TYPE_CHECKING:
    from harness.stages.processes.links.server import Prefer
    from tests.harness.links.conftest import Link, Server

MEANINGLESS: list[tuple[str, dict[str, int]]] = [
    ("bandwidth", {"rate": -1}),
    ("latency", {"latency": -1}),
    ("latency", {"jitter": -1}),
    ("timeout", {"timeout": -1}),
    ("reset_peer", {"timeout": -1}),
    ("slow_close", {"delay": -1}),
    ("limit_data", {"bytes": -1}),
    ("slicer", {}),
    ("slicer", {"average_size": 10, "delay": -1}),
    ("slicer", {"average_size": 10, "size_variation": 10}),
    ("slicer", {"average_size": 10, "size_variation": 40}),
]
FENCE = b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def raw(server: "Server", sent: bytes) -> str:
    """The first line of each answer, and the rest."""
    return conversation((server.host, server.port), sent + FENCE).decode("latin-1")


def status(server: "Server", sent: bytes) -> int:
    return int(raw(server, sent).split(" ")[1])


def proxy(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "listen": "127.0.0.1:0", "upstream": "u:1", **more}


# Answers


def version(server: "Server") -> str:
    return str(server.call("GET", "/version").json["version"])


def headers(server: "Server") -> str:
    found = set(re.findall(r"\r\n([A-Z][A-Za-z-]+): ", raw(server, b"GET /proxies/p HTTP/1.1\r\nHost: x\r\n\r\n")))
    extra = found - {"Content-Type", "Content-Length", "Connection"}
    return ", ".join(sorted(extra)) or "none"


def fields_of_a_proxy(server: "Server") -> str:
    assert server.call("POST", "/proxies", proxy("p", Logger={})).status == 201
    extra = set(server.call("GET", "/proxies/p").json) - {"name", "listen", "upstream", "enabled", "toxics"}
    if extra:
        assert server.call("POST", "/proxies", proxy("q", Logger=5)).status == 400
        return "`Logger` as well, and another's must be an object"
    assert server.call("POST", "/proxies", proxy("q", Logger=5)).status == 201
    return "these alone; others are ignored"


def stream_in_capitals(link: "Link") -> str:
    answer = link.server.call("POST", "/proxies/link/toxics", {"type": "noop", "stream": "UPSTREAM"})
    return f"{answer.json['name']} on {answer.json['stream']}"


def toxicity_of_many_digits(link: "Link") -> str:
    body = {"type": "noop", "toxicity": 0.123456789}
    return str(link.server.call("POST", "/proxies/link/toxics", body).json["toxicity"])


# Refusals


def wrong_type(server: "Server") -> str:
    error = str(server.call("POST", "/proxies", {"name": 5}).json["error"])
    return error.removeprefix("bad request body: ")


def unknown_host(server: "Server") -> str:
    body = proxy("p", listen="no.such.invalid:0")
    error = str(server.call("POST", "/proxies", body).json["error"]).removeprefix("listen tcp: ")
    assert error.startswith("lookup no.such.invalid")
    return "which host" if error == "lookup no.such.invalid: no such host" else "which host, and which name server"


def attributes_that_mean_nothing(link: "Link") -> str:
    """None of them meets any data: some would end the real server."""
    statuses = set()
    for kind, attributes in MEANINGLESS:
        body = {"type": kind, "name": "t", "attributes": attributes}
        statuses.add(link.server.call("POST", "/proxies/link/toxics", body).status)
        link.server.call("DELETE", "/proxies/link/toxics/t")
    assert len(statuses) == 1
    return str(statuses.pop())


def half_of_a_change(link: "Link") -> str:
    link.add("latency", latency=5)
    change = {"attributes": {"jitter": 7, "latency": "words"}}
    assert link.server.call("PATCH", "/proxies/link/toxics/latency", change).status == 400
    attributes = link.server.call("GET", "/proxies/link/toxics/latency").json["attributes"]
    return "unchanged" if attributes == {"latency": 5, "jitter": 0} else "changed in part"


def reset_where_a_port_is_taken(server: "Server") -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        body = proxy("p", listen=f"127.0.0.1:{taken.getsockname()[1]}", enabled=False)
        server.call("POST", "/proxies", body)
        server.call("POST", "/proxies", proxy("q", enabled=False))
        for name in "pq":
            server.call("POST", f"/proxies/{name}/toxics", {"type": "noop"})
        assert server.call("POST", "/reset").status == 500
        if server.call("GET", "/proxies/p/toxics").json:
            return "its toxics stay"
        shown = server.call("GET", "/proxies/q").json
        return "its toxics are gone, and the others are reset" if shown["enabled"] and not shown["toxics"] else "others"


# HTTP


def not_http(server: "Server") -> str:
    """The status is the same, the words are not."""
    words = raw(server, b"GET /version HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n").rpartition("\r\n\r\n")[2]
    chunked = b"POST /proxies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert status(server, chunked) == 400
    return words.strip()


def targets_for_others(server: "Server") -> str:
    starts = ("CONNECT x:1 HTTP/1.1", "GET ftp://h/version HTTP/1.1", "GET http://h HTTP/1.1", "PRI * HTTP/2.0")
    return ", ".join(str(status(server, f"{start}\r\nHost: x\r\n\r\n".encode())) for start in starts)


def cut_off(server: "Server") -> str:
    body = b'{"name": "p", "listen": "127.0.0.1:0", "upstream": "u:1"}'
    head = b"POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(body) + 5)
    with socket.create_connection((server.host, server.port), timeout=10) as api:
        api.sendall(head + body)
        api.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while api.recv(65536):
                pass
    return "done" if server.call("GET", "/proxies").json else "not done"


def expectation_of_what_nobody_reads(server: "Server") -> str:
    head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection((server.host, server.port), timeout=10) as api:
        api.sendall(head)
        first = api.recv(65536)
        api.sendall(b"{}")
    return first.decode().partition("\r\n")[0].removeprefix("HTTP/1.1 ")


def large(server: "Server") -> str:
    head = b"GET /version HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (b"x" * 100_000)
    body = b"POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 2000002\r\n\r\n" + b" " * 2_000_000 + b"{}"
    return f"{status(server, head)}, {status(server, body)}"


def deep(server: "Server") -> str:
    body = b'{"x": %s%s}' % (b"[" * 200, b"]" * 200)
    return str(server.call("POST", "/proxies", body).json["error"])


def crowd(server: "Server") -> str:
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(socket.create_connection((server.host, server.port), timeout=10))
        return str(status(server, b""))


def options(kind: "Prefer") -> str:
    shown = subprocess.run(
        [*argv(find(kind), "127.0.0.1", 0), "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    found = re.findall(r"^\s+--?([a-z-]+)", shown.stdout + shown.stderr, re.MULTILINE)
    return ", ".join(sorted(set(found) - {"host", "port", "seed", "help", "h"})) or "none"
