"""A comparison as a user asks for it: a process of its own, with all that it starts."""

import resource
import subprocess
import sys
import time  # noqa: TID251 - this measures
from typing import NamedTuple

from harness.scratch import scratch

POLICIES = ("none", "sync", "async", "handoff", "merkle", "three-lines")
SEEDS = 200


class Spent(NamedTuple):
    wall_s: float
    cpu_s: float


def measure() -> Spent:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "harness.cli", "compare", *POLICIES, "--seeds", f"1..{SEEDS}"]
    with scratch("compare") as folder:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
