"""Variants of a scenario, and what draws faults together: faults of one node, at one time, of few kinds."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from harness.scenario import Scenario, draw, load
from harness.wrong import Wrong

TWO = """
[workload]
operations = 40
keys = 7
[policy]
hints = "handoff"
[variants.plain]
[variants.alone]
policy = { anti_entropy = "none" }
faults = { count = 0 }
"""
SIX = ["kill", "pause", "isolate", "one-way", "latency", "lost-reply"]
MANY = range(1, 301)


def _file(folder: Path, text: str) -> Scenario:
    path = folder / "x.toml"
    path.write_text(text, encoding="utf-8")
    return load(str(path))


def test_a_variant_has_what_the_rest_of_the_file_says_but_for_what_differs(tmp_path: Path) -> None:
    plans = [(draw(_file(tmp_path, TWO), "x", seed)) for seed in range(1, 61)]
    seen = Counter(drawn["variant"] for _, drawn in plans)
    assert set(seen) == {"plain", "alone"} and min(seen.values()) > 15
    for plan, drawn in plans:
        alone = drawn["variant"] == "alone"
        assert plan.policy.hints == "handoff"
        assert plan.policy.anti_entropy == ("none" if alone else "merkle")
        assert bool(plan.faults) != alone
        assert drawn["workload.keys"] == "7"


def test_a_variant_draws_as_a_scenario_of_its_own_would(tmp_path: Path) -> None:
    scenario = _file(tmp_path, TWO)
    for seed in range(1, 20):
        plan, drawn = draw(scenario, "x", seed)
        assert plan == draw(scenario.variants[drawn["variant"]], "x", seed)[0]


def test_one_without_variants_says_nothing_of_them() -> None:
    assert "variant" not in draw(load("calm"), "calm", 1)[1]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[variants.a]\npolicy = { hint = 'none' }", "hint"),
        ("[variants.a]\npolcy = {}", "polcy"),
        ("variants = 3", "variants"),
        ("[variants]\na = 3", "a"),
        ("[variants.a]\npolicy = 3", "policy"),
        ("policy = 3\n[variants.a]\npolicy = {}", "policy"),
        ("[variants.a.variants.b]", "a variant has no variants"),
    ],
)
def test_what_is_wrong_in_a_variant_is_named(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(Wrong, match=what):
        _file(tmp_path, text)


def _faults(**of_faults: object) -> Scenario:
    return msgspec.convert({"workload": {"operations": 40}, "faults": {"kinds": SIX, **of_faults}}, Scenario)


def test_faults_in_focus_are_all_of_one_node_and_of_any_in_turn() -> None:
    focused = Counter[str]()
    for seed in MANY:
        faults = draw(_faults(count=4, focus="100%"), "x", seed)[0].faults
        shared = set.intersection(*(set(fault.targets) for fault in faults))
        assert shared
        focused.update(shared if len(shared) == 1 else ())
    assert set(focused) == {"r1", "r2", "r3"} and min(focused.values()) > 30


def test_faults_together_begin_while_another_is_on() -> None:
    """The first begins at any time."""
    firsts = Counter[int]()
    for seed in MANY:
        faults = draw(_faults(count=3, together="100%", length="100ms"), "x", seed)[0].faults
        for before, after in pairwise(faults):
            assert after.start_ns <= before.end_ns
        firsts[faults[0].start_ns // 1_000_000_000] += 1
    assert set(firsts) == {0, 1, 2, 3}


def test_of_a_swarm_so_many_kinds_are_left_and_each_as_often() -> None:
    kept = Counter[str]()
    for seed in MANY:
        _, drawn = draw(_faults(count=1, swarm=True, kinds_max=2), "x", seed)
        _, whole = draw(_faults(count=1, swarm=True), "x", seed)
        few, all_ = drawn["faults.swarm"].split(), whole["faults.swarm"].split()
        assert len(few) == min(2, len(all_)) and [kind for kind in all_ if kind in few] == few
        kept.update(few)
    assert max(kept.values()) < 1.4 * min(kept.values())


def test_without_them_draws_are_as_they_were() -> None:
    for seed in range(1, 60):
        plain = draw(_faults(count="2..5", swarm=True), "x", seed)[0]
        assert plain == draw(_faults(count="2..5", swarm=True, focus="0%", together="0%", kinds_max=0), "x", seed)[0]


def test_a_kind_that_is_named_twice_is_drawn_twice_as_often() -> None:
    counts = Counter(
        fault.kind
        for seed in range(1, 601)
        for fault in draw(_faults(kinds=["pause", "pause", "isolate"], count=1), "x", seed)[0].faults
    )
    assert 1.6 < counts["pause"] / counts["isolate"] < 2.5
