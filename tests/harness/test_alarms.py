"""Plans on which a sound store once looked guilty: the promise is not made, what is missing is really needed, and with
it the promise holds."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from checkers import properties
from harness.faults.kinds import Fault
from harness.plan import MS, Plan
from harness.promises import Promise, judge
from harness.stages.simulation.stage import perform
from tests.harness.plans import SECOND, small_plan
from workloads.operations import Operation


def convergence(plan: Plan) -> Promise:
    history = perform(plan)
    verdicts = {verdict.property: verdict for verdict in properties.judge(history)}
    return next(promise for promise in judge(plan, history, verdicts) if promise.property == "convergence")


def _read_that_waits() -> Plan:
    """Its client has given up; its coordinator hopes for another four seconds."""
    plan = small_plan()
    return replace(
        plan,
        cluster=replace(plan.cluster, operation_timeout_ns=4 * SECOND),
        policy=replace(plan.policy, purge="never"),
        operations=[Operation(1, 500 * MS, "c1", "r1", "get", "k0")],
        faults=[Fault("f1", "isolate", ["r1"], 0, SECOND)],
    )


def _slow_exchanges() -> Plan:
    """Of up to 2.5 s each, in rounds of 20 ms."""
    plan = small_plan()
    return replace(
        plan,
        policy=replace(
            plan.policy, purge="never", round_every_ns=20 * MS, exchange_timeout_ns=3 * SECOND,
            message_lifetime_ns=SECOND,
        ),
        network=replace(plan.network, delay_min_ns=400 * MS, delay_max_ns=400 * MS),
        operations=[Operation(1, 200 * MS, "c1", "r1", "put", "k0", "w1")],
        faults=[Fault("f1", "isolate", ["r3"], 0, SECOND)],
        mend_rounds_max=170,
    )  # fmt: skip


def _sync_that_goes_on() -> Plan:
    """The disk is slow no more; the commit that it was slow with takes its time all the same."""
    plan = small_plan()
    return replace(
        plan,
        policy=replace(plan.policy, purge="never"),
        operations=[Operation(1, 500 * MS, "c1", "r1", "put", "k0", "w1")],
        faults=[Fault("f1", "slow-disk", ["r3"], 0, SECOND, {"sync_ns": 20 * SECOND})],
    )


@pytest.mark.parametrize("make", [_read_that_waits, _slow_exchanges, _sync_that_goes_on])
def test_what_goes_on_after_unrest_is_waited_for(make: Callable[[], Plan]) -> None:
    plan = make()
    hasty = convergence(plan)
    assert (hasty.outcome, hasty.measured.outcome) == ("not promised", "violated"), hasty.measured
    assert "rounds to mend are too few" in hasty.why
    enough = int(hasty.why.split(": ")[1].split()[0])
    patient = convergence(replace(plan, mend_rounds_max=enough))
    assert patient.outcome == "holds", patient
