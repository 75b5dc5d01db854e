"""Every kind of anti-entropy: what trees promise the others promise as well, by the same stories and oracles."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.parts import KINDS, SOUND
from replicas.store.policy import CHOICES, Policy
from replicas.store.settings import Tie
from tests.replicas.store.oracle import latest
from tests.replicas.store.rig import Rig
from tests.replicas.store.strategies import TIES
from tests.replicas.store.test_antientropy import HELD, PAIR, POLICY, Held, copies_on, rig_with
from tests.replicas.store.test_story import (
    DRAWS,
    Plot,
    anything,
    by_grace,
    failure,
    limited,
    on_bad_disks,
    shortest,
    wiped,
)

OTHERS = [kind for kind in KINDS if kind != "merkle"]


def with_kind(policy: Policy, kind: str, random: Random) -> Policy:
    """Small pages and short logs, so that their ends matter."""
    figures: dict[str, Any] = {"anti_entropy": kind, "log_entries_max": random.choice([1, 3, 1_000])}
    if kind == "full":
        figures["repair_bytes_per_s_max"] = 0  # under a limit it has no bound
    return structs.replace(policy, **figures)


def test_each_choice_is_a_kind() -> None:
    assert set(CHOICES["anti_entropy"]) == {"none", *KINDS}


@pytest.mark.parametrize("kind", OTHERS)
@settings(max_examples=40)
@given(TIES, HELD, HELD, st.sampled_from([1, 2, 7, 1_000]))
def test_two_replicas_become_equal_to_the_latest_of_each_key(
    kind: str, tie: Tie, one: Held, other: Held, limit: int
) -> None:
    policy = structs.replace(with_kind(POLICY, kind, Random(limit)), keys_per_exchange_max=limit)
    rig = rig_with({"r1": one, "r2": other}, Rig(structs.replace(PAIR, tie=tie), policy))
    rig.rounds_until_mended(12)
    expected = {key: latest([one.get(key), other.get(key)], tie) for key in one | other}
    assert copies_on(rig, "r1") == copies_on(rig, "r2") == expected


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("draw", [anything, wiped, on_bad_disks, by_grace, limited])
def test_stories_told_with_other_kinds(draw: Callable[[Random], Plot], kind: str) -> None:
    assert draw in DRAWS
    for seed in range(15):
        random = Random(seed)
        plot = draw(random)
        plot = plot._replace(policy=with_kind(plot.policy, kind, random))
        if failure(plot, SOUND):
            plot = shortest(plot, SOUND)
            raise AssertionError(f"seed {seed}, cut down to {plot}: {failure(plot, SOUND)}")
