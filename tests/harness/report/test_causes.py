"""The cause of each demonstration's violation: what the plan means to happen, written by hand from the plan.

`messages` are those that the sentence must name, and no others: kind, origin, sender, receiver, and whether it arrived.
"""

import re
from functools import cache

import pytest

from checkers.history import Message
from harness.demonstrations import PLANS
from harness.report.case import Case
from harness.report.causes import cause_of
from harness.report.rules import figures
from harness.reproduce.trial import Trial, trial
from replicas.store.flaws import FLAWS
from tests.harness.report import expected, expected_of_entropy, expected_of_kinds, expected_of_order
from tests.harness.report.expected import CAME, DIFFER, ISOLATED, LOST, MISSED, R3_ISOLATED, R3_MISSED, Expected

EXPECTED: dict[str, Expected] = {
    "hashes-keys-only": Expected(
        "convergence",
        [MISSED, ISOLATED, "rounds of anti-entropy compared r1 with r2 and r3 after 1.000 s and found no difference"],
        [("store", "op 2", "r2", "r1", LOST)],
        DIFFER,
    ),
    "stops-rounds": Expected(
        "convergence",
        [MISSED, ISOLATED, "no round of anti-entropy compared r1 with r2 and r3 after 1.000 s"],
        [("store", "op 2", "r2", "r1", LOST)],
        DIFFER,
    ),
    "never-refills": Expected(
        "convergence",
        [
            "r1 missed v4 (put, op 4)",
            "while f3 (isolate r1) was on",
            "found a difference, yet v4 was not sent (at most 100 bytes of repair a second)",
        ],
        [("store", "op 4", "r2", "r1", LOST)],
        "v3 on r1; v4 on r2 r3",
    ),
    "repairs-any-other": Expected(
        "no version regression",
        [MISSED, ISOLATED, "f1 ended at 1.000 s", "brought v1 r1 → r[23]", "took it over its newer v2"],
        [("store", "op 2", "r2", "r1", LOST), ("store", "round r[123]/.*", "r1", "r[23]", CAME)],
        "v1 < v2",
    ),
    "commits-later": Expected(
        "no version regression",
        [
            "r2 was killed at 0.480 s by f1 (kill r2)",
            "when r2 came back, its disk was .* short, of its commits",
            "of key k3",
        ],
        [],
    ),
    "skips-repair": Expected(
        "monotonic reads",
        [
            "op 3 was decided at .* on r2 (v1) and r1 (v2) and repaired nobody",
            "r2 missed v2 (put, op 2)",
            "while f1 (one-way r1 → r2) was on",
            "r3 missed v2 (put, op 2)",
            "while f2 (one-way r1 → r3) was on",
            "op 4 was decided at .* on r2 (v1) and r3 (v1)",
            "the question to r1 .* was lost, while f4 (isolate r1) was on",
        ],
        [
            ("store", "op 2", "r1", "r2", LOST),
            ("store", "op 2", "r1", "r3", LOST),
            ("fetch", "op 4", "r2", "r1", LOST),
        ],
        "v1 < v2",
    ),
    "repairs-by-arrival": Expected(
        "no version regression",
        [
            "op 3 was decided at .* on r1 (v2) and r3 (v2)",
            "the answer of r2 .* was lost, while f2 (one-way r2 → r1) was on",
            "r2 took v3 at .* (the write op 4)",
            "the read repair of op 3 brought v2 r1 → r2",
            "took it over its newer v3",
        ],
        [("fetched", "op 3", "r2", "r1", LOST), ("store", "op 3", "r1", "r2", CAME)],
        "v2 < v3",
    ),
    "hints-by-arrival": Expected(
        "no version regression",
        [
            "r1 kept a hint of v2 (op 2) for r2",
            "while f1 (isolate r2) was on",
            "r2 took v3 at .* (the write op 3)",
            "f1 ended at 1.200 s",
            "the hint for r2 brought v2 r1 → r2",
            "took it over its newer v3",
        ],
        [("store", "op 2", "r1", "r2", LOST), ("store", "hint for r2", "r1", "r2", CAME)],
        "v2 < v3",
    ),
    "keeps-old-hints": Expected(
        "no tombstone resurrection",
        [
            "r4 kept a hint of v1 (op 1) for r2",
            "while f1 (one-way r4 → r2) was on",
            "r1, r2 and r3 purged ✝ v2",
            "f1 ended at 2.400 s",
            "the hint for r2 brought v1 r4 → r2",
            "had purged ✝ v2",
        ],
        [("store", "op 1", "r4", "r2", LOST), ("store", "hint for r2", "r4", "r2", CAME)],
        "v1 < ✝ v2",
    ),
    "joins-at-once": Expected(
        "reads see acknowledged writes",
        [
            "r2 missed v2 (put, op 2)",
            "while f1 (isolate r2) was on",
            "r3 lost its disk at 1.200 s to f2 (wipe r3), and with it v2",
            "op 5 was decided at .* on r2 (v1) and r3 (nothing, since its disk was lost)",
            "the question to r1 .* was lost, while f3 (isolate r1) was on",
        ],
        [("store", "op 2", "r1", "r2", LOST), ("fetch", "op 5", "r2", "r1", LOST)],
        "v1 < v2",
    ),
    "decides-on-one": Expected(
        "reads see acknowledged writes",
        [
            "r3 missed v2 (put, op 2)",
            R3_ISOLATED,
            "op 3 was decided at .* on only 1 of the 2 answers that it needs, r3 (v1)",
            "the answer of r1 came later",
            "the answer of r2 came later",
        ],
        [
            ("store", "op 2", "r1", "r3", LOST),
            ("fetched", "op 3", "r1", "r3", CAME),
            ("fetched", "op 3", "r2", "r3", CAME),
        ],
        "v1 < v2",
    ),
    "purges-early": Expected(
        "no tombstone resurrection",
        [
            R3_MISSED,
            R3_ISOLATED,
            "as purgeable at .* after it was written (the grace is 3.2 s)",
            "r1 and r2 purged ✝ v2",
            "f1 ended at 1.700 s",
            "brought v1 r3 → r[12]",
            "had purged ✝ v2",
        ],
        [("store", "op 2", "r1", "r3", LOST), ("store", "round .*", "r3", "r[12]", CAME)],
        "v1 < ✝ v2",
    ),
    "purges-unconfirmed": Expected(
        "no tombstone resurrection",
        [
            R3_MISSED,
            R3_ISOLATED,
            "r1 marked ✝ v2 as purgeable at .*, unconfirmed by r3",
            "r1 and r2 purged ✝ v2",
            "f1 ended at 2.000 s",
            "brought v1 r3 → r[12]",
            "had purged ✝ v2",
        ],
        [("store", "op 2", "r1", "r3", LOST), ("store", "round .*", "r3", "r[12]", CAME)],
        "v1 < ✝ v2",
    ),
    "purges-after-quorum": Expected(
        "purge soundness",
        [R3_MISSED, R3_ISOLATED, "r1 marked ✝ v2 as purgeable at .*, unconfirmed by r3", "r1 purged it at"],
        [("store", "op 2", "r1", "r3", LOST)],
        "2 of 3 did",
    ),
    "acknowledges-on-send": Expected(
        "acknowledged writes kept",
        [
            "r1, r2 and r3 missed v2 (put, op 2)",
            "while f1 (isolate r4) was on",
            "op 2 was acknowledged at .*, when no replica had said that it holds it (W = 2)",
        ],
        [("store", "op 2", "r4", node, LOST) for node in ("r1", "r2", "r3")],
        "v1 < v2",
    ),
    "mixes-copies": Expected(
        "nothing invented",
        ["op 3 was decided at .* on r1 (v1) and r[23] (v2)", "it joined the version of r[23]'s with the value of r1's"],
        [],
        "w2 v2, w1 v2",
    ),
    "hides-repairs": Expected(
        "evidence agrees",
        [MISSED, ISOLATED, "r[23] → r1 .* brought it at", "r1 recorded no change with it"],
        [("store", "op 2", "r2", "r1", LOST), ("store", "round .*", "r[23]", "r1", CAME)],
    ),
    "never-syncs": Expected(
        "no version regression",
        ["r2 was powered off at 0.505 s by f1 (power-cut r2)", "when r2 came back, its disk was .* short", "of key k3"],
        [],
    ),
    "ignores-failed-commits": Expected(
        "acknowledged writes kept",
        [
            "the commit of r1 with v2 was refused by its disk at .*, while f1 (failing-writes r1) was on",
            "r2 and r3 missed v2 (put, op 2)",
            "while f2 (isolate r1) was on",
        ],
        [("store", "op 2", "r1", "r2", LOST), ("store", "op 2", "r1", "r3", LOST)],
        "v1 < v2",
    ),
    "serves-rot": Expected(
        "nothing invented",
        ["the copy of r1 was rotten from 0.300 s on by f1 (rot r1), and read as it was at 0.60"],
        [],
    ),
    "forgets-its-clock": Expected(
        "no version regression",
        [
            "r4 was killed at 0.150 s by f1 (kill r4)",
            "the clock of r4 was set off by f2 (clock-jump r4)",
            "r4 gave op 1 and op 2 the same version",
            "the write op 2 brought v1 r4 → r[123]",
        ],
        [("store", "op 2", "r4", "r[123]", CAME)],
        "w1 v1, w2 v1",
    ),
    "knows-no-skew": Expected(
        "no tombstone resurrection",
        [
            "the clock of r3 was set off by f2 (clock-offset r3)",
            "r1, r2 and r3 purged ✝ v2",
            "held up by f1 (pause r4), was .* old when it came, more than its lifetime of 0.3 s",
            "the write op 1 brought v1 r4 → r3",
            "had purged ✝ v2",
        ],
        [("store", "op 1", "r4", "r3", CAME)],
        "v1 < ✝ v2",
    ),
    "streams-all": Expected("no needless repair", ["r1 had held v1 since 0.1", "r3 had held v1 since 0.1"], []),
    "ignores-limit": Expected(
        "limits kept",
        ["r1 missed v1 (put, op 1)", ISOLATED, "r[23] sent these for round r1/"],
        [("store", "op 1", "r2", "r1", LOST)],
    ),
    "floods-with-hints": Expected(
        "limits kept",
        ["r1 missed v1 (put, op 6)", ISOLATED, "r2 sent these as hints"],
        [("store", "op 6", "r2", "r1", LOST)],
    ),
    "never-reaps": Expected(
        "tombstones reaped",
        [R3_MISSED, R3_ISOLATED, "r1 asked last at 0.7", "who holds ✝ v2, and r3 never said so"],
        [("store", "op 2", "r1", "r3", LOST)],
    ),
    "writes-first-w": Expected(
        "available with a quorum",
        ["was lost to f1 (kill r2)", "r1 asked nothing of r3 for op 2"],
        [("store", "op 2", "r1", "r2", LOST)],
    ),
    "repairs-all": Expected(
        "available with a quorum",
        ["was lost to f1 (kill r2)", "was lost to f1 (kill r2)"],
        [("fetch", "op 3", "r1", "r2", LOST), ("store", "op 3", "r1", "r2", LOST)],
    ),
    **expected.EXPECTED,
    **expected_of_order.EXPECTED,
    **expected_of_entropy.EXPECTED,
    **expected_of_kinds.EXPECTED,
}


@cache
def tried(name: str) -> Trial:
    return trial(PLANS[name](name))


def pattern(words: str) -> str:
    """Round brackets are meant as they are."""
    return words.replace("(", r"\(").replace(")", r"\)")


def named(text: str, history_messages: list[Message]) -> set[tuple[str, str, str, str, bool]]:
    """The messages in the sentence; one that went to several nodes counts for those that are named with it."""
    found: set[tuple[str, str, str, str, bool]] = set()
    for clause in text.split("; "):
        for name in re.findall(r"message ([^\s,;)]+)", clause):
            sent = [each for each in history_messages if each.id == name]
            assert sent, f"there is no message {name}"
            to = re.search(rf"{sent[0].sender} → ((?:r\d(?:, | and )?)+)", clause)
            nodes = re.findall(r"r\d", to[1]) if to else re.findall(r"the question to (r\d)", clause)
            found |= {
                (each.kind, each.origin, each.sender, each.to, each.received is not None)
                for each in sent
                if each.to in nodes or not nodes
            }
    return found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_cause_is_what_the_plan_means_to_happen(name: str) -> None:
    expected, seen, plan = EXPECTED[name], tried(name), PLANS[name](name)
    promise = next(each for each in seen.broken if each.property == expected.promise)
    violation = promise.measured.violations[0]
    case = Case(plan, seen.history, violation.key or plan.operations[0].key)
    cause = cause_of(case, promise.property, violation)
    at = 0  # in this order
    for words in expected.words:
        found = re.search(pattern(words), cause.text[at:])
        assert found, f"{words!r} is not in the rest of: {cause.text}"
        at += found.end()
    messages = [event for event in seen.history.events if isinstance(event, Message)]
    told = named(cause.text, messages)
    assert len(told) == len(expected.messages), told
    for message in expected.messages:
        assert any(fits(message, each) for each in told), f"{message} is not among {told}"
    assert (expected.figures or figures(case, violation)) == figures(case, violation)


def fits(expected: tuple[str, str, str, str, bool], seen: tuple[str, str, str, str, bool]) -> bool:
    words = all(re.fullmatch(each, said) for each, said in zip(expected[:4], seen[:4], strict=True))
    return words and expected[4] == seen[4]


def test_every_flaw_that_breaks_a_promise_is_expected_here() -> None:
    assert set(EXPECTED) == {name for name, flaw in FLAWS.items() if flaw.breaks and name in PLANS}


def test_every_story_of_every_flaw_has_a_cause() -> None:
    """But for convergence that is only pending: of no key, and nothing that did not happen."""
    for name in EXPECTED:
        plan, seen = PLANS[name](name), tried(name)
        for promise in seen.broken:
            for violation in promise.measured.violations[:1]:
                if violation.key is None and promise.property == "convergence":
                    continue
                case = Case(plan, seen.history, violation.key or plan.operations[0].key)
                cause = cause_of(case, promise.property, violation)
                assert cause.text, f"{name}: {promise.property} has no cause"
                assert cause.text.endswith(".")
                assert set(cause.events) <= {event.seq for event in seen.history.events}
