"""The same plan gives the same digest: in a fresh process with another hash seed and another allocator, and after
any other seed in the same process. And the gate can fail: a replica that iterates a set is caught."""

from pathlib import Path

import msgspec
import pytest

from checkers import files
from checkers.history import History
from harness.plan import Plan, write
from harness.reproduce.replay import first_difference
from harness.scenario import draw, load
from harness.stages.simulation.stage import perform
from tests import gate

SEEDS = range(1, 21)


def plan_of(seed: int, flaw: str | None = None, scenario: str = "default") -> Plan:
    return draw(load(scenario), scenario, seed, flaw)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_again_in_this_process_after_other_seeds(seed: int) -> None:
    first = perform(plan_of(seed))
    perform(plan_of(seed + 1000, scenario="lossy"))
    again = perform(plan_of(seed))
    assert files.digest(first) == files.digest(again), first_difference(first, again)


def test_the_gate_passes_what_repeats(tmp_path: Path) -> None:
    for seed in SEEDS[::4]:
        gate.keep(plan_of(seed), perform(plan_of(seed)), tmp_path / str(seed))
    outcome = gate.perform_again(tmp_path, "31337")
    assert (outcome.again, outcome.differences) == (5, [])


def test_the_gate_catches_a_replica_that_iterates_a_set(tmp_path: Path) -> None:
    """Two hash seeds may order a small set alike; of several, some do not."""
    plan = plan_of(2, "sends-in-set-order")
    gate.keep(plan, perform(plan), tmp_path / "bad")
    differences = [each for hash_seed in ("1", "2", "3", "4") for each in gate.perform_again(tmp_path, hash_seed)[2]]
    assert differences
    assert any("flaw sends-in-set-order, in a fresh process: the first event" in each for each in differences)
    assert all('"event":"message"' in each for each in differences)


def test_the_gate_takes_at_least_one_of_twenty(tmp_path: Path) -> None:
    with gate.samples(tmp_path):
        for seed in range(1, 41):
            perform(plan_of(seed, scenario="calm"))
    kept = len(list(tmp_path.glob("*/plan.json")))
    assert kept * 20 >= 40


GOLDEN = {
    ("default", 1): "c8e2801d658c62aa",
    ("levels", 2): "d6adf65d174512f4",
    ("lossy", 3): "4cc9294b7646f5e6",
    ("wipes", 4): "21a9c2f68768a9c9",
    ("transport", 5): "1e26c621a614c420",
    ("grace", 6): "fe48be81521d366a",
    ("disks", 7): "2fcd63fa22f23f8e",
    ("clocks", 8): "d60e899b215f8a7e",
    ("datagrams", 9): "6b14b9fb838ac0ca",
}


@pytest.mark.parametrize(("scenario", "seed"), GOLDEN, ids=[f"{name}-{seed}" for name, seed in GOLDEN])
def test_every_version_of_python_gives_the_same_digest(scenario: str, seed: int) -> None:
    """These were the same on CPython 3.11.7, 3.12.1 and 3.13.0. Whoever changes store, plan, simulator or schema on
    purpose writes the new ones down here, after seeing them equal on all three, and adds one to header.RULES."""
    assert files.digest(perform(plan_of(seed, scenario=scenario)))[:16] == GOLDEN[scenario, seed]


def test_a_plan_read_from_its_file_is_the_same_plan(tmp_path: Path) -> None:
    plan = plan_of(5)
    write(plan, tmp_path / "plan.json")
    text = (tmp_path / "plan.json").read_bytes()
    assert files.digest(perform(msgspec.json.decode(text, type=Plan))) == files.digest(perform(plan))


def test_deleting_an_operation_leaves_the_fate_of_other_messages() -> None:
    """Fates are drawn from what caused a message, so a shrunk plan keeps the rest of the story."""
    plan = plan_of(3, scenario="lossy")
    shorter = msgspec.structs.replace(plan, operations=plan.operations[:-1], faults=[])
    longer = msgspec.structs.replace(plan, faults=[])
    fates = [_fates(perform(each)) for each in (shorter, longer)]
    shared = fates[0].keys() & fates[1].keys()
    assert len(shared) > 500
    assert all(fates[0][cause] == fates[1][cause] for cause in shared)


def _fates(history: History) -> dict[tuple[str, str, str, str, str | None], int | None]:
    """How long a write or read request was under way; None: lost."""
    found: dict[tuple[str, str, str, str, str | None], int | None] = {}
    for event in history.events:
        kind = getattr(event, "kind", None)
        if kind in ("store", "fetch") and event.origin.startswith("op "):  # type: ignore[union-attr]
            cause = (event.sender, event.to, event.origin, kind, event.key)  # type: ignore[union-attr]
            lost = event.received is None  # type: ignore[union-attr]
            found.setdefault(cause, None if lost else 1)
    return found
