"""CPU time of one checked seed in simulation, by part."""

import time  # noqa: TID251 - this measures

import msgspec

from checkers import files
from checkers.properties import judge
from harness.plan import Plan
from harness.scenario import Scenario, draw
from harness.stages.simulation.stage import perform
from harness.wrong import convert

REPEATS = 7


def plan_of(copies: int) -> Plan:
    spec = {
        "about": "the benchmark's seed",
        "cluster": {"nodes": copies, "n": copies},
        "policy": {"read_repair": "blocking"},
        "workload": {"operations": 1000, "clients": 8, "keys": 36, "reads": "50%", "deletes": "15%"},
        "faults": {"count": 4},
    }
    return draw(convert(spec, Scenario, "bench"), "bench", 1)[0]


def measure_simulation(copies: int) -> dict[str, float]:
    """The least of several: what the work costs, not what the neighbours do. Milliseconds."""
    plan = plan_of(copies)
    quiet = msgspec.structs.replace(plan, operations=[], faults=[])
    times = [_once(plan, quiet) for _ in range(REPEATS)]
    return {part: min(each[part] for each in times) for part in times[0]}


def _once(plan: Plan, quiet: Plan) -> dict[str, float]:
    start = _cpu_ms()
    history = perform(plan)
    performed = _cpu_ms()
    judge(history)
    judged = _cpu_ms()
    files.digest(history)
    digested = _cpu_ms()
    perform(quiet)
    idle = _cpu_ms() - digested
    return {
        "operations, network and store": performed - start - idle,
        "anti-entropy and timers of an idle cluster": idle,
        "checks": judged - performed,
        "digest": digested - judged,
    }


def _cpu_ms() -> float:
    return time.process_time_ns() / 1e6
