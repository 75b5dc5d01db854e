"""The HTTP API, the same on the real server and the stand-in: codes, bodies, defaults, refusals."""

import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

FREE = "127.0.0.1:0"
PLAIN = "text/plain; charset=utf-8"
JSON = "application/json"


@pytest.fixture
def proxy(server: "Server") -> dict[str, Any]:
    body = {"name": "p", "listen": FREE, "upstream": "127.0.0.1:1"}
    shown: dict[str, Any] = server.call("POST", "/proxies", body).json
    return shown


def known(proxy: dict[str, Any]) -> dict[str, Any]:
    """Without the stray field of the real server."""
    return {name: value for name, value in proxy.items() if name != "Logger"}


def error(status: int, message: str) -> tuple[int, str, dict[str, Any]]:
    return status, PLAIN, {"error": message, "status": status}


def refused(server: "Server", method: str, path: str, body: Any = None) -> tuple[int, str | None, Any]:
    answer = server.call(method, path, body)
    assert answer.body.endswith(b"\n")
    return answer.status, answer.content_type, answer.json


def test_version(server: "Server") -> None:
    answer = server.call("GET", "/version")
    assert (answer.status, answer.content_type) == (200, "application/json;charset=utf-8")
    assert answer.json["version"].startswith("2.12.0")
    assert answer.json["version"].endswith("urushi") == (server.kind == "stand-in")


def test_a_created_proxy_is_shown_wherever_it_is_asked_for(server: "Server") -> None:
    answer = server.call("POST", "/proxies", {"name": "p", "listen": FREE, "upstream": "127.0.0.1:1"})
    assert (answer.status, answer.content_type) == (201, JSON)
    proxy = known(answer.json)
    host, _, port = proxy.pop("listen").rpartition(":")
    assert (host, port != "0") == ("127.0.0.1", True)
    assert proxy == {"name": "p", "upstream": "127.0.0.1:1", "enabled": True, "toxics": []}
    assert server.call("GET", "/proxies/p").json == answer.json
    assert server.call("GET", "/proxies").json == {"p": answer.json}


@pytest.mark.parametrize(("listen", "host"), [("", "[::]"), (":0", "[::]"), ("localhost:0", "127.0.0.1")])
def test_where_a_proxy_listens(server: "Server", listen: str, host: str) -> None:
    shown = server.call("POST", "/proxies", {"name": "p", "listen": listen, "upstream": "u:1"}).json["listen"]
    assert shown.rpartition(":")[0] == host


def test_a_proxy_created_disabled_listens_only_once_it_is_enabled(server: "Server") -> None:
    body = {"name": "p", "listen": FREE, "upstream": "u:1", "enabled": False}
    shown = server.call("POST", "/proxies", body).json
    assert (shown["enabled"], shown["listen"]) == (False, FREE)
    shown = server.call("POST", "/proxies/p", {"enabled": True}).json
    assert shown["enabled"]
    assert shown["listen"] != FREE


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_proxy_changes_what_is_given_and_keeps_the_rest(server: "Server", proxy: dict[str, Any], method: str) -> None:
    answer = server.call(method, "/proxies/p", {"upstream": "127.0.0.1:2", "name": "other"})
    assert (answer.status, answer.json) == (200, {**proxy, "upstream": "127.0.0.1:2"})


def test_a_deleted_proxy_is_gone(server: "Server", proxy: dict[str, Any]) -> None:
    answer = server.call("DELETE", "/proxies/p")
    assert (answer.status, answer.body) == (204, b"")
    assert refused(server, "DELETE", "/proxies/p") == error(404, "proxy not found")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/proxies", {"name": "p", "upstream": "u"}, error(409, "proxy already exists")),
        ("POST", "/proxies", {}, error(400, "missing required field: name")),
        ("POST", "/proxies", {"name": "q"}, error(400, "missing required field: upstream")),
        ("POST", "/proxies", {"name": "q", "upstream": "u", "listen": "9.9.9.9:0"},
         error(500, "listen tcp 9.9.9.9:0: bind: cannot assign requested address")),
        ("POST", "/proxies", {"name": "q", "upstream": "u", "listen": "words"},
         error(500, "listen tcp: address words: missing port in address")),
        ("PATCH", "/proxies/p", {"listen": "words"}, error(500, "address words: missing port in address")),
        ("PATCH", "/proxies/q", {}, error(404, "proxy not found")),
        ("GET", "/proxies/q", None, error(404, "proxy not found")),
        ("GET", "/proxies/q/toxics", None, error(404, "proxy not found")),
        ("POST", "/proxies/q/toxics", {"type": "noop"}, error(404, "proxy not found")),
        ("POST", "/proxies/p/toxics", {"type": "nonsense"}, error(400, "invalid toxic type")),
        ("POST", "/proxies/p/toxics", {}, error(400, "invalid toxic type")),
        ("POST", "/proxies/p/toxics", {"type": "noop", "stream": "sideways"},
         error(400, "stream was invalid, can be either upstream or downstream")),
        ("GET", "/proxies/p/toxics/t", None, error(404, "toxic not found")),
        ("PATCH", "/proxies/p/toxics/t", {}, error(404, "toxic not found")),
        ("DELETE", "/proxies/p/toxics/t", None, error(404, "toxic not found")),
    ],
)  # fmt: skip
def test_refusals(
    server: "Server", proxy: dict[str, Any], method: str, path: str, body: Any, expected: tuple[int, str, Any]
) -> None:
    assert refused(server, method, path, body) == expected


def test_a_taken_port_is_refused_and_leaves_no_proxy(server: "Server", proxy: dict[str, Any]) -> None:
    body = {"name": "q", "upstream": "u", "listen": proxy["listen"]}
    expected = error(500, f"listen tcp {proxy['listen']}: bind: address already in use")
    assert refused(server, "POST", "/proxies", body) == expected
    assert list(server.call("GET", "/proxies").json) == ["p"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": 5}', b'{"enabled": "x"}', b"\xff"])
@pytest.mark.parametrize("path", ["/proxies", "/proxies/p"])
def test_a_body_that_is_no_proxy(server: "Server", proxy: dict[str, Any], path: str, body: bytes) -> None:
    status, content_type, shown = refused(server, "POST", path, body)
    assert (status, content_type, shown["status"]) == (400, PLAIN, 400)
    assert shown["error"].startswith("bad request body: ")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"type": 5}',
        b'{"type": "latency", "toxicity": "1"}',
        b'{"type": "latency", "attributes": []}',
        b'{"type": "latency", "attributes": {"latency": 1.0}}',
        b'{"type": "latency", "attributes": {"latency": "1"}}',
        b'{"type": "latency", "attributes": {"latency": 1000000000000000000000}}',
    ],
)
def test_a_body_that_is_no_toxic(server: "Server", proxy: dict[str, Any], body: bytes) -> None:
    status, _, shown = refused(server, "POST", "/proxies/p/toxics", body)
    assert (status, shown["error"][:18]) == (400, "bad request body: ")
    assert server.call("GET", "/proxies/p/toxics").json == []


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("bandwidth", {"rate": 0}),
        ("latency", {"latency": 0, "jitter": 0}),
        ("limit_data", {"bytes": 0}),
        ("noop", {}),
        ("reset_peer", {"timeout": 0}),
        ("slow_close", {"delay": 0}),
        ("timeout", {"timeout": 0}),
    ],
)
def test_the_defaults_of_a_toxic(
    server: "Server", proxy: dict[str, Any], kind: str, attributes: dict[str, int]
) -> None:
    answer = server.call("POST", "/proxies/p/toxics", {"type": kind, "attributes": {"unknown": 1}})
    assert (answer.status, answer.content_type) == (200, JSON)
    name = f"{kind}_downstream"
    expected = {"name": name, "type": kind, "stream": "downstream", "toxicity": 1, "attributes": attributes}
    assert answer.json == expected
    assert server.call("GET", f"/proxies/p/toxics/{name}").json == expected


def test_a_slicer_keeps_its_attributes(server: "Server", proxy: dict[str, Any]) -> None:
    attributes = {"average_size": 9, "size_variation": 3, "delay": 7}
    answer = server.call("POST", "/proxies/p/toxics", {"type": "slicer", "attributes": attributes})
    assert answer.json["attributes"] == attributes


def test_toxics_are_listed_upstream_first_then_by_age(server: "Server", proxy: dict[str, Any]) -> None:
    for name, stream in (("d1", "downstream"), ("u1", "upstream"), ("d2", "downstream"), ("u2", "upstream")):
        server.call("POST", "/proxies/p/toxics", {"type": "noop", "name": name, "stream": stream})
    listed = server.call("GET", "/proxies/p/toxics").json
    assert [toxic["name"] for toxic in listed] == ["u1", "u2", "d1", "d2"]
    assert server.call("GET", "/proxies/p").json["toxics"] == listed


def test_the_name_of_a_toxic_is_unique_across_streams(server: "Server", proxy: dict[str, Any]) -> None:
    server.call("POST", "/proxies/p/toxics", {"type": "noop", "name": "t", "stream": "upstream"})
    body = {"type": "latency", "name": "t", "stream": "downstream"}
    assert refused(server, "POST", "/proxies/p/toxics", body) == error(409, "toxic already exists")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_only_toxicity_and_attributes_of_a_toxic_change(server: "Server", proxy: dict[str, Any], method: str) -> None:
    first = {"type": "latency", "name": "t", "attributes": {"latency": 5, "jitter": 1}}
    server.call("POST", "/proxies/p/toxics", first)
    change = {"name": "x", "type": "noop", "stream": "upstream", "toxicity": 0.5, "attributes": {"jitter": 2}}
    answer = server.call(method, "/proxies/p/toxics/t", change)
    attributes = {"latency": 5, "jitter": 2}
    expected = {"type": "latency", "name": "t", "stream": "downstream", "toxicity": 0.5, "attributes": attributes}
    assert (answer.status, answer.json) == (200, expected)


def test_reset_starts_every_proxy_and_drops_every_toxic(server: "Server", proxy: dict[str, Any]) -> None:
    server.call("POST", "/proxies/p/toxics", {"type": "noop"})
    server.call("POST", "/proxies", {"name": "q", "listen": FREE, "upstream": "u:1", "enabled": False})
    answer = server.call("POST", "/reset")
    assert (answer.status, answer.body) == (204, b"")
    shown = server.call("GET", "/proxies").json
    assert {name: (each["enabled"], each["toxics"]) for name, each in shown.items()} == {
        "p": (True, []),
        "q": (True, []),
    }


def test_populate_replaces_what_differs_and_keeps_what_is_equal(server: "Server", proxy: dict[str, Any]) -> None:
    server.call("POST", "/proxies/p/toxics", {"type": "noop"})
    same = {"name": "p", "listen": proxy["listen"], "upstream": proxy["upstream"]}
    answer = server.call("POST", "/populate", [same, {"name": "q", "listen": FREE, "upstream": "u:1"}])
    assert (answer.status, answer.content_type) == (201, JSON)
    assert [(each["name"], len(each["toxics"])) for each in answer.json["proxies"]] == [("p", 1), ("q", 0)]
    answer = server.call("POST", "/populate", [{**same, "upstream": "u:2"}])
    assert [(each["upstream"], each["toxics"]) for each in answer.json["proxies"]] == [("u:2", [])]
    assert sorted(server.call("GET", "/proxies").json) == ["p", "q"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ([{"upstream": "u:1"}], 400, "missing required field: name at proxy 1"),
        ([{"name": "a", "upstream": "u:1"}, {"name": "b"}], 400, "missing required field: upstream at proxy 2"),
        ({}, 400, "bad request body: "),
    ],
)
def test_populate_checks_all_before_it_makes_one(server: "Server", body: Any, status: int, message: str) -> None:
    answer = server.call("POST", "/populate", body)
    assert (answer.status, answer.content_type) == (status, JSON)
    assert (answer.json["status"], answer.json["proxies"]) == (status, None)
    assert answer.json["error"].startswith(message)
    assert server.call("GET", "/proxies").json == {}


def test_populate_says_what_stands_when_a_port_cannot_be_had(server: "Server") -> None:
    bad = {"name": "b", "listen": "9.9.9.9:0", "upstream": "u:1"}
    bodies = [{"name": "a", "listen": FREE, "upstream": "u:1"}, bad, {"name": "c", "listen": FREE, "upstream": "u:1"}]
    answer = server.call("POST", "/populate", bodies)
    assert (answer.status, answer.json["status"]) == (500, 500)
    assert answer.json["error"] == "listen tcp 9.9.9.9:0: bind: cannot assign requested address"
    assert [each["name"] for each in answer.json["proxies"]] == ["a"] == list(server.call("GET", "/proxies").json)


def test_populate_with_nothing(server: "Server") -> None:
    answer = server.call("POST", "/populate", [])
    assert (answer.status, answer.json) == (201, {"proxies": None})


@pytest.mark.parametrize("path", ["/", "/nothing", "/proxies/", "/proxies/p/", "/proxies/p/q", "/metrics"])
def test_unknown_paths(server: "Server", path: str) -> None:
    answer = server.call("GET", path)
    assert (answer.status, answer.content_type, answer.body) == (404, PLAIN, b"404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/proxies"),
        ("GET", "/reset"),
        ("HEAD", "/version"),
        ("DELETE", "/proxies"),
        ("PUT", "/proxies/p/toxics/t"),
    ],
)
def test_wrong_methods(server: "Server", method: str, path: str) -> None:
    answer = server.call(method, path)
    assert (answer.status, answer.body) == (405, b"")


def test_browsers_are_refused(server: "Server") -> None:
    answer = server.call("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"})
    assert (answer.status, answer.body) == (403, b"User agent not allowed\n")


def test_a_name_may_need_quoting_in_the_path(server: "Server") -> None:
    server.call("POST", "/proxies", {"name": "r1>r2", "listen": FREE, "upstream": "u:1"})
    assert server.call("GET", "/proxies/r1%3Er2").json["name"] == "r1>r2"


def test_a_connection_serves_many_requests(server: "Server") -> None:
    request = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((server.host, server.port), timeout=10) as api:
        api.sendall(request * 3)
        received = b""
        while received.count(b'"version"') < 3:
            received += api.recv(65536)
    assert received.count(b"HTTP/1.1 200 OK") == 3
