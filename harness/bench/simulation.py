"""CPU time of checked seeds in simulation: by part, against virtual time, and as they grow.

Checks and digest are timed. What performing a plan costs is divided by samples: the process is interrupted after each
few milliseconds of its CPU time, and the innermost frame of ours says in which room it was. Messages are recorded in
the network's innermost loop and count for it; the audit trail is what replicas note of their changes.
"""

import resource
import signal
import subprocess
import sys
import time  # noqa: TID251 - this measures
from collections import Counter
from types import FrameType

import msgspec

from checkers import files
from checkers.properties import judge
from harness.plan import Plan
from harness.scenario import Scenario, draw
from harness.stages.simulation.stage import perform
from harness.wrong import convert

REPEATS = 7
SAMPLED_S = 8
LONG = 100_000  # operations

_AUDIT = {"Copies._note", "Node._record_changes", "copy_of", "present", "ordered"}
_ROOMS = (  # the first that is part of a file's name
    ("replicas/store/", "store"),
    ("simulation/clients.py", "clients"),
    ("simulation/doors.py", "clients"),
    ("simulation/node.py", "nodes and disks"),
    ("simulation/disk", "nodes and disks"),
    ("simulation/", "network"),  # and the heap of what is due
)


class Size(msgspec.Struct, frozen=True):
    copies: int = 5
    operations: int = 1000
    keys: int = 36


class Cost(msgspec.Struct, frozen=True):
    """`cpu_ms` and `wall_ms` are those of performing and judging."""

    cpu_ms: float
    wall_ms: float
    virtual_ms: float
    events: int
    peak_mib: float


GROWTH = {
    "operations x10": Size(operations=10_000),
    "operations x100": Size(operations=LONG),
    "N = 3": Size(copies=3),
    "N = 5": Size(),
    "N = 9": Size(copies=9),
    "N = 25": Size(copies=25),
    "keys x100": Size(keys=3600),
}


def plan_of(size: Size) -> Plan:
    """Operations come at one rate, however many there are; the faults are as many in a long run as in a short one."""
    spec = {
        "about": "the benchmark's seed",
        "cluster": {"nodes": size.copies, "n": size.copies},
        "policy": {"read_repair": "blocking", "hints": "handoff"},
        "workload": {
            "operations": size.operations,
            "clients": 8,
            "keys": size.keys,
            "reads": "50%",
            "deletes": "15%",
        },
        "faults": {"count": 4},
        "phases": {"unrest": f"{size.operations // 250}s"},
    }
    return draw(convert(spec, Scenario, "bench"), "bench", 1)[0]


def measure_parts() -> dict[str, float]:
    """Milliseconds. The least of several: what the work costs, not what the neighbours do."""
    plan = plan_of(Size())
    times = [_once(plan) for _ in range(REPEATS)]
    performed, checks, digest = (min(each) for each in zip(*times, strict=True))
    shares = _shares(plan)
    return {**{part: performed * share for part, share in shares.items()}, "checks": checks, "digest": digest}


def measure_idle() -> float:
    """Anti-entropy, timers and dumps of a cluster that nobody asks for anything: milliseconds."""
    quiet = msgspec.structs.replace(plan_of(Size()), operations=[], faults=[])
    times = []
    for _ in range(REPEATS):
        start = _cpu_ms()
        perform(quiet)
        times.append(_cpu_ms() - start)
    return min(times)


def measure(size: Size) -> Cost:
    """In a process of its own, so that the peak of its memory is its own."""
    command = [sys.executable, "-m", "harness.bench.simulation", msgspec.json.encode(size).decode()]
    return msgspec.json.decode(subprocess.run(command, check=True, capture_output=True).stdout, type=Cost)


def _once(plan: Plan) -> tuple[float, float, float]:
    start = _cpu_ms()
    history = perform(plan)
    performed = _cpu_ms()
    judge(history)
    judged = _cpu_ms()
    files.digest(history)
    return performed - start, judged - performed, _cpu_ms() - judged


def _shares(plan: Plan) -> dict[str, float]:
    seen: Counter[str] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        seen[_room(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    until = _cpu_ms() + SAMPLED_S * 1000
    while _cpu_ms() < until:
        perform(plan)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    return {room: count / seen.total() for room, count in seen.most_common()}


def _room(frame: FrameType | None) -> str:
    while frame is not None:
        code = frame.f_code
        if code.co_name in _AUDIT or code.co_qualname in _AUDIT:
            return "audit trail"
        for part, room in _ROOMS:
            if part in code.co_filename:
                return room
        frame = frame.f_back
    return "rest"


def _measured(size: Size) -> Cost:
    plan = plan_of(size)
    wall, start = time.perf_counter_ns(), _cpu_ms()
    history = perform(plan)
    judge(history)
    cpu_ms, wall_ms = _cpu_ms() - start, (time.perf_counter_ns() - wall) / 1e6
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(cpu_ms, wall_ms, history.events[-1].at / 1e6, len(history.events), peak_mib)


def _cpu_ms() -> float:
    return time.process_time_ns() / 1e6


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_measured(msgspec.json.decode(sys.argv[1], type=Size))))
