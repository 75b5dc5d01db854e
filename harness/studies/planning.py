"""The plan that a seed document suggests for five replicas, skewed keys and a budget for reads, beside others."""

from typing import Any

from msgspec.structs import replace

from checkers.statistics import rank
from harness.compare.measures import Measures, measure
from harness.draws import Drawing
from harness.plan import Plan
from harness.policy import Named, over
from harness.scenario import Scenario, draw
from harness.stages.simulation.stage import perform
from harness.studies.study import Order, Part, Row, Seen, Study
from harness.wrong import convert

SEEDS = range(1, 6)
LOSSES = ("0%", "3%")
_THROTTLED = {"round_every": "250ms", "repair_bytes_per_s_max": 40_000}
_SELDOM = {
    "read_repair": "background",
    "read_repair_chance": "10%",
    "read_from": "by-chance",
    "read_choice": "random",
    "speculate_after": "20ms",
}
PLANS: dict[str, dict[str, Any]] = {
    "suggested: background, one in ten; log, throttled": {**_SELDOM, "anti_entropy": "log", **_THROTTLED},
    "background, all; log, throttled": {"read_repair": "background", "anti_entropy": "log", **_THROTTLED},
    "synchronous; log, throttled": {"read_repair": "blocking", "anti_entropy": "log", **_THROTTLED},
    "background, all; no anti-entropy": {"read_repair": "background"},
}
SUGGESTED, ALL, WAITING, ALONE = PLANS
_SCENARIO = {
    "cluster": {"nodes": 5, "n": 5},
    "policy": {"purge": "never"},
    "workload": {
        "operations": 800,
        "clients": 40,
        "keys": 120,
        "distribution": "zipf",
        "reads": "80%",
        "deletes": "0%",
        "value_bytes": "200..800",
    },
    "network": {"delay": "0.5..8ms", "distribution": "exponential", "bandwidth": 300_000},
    "faults": {"kinds": ["isolate"], "count": 1, "length": "1000..2000ms", "until": "50%"},
    "phases": {"unrest": "8s", "mend_rounds": 400},
}


def _plan(seed: int, loss: str, given: dict[str, Any]) -> Plan:
    scenario = convert(_SCENARIO, Scenario, "study:five-replicas")
    lossy = replace(scenario, network=replace(scenario.network, loss=loss))
    return over(draw(lossy, "study:five-replicas", seed)[0], Named("study", "", given))


class _Met:
    def __init__(self, runs: list[Measures]) -> None:
        took = sorted(each for run in runs for each in run.samples["calm reads"])
        self.p99_ms = round(took[rank(len(took), 99)] / 1e6, 1)
        self.never = Part(*(sum(run.counts[f"keys {what} all"] for run in runs) for what in ("never", "apart")))
        asked = sum(run.counts["operations"] for run in runs)
        self.messages = round(sum(run.counts["messages handled"] for run in runs) / asked, 1)

    def row(self, name: str) -> Row:
        return Row(name, {"read p99, ms": self.p99_ms, "never converged": self.never, "messages an op": self.messages})


def five_replicas(order: Order) -> Seen:
    budget_ns = Drawing(0, "--with").duration_ns("budget", order.given["budget"], 1)
    budget_ms = budget_ns / 1e6
    met: dict[tuple[str, str], _Met] = {}
    for loss in LOSSES:
        for name, given in PLANS.items():
            order.watch(len(met), len(LOSSES) * len(PLANS))
            made = [_plan(seed, loss, given) for seed in SEEDS]
            met[name, loss] = _Met([measure(plan, perform(plan)) for plan in made])
    calm, lossy = LOSSES
    suggested = [met[SUGGESTED, loss] for loss in LOSSES]
    confirmed = all(each.p99_ms <= budget_ms and each.never.count == 0 for each in suggested)
    why = (
        f"the suggested plan read in {suggested[0].p99_ms} ms at p99, and in {suggested[1].p99_ms} ms where {lossy} of"
        f" the messages are lost, against a budget of {budget_ms:g} ms; asking all replicas each time read in"
        f" {met[ALL, calm].p99_ms} and {met[ALL, lossy].p99_ms} ms, and waiting for the repair as well in"
        f" {met[WAITING, calm].p99_ms} and {met[WAITING, lossy].p99_ms} ms; without anti-entropy"
        f" {met[ALONE, calm].never} of the keys never converged"
    )
    return Seen([each.row(f"{name}, {loss} lost") for (name, loss), each in met.items()], confirmed, why)


STUDIES = (
    Study(
        "five-replicas",
        "for N = 5, skewed keys and 30 ms at p99: background, probabilistic read repair, and throttled anti-entropy",
        "quorums of five, Zipf, 80 % reads, 0.5 to 8 ms a message, one node cut off for a while; reads of calm times; a"
        f" key has converged if all five agree at the end; {len(SEEDS)} seeds a case, in simulation",
        five_replicas,
        parameters={"budget": "30ms"},
        source="seed document 003, *design your repair plan*: its suggested answer",
    ),
)
