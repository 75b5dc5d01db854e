"""Whatever answers in the place of the proxy server: an order succeeds or is a LinkError, within its deadline."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from time import monotonic  # noqa: TID251 - a deadline in real time is what is tested
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.processes.links import control as orders
from harness.stages.processes.links.client import CALL_SECONDS_MAX, Session, calling
from harness.stages.processes.links.control import Control, Shown, Toxic
from harness.stages.processes.links.link import Link, LinkError
from tests.fuzz.effort import cases, told
from tests.fuzz.liar import Liar, Reply
from tests.fuzz.spoil import JUNK, damaged, spoilt

DEADLINE_S = 0.3
LATE_S = 8.0  # by so much may a busy machine be late
NAME = "r1>r2"
TOXIC = Toxic("late", "latency", "upstream", {"latency": 5, "jitter": 0})
PROXY = {"name": NAME, "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": True, "toxics": []}
TOXIC_SHOWN = {**TOXIC._asdict(), "toxicity": 1.0}
CALLS: dict[str, tuple[Any, Callable[[Control], object]]] = {  # what a server would say, and the order
    "version": ({"version": "2.12.0"}, lambda control: control.version(DEADLINE_S)),
    "create": (PROXY, lambda control: control.create([Link("r3>r4", "127.0.0.1:3", "127.0.0.1:4")])),
    "add": (TOXIC_SHOWN, lambda control: control.add(NAME, TOXIC)),
    "update": (TOXIC_SHOWN, lambda control: control.update(NAME, TOXIC)),
    "remove": (None, lambda control: control.remove(NAME, TOXIC)),
    "replace": (PROXY, lambda control: control.replace(NAME, [TOXIC], enabled=True)),
    "disable": (PROXY, lambda control: control.disable(NAME)),
    "enable": (PROXY, lambda control: control.enable(NAME)),
    "shown": ({NAME: {**PROXY, "toxics": [TOXIC_SHOWN]}}, lambda control: control.shown()),
    "reset": (None, lambda control: control.reset()),
}
STATUS = ["200 OK"] * 4 + ["100 Continue", "204 No Content", "301 Moved", "307 Again", "401 Who", "404 Not Found",
          "409 Conflict",
          "400 Bad", "500 Oh", "503 Service Unavailable", "999 x", "0 x", "-1 x", "200", "abc", ""]  # fmt: skip
HEADERS = ["Location: /", "Location: http://[", "Location: \xff", "Transfer-Encoding: chunked",
           "Content-Encoding: gzip",
           "Content-Encoding: deflate", "Content-Type: text/html; charset=nonsense",
           "Set-Cookie: \x01=\x02; expires=x", "X: " + "x" * 70_000,
           "no colon", " folded", "Connection: keep-alive", "Content-Length: -5", "Content-Length: x",
           "Content-Length: 3"]  # fmt: skip


def http(status: str, headers: list[str], body: bytes, length: int | None) -> bytes:
    lengths = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *lengths, *headers, "", ""]).encode("latin-1") + body


@st.composite
def replies(draw: st.DrawFn, right: Any) -> Reply:
    document = draw(
        st.one_of(spoilt([right], ["", NAME, True]).map(lambda found: (found or [None])[0]), JUNK, st.just(right))
    )
    body = draw(
        st.one_of(
            st.just(json.dumps(document).encode()),
            damaged(st.just(json.dumps(document).encode())),
            st.sampled_from(
                [b"", b"\xff\xfe{}", b"[" * 100_000, b'{"error": 5}', b'{"error": "503"}', b"5\r\nwords\r\n", b"zz\r\n"]
            ),
        )
    )
    length = draw(
        st.sampled_from([None, len(body), len(body), len(body), len(body) + 5, max(len(body) - 1, 0), 10**12])
    )
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    whole = http(draw(st.sampled_from(STATUS)), headers, body, length)
    data = draw(st.one_of(st.just(whole), damaged(st.just(whole)), st.binary(max_size=30)))
    return Reply(data, held=draw(st.integers(0, 60)) == 60)


@pytest.fixture
def liar() -> Iterator[Liar]:
    with Liar() as liar:
        yield liar


def calling_briefly(
    session: Session, link: str, call: str, _deadline_s: float = CALL_SECONDS_MAX
) -> AbstractContextManager[None]:
    return calling(session, link, call, DEADLINE_S)


@pytest.fixture
def control(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """It knows one link, and waits only for a moment."""
    monkeypatch.setattr(orders, "calling", calling_briefly)
    with closing(Control(liar.host, liar.port)) as control:
        body = json.dumps(PROXY).encode()
        liar.reply = Reply(http("201 Created", [], body, len(body)))
        control.create([Link(NAME, "127.0.0.1:1", "127.0.0.1:2")])
        yield control


def outcome(control: Control, call: str) -> str:
    begun = monotonic()
    try:
        found = CALLS[call][1](control)
    except LinkError as error:
        assert error.link in (NAME, "r3>r4", orders.ALL)
        assert error.call
        assert error.why
        assert error.remedy
        said = "refused"
    else:
        said = "taken"
        if call == "version":
            assert isinstance(found, str)
        if call == "shown":
            assert isinstance(found, dict)
            assert all(isinstance(each, Shown) and isinstance(each.enabled, bool) for each in found.values())
    assert monotonic() - begun < 3 * DEADLINE_S + LATE_S, "long after the deadline"
    return said


def test_any_answer_is_success_or_a_link_error(liar: Liar, control: Control) -> None:
    seen: Counter[str] = Counter()

    @cases(300)
    @given(st.sampled_from(sorted(CALLS)).flatmap(lambda call: st.tuples(st.just(call), replies(CALLS[call][0]))))
    def ask(case: tuple[str, Reply]) -> None:
        call, liar.reply = case
        seen[outcome(control, call)] += 1

    ask()
    told("proxy replies", seen)
    assert min(seen["taken"], seen["refused"]) > 20


STARTS = {
    "a body that drips": Reply(http("200 OK", [], b"{", 10**6), drips=b" "),
    "a body without end": Reply(http("200 OK", [], b"{", None), drips=b" " * 100_000),
    "headers that drip": Reply(b"HTTP/1.1 200 OK\r\nX", drips=b"x"),
    "headers without end": Reply(b"HTTP/1.1 200 OK\r\n", drips=b"X: x\r\n" * 10),
    "a status that drips": Reply(b"H", drips=b"T"),
    "one word after the other": Reply(b"", drips=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunks that drip": Reply(http("200 OK", ["Transfer-Encoding: chunked"], b"", None), drips=b"1\r\n \r\n"),
    "nothing": Reply(b"", held=True),
    "a refusal that drips": Reply(http("404 Not Found", [], b"{", 10**6), drips=b" "),
}


@pytest.mark.parametrize("call", ["version", "shown"])
@pytest.mark.parametrize("start", STARTS)
def test_an_answer_without_end_is_a_link_error_within_the_deadline(
    liar: Liar, control: Control, start: str, call: str
) -> None:
    liar.reply = STARTS[start]
    assert outcome(control, call) == "refused"
