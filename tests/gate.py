"""The gate on determinism: of the simulated runs of a test session, one in sixteen is performed again, in a fresh
process and after other plans, with another hash seed and another allocator. A session with one that differs fails."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from msgspec import UNSET

from checkers import files
from checkers.history import History, Message
from harness.plan import Plan, read, write
from harness.reproduce.replay import first_difference
from harness.stages.simulation import stage

EVERY = 16  # 6.25 %; the first of each worker is one of them
FOLDER = "URUSHI_TEST_GATE"  # the environment variable that names the folder of all workers of a session
HASH_SEED = "90125"
ROOT = Path(__file__).parents[1]
NOT_REPEATABLE = ("sends-in-set-order",)  # it is there to be caught
_DEADLINE_S = 600


class Outcome(NamedTuple):
    performed: int
    again: int
    differences: list[str]

    def words(self) -> str:
        share = f"{self.again} of {self.performed} simulated runs"
        return f"{share} performed again, fresh and after others: {len(self.differences)} differ"


@contextmanager
def samples(folder: Path) -> Iterator[None]:
    """Keeps one in sixteen of the runs that this process performs."""
    run, count = stage.Simulation.run, 0

    def run_and_keep(simulation: stage.Simulation) -> History:
        nonlocal count
        history = run(simulation)
        if simulation.plan.flaw not in NOT_REPEATABLE:
            if count % EVERY == 0:
                keep(simulation.plan, history, folder / f"{os.getpid()}-{count}")
            count += 1
            (folder / f"{os.getpid()}.count").write_text(str(count))
        return history

    with mock.patch.object(stage.Simulation, "run", run_and_keep):
        yield


def keep(plan: Plan, history: History, place: Path) -> None:
    place.mkdir()
    write(plan, place / "plan.json")
    files.write(history, place / "history.jsonl")


def perform_again(folder: Path, hash_seed: str = HASH_SEED) -> Outcome:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONMALLOC": "malloc", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.gate", str(folder)]
    gate = subprocess.run(command, env=environment, check=False, timeout=_DEADLINE_S, cwd=ROOT)
    performed = sum(int(count.read_text()) for count in folder.glob("*.count"))
    differences = [place.read_text() for place in sorted(folder.glob("*/differs*"))]
    if gate.returncode:
        differences.append(f"the gate ended with status {gate.returncode}, as it says above")
    return Outcome(performed, len(_kept(folder)), differences)


def _kept(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/plan.json"))


def _all_again(folder: Path) -> int:
    """Each in a process that has performed nothing; meanwhile one after the other, in the opposite order."""
    places = _kept(folder)
    beside = _forked(lambda: _each_fresh(places))
    for place in reversed(places):
        _again(place, "after other plans")
    return os.waitstatus_to_exitcode(os.waitpid(beside, 0)[1])


def _each_fresh(places: list[Path]) -> None:
    for place in places:
        _, status = os.waitpid(_forked(partial(_again, place, "in a fresh process")), 0)
        if status:
            (place / "differs").write_text(f"{place.name}: in a fresh process it ended with status {status}\n")


def _forked(work: Callable[[], None]) -> int:
    """Of a process that has one thread alone. What the work raises is told, and ends with status 1."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - the copy of this process must not go on with what the parent does
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _again(place: Path, when: str) -> None:
    plan = read(place / "plan.json")
    before = files.read(place / "history.jsonl")
    measured = any(isinstance(event, Message) and event.bytes is not UNSET for event in before.events)
    again = stage.perform(plan, measured=measured)
    if files.digest(before) != files.digest(again):
        what = f"scenario {plan.scenario} seed {plan.seed} flaw {plan.flaw}, {when}: the first event that differs"
        (place / f"differs {when}").write_text(f"{what}\n{first_difference(before, again)}\n")


if __name__ == "__main__":
    sys.exit(_all_again(Path(sys.argv[1])))
