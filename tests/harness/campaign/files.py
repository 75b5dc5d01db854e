"""Campaigns as files: all that one found, whatever the machine was."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

FACTS = {
    "seeds": "SELECT seed, verdict, why, events, digest FROM seeds ORDER BY seed",
    "violations": "SELECT * FROM violations ORDER BY seed, promise",
    "examples": "SELECT * FROM examples ORDER BY promise, mechanism",
    "groups": "SELECT * FROM groups ORDER BY 1, 2, 3",
    "coverage": "SELECT * FROM coverage ORDER BY 1, 2, 3",
}
Rows = list[tuple[Any, ...]]


def query(path: Path, text: str) -> Rows:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def facts(path: Path) -> dict[str, Rows]:
    return {name: query(path, text) for name, text in FACTS.items()}


def done(path: Path) -> int:
    """0: there is nothing yet."""
    try:
        return int(query(path, "SELECT count(*) FROM seeds")[0][0])
    except sqlite3.OperationalError:
        return 0
