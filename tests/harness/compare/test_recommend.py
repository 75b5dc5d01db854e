"""Who is on the front, who is left to choose from, and what is said of it."""

from itertools import pairwise
from random import Random

import pytest

from harness.compare.pairs import DECIDING, Pairs
from harness.compare.recommend import Load, load_of
from harness.compare.result import FRONT
from harness.compare.statistics import Resampled, ratio, resample
from tests.harness.compare.test_measures import performed

SEEDS = 40
TIMES = resample(SEEDS, 400)


def figures(**levels: dict[str, int]) -> dict[tuple[str, str], Resampled]:
    """Of each policy, figures by a level that varies little between seeds; what is not given is 100."""
    found: dict[tuple[str, str], Resampled] = {}
    for name, given in levels.items():
        for figure in DECIDING:
            random = Random(f"{name}/{figure}")
            level = given.get(figure, 100)
            found[figure, name] = ratio(TIMES, [level + int(4 * random.random()) for _ in range(SEEDS)], [1] * SEEDS)
    return found


def test_who_is_beaten_in_one_figure_and_better_in_none_is_not_on_the_front() -> None:
    found = figures(quick={"read p99": 50}, fresh={"stale reads": 50}, plain={}, dear={"bytes": 200}, alike={})
    pairs = Pairs(["quick", "fresh", "plain", "dear", "alike"], found, SEEDS)
    assert pairs.front() == ["quick", "fresh"]


def test_what_is_not_shown_to_differ_counts_as_equal() -> None:
    names = ["one", "two", "three"]
    assert Pairs(names, figures(one={}, two={}, three={}), SEEDS).front() == names
    assert Pairs(names, figures(one={}, two={}, three={}), SEEDS).left() == names


def test_nobody_is_less_than_oneself_and_less_is_one_way() -> None:
    names = ["b", "a", "c"]
    pairs = Pairs(names, figures(a={"bytes": 10}, b={"bytes": 50}, c={"bytes": 90}), SEEDS)
    for figure in DECIDING:
        assert not any(pairs.is_less(figure, name, name) for name in names)
    for one, other in pairwise(["a", "b", "c"]):
        assert pairs.is_less("bytes", one, other)
        assert not pairs.is_less("bytes", other, one)


def test_the_earlier_figure_decides() -> None:
    found = figures(
        cheap={"bytes": 10, "never converged": 300}, sure={"never converged": 0, "bytes": 900}, broken={
            "promises broken": 500, "never converged": 0, "bytes": 1},
    )  # fmt: skip
    pairs = Pairs(["cheap", "sure", "broken"], found, SEEDS)
    assert pairs.left() == ["sure"]
    assert set(pairs.front()) == {"broken"}  # it looks at three figures alone
    assert set(FRONT) < set(DECIDING)


@pytest.mark.parametrize(
    ("value_bytes", "writes_per_s", "said"),
    [
        (20_000, 0.1, "read repair by digests"),
        (20_000, 9.0, "read repair by digests"),
        (100, 0.1, "asynchronous read repair"),
        (100, 9.0, "synchronous read repair, or read repair by chance"),
    ],
)
def test_where_the_tree_ends(value_bytes: float, writes_per_s: float, said: str) -> None:
    assert Load(0.9, value_bytes, writes_per_s).quick() == said


def test_the_load_is_that_of_the_plans() -> None:
    plan, _, it = performed(1, "none")
    load = load_of([it, it])
    puts = [operation.value for operation in plan.operations if operation.value is not None]
    assert load.read == sum(operation.kind == "get" for operation in plan.operations) / len(plan.operations)
    assert load.value_bytes == sum(map(len, puts)) / len(puts)
    keys = {operation.key for operation in plan.operations}
    writes = sum(operation.kind != "get" for operation in plan.operations)
    assert load.writes_per_s == pytest.approx(writes / len(keys) / (plan.unrest_ns / 1e9))
