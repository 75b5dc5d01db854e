"""The entropy budget: keys that losses make divergent, against keys that anti-entropy mends, per second."""

import math
from typing import NamedTuple

from checkers import divergence
from checkers.divergence import Stretch
from harness.plan import MS, Plan
from harness.scenario import Scenario, draw
from harness.stages.simulation.stage import perform as simulate
from harness.studies.study import Figure, Order, Study
from harness.wrong import convert
from harness.zoo.pool import Job, crew

LOSSES = (1, 2, 5, 10, 20)  # percent
WRITES_PER_S = 200
_KEYS = 20_000  # so many that few are written twice
_UNREST_S = 20
_SECOND_NS = 1000 * MS
_WINDOW_NS = (5 * _SECOND_NS, _UNREST_S * _SECOND_NS)
_ON_THEIR_WAY_NS = 6 * MS  # a write makes replicas differ until it is everywhere: that is no divergence yet
_FEW_BYTES_PER_S = 500
_COPIES = 3


class Run(NamedTuple):
    """`bytes_per_s`: what each node may send of copies; 0: no limit."""

    loss_percent: int
    bytes_per_s: int


class Balance(NamedTuple):
    """Keys within the window, and the keys that differ at both of its ends."""

    added: int
    removed: int
    before: int
    after: int


def plan_of(run: Run) -> Plan:
    scenario = {
        "cluster": {"nodes": _COPIES, "n": _COPIES, "r": 1, "w": 1},
        "policy": {
            "read_repair": "none",
            "anti_entropy": "merkle",
            "purge": "never",
            "round_every": "200ms",
            "repair_bytes_per_s_max": run.bytes_per_s,
        },
        "workload": {
            "operations": WRITES_PER_S * _UNREST_S,
            "clients": 40,
            "keys": _KEYS,
            "distribution": "uniform",
            "reads": "0%",
            "deletes": "0%",
        },
        "network": {"delay": "0.2..2ms", "loss": f"{run.loss_percent}%"},
        "faults": {"count": 0},
        "phases": {"unrest": f"{_UNREST_S}s", "mend_rounds": 1},
    }
    plan, _ = draw(convert(scenario, Scenario, "entropy-budget"), "entropy-budget", 1)
    return plan


def perform(run: Run) -> Balance:
    """In a worker."""
    of_keys = divergence.stretches(simulate(plan_of(run)))
    stretches = [each for of_key in of_keys.values() for each in of_key if each.end - each.start > _ON_THEIR_WAY_NS]
    begin, end = _WINDOW_NS
    return Balance(
        sum(begin <= each.start < end for each in stretches),
        sum(begin <= each.end < end for each in stretches),
        _open(stretches, begin),
        _open(stretches, end),
    )


def _open(stretches: list[Stretch], at: int) -> int:
    return sum(each.start < at <= each.end for each in stretches)


def lost_per_s(loss_percent: int) -> float:
    """Writes of which a copy is lost: each coordinator holds one, and sends the others."""
    return WRITES_PER_S * (1 - (1 - loss_percent / 100) ** (_COPIES - 1))


def study(order: Order) -> list[Figure]:
    runs = [Run(loss, limit) for limit in (0, _FEW_BYTES_PER_S) for loss in LOSSES]
    found: dict[Run, Balance] = {}
    with crew() as pool:
        for run in runs:
            pool.add(Job(str(run), perform, run))
        for job, balance in pool.done():
            found[job.order] = balance
            order.watch(len(found), len(runs))
    most_mended = found[Run(LOSSES[-1], _FEW_BYTES_PER_S)].removed
    return [figure for run in runs for figure in _figures(run, found[run], most_mended)]


def _figures(run: Run, balance: Balance, most_mended: int) -> list[Figure]:
    """What is mended at the highest loss is all that a limit lets through. Allowed are three standard errors of a
    count, and a twentieth: a key that is lost again is lost once, and some are mended before they are counted."""
    window_s = (_WINDOW_NS[1] - _WINDOW_NS[0]) / _SECOND_NS
    lost = lost_per_s(run.loss_percent) * window_s
    budget = most_mended if run.bytes_per_s else lost
    error = 1.96 * math.sqrt(max(1, balance.added)) / window_s
    allowed = (3 * math.sqrt(lost) + lost / 20) / window_s
    limit = f"{run.bytes_per_s} bytes/s a node" if run.bytes_per_s else "no limit"
    name = f"{run.loss_percent} % lost, {limit}:"
    grown = (balance.after - balance.before) / window_s
    return [
        Figure(f"{name} diverge", "keys/s", balance.added / window_s, error, lost / window_s, allowed),
        Figure(f"{name} mended", "keys/s", balance.removed / window_s, error),
        Figure(f"{name} left over", "keys/s", grown, error, max(0.0, lost - budget) / window_s, allowed),
    ]


ENTROPY_BUDGET = Study(
    "entropy-budget",
    "divergence stays where it is as long as anti-entropy may mend as much as losses add, and grows by the difference "
    "where it may not",
    "200 writes a second on three replicas for 20 s, a round of Merkle trees each 200 ms, without a limit and with one "
    "that is too little, in simulation; a key is divergent when replicas differ for longer than messages take",
    study,
)
