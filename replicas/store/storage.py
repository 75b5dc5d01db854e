"""The copies of one node on its disk. SQLite in WAL mode: one transaction for all messages handled together."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from .records import Record, Version


class Meta(NamedTuple):
    """`batch` is the last commit; `clock` the highest time minted; `boots` counts the starts on this disk. A node that
    has not `joined` holds no more than what it was bootstrapped with so far, and is part of no quorum."""

    incarnation: str
    batch: int
    clock: int
    boots: int
    joined: bool


class Hint(NamedTuple):
    """A write that `target` did not acknowledge; `made_ns` is the wall time at which it was given up."""

    target: str
    record: Record
    made_ns: int


class Storage(Protocol):
    """Writes go to an open transaction and are visible at once; `commit` makes them durable, all or none.

    `marked_ns` is the wall time at which a tombstone was marked as purgeable, 0 for a copy that is not. There is one
    hint at most for each target and key. `generations` are those of peers that were wiped, as they announced them.
    A note is a number under a name, kept by a part of the replica beside the copies; None takes it away.
    """

    meta: Meta | None

    def get(self, key: str) -> Record | None: ...

    def put(self, record: Record, marked_ns: int = 0) -> None: ...

    def remove(self, key: str) -> None: ...

    def scan(self, after: str | None = None, limit: int | None = None) -> Iterator[tuple[Record, int]]:
        """In the order of keys, from the first one behind `after`."""
        ...

    def put_hint(self, hint: Hint) -> None: ...

    def remove_hint(self, target: str, key: str) -> None: ...

    def hints(self) -> list[Hint]:
        """Oldest first."""
        ...

    def put_generation(self, peer: str, generation: int) -> None: ...

    def generations(self) -> dict[str, int]: ...

    def put_note(self, topic: str, name: str, text: str | None) -> None:
        """What a mechanism must know again after a crash; None: no more."""
        ...

    def notes(self, topic: str) -> dict[str, str]:
        """In the order of names."""
        ...

    def commit(self, meta: Meta) -> None: ...

    def relax(self) -> None:
        """From now on commits are written and not synced: they survive the process, and not a power cut."""
        ...


_SCHEMA = """
CREATE TABLE IF NOT EXISTS copies (
    key TEXT PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, dead INTEGER NOT NULL, value TEXT,
    checksum INTEGER NOT NULL, marked_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (
    one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, batch INTEGER NOT NULL,
    clock INTEGER NOT NULL, boots INTEGER NOT NULL, joined INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS hints (
    target TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL, by TEXT NOT NULL, dead INTEGER NOT NULL, value TEXT,
    checksum INTEGER NOT NULL, made_ns INTEGER NOT NULL, PRIMARY KEY (target, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (peer TEXT PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (
    topic TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (topic, name)
) WITHOUT ROWID;
"""
_COLUMNS = "key, time, by, dead, value, checksum, marked_ns"


class SqliteStorage:
    """`synchronous` is FULL for anything that counts; OFF shows what durability costs."""

    def __init__(self, path: Path, synchronous: str = "FULL") -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=0.0, cached_statements=64)
        self._db.text_factory = _text
        self._execute = self._db.execute
        self._open = False
        try:
            self.meta = self._prepare(synchronous)
        except sqlite3.Error:
            self._db.close()
            raise

    def _prepare(self, synchronous: str) -> Meta | None:
        self._execute("PRAGMA locking_mode = EXCLUSIVE")  # one node a file, and no lock calls at each read
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA cache_size = -65536")
        self._execute(f"PRAGMA synchronous = {synchronous}")
        self._db.executescript(_SCHEMA)
        row = self._execute("SELECT incarnation, batch, clock, boots, joined FROM meta").fetchone()
        if row is None:
            return None
        incarnation, batch, clock, boots, joined = row
        return Meta(incarnation, batch, clock, boots, bool(joined))

    def get(self, key: str) -> Record | None:
        row = self._execute(f"SELECT {_COLUMNS} FROM copies WHERE key = ?", (key,)).fetchone()  # noqa: S608 - a constant
        return _record(row) if row else None

    def put(self, record: Record, marked_ns: int = 0) -> None:
        self._begin()
        version = record.version
        self._execute(
            f"INSERT OR REPLACE INTO copies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (record.key, version.time, version.by, record.dead, record.value, record.checksum, marked_ns),
        )

    def remove(self, key: str) -> None:
        self._begin()
        self._execute("DELETE FROM copies WHERE key = ?", (key,))

    def scan(self, after: str | None = None, limit: int | None = None) -> Iterator[tuple[Record, int]]:
        """A key that is no text any more cannot be asked for: its row goes, and is shown here once, as damaged."""
        columns = _COLUMNS.replace("key", "CAST(key AS BLOB)", 1)
        behind = ">= ''" if after is None else "> :after"
        query = f"SELECT {columns} FROM copies WHERE key {behind} ORDER BY key LIMIT :limit"  # noqa: S608 - constants
        for raw, *rest in self._execute(query, {"after": after, "limit": -1 if limit is None else limit}).fetchall():
            try:
                key = raw.decode()
            except UnicodeDecodeError:
                key = raw.decode(errors="replace")
                self._begin()
                self._execute("DELETE FROM copies WHERE CAST(key AS BLOB) = ?", (raw,))
            yield _record((key, *rest)), rest[-1]

    def put_hint(self, hint: Hint) -> None:
        self._begin()
        copy = hint.record
        row = (
            hint.target,
            copy.key,
            copy.version.time,
            copy.version.by,
            copy.dead,
            copy.value,
            copy.checksum,
            hint.made_ns,
        )
        self._execute("INSERT OR REPLACE INTO hints VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def remove_hint(self, target: str, key: str) -> None:
        self._begin()
        self._execute("DELETE FROM hints WHERE target = ? AND key = ?", (target, key))

    def hints(self) -> list[Hint]:
        columns = "target, key, time, by, dead, value, checksum, made_ns"
        rows = self._execute(f"SELECT {columns} FROM hints ORDER BY made_ns, target, key").fetchall()  # noqa: S608 - a constant
        return [Hint(target, _record((*copy, 0)), made_ns) for target, *copy, made_ns in rows]

    def put_generation(self, peer: str, generation: int) -> None:
        self._begin()
        self._execute("INSERT OR REPLACE INTO generations VALUES (?, ?)", (peer, generation))

    def generations(self) -> dict[str, int]:
        return dict(self._execute("SELECT peer, generation FROM generations ORDER BY peer").fetchall())

    def put_note(self, topic: str, name: str, text: str | None) -> None:
        self._begin()
        if text is None:
            self._execute("DELETE FROM notes WHERE topic = ? AND name = ?", (topic, name))
        else:
            self._execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (topic, name, text))

    def notes(self, topic: str) -> dict[str, str]:
        return dict(self._execute("SELECT name, text FROM notes WHERE topic = ? ORDER BY name", (topic,)).fetchall())

    def commit(self, meta: Meta) -> None:
        self._begin()
        self._execute("INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?)", meta)
        self._execute("COMMIT")
        self._open = False
        self.meta = meta

    def relax(self) -> None:
        self._execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self._db.close()

    def _begin(self) -> None:
        if not self._open:
            self._execute("BEGIN IMMEDIATE")
            self._open = True


def _text(data: bytes) -> str:
    """What is no text any more shows as such: its checksum will not match."""
    return data.decode(errors="replace")


def _record(row: tuple[str, int, str, int, str | None, int, int]) -> Record:
    key, time, by, dead, value, checksum, _ = row
    return Record(key, Version(time, by), bool(dead), value, checksum)
