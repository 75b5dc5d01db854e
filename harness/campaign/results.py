"""The one file of a campaign: an SQLite database that anybody may query, also while the campaign goes on.

What has been counted was committed; a seed is there once, whatever happens, since it is the primary key. Tables are
described in docs/guides/campaigns.md.
"""

import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from harness.campaign import ranges
from harness.campaign.coverage import Cell, cells
from harness.campaign.look import Seen
from harness.campaign.ranges import Ranges
from harness.campaign.smallest import Example
from harness.wrong import Wrong

FORMAT = "1"
KEPT = 3  # seeds of a group, those that fail fastest

_SCHEMA = f"""
CREATE TABLE campaign (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seeds (
    seed INTEGER PRIMARY KEY, verdict TEXT NOT NULL, why TEXT NOT NULL, cpu_s REAL NOT NULL, wall_s REAL NOT NULL,
    events INTEGER NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE violations (
    seed INTEGER NOT NULL, promise TEXT NOT NULL, key TEXT, mechanism TEXT NOT NULL, times INTEGER NOT NULL,
    to_fail INTEGER NOT NULL, PRIMARY KEY (seed, promise)
) WITHOUT ROWID;
CREATE TABLE examples (
    promise TEXT NOT NULL, mechanism TEXT NOT NULL, seed INTEGER NOT NULL, smallest TEXT NOT NULL,
    shape TEXT NOT NULL, plan TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (promise, mechanism)
) WITHOUT ROWID;
CREATE TABLE coverage (
    kind TEXT NOT NULL, phase TEXT NOT NULL, mechanism TEXT NOT NULL, seeds INTEGER NOT NULL,
    PRIMARY KEY (kind, phase, mechanism)
) WITHOUT ROWID;
CREATE TABLE runs (seed INTEGER PRIMARY KEY, run TEXT NOT NULL);
CREATE VIEW causes AS
    SELECT v.seed, v.promise, v.to_fail, coalesce(nullif(e.smallest, ''), v.mechanism) AS mechanism,
        coalesce(e.shape, '') AS shape
    FROM violations v LEFT JOIN examples e USING (promise, mechanism);
CREATE VIEW groups AS
    SELECT promise, mechanism, shape, count(*) AS seeds, min(to_fail) AS to_fail
    FROM causes GROUP BY promise, mechanism, shape;
CREATE VIEW kept AS
    SELECT promise, mechanism, shape, seed, to_fail, place FROM (
        SELECT *, row_number() OVER (PARTITION BY promise, mechanism, shape ORDER BY to_fail, seed) AS place FROM causes
    ) WHERE place <= {KEPT};
"""  # noqa: S608 - what is put in is a number of ours


class Results:
    """Of a file that is open."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.database = database
        self.path = path

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def order(self) -> dict[str, str]:
        return dict(self.database.execute("SELECT name, value FROM campaign"))

    def done(self) -> Ranges:
        return ranges.joined(seed for (seed,) in self.database.execute("SELECT seed FROM seeds ORDER BY seed"))

    def counts(self) -> Counter[str]:
        return Counter(dict(self.database.execute("SELECT verdict, count(*) FROM seeds GROUP BY verdict")))

    def causes(self) -> dict[tuple[str, str], int]:
        """Promise and mechanism, and the first seed that showed it."""
        query = "SELECT promise, mechanism, min(seed) FROM violations GROUP BY promise, mechanism"
        return {(promise, mechanism): seed for promise, mechanism, seed in self.database.execute(query)}

    def examples(self) -> list[Example]:
        query = "SELECT promise, mechanism, seed, smallest, shape, plan, why FROM examples"
        return [Example(*row) for row in self.database.execute(query)]

    def add(self, seen: Iterable[Seen], examples: Iterable[Example]) -> list[Seen]:
        """All or none of it is there afterwards. Returns what was not there before."""
        with self.database:
            new = [each for each in seen if self._add_seed(each)]
            counted = Counter[Cell]()
            for each in new:
                counted.update(cells(list(each.met)))
            self.database.executemany(
                "INSERT INTO coverage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seeds = seeds + excluded.seeds",
                [(*cell, count) for cell, count in counted.items()],
            )
            self.database.executemany("INSERT OR IGNORE INTO examples VALUES (?, ?, ?, ?, ?, ?, ?)", examples)
        return new

    def _add_seed(self, seen: Seen) -> bool:
        row = seen[:7]
        if not self.database.execute("INSERT OR IGNORE INTO seeds VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount:
            return False
        broken = [(seen.seed, *each) for each in seen.broken]
        self.database.executemany("INSERT INTO violations VALUES (?, ?, ?, ?, ?, ?)", broken)
        return True

    def kept(self) -> set[int]:
        return {seed for (seed,) in self.database.execute("SELECT DISTINCT seed FROM kept")}

    def runs(self) -> dict[int, str]:
        """The seeds whose run has a folder, and its id."""
        return dict(self.database.execute("SELECT seed, run FROM runs"))

    def add_run(self, seed: int, run: str) -> None:
        with self.database:
            self.database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (seed, run))

    def drop_run(self, seed: int) -> None:
        with self.database:
            self.database.execute("DELETE FROM runs WHERE seed = ?", (seed,))


@contextmanager
def writing(path: Path, order: dict[str, str]) -> Iterator[Results]:
    """A new file, or one of the same order, which goes on. Nobody else writes to it meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        owner = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as problem:
        raise Wrong(str(path), f"it cannot be written: {problem.strerror}", "write another --out") from None
    try:
        _own(owner, path)
        with closing(_connected(path)) as database:
            results = Results(database, path)
            if _is_empty(database):
                _begin(database, order)
            _require(results, order)
            yield results
    finally:
        os.close(owner)  # after the database, whose own locks would go with any descriptor of the file


@contextmanager
def reading(path: Path) -> Iterator[Results]:
    if not path.is_file():
        raise Wrong(str(path), "there is no such file", "name one that `urushi campaign --out` wrote")
    with closing(_connected(path)) as database:
        results = Results(database, path)
        _require(results, {})
        yield results


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30)
    try:
        database.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as problem:
        database.close()
        raise _no_campaign(path, problem) from None
    return database


def _no_campaign(path: Path, problem: sqlite3.DatabaseError) -> Wrong:
    return Wrong(str(path), f"this is no campaign: {problem}", "name another file")


def _own(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Wrong(
            str(path), "another campaign is writing to it", "wait for its end, or write another --out"
        ) from None


def _is_empty(database: sqlite3.Connection) -> bool:
    """As it is when it was just made, also by a campaign that was killed at once."""
    return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _begin(database: sqlite3.Connection, order: dict[str, str]) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    with database:
        database.execute("BEGIN")
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.executemany("INSERT INTO campaign VALUES (?, ?)", {"format": FORMAT, **order}.items())


def _require(results: Results, order: dict[str, str]) -> None:
    """That it is a campaign's file, and of this order."""
    try:
        recorded = results.order()
    except sqlite3.DatabaseError as problem:
        raise _no_campaign(results.path, problem) from None
    if recorded.get("format") != FORMAT:
        what = f"its format is {recorded.get('format')!r}, and this version of Urushi reads {FORMAT!r}"
        raise Wrong(str(results.path), what, "use the version of Urushi that wrote it")
    differ = [
        f"{name}: {recorded.get(name) or 'none'} there, {value or 'none'} here"
        for name, value in order.items()
        if recorded.get(name) != value
    ]
    if differ:
        what = f"it is of another order ({'; '.join(differ)})"
        raise Wrong(str(results.path), what, "repeat its order to go on with it, or write another --out")
