"""The file of a campaign: counted once, and of one order."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.coverage import Met
from harness.campaign.look import Broken, Seen
from harness.campaign.results import KEPT, Results, _begin, reading, writing
from harness.campaign.smallest import Example
from harness.wrong import Wrong

ORDER = {"seeds": "1..9", "scenario": "calm", "policy": "", "stage": "simulation"}


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    with writing(tmp_path / "a" / "c.sqlite", ORDER) as opened:
        yield opened


def seen(seed: int, *broken: Broken) -> Seen:
    met = (Met("kill", ("a write",), ("purge",)),)
    return Seen(seed, "violated" if broken else "holds", "", 0.1, 0.2, 10, f"d{seed}", broken, met)


def bad(mechanism: str, to_fail: int) -> Broken:
    return Broken("no version regression", "k1", mechanism, 1, to_fail)


@given(st.lists(st.lists(st.integers(1, 9)), max_size=6))
def test_however_often_a_seed_comes_it_counts_once(batches: list[list[int]]) -> None:
    with sqlite3.connect(":memory:") as database:
        _begin(database, ORDER)
        opened = Results(database, Path("memory"))
        new = [each.seed for batch in batches for each in opened.add([seen(seed) for seed in batch], [])]
        different = {seed for batch in batches for seed in batch}
        assert sorted(new) == sorted(different)
        assert opened.counts()["holds"] == len(different)
        cells = {(kind, phase, name): count for kind, phase, name, count in opened.rows("SELECT * FROM coverage")}
        every = [("kill", phase, name) for phase in ("a write", "any") for name in ("purge", "any")]
        assert cells == ({cell: len(different) for cell in every} if different else {})
    database.close()


def test_causes_that_shrink_to_the_same_are_one_group(results: Results) -> None:
    results.add([seen(1, bad("long way", 50)), seen(2, bad("short way", 40)), seen(3, bad("else", 30))], [])
    assert len(results.rows("SELECT * FROM groups")) == 3
    same = [
        Example("no version regression", name, 1, "short way", "2 put; 1 kill") for name in ("long way", "short way")
    ]
    results.add([], same)
    assert sorted(results.rows("SELECT mechanism, shape, seeds, to_fail FROM groups")) == [
        ("else", "", 1, 30),
        ("short way", "2 put; 1 kill", 2, 40),
    ]


def test_the_seeds_that_fail_fastest_are_kept(results: Results) -> None:
    events = {1: 50, 2: 10, 3: 40, 4: 10, 5: 20, 6: 60}
    results.add([seen(seed, bad("one", to_fail)) for seed, to_fail in events.items()], [])
    found = results.rows("SELECT seed FROM kept ORDER BY place")
    fastest = sorted(events, key=lambda seed: (events[seed], seed))[:KEPT]
    assert [seed for (seed,) in found] == fastest
    assert results.kept() == set(fastest)


def test_nothing_of_a_batch_is_there_if_not_all_of_it(results: Results) -> None:
    twice = seen(2, bad("one", 1), bad("other", 2))  # of one promise: not possible
    with pytest.raises(sqlite3.IntegrityError):
        results.add([seen(1), twice], [])
    assert results.done() == []
    assert results.rows("SELECT * FROM coverage") == []


def test_two_campaigns_do_not_write_to_one_file(results: Results) -> None:
    with pytest.raises(Wrong, match="another campaign is writing to it"), writing(results.path, ORDER):
        pass
    with reading(results.path) as reader:
        assert reader.order()["scenario"] == "calm"


def test_an_order_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with writing(path, ORDER) as results:
        results.add([seen(4), seen(5)], [])
    with writing(path, ORDER) as again:
        assert again.done() == [(4, 5)]
    with pytest.raises(Wrong) as caught, writing(path, {**ORDER, "seeds": "1..10", "policy": "full"}):
        pass
    assert "(seeds: 1..9 there, 1..10 here; policy: none there, full here)" in str(caught.value)


def test_a_campaign_that_was_killed_at_once_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.touch()
    with writing(path, ORDER) as results:
        assert results.done() == []


@pytest.mark.parametrize(("content", "what"), [(b"no database at all, " * 99, "no campaign"), (None, "no such file")])
def test_what_is_no_campaign_is_refused(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "c.sqlite"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(Wrong, match=what), writing(path, ORDER):
            pass
    with pytest.raises(Wrong, match=what), reading(path):
        pass
