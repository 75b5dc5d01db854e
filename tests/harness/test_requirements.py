"""What a plan must have for a promise: each figure that decides is moved across its threshold."""

from typing import Any

import pytest
from msgspec import structs

from harness import pace
from harness import requirements as needs
from harness import requirements_grace as grace
from harness.faults.kinds import MS, Fault
from harness.plan import Plan
from harness.scenario import draw, load
from harness.sketch import SHORT, Step, sketch
from workloads.operations import Operation

S = 1000 * MS


def plan(**policy: Any) -> Plan:
    """No faults, 25 rounds of 200 ms to mend, quorums of three."""
    calm, _ = draw(load("calm"), "calm", 1)
    return structs.replace(calm, policy=structs.replace(calm.policy, **policy))


def by_grace(grace_ns: int, **policy: Any) -> Plan:
    return plan(purge="grace", grace_ns=grace_ns, exchange_timeout_ns=300 * MS, round_every_ns=100 * MS, **policy)


def grace_needed_ns(of: Plan) -> int:
    """The least grace that is not refused, found by trying."""
    low, high = 1, 100 * S
    while low < high:
        middle = (low + high) // 2
        tried = structs.replace(of, policy=structs.replace(of.policy, grace_ns=middle))
        low, high = (middle + 1, high) if grace.LONG_GRACE.missed(tried) else (low, middle)
    return low


def test_a_grace_must_outlast_repairs_and_skew() -> None:
    """An exchange that times out and two rounds: 500 ms; 50 ms of skew."""
    assert grace_needed_ns(by_grace(S)) == 550 * MS + 1


def test_a_grace_must_outlast_outages_that_follow_one_another() -> None:
    faults = [Fault("f1", "kill", ["r1"], 100 * MS, 400 * MS), Fault("f2", "isolate", ["r2"], 300 * MS, 900 * MS)]
    later = Fault("f3", "pause", ["r1"], 1000 * MS, 1500 * MS)
    assert grace_needed_ns(structs.replace(by_grace(S), faults=[*faults, later])) == 550 * MS + 800 * MS + 1


def test_a_grace_must_outlast_hints_from_the_write_on() -> None:
    """A hint is made when the write's time is up, lives, and is replayed at a tick."""
    hinted = by_grace(S, hints="handoff", hint_lifetime_ns=400 * MS, hint_every_ns=100 * MS)
    slow = structs.replace(hinted, cluster=structs.replace(hinted.cluster, operation_timeout_ns=6 * S))
    assert grace_needed_ns(slow) == 550 * MS + 6 * S + 500 * MS + 1


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"hints": "handoff", "hint_lifetime_ns": 300 * MS},
        {"repair_bytes_per_s_max": 20_000, "entropy_schedule": "continuous"},
        {"exchanges_in_parallel_max": 1, "repair_bytes_per_s_cluster_max": 90_000},
    ],
)
def test_the_grace_that_is_needed_is_the_longest_that_is_refused(policy: dict[str, Any]) -> None:
    faults = [Fault("f1", "kill", ["r1"], 100 * MS, 400 * MS)]
    of = structs.replace(by_grace(50 * S, **policy), faults=faults)
    assert grace.grace_needed_ns(of) == grace_needed_ns(of) - 1


def test_the_grace_is_told_in_words() -> None:
    """An outage of 0.3 s, an exchange that times out and two rounds, 50 ms of skew."""
    faults = [Fault("f1", "kill", ["r1"], 100 * MS, 400 * MS)]
    told = [grace.grace_in_words(structs.replace(by_grace(each), faults=faults)) for each in (850 * MS, 850 * MS + 1)]
    must = "grace: must outlast outages 0.3 s + repair lag 0.5 s + clock skew 0.05 s = 0.85 s; has 0.85 s"
    assert told == [f"{must}, too short", f"{must}, enough"]
    assert grace.grace_in_words(plan()) is None


@pytest.mark.parametrize(("field", "value", "grows"), [("ranges_per_round_max", 1, 3), ("ranges_per_round_max", 2, 2)])
def test_rounds_that_look_at_a_part_need_as_many_more(field: str, value: int, grows: int) -> None:
    """Three nodes share three partitions."""
    whole, part = plan(), plan(entropy_schedule="continuous", **{field: value})
    assert pace.cycle_ns(part) == grows * pace.cycle_ns(whole) == grows * 200 * MS


def test_where_all_cannot_be_compared_at_once_a_round_may_take_longer() -> None:
    """One at a time, of two peers: four rounds of patience, and twice two turns; and who stays away must time out."""
    bound = plan(exchanges_in_parallel_max=1)
    assert pace.cycle_ns(bound) == 8 * 200 * MS
    assert pace.cycle_ns(structs.replace(bound, down=["r2"])) == 8 * 200 * MS + 1000 * MS
    assert pace.cycle_ns(plan(exchanges_in_parallel_max=2)) == 200 * MS


def test_a_nodes_share_of_what_the_cluster_may_send_is_what_must_be_enough() -> None:
    assert needs.ENOUGH_BYTES.missed(plan(repair_bytes_per_s_cluster_max=10**9)) is None
    missed = needs.ENOUGH_BYTES.missed(plan(repair_bytes_per_s_cluster_max=300))
    assert missed is not None
    assert "a node's share of policy.repair_bytes_per_s_cluster_max = 100" in missed


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ({"anti_entropy": "none"}, "without anti-entropy"),
        ({"message_lifetime_ns": MS}, "outlive their lifetime"),
        ({"repair_bytes_per_s_max": 1}, "too little"),
    ],
    ids=["no rounds", "late copies", "a trickle"],
)
def test_no_grace_is_long_enough_where_nothing_can_arrive(policy: dict[str, Any], word: str) -> None:
    assert word in str(grace.LONG_GRACE.missed(by_grace(100 * S, **policy)))


def test_every_term_of_a_short_grace_is_named() -> None:
    short = structs.replace(by_grace(100 * MS, hints="handoff"), faults=[Fault("f1", "kill", ["r1"], 0, S)])
    why = str(grace.LONG_GRACE.missed(short))
    for part in ("0.1 s is not longer than", "outages 1 s", "repair lag 0.5 s", "hints 0.7 s", "clock skew 0.05 s"):
        assert part in why


def rounds_needed(of: Plan) -> int:
    return next(
        rounds
        for rounds in range(1, 10_000)
        if needs.ENOUGH_ROUNDS.missed(structs.replace(of, mend_rounds_max=rounds)) is None
    )


def with_keys(count: int, of: Plan) -> Plan:
    return structs.replace(of, operations=[Operation(n, n, "c1", "r1", "put", f"k{n}", f"w{n}") for n in range(count)])


def test_more_keys_than_an_exchange_lists_take_more_rounds() -> None:
    few, many = (with_keys(count, plan(purge="never", keys_per_exchange_max=10)) for count in (9, 95))
    assert rounds_needed(many) == rounds_needed(few) + 9


def test_more_tombstones_than_a_tick_sees_to_take_more_rounds() -> None:
    few, many = (with_keys(count, plan(keys_per_exchange_max=100_000)) for count in (400, 2_600))
    assert rounds_needed(many) == rounds_needed(few) + 3 * 5


def wiped(node: str, start_ns: int) -> Fault:
    return Fault(f"wipe{node}", "wipe", [node], start_ns, start_ns + 100 * MS)


def test_a_wiped_node_needs_every_other_back() -> None:
    one = structs.replace(plan(), faults=[wiped("r1", 0)])
    assert needs.ALL_BACK_FOR_A_WIPED_NODE.missed(one) is None
    assert "r2 stays down" in str(needs.ALL_BACK_FOR_A_WIPED_NODE.missed(structs.replace(one, down=["r2"])))
    two = structs.replace(plan(), faults=[wiped("r1", 0), wiped("r2", S)])
    assert "wait for each other" in str(needs.ALL_BACK_FOR_A_WIPED_NODE.missed(two))
    again = structs.replace(plan(), faults=[wiped("r1", 0), wiped("r1", S)])
    assert needs.ALL_BACK_FOR_A_WIPED_NODE.missed(again) is None
    assert "2 wipes" in str(needs.ONE_WIPE.missed(again))


@pytest.mark.parametrize(
    ("read", "write", "missed"), [("ONE", "ALL", False), ("QUORUM", "ONE", True), ("TWO", "TWO", False)]
)
def test_quorums_meet_where_r_and_w_are_more_than_n(read: Any, write: Any, missed: bool) -> None:  # noqa: FBT001 - a parameter
    asked = [
        Operation(1, 1, "c1", "r1", "get", "k", None, read),
        Operation(2, 2, "c1", "r1", "delete", "k", None, write),
    ]
    why = needs.QUORUMS_MEET.missed(structs.replace(plan(), operations=asked))
    assert (why is not None) == missed
    assert why is None or "is not more than N = 3" in why


def test_hints_alone_mend_siblings_only_where_their_order_does_not_matter() -> None:
    """A vector and a full list keep other siblings where writes come in another order."""
    steps = [Step(100 * number, "c1", "r1", "put") for number in range(1, 5)]
    alone = structs.replace(SHORT, anti_entropy="none", hints="handoff", purge="never")
    of = sketch("x", steps, [], 500, policy=alone)
    for changes, word in (
        ({"versions": "hlc"}, None),
        ({"versions": "dotted", "merge": "siblings"}, None),
        ({"versions": "dotted", "merge": "siblings", "siblings_max": 4}, None),
        ({"versions": "dotted", "merge": "siblings", "siblings_max": 3}, "of 4 writes of a key, which 3 siblings"),
        ({"versions": "dotted", "merge": "last", "siblings_max": 3}, None),
        ({"versions": "vector", "merge": "siblings"}, "which siblings a vector keeps"),
    ):
        missed = needs.ANTI_ENTROPY.missed(structs.replace(of, cluster=structs.replace(of.cluster, **changes)))
        assert (missed is None) == (word is None)
        assert word is None or word in str(missed)
