"""Whatever is asked, the real server and the stand-in answer alike: the real one is the oracle of each step."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.harness.links import wire
from tests.harness.links.seen_in_api import raw

if TYPE_CHECKING:
    from tests.harness.links.conftest import Answer, Server

VARIES = r"(?<=^bad request body: ).*|^((?:127\.\d+\.\d+\.\d+|\[[:0-9a-f]+\]):)[1-9]\d*$"
LIKE_THIS = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_any_calls_are_answered_alike(stand_in: "Server", real: "Server") -> None:
    class Calls(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.ask(("POST", "/proxies", b'{"name": "p", "listen": "127.0.0.1:0", "upstream": "u:1"}'))

        @rule(call=wire.calls)
        def ask(self, call: wire.Call) -> None:
            assert comparable(stand_in.call(*call)) == comparable(real.call(*call)), call
            everything = "GET", "/proxies", None
            assert comparable(stand_in.call(*everything)) == comparable(real.call(*everything)), f"after {call}"

        def teardown(self) -> None:
            for server in stand_in, real:
                for name in server.call("GET", "/proxies").json:
                    server.call("DELETE", f"/proxies/{name}")

    run_state_machine_as_test(Calls, settings=LIKE_THIS)


def comparable(answer: "Answer") -> Any:
    try:
        return answer.status, answer.content_type, alike(answer.json)
    except ValueError:
        return answer


def alike(value: Any) -> Any:
    """Without what varies: the numbers of free ports, the stray field, and the words about a body."""
    match value:
        case dict():
            return {name: alike(each) for name, each in value.items() if name != "Logger"}
        case list():
            return [alike(each) for each in value]
        case str():
            return re.sub(VARIES, r"\1", value, flags=re.DOTALL)
    return value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wire.requests())
def test_any_request_is_read_alike(stand_in: "Server", real: "Server", request: bytes) -> None:
    assert answers(stand_in, request) == answers(real, request)


def answers(server: "Server", request: bytes) -> list[tuple[str, str]]:
    """Status and, where HTTP itself was kept, the body, of each answer until the server closes."""
    found = re.split(r"HTTP/1\.[01] (\d\d\d) [^\r]*\r\n", raw(server, request))[1:]
    return [(start, body_of(rest)) for start, rest in zip(found[::2], found[1::2], strict=True)]


def body_of(rest: str) -> str:
    """The version is what it is, and refusals of what is not HTTP have words of their own."""
    head, _, body = rest.partition("\r\n\r\n")
    location = re.findall(r"Location: [^\r]*", head)
    words = re.sub(r"^(\d\d\d [A-Z]|Unsupported transfer encoding)(.|\n)*", "", body)
    return "".join(location) + words.replace("-urushi", "").replace("EOF", "")


HOSTS = [
    "0.0.0.0",  # noqa: S104 - on a free port, for a moment
    "127.0.0.1", "127.0.0.2", "localhost", "", "[::1]", "[::]", "[127.0.0.1]", "[::ffff:127.0.0.1]", "::1",
    "[::1", "::1]", "[::1]x", "[]", "a[b", "a]b", "*", "@", "a b", " 127.0.0.1", "1", "127.1", "300.0.0.1",
    "9.9.9.9", "\u00e4",
]  # fmt: skip
PORTS = [":0", ":", "", ":-1", ":+0", ":99999", ":65536", ":00", ":http:", ":nonsense", ":0:0"]


@pytest.mark.parametrize("host", HOSTS)
def test_an_address_is_read_alike(stand_in: "Server", real: "Server", host: str) -> None:
    for listen in (host + port for port in PORTS):
        seen = []
        for server in stand_in, real:
            create = server.call("POST", "/proxies", {"name": "p", "listen": listen, "upstream": "u:1"})
            change = server.call("PATCH", "/proxies/p", {"listen": listen})
            server.call("DELETE", "/proxies/p")
            seen.append([comparable(each) for each in (create, change)])
        assert seen[0] == seen[1], listen
