"""From trails to events: what counts after a crash, and what a message's two ends say of it."""

from pathlib import Path

import msgspec
import pytest

from checkers.history import Change, Copy, Life, Message, Version
from harness.stages.processes.record import BrokenTrail, Zero, join, read_trail
from replicas.store.trail import Changed, Committed, CopyLine, Line, Received, Sent, Started

ZERO = Zero(mono=1_000, wall=50_000)
COPY: CopyLine = (7, "r1.1", False, "x", False)


def changed(batch: int, at: int) -> Changed:
    return Changed(at, batch, "k", None, COPY, "write", None, "op 1")


def trail(tmp_path: Path, node: str, lines: list[Line], tail: bytes = b"") -> Path:
    path = tmp_path / f"{node}.jsonl"
    path.write_bytes(msgspec.json.Encoder().encode_lines(lines) + tail)
    return path


def test_a_change_counts_from_its_commit(tmp_path: Path) -> None:
    path = trail(tmp_path, "r1", [Started(1_100, "r1.1", 0), changed(1, 1_200), Committed(1_300, 1)])
    start, change = read_trail(path, "r1", ZERO).events
    assert start == Life(at=100, node="r1", incarnation="r1.1", what="started", batch=0, committed=0)
    assert isinstance(change, Change)
    assert (change.at, change.batch, change.node, change.incarnation) == (300, 1, "r1", "r1.1")
    assert change.new == Copy(Version(7, "r1.1"), dead=False, value="x")


@pytest.mark.parametrize(("found", "kept"), [(1, 1), (2, 2)])
def test_after_a_restart_only_what_the_database_has_counts(tmp_path: Path, found: int, kept: int) -> None:
    """Batch 2 was written down before its commit; whether the commit was made, the database says."""
    lines: list[Line] = [Started(1_100, "r1.1", 0), changed(1, 1_200), Committed(1_300, 1), changed(2, 1_400)]
    path = trail(tmp_path, "r1", [*lines, Started(1_900, "r1.1", found)])
    read = read_trail(path, "r1", ZERO)
    assert sum(isinstance(event, Change) for event in read.events) == kept
    restart = read.events[-1]
    assert isinstance(restart, Life)
    assert (restart.batch, restart.committed) == (found, 1)


def test_a_database_behind_what_was_declared_shows(tmp_path: Path) -> None:
    lines: list[Line] = [Started(1_100, "r1.1", 0), changed(1, 1_200), Committed(1_300, 1), Started(1_900, "r1.1", 0)]
    restart = read_trail(trail(tmp_path, "r1", lines), "r1", ZERO).events[-1]
    assert isinstance(restart, Life)
    assert restart.batch < restart.committed


@pytest.mark.parametrize("found", [0, 2, 7])
def test_of_a_wiped_disk_only_what_was_declared_committed_counts(tmp_path: Path, found: int) -> None:
    """The new database says nothing about the old one: whatever it has, batch 2 of the old one was never declared."""
    lines: list[Line] = [Started(1_100, "r1.1", 0), changed(1, 1_200), Committed(1_300, 1), changed(2, 1_400)]
    new_life: list[Line] = [Started(1_900, "r1.2", found), changed(8, 2_000), Committed(2_100, 8)]
    read = read_trail(trail(tmp_path, "r1", [*lines, *new_life]), "r1", ZERO)
    changes = [event for event in read.events if isinstance(event, Change)]
    assert [(change.incarnation, change.batch) for change in changes] == [("r1.1", 1), ("r1.2", 8)]
    restart = [event for event in read.events if isinstance(event, Life)][-1]
    assert (restart.incarnation, restart.batch, restart.committed) == ("r1.2", found, 0)


def test_a_wiped_disk_is_no_loss_of_what_was_declared_but_a_later_one_is(tmp_path: Path) -> None:
    lines: list[Line] = [Started(1_100, "r1.1", 0), changed(5, 1_200), Committed(1_300, 5), Started(1_900, "r1.2", 0)]
    later: list[Line] = [changed(1, 2_000), Committed(2_100, 1), Started(2_200, "r1.2", 0)]
    read = read_trail(trail(tmp_path, "r1", [*lines, *later]), "r1", ZERO)
    lives = [event for event in read.events if isinstance(event, Life)]
    assert [life.batch < life.committed for life in lives] == [False, False, True]


def test_what_was_not_committed_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = trail(tmp_path, "r1", [Started(1_100, "r1.1", 0), changed(1, 1_200)])
    assert not [event for event in read_trail(path, "r1", ZERO).events if isinstance(event, Change)]


def test_messages_meet_their_receipt(tmp_path: Path) -> None:
    sent = [Sent(1_500, "r1/9", to, "store", "op 1", 50_400, "k", (7, "r1.1")) for to in ("r2", "r3")]
    one = trail(tmp_path, "r1", [Started(1_100, "r1.1", 0), *sent])
    two = trail(tmp_path, "r2", [Started(1_100, "r2.1", 0), Received(1_600, "r1/9")])
    three = trail(tmp_path, "r3", [Started(1_100, "r3.1", 0)])
    trails = {name: read_trail(path, name, ZERO) for name, path in (("r1", one), ("r2", two), ("r3", three))}
    messages = [event for event in join(trails) if isinstance(event, Message)]
    assert [(message.to, message.at, message.born, message.received) for message in messages] == [
        ("r2", 500, 400, 600),
        ("r3", 500, 400, None),
    ]


def test_a_line_cut_off_by_a_kill_counts_for_nothing(tmp_path: Path) -> None:
    path = trail(tmp_path, "r1", [Started(1_100, "r1.1", 0)], tail=b'{"line":"changed","at":12')
    assert len(read_trail(path, "r1", ZERO).events) == 1


def test_a_broken_line_is_no_evidence(tmp_path: Path) -> None:
    path = trail(tmp_path, "r1", [Started(1_100, "r1.1", 0)], tail=b'{"line":"chang\n')
    with pytest.raises(BrokenTrail, match=r"r1\.jsonl"):
        read_trail(path, "r1", ZERO)
