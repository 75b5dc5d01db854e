"""Every flawed replica, found by a seed, is shrunk to a story of a few lines."""

import msgspec
import pytest

from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.promises import MATRIX
from harness.reproduce.reductions import one_less
from harness.reproduce.smallest import smallest
from harness.reproduce.trial import trial
from harness.reproduce.witness import in_simulation
from harness.scenario import draw, load

SEEDS = {
    "hashes-keys-only": ("default", 4),
    "stops-rounds": ("default", 1),
    "never-refills": ("trickle", 6),
    "repairs-any-other": ("default", 1),
    "commits-later": ("default", 2),
    "repairs-by-arrival": ("default", 1),
    "hints-by-arrival": ("default", 1),
    "never-syncs": ("disks", 4),
    "skips-repair": ("hot-reads", 4),
    "answers-before-repair": ("lossy-reads", 17),
    "repairs-holders-only": ("lossy-reads", 12),
    "stops-waiting": ("courses", 39),
    "digests-values-only": ("courses", 67),
    "decides-on-one": ("default", 8),
    "joins-at-once": ("rejoin", 30),
    "purges-unconfirmed": ("default", 1),
    "keeps-old-hints": ("handoff", 13),
    "purges-early": ("grace", 16),
    "purges-after-quorum": ("default", 4),
    "acknowledges-on-send": ("default", 21),
    "mixes-copies": ("default", 1),
    "hides-repairs": ("default", 1),
}
FLAWS = [pytest.param(cell.property, flaw, id=flaw) for cell in MATRIX for flaw in cell.flaws]


def failing_plan(flaw: str) -> Plan:
    """Of a flaw that is not in the table, its demonstration: also that may be more than is needed."""
    if flaw not in SEEDS:
        return PLANS[flaw](flaw)
    scenario, seed = SEEDS[flaw]
    return draw(load(scenario), scenario, seed, flaw)[0]


@pytest.mark.parametrize(("promise", "flaw"), FLAWS)
def test_a_flaw_is_shrunk_to_a_few_operations_and_faults(promise: str, flaw: str) -> None:
    plan, breaks = failing_plan(flaw), in_simulation(promise)
    found = smallest(plan, breaks, 600, lambda _progress: None)
    assert found is not None, "the seed does not break the promise any more: find another"
    assert found.stopped is None
    assert found.minimal
    assert len(found.plan.operations) <= 8
    assert len(found.plan.faults) <= 2
    assert found.plan.flaw == flaw
    assert trial(found.plan).breaks(promise)
    for less in one_less(found.plan):
        assert not trial(less).breaks(promise), "something can be left out"
    sound = trial(msgspec.structs.replace(found.plan, flaw=None))
    assert sound.broken == [], "what is broken is the plan, not the replica"
