"""Plans for campaigns in other processes: one seed kills whoever performs it."""

import os
import signal

from harness.plan import Plan
from harness.scenario import draw, load

POISONED = 7


def plan_of(seed: int) -> tuple[Plan, dict[str, str]]:
    """In a worker alone: who gives the order draws plans, too."""
    if seed == POISONED and os.environ.get("MAIN") != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(load("calm"), "calm", seed)
