"""Determinism, which no promise is about: a plan is performed in two fresh processes with different hash seeds."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from checkers import files
from harness import plan as plans
from harness.scratch import scratch
from harness.zoo.hunt import Find, Hunt, Outcome, plan_of

NAME = "determinism"
_HASH_SEEDS = ("1", "90125")
_DEADLINE_S = 600


def hunt_differences(order: Hunt) -> Outcome:
    """As `hunt`, where a find is a seed whose two histories differ."""
    begun_s, seeds = _children_s(), 0
    differs = False
    while seeds < order.seeds_max and _children_s() - begun_s < order.budget_s and not differs:
        plan = plan_of(order.scenario, order.first + seeds, order.flaw)
        seeds += 1
        with scratch("zoo") as folder:
            path = folder / "plan.json"
            plans.write(plan, path)
            differs = len({_digest(path, hash_seed) for hash_seed in _HASH_SEEDS}) > 1
    find = Find(order.first + seeds - 1, [NAME]) if differs else None
    return Outcome(seeds, _children_s() - begun_s, find, None)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _digest(path: Path, hash_seed: str) -> str:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "harness.zoo.repeat", str(path)]
    shown = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=_DEADLINE_S, cwd=path.parent
    )
    return shown.stdout.strip()


if __name__ == "__main__":
    from harness.stages.simulation.stage import perform

    sys.stdout.write(files.digest(perform(plans.read(Path(sys.argv[1])))))
