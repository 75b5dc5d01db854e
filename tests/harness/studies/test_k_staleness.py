"""The formula against every case there is, and trials of the store against what their messages say."""

from itertools import combinations, product
from pathlib import Path

import pytest
from xxhash import xxh3_64_intdigest

from harness.mixtures import drawing_of, mixture
from harness.studies.k_staleness import MEASURED, VERSIONS, Batch, Quorums, perform, within
from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node
from tests.harness.commands import urushi, urushi_process


@pytest.mark.parametrize("quorums", [each for each in MEASURED if not each.expanding], ids=Quorums.words)
@pytest.mark.parametrize("k", [1, 2])
def test_the_formula_counts_every_case(quorums: Quorums, k: int) -> None:
    """All sets of W replicas for each of k writes, and all sets of R for the read."""
    n, r, w, _ = quorums
    held, asked = list(combinations(range(n), w)), list(combinations(range(n), r))
    cases = [any(set(write) & set(read) for write in writes) for *writes, read in product(*[held] * k, asked)]
    assert within(quorums, k) == pytest.approx(sum(cases) / len(cases))


@pytest.mark.parametrize("quorums", MEASURED, ids=Quorums.words)
def test_each_read_returns_the_newest_that_its_first_replicas_hold(quorums: Quorums) -> None:
    batch = Batch(quorums, 7, 120)
    assert perform(batch) == by_arithmetic(batch)


def by_arithmetic(batch: Batch) -> list[int]:
    n, r, w, expanding = batch.quorums
    names = [f"r{number + 1}" for number in range(n + 1)]
    placement = Placement(Cluster([Node(name) for name in names], n, r, w))
    draw = drawing_of(mixture("uniform(1ms, 3ms)", ""))
    ages = [0] * (VERSIONS + 1)
    for trial in range(batch.first, batch.first + batch.trials):
        key, begin = f"k{trial}", trial * (VERSIONS + 1)
        replicas = placement.replicas_of(key)
        (sender,) = set(names) - set(replicas)

        def way(kind: str, one: str, other: str, op: int = begin + VERSIONS, key: str = key) -> int:
            return draw(xxh3_64_intdigest(f"1/{one}/op {op}/{kind}/{key}/{other}/0".encode()) % 2**32)

        took = {name: way("fetch", sender, name) + way("fetched", name, sender) for name in replicas}
        first = sorted(replicas, key=took.__getitem__)[:r]
        newest = [
            age
            for age in range(VERSIONS)
            if set(first) & set(_kept(begin + VERSIONS - 1 - age, replicas, n if expanding else w))
        ]
        ages[newest[0] if newest else VERSIONS] += 1
    return ages


def _kept(operation: int, replicas: tuple[str, ...], many: int) -> list[str]:
    return sorted(replicas, key=lambda name: xxh3_64_intdigest(f"{operation}/{name}".encode()))[:many]


@pytest.mark.timeout(600)
def test_the_study_is_confirmed(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "study", "k-staleness", "--trials", "500", "--json", deadline_s=600)
    assert (outcome.code, outcome.document["verdict"]) == (0, "confirmed")
    figures = {each["name"]: each for each in outcome.document["finding"]["figures"]}
    assert len(figures) == len(MEASURED) * VERSIONS
    assert figures["N=3 R=1 W=1 within 2 versions"]["expected"] == pytest.approx(100 * 5 / 9)
    assert figures["N=3 R=2 W=2 within 1 version"]["measured"] == 100


def test_too_few_trials_and_delays_are_refused(tmp_path: Path) -> None:
    for words, said in (("--trials 10", "take 500 or more"), ("--delays x.toml", "the study k-staleness has none")):
        outcome = urushi(tmp_path, "study", "k-staleness", *words.split())
        assert outcome.code == 2
        assert said in outcome.said
