"""Every path with every method, calls at the same time, and bodies as clients of other languages write them."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"]
ALLOWED = {
    "/version": {"GET": 200},
    "/reset": {"POST": 204},
    "/populate": {"POST": 201},
    "/proxies": {"GET": 200, "POST": 409},
    "/proxies/p": {"GET": 200, "POST": 200, "PATCH": 200, "DELETE": 204},
    "/proxies/p/toxics": {"GET": 200, "POST": 409},
    "/proxies/p/toxics/t": {"GET": 200, "POST": 200, "PATCH": 200, "DELETE": 204},
}
PROXY = {"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}
TOXIC = {"name": "t", "type": "latency", "attributes": {"latency": 1}}
BODIES: dict[str, Any] = {"/populate": [], "/proxies": PROXY, "/proxies/p/toxics": TOXIC}


def furnish(server: "Server") -> None:
    server.call("DELETE", "/proxies/p")
    assert server.call("POST", "/proxies", PROXY).status == 201
    assert server.call("POST", "/proxies/p/toxics", TOXIC).status == 200


@pytest.fixture
def furnished(server: "Server") -> "Server":
    furnish(server)
    return server


@pytest.mark.parametrize("path", ALLOWED)
def test_every_path_with_every_method(server: "Server", path: str) -> None:
    seen = {}
    for method in METHODS:
        furnish(server)
        answer = server.call(method, path, BODIES.get(path, {}))
        seen[method] = answer.status
        assert (answer.body == b"") == (answer.status in (204, 405))
    assert seen == {method: ALLOWED[path].get(method, 405) for method in METHODS}


@pytest.mark.parametrize("path", ["/", "/nothing", "/metrics", "/proxies/", "/proxies/p/toxics/t/", "/Version"])
def test_no_other_path_with_any_method(furnished: "Server", path: str) -> None:
    for method in METHODS:
        answer = furnished.call(method, path)
        assert (answer.status, answer.body) == (404, b"" if method == "HEAD" else b"404 page not found\n")


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (X11)", "mozilla/5.0", "curl", ""])
def test_browsers_are_refused_everything(server: "Server", agent: str) -> None:
    browser = agent.startswith("Mozilla/")
    for path, method, status in ((path, *each) for path, acts in ALLOWED.items() for each in acts.items()):
        furnish(server)
        answer = server.call(method, path, BODIES.get(path, {}), {"User-Agent": agent})
        assert answer.status == (403 if browser else status)
        assert (answer.body == b"User agent not allowed\n") == browser


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"NAME": "q", "Listen": "127.0.0.1:0", "uPSTREAM": "u:1", "Enabled": false}', ("q", "u:1", False)),
        (b'{"name": "q", "listen": "127.0.0.1:0", "upstream": "u:1", "enabled": null}', ("q", "u:1", True)),
        (b'{"name": "q", "name": null, "listen": "127.0.0.1:0", "upstream": "u:1"}', ("q", "u:1", True)),
        (b'\n{"name": "q", "listen": "127.0.0.1:0", "upstream": "u:1"} {"name": "r"', ("q", "u:1", True)),
        (b'{"name": "q\xff", "listen": "127.0.0.1:0", "upstream": "\\ud800:1"}', ("q\ufffd", "\ufffd:1", True)),
        (b'{"name": "\\u0000", "listen": "127.0.0.1:0", "upstream": "u:1", "toxics": 5}', ("\0", "u:1", True)),
    ],
)
def test_a_body_is_read_leniently(server: "Server", body: bytes, shown: tuple[str, str, bool]) -> None:
    answer = server.call("POST", "/proxies", body)
    assert answer.status == 201
    assert (answer.json["name"], answer.json["upstream"], answer.json["enabled"]) == shown
    assert list(server.call("GET", "/proxies").json) == [shown[0]]


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"{", b'{"a":01}', b'{"a":1,}', b'{"a":NaN}', b"{'a':1}", b"\xef\xbb\xbf{}"]
)
@pytest.mark.parametrize("path", ["/proxies", "/proxies/p", "/proxies/p/toxics", "/proxies/p/toxics/t", "/populate"])
def test_what_is_no_json_is_refused(furnished: "Server", path: str, body: bytes) -> None:
    answer = furnished.call("POST", path, body)
    assert (answer.status, answer.json["error"][:18]) == (400, "bad request body: ")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/proxies", 400),
        ("/proxies/p", 200),
        ("/proxies/p/toxics", 400),
        ("/proxies/p/toxics/t", 200),
        ("/populate", 201),
    ],
)
def test_null_is_a_body_without_fields(furnished: "Server", path: str, status: int) -> None:
    assert furnished.call("POST", path, b"null").status == status


def test_a_taken_name_is_said_before_a_wrong_attribute(furnished: "Server") -> None:
    wrong = {**TOXIC, "attributes": {"latency": "words"}}
    assert furnished.call("POST", "/proxies/p/toxics", wrong).status == 409
    assert furnished.call("POST", "/proxies/p/toxics", {**wrong, "name": "u"}).status == 400


def test_calls_at_the_same_time_do_not_meet(server: "Server") -> None:
    def live(number: int) -> list[int]:
        name = f"p{number}"
        calls: list[tuple[str, str, Any]] = [("POST", "/proxies", {**PROXY, "name": name})]
        for _ in range(10):
            calls += [
                ("POST", f"/proxies/{name}/toxics", TOXIC),
                ("PATCH", f"/proxies/{name}", {"enabled": False}),
                ("GET", "/proxies", None),
                ("PATCH", f"/proxies/{name}", {"enabled": True}),
                ("DELETE", f"/proxies/{name}/toxics/t", None),
            ]
        calls.append(("DELETE", f"/proxies/{name}", None))
        return [server.call(*call).status for call in calls]

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(live, range(8)))
    assert seen == [[201, *[200, 200, 200, 200, 204] * 10, 204]] * 8
    assert server.call("GET", "/proxies").json == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_one_name_is_given_once_however_many_ask(server: "Server", host: str) -> None:
    body = {**PROXY, "listen": f"{host}:0"}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: server.call("POST", "/proxies", body).status, range(8)))
    assert sorted(statuses) == [201] + [409] * 7


def test_a_short_number_is_no_address(server: "Server") -> None:
    """Though the system's resolver takes it for one."""
    answer = server.call("POST", "/proxies", {**PROXY, "listen": "0x7f.1:0"})
    assert answer.status == 500
    assert answer.json["error"].startswith("listen tcp: lookup 0x7f.1")
