"""The copies of one node on its disk. SQLite in WAL mode: one transaction for all messages handled together."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from .records import Record, Version


class Meta(NamedTuple):
    """`batch` is the last commit; `clock` the highest time minted; `boots` counts the starts on this disk."""

    incarnation: str
    batch: int
    clock: int
    boots: int


class Storage(Protocol):
    """Writes go to an open transaction and are visible at once; `commit` makes them durable, all or none.

    `marked_ns` is the wall time at which a tombstone was marked as purgeable, 0 for a copy that is not.
    """

    meta: Meta | None

    def get(self, key: str) -> Record | None: ...

    def put(self, record: Record, marked_ns: int = 0) -> None: ...

    def remove(self, key: str) -> None: ...

    def scan(self) -> Iterator[tuple[Record, int]]: ...

    def commit(self, meta: Meta) -> None: ...


_SCHEMA = """
CREATE TABLE IF NOT EXISTS copies (
    key TEXT PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, dead INTEGER NOT NULL, value TEXT,
    checksum INTEGER NOT NULL, marked_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (
    one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, batch INTEGER NOT NULL,
    clock INTEGER NOT NULL, boots INTEGER NOT NULL
);
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
        row = self._execute("SELECT incarnation, batch, clock, boots FROM meta").fetchone()
        return Meta(*row) if row else None

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

    def scan(self) -> Iterator[tuple[Record, int]]:
        """A key that is no text any more cannot be asked for: its row goes, and is shown here once, as damaged."""
        columns = _COLUMNS.replace("key", "CAST(key AS BLOB)", 1)
        for raw, *rest in self._execute(f"SELECT {columns} FROM copies ORDER BY key").fetchall():  # noqa: S608 - a constant
            try:
                key = raw.decode()
            except UnicodeDecodeError:
                key = raw.decode(errors="replace")
                self._begin()
                self._execute("DELETE FROM copies WHERE CAST(key AS BLOB) = ?", (raw,))
            yield _record((key, *rest)), rest[-1]

    def commit(self, meta: Meta) -> None:
        self._begin()
        self._execute("INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?)", meta)
        self._execute("COMMIT")
        self._open = False
        self.meta = meta

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
