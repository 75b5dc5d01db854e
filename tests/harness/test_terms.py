"""What a plan states: limits, and what its faults may keep from working; and what availability asks of plan and run."""

import pytest
from msgspec.structs import replace

from checkers import availability, properties
from checkers.history import Fault as FaultEvent
from checkers.history import Header, History, Invoke, Message, Return, ordered
from harness import requirements_bounds as bounded
from harness.demonstrations import PLANS
from harness.faults.kinds import Fault
from harness.header import header_of
from harness.plan import LOST, MS, Plan
from harness.promises import judge
from harness.requirements import Requirement
from harness.stages.simulation.stage import perform
from harness.terms import MARGIN_NS, limits_of, terms_of, verdict_of
from tests.harness.plans import small_plan
from workloads.operations import Level, Operation

SECOND = 1000 * MS
PLAN = small_plan()


def header() -> Header:
    return header_of(PLAN, "processes")


def spans(plan: Plan, history: History) -> list[tuple[int, int | None]]:
    return [(each.start, each.end) for each in terms_of(plan, history).troubles]


def faulted(kind: str, targets: list[str], **parameters: int) -> Plan:
    return replace(PLAN, faults=[Fault("f1", kind, targets, SECOND, 2 * SECOND, parameters)])


def recorded(*phases: tuple[str, int]) -> History:
    events = [
        FaultEvent(at=at, fault="f1", kind="", phase=phase, targets=[])  # type: ignore[arg-type]
        for phase, at in phases
    ]
    return ordered(header(), list(events))


def test_a_fault_is_in_the_way_from_its_plan_to_a_while_after_its_end() -> None:
    plan = faulted("isolate", ["r1"])
    history = recorded(("applied", SECOND + MS), ("healed", 2 * SECOND + MS))
    assert spans(plan, history) == [(SECOND, 2 * SECOND + MS + MARGIN_NS)]
    assert spans(plan, recorded(("applied", SECOND))) == [(SECOND, None)]
    slow = faulted("latency", ["r1"], delay_ns=300 * MS, jitter_ns=20 * MS)
    assert spans(slow, history) == [(SECOND, 2 * SECOND + MS + MARGIN_NS + 320 * MS)]


def test_who_lost_its_disk_is_not_counted_on_again() -> None:
    history = recorded(("applied", SECOND), ("healed", 2 * SECOND))
    assert spans(faulted("wipe", ["r1"]), history) == [(SECOND, None)]


def test_a_trouble_names_nodes_or_the_links_that_a_fault_has_in_its_hands() -> None:
    [killed] = terms_of(faulted("kill", ["r1"]), recorded()).troubles
    assert (killed.nodes, killed.links) == (("r1",), ())
    [cut] = terms_of(faulted("one-way", ["r1", "r2"]), recorded()).troubles
    assert (cut.nodes, cut.links) == ((), (("r1", "r2"),))
    [door] = terms_of(faulted("lost-reply", ["r1"]), recorded()).troubles
    assert door.links == (("r1", availability.CLIENTS),)


def test_a_read_that_repairs_needs_those_that_take_the_repair() -> None:
    levels: list[Level] = ["ONE", "TWO", "ALL"]
    reads = [Operation(number, MS, "c1", "r1", "get", "k0", None, level) for number, level in enumerate(levels)]
    five = replace(PLAN.cluster, nodes=PLAN.cluster.nodes, n=3)
    blocking = replace(PLAN, cluster=five, operations=reads, policy=replace(PLAN.policy, read_repair="blocking"))
    assert terms_of(blocking, recorded()).needed == {0: 1, 1: 2, 2: 3}
    wide = replace(blocking, cluster=replace(five, n=5))
    assert terms_of(wide, recorded()).needed == {0: 1, 1: 4, 2: 5}
    none = replace(wide, policy=replace(PLAN.policy, read_repair="none"))
    assert terms_of(none, recorded()).needed == {0: 1, 1: 2, 2: 5}


def test_what_a_node_refuses_need_not_succeed() -> None:
    long = [
        Operation(1, MS, "c1", "r1", "get", "k" * 1025),
        Operation(2, MS, "c1", "r1", "put", "k0", "x" * (1024 * 1024 + 1)),
    ]
    assert terms_of(replace(PLAN, operations=long), recorded()).needed == {}


def test_limits_are_those_of_the_policy() -> None:
    policy = replace(PLAN.policy, repair_bytes_per_s_max=5, purge="grace", grace_ns=2 * SECOND, hints_max=7)
    limits = limits_of(replace(faulted("clock-jump", ["r2"], offset_ns=MS), policy=policy))
    assert (limits.repair_bytes_per_s, limits.hints_max, limits.hint_lifetime_ns) == (5, 7, 2 * SECOND)
    assert limits.odd_clocks == ("r2",)
    assert limits_of(PLAN).repair_bytes_per_s is None


NETWORK, CLUSTER, POLICY = PLAN.network, PLAN.cluster, PLAN.policy


@pytest.mark.parametrize(
    ("requirement", "plan", "words"),
    [
        (bounded.PURGES, replace(PLAN, policy=replace(POLICY, purge="never")), "never purged"),
        (bounded.ALL_BACK, replace(PLAN, down=["r2"]), "r2 stays down"),
        (bounded.LOSES_NOTHING, replace(PLAN, network=replace(NETWORK, loss_ppm=1)), "network.loss_ppm = 1"),
        (bounded.LOSES_NOTHING, replace(PLAN, network=replace(NETWORK, queue_max=9)), "network.queue_max = 9"),
        (bounded.LOSES_NOTHING, replace(PLAN, fates={"some message": LOST}), "'some message'"),
        (bounded.PROMPT, replace(PLAN, network=replace(NETWORK, delay_max_ns=90 * MS)), "do not fit"),
        (bounded.PROMPT, replace(PLAN, client_timeout_ns=5 * MS), "client_timeout of 5 ms"),
        (bounded.PROMPT, replace(PLAN, policy=replace(POLICY, message_lifetime_ns=8 * MS)), "outlive the lifetime"),
        (bounded.ROOM, replace(PLAN, cluster=replace(CLUSTER, operations_in_flight_max=3)), "more than 3 are refused"),
    ],
)
def test_what_is_missing_is_said(requirement: Requirement, plan: Plan, words: str) -> None:
    assert requirement.missed(PLAN) is None
    assert words in (requirement.missed(plan) or "")


def message(took_ms: int, sender: str = "r1", to: str = "r2") -> Message:
    at = SECOND
    return Message(
        at=at, id="r1/1", born=at, sender=sender, to=to, kind="fetch", origin="op 1", received=at + took_ms * MS
    )


def test_a_busy_machine_shows_in_what_nothing_held_up() -> None:
    prompt_ms = min(POLICY.message_lifetime_ns, CLUSTER.operation_timeout_ns) // 4 // MS
    history = ordered(header(), [message(prompt_ms + 1)])
    assert "the machine was busy: message r1/1" in (bounded.KEPT_UP.missed(PLAN, history) or "")
    assert bounded.KEPT_UP.missed(faulted("pause", ["r2"]), history) is None
    assert bounded.KEPT_UP.missed(faulted("one-way", ["r2", "r1"]), history) is not None
    assert bounded.KEPT_UP.missed(PLAN, ordered(header(), [message(prompt_ms)])) is None
    simulated = ordered(header_of(PLAN, "simulation"), [message(prompt_ms + 1)])
    assert bounded.KEPT_UP.missed(PLAN, simulated) is None


def test_a_busy_machine_shows_in_a_client_that_is_late_by_itself() -> None:
    first, second = Operation(1, 0, "c1", "r1", "get", "k0"), Operation(2, MS, "c1", "r1", "get", "k0")
    plan = replace(PLAN, operations=[first, second])

    def asked(op: int, at: int) -> Invoke:
        return Invoke(at=at, op=op, session="c1.1", node="r1", kind="get", key="k0")

    back = Return(at=3 * SECOND, op=1, session="c1.1", outcome="ok")
    waited = ordered(header(), [asked(1, 0), back, asked(2, 3 * SECOND)])
    assert bounded.KEPT_UP.missed(plan, waited) is None
    late = ordered(header(), [asked(1, 0), back, asked(2, 4 * SECOND)])
    assert "a client asked 1000 ms later" in (bounded.KEPT_UP.missed(plan, late) or "")


def test_a_property_is_found_by_its_name_whatever_it_must_know() -> None:
    plan = PLANS["writes-first-w"]("writes-first-w")
    history = perform(plan)
    verdicts = {verdict.property: verdict for verdict in properties.judge(history)}
    promises = {each.property: each.measured for each in judge(plan, history, verdicts)}
    for name in ("available with a quorum", "limits kept", "no needless repair"):
        assert verdict_of(name, plan, history) == promises[name]
    assert promises["available with a quorum"].outcome == "violated"
