"""Any sequence of calls is answered alike by the real server and the stand-in."""

import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.harness.links.conftest import Answer, Server

Call = tuple[str, str, Any]

names = st.sampled_from(["p", "q", "r1>r2", ""])
listens = st.sampled_from(["127.0.0.1:0", "127.0.0.2:0", "localhost:0", "", "words", "9.9.9.9:0"])
upstreams = st.sampled_from(["u:1", "u:2", "words", ""])
kinds = st.sampled_from(["latency", "bandwidth", "timeout", "limit_data", "slow_close", "reset_peer", "noop", "other"])
streams = st.sampled_from(["upstream", "downstream", "sideways"])
numbers = st.integers(0, 2**63 - 1)
# What differs on purpose is in test_improvements.py: negative numbers, the slicer's limits, updates that fail half way.
attributes = st.dictionaries(st.sampled_from(["latency", "jitter", "rate", "timeout", "bytes", "delay", "x"]), numbers)
wrong = st.sampled_from([None, 5, "text", [], [5], True, 1.5])


def bodies(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=fields)


proxies = bodies(name=names, listen=listens, upstream=upstreams, enabled=st.booleans())
toxicities = st.sampled_from([0, 0.25, 1])
toxics = st.fixed_dictionaries(
    {"type": kinds},
    optional={"name": st.sampled_from(["s", "t"]), "stream": streams, "toxicity": toxicities, "attributes": attributes},
)
changes = bodies(toxicity=toxicities, attributes=attributes)
paths = st.sampled_from(["p", "p", "q", "r1%3Er2"])
tails = st.sampled_from(["s", "t", "latency_upstream", "timeout_downstream"])
PROXY: Call = ("POST", "/proxies", {"name": "p", "listen": "127.0.0.1:0", "upstream": "u:1"})
calls: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("POST"), st.just("/proxies"), proxies | wrong.filter(lambda body: body is not None)),
    st.tuples(st.just("POST"), st.just("/populate"), st.lists(proxies, max_size=3)),
    st.tuples(st.just("POST"), st.just("/reset"), st.none()),
    st.tuples(st.sampled_from(["GET", "DELETE", "PUT"]), paths.map("/proxies/{}".format), st.none()),
    st.tuples(st.sampled_from(["POST", "PATCH"]), paths.map("/proxies/{}".format), proxies | wrong),
    st.tuples(st.just("POST"), paths.map("/proxies/{}/toxics".format), toxics | wrong),
    st.tuples(
        st.sampled_from(["GET", "PATCH", "DELETE"]), st.builds("/proxies/{}/toxics/{}".format, paths, tails), changes
    ),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(calls, max_size=15))
def test_any_calls_are_answered_alike(stand_in: "Server", real: "Server", sequence: list[Call]) -> None:
    assert answers(stand_in, [PROXY, *sequence]) == answers(real, [PROXY, *sequence])


def answers(server: "Server", sequence: list[Call]) -> list[tuple[Call, Any]]:
    found = [(call, comparable(server.call(*call))) for call in sequence]
    everything = server.call("GET", "/proxies")
    for name in everything.json:
        server.call("DELETE", f"/proxies/{name}")
    return [*found, (("GET", "/proxies", None), comparable(everything))]


def comparable(answer: "Answer") -> Any:
    try:
        return answer.status, answer.content_type, alike(answer.json)
    except ValueError:
        return answer


def alike(value: Any) -> Any:
    """Without the numbers of free ports, the stray field, and the wording after `bad request body:`."""
    match value:
        case dict():
            return {name: alike(each) for name, each in value.items() if name != "Logger"}
        case list():
            return [alike(each) for each in value]
        case str():
            return re.sub(r"^(bad request body: ).*|^(127\..*:|\[::\]:)[1-9]\d*$", r"\1\2", value, flags=re.DOTALL)
    return value
