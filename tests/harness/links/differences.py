"""Every difference between the stand-in and the real server, as the tests see it on both.

`python -m tests.harness.links.differences` writes docs/reference/stand-in.md from it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.harness.links import seen_in_api as api
from tests.harness.links import seen_on_links as links

PAGE = Path("docs/reference/stand-in.md")
ABOUT = """<!-- Written by `python -m tests.harness.links.differences`: do not edit. -->

# The stand-in

Where no `toxiproxy-server` is to be had, or with `--proxy stand-in`, the links of a run go through a server of
Urushi's own: `python -m harness.stages.processes.links.standin --host 127.0.0.1 --port 8474`. It speaks the HTTP API of
Toxiproxy 2.12.0, with every endpoint and every toxic.

One suite runs against both servers, and sequences of calls that Hypothesis makes up are answered alike by both. What
is left are the differences below. The suite makes each of these experiments on both servers and compares what it sees
with the words of this table, so the table says neither too much nor too little.

"""


class Difference(NamedTuple):
    what: str
    real: str
    stand_in: str
    why: str
    seen: Callable[..., str]  # asks for the fixtures that it needs by the names of its arguments


DIFFERENCES = [
    Difference(
        "Adding a toxic to a link that is full because nobody reads at its end",
        "no answer", "answered",
        "A fault may meet a paused process. (The real server answers 503 after 25 s, and then not even GET /proxies.)",
        links.toxic_on_a_full_link,
    ),
    Difference(
        "Deleting a proxy while it dials an upstream that does not answer",
        "no answer", "answered",
        "A dead node must not stop the harness. Clients are dialled for side by side, too.",
        links.deletion_while_it_dials,
    ),
    Difference(
        "Removing a `reset_peer` of 60 s that has met data",
        "no answer", "answered",
        "It resets at once instead of when its time is over.",
        links.removal_of_a_reset_that_waits,
    ),
    Difference(
        "Removing a toxic in front of a `limit_data` that was reached, while a `latency` behind it holds the rest",
        "no answer", "answered",
        "Faults that overlap may end in any order.",
        links.removal_before_a_limit_that_was_reached,
    ),
    Difference(
        "How a connection that is older than a `reset_peer` ends by it",
        "FIN", "RST",
        "A toxic does what it is called whenever it is added.",
        links.reset_of_an_old_connection,
    ),
    Difference(
        "How a connection ends that was opened under a `reset_peer`, removed before it met data",
        "RST", "FIN",
        "A toxic that is removed leaves nothing behind.",
        links.end_after_a_reset_that_was_removed,
    ),
    Difference(
        "`reset_peer` in one direction, while the other holds data back",
        "only one side is reset", "both sides are reset",
        "A reset is the end of a connection, not of a direction.",
        links.reset_while_the_other_direction_is_held,
    ),
    Difference(
        "Which connections a toxicity below 1 affects, with the same `--seed`",
        "others every time", "the same connections",
        "What a seed draws is drawn again by the same seed.",
        links.fates_of_one_seed,
    ),
    Difference(
        "The fate of a connection under a toxicity below 1 when another toxic is added",
        "is drawn anew", "stays",
        "A toxic is not changed by its neighbours.",
        links.fate_when_a_neighbour_is_added,
    ),
    Difference(
        "A `timeout` that dropped data, when its toxicity is set to 0",
        "the stream goes on with a hole", "the stream ends",
        "TCP has no holes: the same as removing it.",
        links.timeout_of_toxicity_0,
    ),
    Difference(
        "What a `latency` holds, when it is set to what it is",
        "passed on at once", "still held",
        "A change that changes nothing does nothing.",
        links.held_by_a_latency_that_is_set_to_what_it_is,
    ),
    Difference(
        "What a `bandwidth` holds, when it is set to what it is",
        "passed on at once", "still held",
        "Likewise: a link at rate 0 stays shut.",
        links.held_by_a_bandwidth_that_is_set_to_what_it_is,
    ),
    Difference(
        "What a `latency` holds, when a toxic is added behind it",
        "passed on at once", "still held",
        "A toxic is not changed by its neighbours.",
        links.held_while_a_toxic_is_added_behind,
    ),
    Difference(
        "`bandwidth`, then `latency`: the time of a chunk",
        "the longer of the two", "their sum",
        "A slow link that is also long is both.",
        links.bandwidth_before_latency,
    ),
    Difference(
        "The smallest slice of a `slicer` without variation, but for the last",
        "less than the average", "the average",
        "The attribute says what it means. (The real server halves until the pieces are small enough.)",
        links.sizes_of_slices,
    ),
    Difference(
        "`slow_close` with the largest delay that there is",
        "closes at once", "waits",
        "Nothing overflows.",
        links.longest_slow_close,
    ),
    Difference(
        "A rate or a variation that makes no sense, once data come",
        "the server ends", "refused, or as it says",
        "One wrong number would end every link of the run.",
        links.numbers_that_end_it,
    ),
    Difference(
        "Attributes below 0, and a `slicer` without a size or with too much variation",
        "200", "400",
        "A mistake is said when it is made.",
        api.attributes_that_mean_nothing,
    ),
    Difference(
        "A toxic after a change of two attributes, one of which is refused",
        "changed in part", "unchanged",
        "All or nothing.",
        api.half_of_a_change,
    ),
    Difference(
        "POST /reset, where a proxy cannot be started",
        "its toxics stay", "its toxics are gone, and the others are reset",
        "A reset heals all that it can, then says what it could not. (The real server stops there, in any order.)",
        api.reset_where_a_port_is_taken,
    ),
    Difference(
        "A request that is cut off, though its JSON is complete, is",
        "done", "not done",
        "A call counts when all of it has arrived.",
        api.cut_off,
    ),
    Difference(
        "A head of 100 KB, and a body of 2 MB",
        "200, 400", "431, 413",
        "Memory is bounded: 16 KiB, and 1 MiB.",
        api.large,
    ),
    Difference(
        "JSON in 200 levels, in a field that is not known",
        "missing required field: name", "bad request body: nested deeper than 100",
        "Bounded (the real server: 10,000), and the same in every version of Python.",
        api.deep,
    ),
    Difference(
        "A call, while 300 connections to the API are open",
        "200", "503",
        "Bounded: 256.",
        api.crowd,
    ),
    Difference(
        "A body with a field of the wrong type is refused with",
        "json: cannot unmarshal number into Go struct field Proxy.name of type string",
        "Expected `str`, got `int` - at `$.name`",
        "Only the words after `bad request body:` differ. They say where.",
        api.wrong_type,
    ),
    Difference(
        "A refusal to listen on a host that is not known says",
        "which host, and which name server", "which host",
        "Only the words differ: the same on every machine.",
        api.unknown_host,
    ),
    Difference(
        "What is not HTTP is refused with",
        "400 Bad Request", "400 Bad Request: a header line is not `name: value`",
        "Only the words differ. They say why.",
        api.not_http,
    ),
    Difference(
        "CONNECT, a target of another protocol, one without a path, and HTTP/2",
        "301, 200, 301, 301", "400, 400, 404, 505",
        "This is no proxy for HTTP.",
        api.targets_for_others,
    ),
    Difference(
        "The first answer to a POST to nowhere that expects 100-continue",
        "404 Not Found", "100 Continue",
        "A request is read, then answered: the 404 follows.",
        api.expectation_of_what_nobody_reads,
    ),
    Difference(
        "Headers of an answer, besides the length, the type and `Connection`",
        "Date, X-Content-Type-Options, X-Toxiproxy-Request-Id", "none",
        "The same call has the same answer, byte by byte.",
        api.headers,
    ),
    Difference(
        "Fields of a proxy, besides the documented ones",
        "`Logger` as well, and another's must be an object", "these alone; others are ignored",
        "It means nothing.",
        api.fields_of_a_proxy,
    ),
    Difference(
        "A toxic that is asked for on the stream UPSTREAM is",
        "noop_UPSTREAM on UPSTREAM", "noop_upstream on upstream",
        "A thing has one name.",
        api.stream_in_capitals,
    ),
    Difference(
        "A toxicity of 0.123456789 is kept as",
        "0.12345679", "0.123456789",
        "What was asked for is what is shown.",
        api.toxicity_of_many_digits,
    ),
    Difference(
        "The version",
        "2.12.0", "2.12.0-urushi",
        "Nobody takes one for the other.",
        api.version,
    ),
    Difference(
        "Options besides `host`, `port` and `seed`",
        "config, proxy-metrics, runtime-metrics, version", "none",
        "Proxies are made by calls, and the harness counts for itself. So there is no GET /metrics either.",
        api.options,
    ),
]  # fmt: skip


def page() -> str:
    rows = [f"| {each.what} | {each.real} | {each.stand_in} | {each.why} |" for each in DIFFERENCES]
    return ABOUT + "\n".join(["| what | Toxiproxy 2.12.0 | the stand-in | why |", "|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
