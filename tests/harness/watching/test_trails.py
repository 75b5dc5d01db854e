"""Files that grow under the reader: tails, and what audit trails say so far."""

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.processes.record import Zero, read_trail
from harness.watching import tail
from harness.watching.tail import Tail
from harness.watching.trails import Held, Lost, TrailTail, _hash
from replicas.store.trail import Changed, Committed, CopyLine, Line, Received, Sent, Started

encoder = msgspec.json.Encoder()


def test_a_tail_reads_each_whole_line_once(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    reader = Tail(path)
    assert reader.read() == [], "it is not there yet"
    path.write_bytes(b"one\ntwo\nthr")
    assert reader.read() == [b"one", b"two"]
    assert reader.read() == []
    with path.open("r+b") as file:  # its writer was killed; the next one drops what was cut off
        file.truncate(8)
        file.seek(8)
        file.write(b"3\nfour\n")
    assert reader.read() == [b"3", b"four"]


@given(st.lists(st.integers(0, 60)), st.integers(1, 20))
def test_chunks_lose_nothing(lengths: list[int], chunk: int) -> None:
    """Also of lines that are longer than a chunk."""
    lines = [b"x" * length for length in lengths]
    usual, tail.CHUNK_BYTES = tail.CHUNK_BYTES, chunk
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "lines")
            path.write_bytes(b"".join(line + b"\n" for line in lines))
            reader, read = Tail(path), []
            while new := reader.read():
                read += new
        assert read == lines
    finally:
        tail.CHUNK_BYTES = usual


copies = st.none() | st.tuples(
    st.integers(1, 9),
    st.sampled_from(["r1.1", "r2.1"]),
    st.booleans(),
    st.none() | st.sampled_from("ab"),
    st.booleans(),
)


@st.composite
def trails(draw: st.DrawFn) -> list[Line]:
    """Batches, of which one may be cut off by a crash, before or after its commit; disks that are lost."""
    lines: list[Line] = [Started(0, "r1.1", 0)]
    batch, life = 0, 1
    for at in range(1, draw(st.integers(1, 12))):
        batch += 1
        lines.append(Received(at, f"r2/{at}"))
        changed = draw(st.lists(st.tuples(st.sampled_from("xyz"), copies), max_size=3))
        lines += [Changed(at, batch, key, None, new, "write", None, "") for key, new in changed]
        happens = draw(st.sampled_from(["commit", "commit", "crash before", "crash after", "wipe"]))
        if happens == "commit":
            lines += [Committed(at, batch), Sent(at, f"r1/{at}", "r2", "store", "op 1", 0, None, None)]
            continue
        if happens == "wipe":
            life, batch = life + 1, 0
        batch -= happens == "crash before"
        lines.append(Started(at, f"r1.{life}", batch))
    return lines


@given(trails(), st.data())
def test_what_is_held_is_what_the_record_says_in_the_end(lines: list[Line], data: st.DataObject) -> None:
    written = encoder.encode_lines(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    held: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trail.jsonl")
        reader = TrailTail(path, "r1")
        for upto in [*cuts, len(written)]:
            path.write_bytes(written[:upto])
            for told in reader.read():
                _note(held, told)
        recorded = read_trail(path, "r1", Zero(0, 0))
    expected: dict[str, int] = {}
    for event in recorded.events:
        match event:
            case _ if event.__class__.__name__ == "Life" and event.batch == 0:  # type: ignore[union-attr]
                expected.clear()
            case _ if event.__class__.__name__ == "Change":
                new = event.new  # type: ignore[union-attr]
                line = (new.version.time, new.version.by, new.dead, new.value, new.purgeable) if new else None
                _note(expected, Held("r1", event.key, _hash(line)))  # type: ignore[union-attr,arg-type]
    assert held == expected


def _note(held: dict[str, int], told: Held | Lost) -> None:
    if isinstance(told, Lost):
        held.clear()
    elif told.copy is None:
        held.pop(told.key, None)
    else:
        held[told.key] = told.copy


def test_what_may_be_purged_is_nothing_and_contents_differ() -> None:
    live: CopyLine = (5, "r1.1", False, "a", False)
    assert _hash(live) == _hash(live)
    assert _hash(live) != _hash((5, "r1.1", False, "b", False)), "one version with two contents"
    assert _hash((5, "r1.1", True, None, True)) is None
    assert _hash((5, "r1.1", True, None, False)) is not None
