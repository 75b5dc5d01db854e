"""What reads must be like for a promise, and what was observed of them: each choice and figure on both sides."""

from typing import Any

import pytest
from msgspec.structs import replace

from checkers.history import AnyEvent, Header, History, Life, Metrics, ordered
from harness import requirements as needs
from harness import requirements_bounds as bounded
from harness.plan import MS, Plan
from harness.promises import MATRIX
from harness.requirements_reads import ASKS_ENOUGH, REPAIRS_AWAITED, WAITS_FOR_REPAIR
from harness.terms import terms_of
from replicas.system import Level
from tests.harness.test_requirements import plan
from workloads.operations import Operation


def reading(*levels: Level | None, n: int = 3, **policy: Any) -> Plan:
    """Five nodes; a read of each level, by default of a quorum."""
    calm = plan(**policy)
    nodes = [replace(calm.cluster.nodes[0], name=f"r{number}") for number in range(1, 6)]
    cluster = replace(calm.cluster, nodes=nodes, n=n, r=n // 2 + 1)
    reads = [
        Operation(number, MS, "c1", "r1", "get", "k", None, level) for number, level in enumerate(levels or [None])
    ]
    return replace(calm, cluster=cluster, operations=reads)


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        (reading(read_repair="blocking"), None),
        (reading(read_repair="bounded"), None),
        (reading(read_repair="none"), "read repair is none"),
        (reading(read_repair="background"), "read repair is background"),
        (reading(read_repair="adaptive"), "read repair is adaptive"),
        (reading(repair_sync_replicas=2), None),
        (reading(repair_sync_replicas=1), "when 1 replicas hold what it returns, and later ones meet one of 2"),
        (reading("TWO", n=5, repair_sync_replicas=3), "later ones meet one of 4"),
        (reading("TWO", n=5, repair_sync_replicas=4), None),
        (reading("ONE", n=5, repair_sync_replicas=1), None),  # one answer is compared with nothing
        (reading(read_repair="bounded", repair_sync_replicas=1), "when 1 replicas"),
    ],
)  # fmt: skip
def test_reads_that_wait_until_enough_hold_what_they_return(tried: Plan, why: str | None) -> None:
    missed = WAITS_FOR_REPAIR.missed(tried)
    assert missed is None if why is None else why in str(missed)


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        (reading(), None),
        (reading(read_from="needed"), "a read asks 2 of 3 replicas"),
        (reading(read_from="by-chance"), "a read asks 2 of 3 replicas"),
        (reading(read_from="needed", read_extra_max=1), None),
        (reading("ALL", read_from="needed"), None),
        (reading("ALL", "ONE", read_from="needed"), "a read asks 1 of 3 replicas"),
        (reading(read_from="needed", speculate_after_ns=MS), None),
        (reading(read_repair_chance_ppm=999_999), "repairs no more replicas than it waits for"),
        (reading(read_repair_chance_ppm=999_999, read_repair="adaptive"), "repairs no more replicas than it waits for"),
        (reading(read_repair_chance_ppm=999_999, read_repair="bounded"), None),
        (reading(read_repair_chance_ppm=0, read_repair="background"), None),
        (reading(read_repair_chance_ppm=0, speculate_after_ns=MS), None),
    ],
)
def test_reads_that_ask_all_or_others_in_place_of_silent_ones(tried: Plan, why: str | None) -> None:
    missed = ASKS_ENOUGH.missed(tried)
    assert missed is None if why is None else why in str(missed)


def _least_timeout_ns(of: Plan) -> int:
    """Of operations, so that messages fit; found by trying."""
    low, high = 1, 400 * MS
    while low < high:
        middle = (low + high) // 2
        tried = replace(of, cluster=replace(of.cluster, operation_timeout_ns=middle))
        low, high = (middle + 1, high) if bounded.PROMPT.missed(tried) else (low, middle)
    return low


@pytest.mark.parametrize(
    ("policy", "n", "more_hops", "more_ns"),
    [
        ({"read_digests": "always"}, 3, 2, 0),
        ({"read_digests": "large"}, 3, 2, 0),
        ({"read_repair": "adaptive"}, 3, 2, 0),
        ({"read_repair": "bounded", "read_repair_wait_ns": 30 * MS}, 3, 0, 30 * MS),
        ({"speculate_after_ns": 7 * MS}, 3, 0, 7 * MS),  # others may have to hold what is repaired
        ({"speculate_after_ns": 7 * MS, "read_digests": "always"}, 3, 2, 14 * MS),  # and for the copy
        ({"speculate_after_ns": 7 * MS, "read_from": "needed"}, 3, 0, 14 * MS),
        ({"speculate_after_ns": 7 * MS, "read_from": "needed"}, 5, 0, 21 * MS),
        ({"speculate_after_ns": 7 * MS, "read_from": "needed", "read_extra_max": 1}, 5, 0, 14 * MS),
    ],
)
def test_what_the_course_of_a_read_costs_in_time(policy: dict[str, Any], n: int, more_hops: int, more_ns: int) -> None:
    plain, changed = reading(n=n), reading(n=n, **policy)
    hop_ns = plain.network.slowest_ns() + 2 * plain.disk.sync_max_ns
    assert _least_timeout_ns(changed) - _least_timeout_ns(plain) == more_hops * hop_ns + more_ns


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        ({"read_repair": "adaptive"}, {0: 1, 1: 4, 2: 5}),
        ({"read_repair": "bounded"}, {0: 1, 1: 2, 2: 5}),
        ({"repair_sync_replicas": 1}, {0: 1, 1: 2, 2: 5}),
        ({"repair_sync_replicas": 5}, {0: 1, 1: 5, 2: 5}),
        ({"repair_sync_replicas": 9}, {0: 1, 1: 5, 2: 5}),
        ({"repair_sync_replicas": 5, "read_repair": "background"}, {0: 1, 1: 2, 2: 5}),
    ],
)
def test_how_many_replicas_a_read_takes(policy: dict[str, Any], needed: dict[int, int]) -> None:
    assert terms_of(reading("ONE", "TWO", "ALL", n=5, **policy), _history()).needed == needed


@pytest.mark.parametrize(
    ("policy", "twice"),
    [
        ({"read_repair": "blocking"}, False),
        ({"read_repair": "bounded"}, False),
        ({"read_repair": "none", "repair_whom": "all"}, False),
        ({"read_repair": "background"}, True),
        ({"read_repair": "adaptive"}, True),
        ({"read_repair": "blocking", "repair_whom": "all"}, True),
    ],
)
def test_a_read_that_mends_behind_its_answer_may_take_twice_its_time(policy: dict[str, Any], twice: bool) -> None:  # noqa: FBT001 - a column of the table
    """Which is left for it in the mend phase."""
    tried = reading(**policy, exchange_timeout_ns=0)
    tried = replace(tried, cluster=replace(tried.cluster, operation_timeout_ns=tried.policy.round_every_ns))
    enough = next(r for r in range(200) if needs.ENOUGH_ROUNDS.missed(replace(tried, mend_rounds_max=r)) is None)
    plain = replace(tried, policy=replace(tried.policy, read_repair="none"))
    without = next(r for r in range(200) if needs.ENOUGH_ROUNDS.missed(replace(plain, mend_rounds_max=r)) is None)
    assert enough - without == int(twice)


def _history(*events: AnyEvent) -> History:
    header = Header(1, "simulation", 1, "incarnation", ["r1", "r2"], {"k": ["r1", "r2"]})
    return ordered(header, list(events))


def _counted(node: str, **values: int) -> Metrics:
    return Metrics(at=9, node=node, values=values)


KILLED = Life(at=5, node="r2", incarnation="r2.1", what="killed")
STARTED = Life(at=1, node="r2", incarnation="r2.1", what="started")


@pytest.mark.parametrize(
    ("policy", "history", "why"),
    [
        ({"read_repair": "bounded"}, _history(STARTED, _counted("r1", reads=5)), None),
        ({"read_repair": "bounded"}, _history(_counted("r1", repairs_not_awaited=3)), "r1 answered 3 reads"),
        (
            {"read_repair": "bounded"},
            _history(_counted("r1"), _counted("r2", repairs_dropped=1)),
            "r2 answered 1 reads",
        ),
        ({"read_repair": "bounded"}, _history(STARTED, KILLED, _counted("r1")), "r2 was killed, and with it"),
        ({}, _history(STARTED, KILLED, _counted("r1", repairs_not_awaited=3)), None),
        ({"repairs_in_flight_max": 1}, _history(STARTED, KILLED), None),  # there is one read
        ({"repairs_in_flight_max": 1}, _history(_counted("r1", repairs_dropped=1)), None),
    ],
)
def test_what_was_not_waited_for_was_not_promised(policy: dict[str, Any], history: History, why: str | None) -> None:
    missed = REPAIRS_AWAITED.missed(reading(**policy), history)
    assert missed is None if why is None else why in str(missed)
    two = REPAIRS_AWAITED.missed(reading(None, None, **{"repairs_in_flight_max": 1, **policy}), history)
    assert (two is None) == (history == _history(STARTED, _counted("r1", reads=5)))


def test_what_rests_on_repairs_that_are_awaited() -> None:
    resting = {cell.property for cell in MATRIX if REPAIRS_AWAITED in cell.premises}
    assert resting == {cell.property for cell in MATRIX if WAITS_FOR_REPAIR in cell.requirements}
    assert resting == {"monotonic reads", "linearizability"}
