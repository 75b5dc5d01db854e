"""Both storages against one plain model: what is open is visible at once, and only what was committed survives."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from harness.stages.simulation.disk import Disk, SimulatedStorage
from replicas.store.records import Record
from replicas.store.storage import Hint, Meta, SqliteStorage, Storage
from tests.replicas.store.strategies import KEYS, records

METAS = st.builds(Meta, st.sampled_from(["r1.1", "r1.2"]), *[st.integers(0, 2**62)] * 3, st.booleans())
PEERS = st.sampled_from(["r2", "r3"])
ALL_KEYS = ["", "a", "b", "k1", "k\x00", "clé", "鍵"]


class Medium(Protocol):
    """Where a storage keeps its copies, and how its node dies."""

    def open(self) -> Storage: ...

    def close(self) -> None: ...

    def crash(self) -> None: ...

    def destroy(self) -> None: ...


class File:
    """A crash leaves the files as they are in the middle of the transaction: the next life gets a copy of them."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._life = 0
        self._storage: SqliteStorage | None = None

    def open(self) -> Storage:
        self._storage = SqliteStorage(self._folder / f"{self._life}.db", "OFF")
        return self._storage

    def close(self) -> None:
        if self._storage is not None:
            self._storage.close()

    def crash(self) -> None:
        for suffix in ("", "-wal"):
            file = self._folder / f"{self._life}.db{suffix}"
            if file.exists():
                shutil.copy(file, self._folder / f"{self._life + 1}.db{suffix}")
        self.close()
        self._life += 1

    def destroy(self) -> None:
        self.close()
        shutil.rmtree(self._folder)


class Simulated:
    def __init__(self) -> None:
        self._disk = Disk()

    def open(self) -> Storage:
        return SimulatedStorage(self._disk)

    def close(self) -> None: ...

    def crash(self) -> None: ...

    def destroy(self) -> None: ...


Copies = dict[str, tuple[Record, int]]
Notes = dict[Any, Any]


class StorageMachine(RuleBasedStateMachine):
    medium: ClassVar[Callable[[], Medium]]

    def __init__(self) -> None:
        super().__init__()
        self.under = type(self).medium()
        self.storage = self.under.open()
        self.durable: tuple[Copies, Notes, Notes, Notes, Meta | None] = ({}, {}, {}, {}, None)
        self.open: Copies = {}
        self.hints: Notes = {}
        self.generations: Notes = {}
        self.notes: Notes = {}

    @rule(record=records(), marked_ns=st.just(0) | st.integers(1, 2**62))
    def put(self, record: Record, marked_ns: int) -> None:
        self.storage.put(record, marked_ns)
        self.open[record.key] = (record, marked_ns)

    @rule(record=records())
    def put_unmarked(self, record: Record) -> None:
        """The mark of an earlier copy does not stay."""
        self.storage.put(record)
        self.open[record.key] = (record, 0)

    @rule(key=KEYS)
    def remove(self, key: str) -> None:
        self.storage.remove(key)
        self.open.pop(key, None)

    @rule(peer=PEERS, record=records(), made_ns=st.integers(0, 5))
    def put_hint(self, peer: str, record: Record, made_ns: int) -> None:
        """One for each target and key."""
        hint = self.hints[peer, record.key] = Hint(peer, record, made_ns)
        self.storage.put_hint(hint)

    @rule(peer=PEERS, key=KEYS)
    def remove_hint(self, peer: str, key: str) -> None:
        self.storage.remove_hint(peer, key)
        self.hints.pop((peer, key), None)

    @rule(peer=PEERS, generation=st.integers(1, 9))
    def put_generation(self, peer: str, generation: int) -> None:
        self.storage.put_generation(peer, generation)
        self.generations[peer] = generation

    @rule(topic=st.sampled_from(["log", "read"]), name=KEYS, text=st.none() | KEYS)
    def put_note(self, topic: str, name: str, text: str | None) -> None:
        self.storage.put_note(topic, name, text)
        if text is None:
            self.notes.pop((topic, name), None)
        else:
            self.notes[topic, name] = text

    @rule(after=st.none() | KEYS, limit=st.none() | st.integers(0, 3))
    def scan_a_page(self, after: str | None, limit: int | None) -> None:
        behind = [each for each in self._in_order() if after is None or each[0].key.encode() > after.encode()]
        assert list(self.storage.scan(after, limit)) == behind[:limit]

    @rule(meta=METAS)
    def commit(self, meta: Meta) -> None:
        self.storage.commit(meta)
        self.durable = (dict(self.open), dict(self.hints), dict(self.generations), dict(self.notes), meta)

    @rule()
    def crash(self) -> None:
        self.under.crash()
        self._next_life()

    @rule()
    def close_and_open(self) -> None:
        """A clean end commits nothing either: only `commit` does."""
        self.under.close()
        self._next_life()

    def _next_life(self) -> None:
        self.storage = self.under.open()
        self.open, self.hints, self.generations, self.notes = map(dict, self.durable[:4])

    @rule(record=records())
    def scan_while_writing(self, record: Record) -> None:
        """What a scan yields is what was there when it began, whatever happens to those it has passed."""
        expected = self._in_order()
        seen = []
        for entry in self.storage.scan():
            seen.append(entry)
            self.remove(entry[0].key)
            self.put_unmarked(record)
        assert seen == expected

    @invariant()
    def agrees(self) -> None:
        assert [self.storage.get(key) for key in ALL_KEYS] == [self._model(key) for key in ALL_KEYS]
        assert list(self.storage.scan()) == self._in_order()
        assert self.storage.meta == self.durable[4]
        assert self.storage.hints() == sorted(
            self.hints.values(), key=lambda hint: (hint.made_ns, hint.target, hint.record.key.encode())
        )
        assert self.storage.generations() == self.generations
        for topic in ("log", "read", "none"):
            expected = sorted((name, text) for (of, name), text in self.notes.items() if of == topic)
            assert list(self.storage.notes(topic).items()) == expected

    def _model(self, key: str) -> Record | None:
        return self.open[key][0] if key in self.open else None

    def _in_order(self) -> list[tuple[Record, int]]:
        return [self.open[key] for key in sorted(self.open, key=str.encode)]

    def teardown(self) -> None:
        self.under.destroy()


class OnFile(StorageMachine):
    medium = File


class OnSimulatedDisk(StorageMachine):
    medium = Simulated


TestSqliteStorage = OnFile.TestCase
TestSqliteStorage.settings = settings(max_examples=40, stateful_step_count=25)
TestSimulatedStorage = OnSimulatedDisk.TestCase
TestSimulatedStorage.settings = settings(max_examples=60, stateful_step_count=25)


def test_a_file_belongs_to_one_storage(tmp_path: Path) -> None:
    """A second node on the same folder must not start, however it came to be."""
    mine = SqliteStorage(tmp_path / "copies.db")
    mine.commit(Meta("r1.1", 1, 1, 1, joined=True))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SqliteStorage(tmp_path / "copies.db")
    mine.close()
