"""Requests as Hypothesis makes them up: right ones, nearly right ones, and the ways in which clients may write them."""

import json
from typing import Any

from hypothesis import strategies as st

Call = tuple[str, str, bytes | None]

names = st.sampled_from(["p", "q", "r1>r2", ""])
listens = st.sampled_from(
    ["127.0.0.1:0", "127.0.0.2:0", "localhost:0", ":0", "0.0.0.0:0", "", "words", "9.9.9.9:0", "127.1:0", "a:b:c"]
)
upstreams = st.sampled_from(["u:1", "u:2", "words", ""])
kinds = st.sampled_from(
    ["latency", "bandwidth", "timeout", "limit_data", "slow_close", "reset_peer", "slicer", "noop", "Latency", ""]
)
streams = st.sampled_from(["upstream", "downstream", "sideways", ""])
numbers = st.integers(0, 2**63 - 1) | st.sampled_from([0, 1, 2**63 - 1])
attribute_names = st.sampled_from(["latency", "jitter", "rate", "timeout", "bytes", "delay", "x"])
attributes = st.dictionaries(attribute_names, numbers).map(
    # what differs on purpose is in differences.py: negative numbers, and slicers without a size
    lambda found: {**found, "average_size": 50, "size_variation": 5}
)
toxicities = st.sampled_from([0, 0.25, 0.5, 1, 2, -1])
wrong = st.sampled_from([5, "text", [], [5], {}, True, 1.5, 10**30])


def bodies(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={name: field | st.none() for name, field in fields.items()})


proxies = bodies(name=names, listen=listens, upstream=upstreams, enabled=st.booleans(), Toxics=wrong)
toxics = st.fixed_dictionaries(
    {"type": kinds, "attributes": attributes},
    optional={
        "name": st.sampled_from(["s", "t", ""]) | st.none(),
        "stream": streams | st.none(),
        "toxicity": toxicities | st.none(),
        "x": wrong,
    },
)
changes = bodies(toxicity=toxicities, attributes=attributes, name=wrong, stream=wrong)


def in_capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.upper(): in_capitals(each) for name, each in value.items()}
    return [in_capitals(each) for each in value] if isinstance(value, list) else value


def spoiled(body: Any) -> st.SearchStrategy[Any]:
    """One field of the wrong type. An update that is refused half way is in differences.py, so it gets no others."""
    if not isinstance(body, dict) or not body:
        return wrong
    return st.builds(lambda name, value: {name: value}, st.sampled_from(sorted(body)), wrong)


def written(body: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    right = body.map(json.dumps).map(str.encode)
    return st.one_of(
        right,
        right,
        right,
        body.map(in_capitals).map(json.dumps).map(str.encode),
        body.flatmap(spoiled).map(json.dumps).map(str.encode),
        right.map(lambda text: b"\r\n\t " + text + b" and so on"),
        right.map(lambda text: text.replace(b'"u:', b'"\xff\xed\xa0\x80')),
        right.map(lambda text: text.replace(b'"u:', b'"\\ud800\\udc00\\udc00')),
        right.flatmap(lambda text: st.integers(0, len(text) - 1).map(lambda end: text[:end])),
        st.sampled_from([b"", b" ", b"null", b"[null]", b"01", b"NaN", b'{"a":1,}', b"{'a':1}", b'{"\t":1}']),
        st.just(b"\xef\xbb\xbf{}"),
    )  # fmt: skip


paths = st.sampled_from(["p", "p", "q", "r1%3Er2", "r1>r2", "nobody", "", ".", ".."])
tails = st.sampled_from(["s", "t", "latency_upstream", "timeout_downstream", "", "%2F"])
calls: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("POST"), st.just("/proxies"), written(proxies)),
    st.tuples(st.just("POST"), st.just("/populate"), written(st.lists(proxies, max_size=3))),
    st.tuples(st.just("POST"), st.just("/reset"), st.none()),
    st.tuples(st.sampled_from(["GET", "DELETE", "PUT", "HEAD"]), paths.map("/proxies/{}".format), st.none()),
    st.tuples(st.sampled_from(["POST", "PATCH"]), paths.map("/proxies/{}".format), written(proxies)),
    st.tuples(st.just("POST"), paths.map("/proxies/{}/toxics".format), written(toxics)),
    st.tuples(st.just("GET"), paths.map("/proxies/{}/toxics".format), st.none()),
    st.tuples(
        st.sampled_from(["GET", "PATCH", "POST", "DELETE"]),
        st.builds("/proxies/{}/toxics/{}".format, paths, tails),
        written(changes),
    ),
)

# A request in its parts. At most one is wrong: of two mistakes, either may be the one that is answered.

FINE: dict[str, list[str]] = {
    "method": ["GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "TRACE", "get"],
    "target": [
        "/version", "/version", "/reset", "/proxies", "/proxies/p", "/proxies?a=%zz", "/ver%73ion", "/nothing", "*",
        "http://h/version", "//version", "/./version", "/a/../version?b=//", "/%2e%2e", "/version/", "/%0d%0aX://b",
    ],
    "version": ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2"],
    "host": ["Host: x", "host:\t[::1]:80 ", "Host:"],
    "header": [
        "", "Connection: close", "connection: x, Close", "Connection: keep-alive", "User-Agent: curl", "X: a\r\n b",
        "User-Agent: Mozilla/5.0", "user-agent: mozilla/5.0", "User-Agent: a\r\nUser-Agent: Mozilla/5.0", "X: \xff",
        "X:\ta\t", "Expect: 100-continue", "Expect:", "Accept: */*",
    ],
    "framing": [
        "\r\n", "Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\n{}", "Content-Length:  02\t\r\n\r\n{}",
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n",
        "Transfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n2 \r\n{}\r\n00\r\nX: trailer\r\n\r\n",
    ],
}  # fmt: skip
WRONG: dict[str, list[str]] = {
    "method": ["G(T", ""],
    "target": ["version", "/proxies/%zz", "/%", "", "/a b", "/\x7f"],
    "version": ["HTTP/2.0", "HTTP/0.9", "HTTP/1", "http/1.1", "HTTP/1.1 ", "HTTP/1.11", ""],
    "host": ["Host: y z", "Host: x\r\nHost: x", "Host: \x80"],
    "header": [" X: a", "X", "X y: a", "X: \x00", "X : a", ": a", "X: a\rb", "Expect: something"],
    "framing": [
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length: +2\r\n\r\n{}",
        "Content-Length: two\r\n\r\n{}", "Content-Length: \r\n\r\n", "Content-Length: 1, 1\r\n\r\n1",
        "Transfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
}  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    mistaken = draw(st.sampled_from(["", *WRONG]))
    part = {name: draw(st.sampled_from(WRONG[name] if name == mistaken else FINE[name])) for name in FINE}
    if part["header"].startswith("Expect: 100"):
        part["framing"] = "\r\n"  # with a body that nobody reads they differ, on purpose
    start = f"{part['method']} {part['target']} {part['version']}"
    head = "\r\n".join(line for line in (start, part["host"], part["header"]) if line)
    whole = f"{head}\r\n{part['framing']}".encode("latin-1")
    return whole.replace(b"\r\n", b"\n") if draw(st.booleans()) and b"hunked" not in whole else whole
