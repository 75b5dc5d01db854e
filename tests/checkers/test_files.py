import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkers import files
from checkers.history import FORMAT, Event, Header, History, Metrics, Phase, ordered
from checkers.properties import judge
from tests.checkers.story import Story, live, tomb
from tests.checkers.strategies import histories

_slow = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def story() -> History:
    told = Story()
    told.write(live(1, 'ü "quoted"\n\u2028'), "A", "B")
    told.message(tomb(2))
    told.wipe("B")
    told.start("B", "b2")
    told.mend("C")
    told.add(Metrics(at=told.now, node="A", values={"reads": 3, "grace_margin_ms": -7}))
    return told.settle().end()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    files.write(story(), tmp_path / "history.jsonl")
    return tmp_path / "history.jsonl"


@_slow
@given(history=histories())
def test_a_history_survives_its_file(history: History, tmp_path: Path) -> None:
    files.write(history, tmp_path / "one")
    again = files.read(tmp_path / "one")
    assert again == history
    assert files.digest(again) == files.digest(history)
    assert judge(again) == judge(history)


def test_many_events_are_written_in_groups(tmp_path: Path) -> None:
    history = story()
    many = ordered(history.header, [Phase(at=at, name="unrest") for at in range(2 * files._GROUP + 1)])
    files.write(many, tmp_path / "many")
    assert files.read(tmp_path / "many") == many


def test_the_order_is_that_of_seq_and_not_of_lines(path: Path) -> None:
    header, *lines = path.read_bytes().splitlines(keepends=True)
    random.Random("lines").shuffle(lines)
    path.write_bytes(header + b"".join(lines))
    assert files.read(path) == story()


def test_one_object_a_line_and_the_header_first(path: Path) -> None:
    objects = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert [each["event"] for each in objects[:2]] == ["header", "invoke"]
    assert [each["seq"] for each in objects[1:]] == [event.seq for event in story().events]


@given(cut=st.integers(1, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_off_end_costs_one_line_and_is_told(path: Path, tmp_path: Path, cut: int) -> None:
    whole = path.read_bytes()
    kept = whole[:-cut]
    (tmp_path / "cut").write_bytes(kept)
    complete = kept.count(b"\n") - 1
    last = kept.rpartition(b"\n")[2]
    if not last:
        assert files.read(tmp_path / "cut").events == story().events[:complete]
    elif whole[len(kept) :].startswith(b"\n"):  # only the line feed is gone
        assert files.read(tmp_path / "cut").events == story().events[: complete + 1]
    else:
        with pytest.warns(files.TruncatedHistory, match=f"line {complete + 2}: cut off and dropped"):
            assert files.read(tmp_path / "cut").events == story().events[:complete]


def test_a_character_cut_in_half(path: Path) -> None:
    end = path.read_bytes().index("ü".encode()) + 1
    path.write_bytes(path.read_bytes()[:end])
    with pytest.warns(files.TruncatedHistory, match="line 2"):
        assert files.read(path).events == []


@pytest.mark.parametrize("broken", [b'{"event":"phase","at":1,"na\n', b'{"event":"surprise","at":1}\n', b"\xff\n"])
@pytest.mark.parametrize("place", [1, 3, 99])
def test_a_broken_line_is_refused_with_its_number(path: Path, broken: bytes, place: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(place, broken)
    path.write_bytes(b"".join(lines))
    with pytest.raises(files.BrokenHistory, match="no event of format 1") as refused:
        files.read(path)
    assert refused.value.line == min(place, len(lines) - 1) + 1


def test_a_newer_format_is_refused_by_name(path: Path) -> None:
    _, *lines = path.read_bytes().splitlines(keepends=True)
    header = b'{"event":"header","format":%d,"novelty":[]}\n' % (FORMAT + 1)
    path.write_bytes(header + b"".join(lines))
    with pytest.raises(files.NewerFormat, match="format 2 is newer than 1") as refused:
        files.read(path)
    assert refused.value.line == 1


@pytest.mark.parametrize(
    "start", [b"", b"\n", b'{"event":"header","format":1}\n', b'{"event":"header","format":0}\n', b"{"]
)
def test_what_has_no_header_is_no_history(path: Path, start: bytes) -> None:
    path.write_bytes(start)
    with pytest.raises(files.BrokenHistory, match="line 1") as refused:
        files.read(path)
    assert not isinstance(refused.value, files.NewerFormat)


def test_the_digest_knows_no_order_in_memory() -> None:
    history = story()
    shuffled = list(history.events)
    random.Random("events").shuffle(shuffled)
    header = history.header
    header = msgspec.structs.replace(header, replicas=dict(reversed(header.replicas.items())))
    assert files.digest(History(header, shuffled)) == files.digest(history)


def test_the_digest_knows_no_order_of_counters_but_their_values() -> None:
    def counted(values: dict[str, int]) -> str:
        header = Header(FORMAT, "simulation", 1, "riak", ["A"], {})
        return files.digest(ordered(header, [Metrics(at=1, node="A", values=values)]))

    assert counted({"reads": 3, "writes": 1}) == counted({"writes": 1, "reads": 3})
    assert counted({"reads": 3}) != counted({"reads": 4})


def test_the_digest_is_stable_across_versions_of_the_project() -> None:
    """It changed once, when a phase began to name the nodes that stay down."""
    history = ordered(Header(1, "simulation", 7, "riak", ["A"], {"k": ["A"]}), [Phase(at=5, name="mend")])
    assert files.digest(history) == "cf8c097088d184ffc377294631c4b4a9557f08d7f8ccaa0bffe4114dd0d17f11"


@pytest.mark.parametrize("place", range(len(story().events)))
def test_every_event_counts_in_the_digest(place: int) -> None:
    history = story()
    event: Event = history.events[place]
    event.at += 1
    assert files.digest(history) != files.digest(story())
