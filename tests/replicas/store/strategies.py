"""Few keys, times and incarnations, so that ties and collisions are common."""

from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from replicas.store.changed import ChangedKeys
from replicas.store.comparing import CaughtUpClocks, Clocks, CopyPage, DotsListed, Dotted
from replicas.store.messages import (
    AnyMessage,
    Compare,
    DottedStore,
    Fetched,
    Flush,
    Flushed,
    Generation,
    Leaves,
    Page,
    PagedCopy,
    RepairCause,
    Store,
    Want,
)
from replicas.store.peer import Brief
from replicas.store.records import Record, Version, record
from replicas.store.visits import Answer, DumpedCopy, DumpReply, Hello, SteppedDown
from replicas.system import Level

TIES = st.sampled_from(["incarnation", "cassandra", "riak"])
KEYS = st.sampled_from(["", "a", "b", "k1", "k\x00", "clé", "鍵"])
VALUES = st.none() | st.sampled_from(["", "a", "b", "ab", "é", "\x00"])
VERSIONS = st.builds(Version, st.integers(0, 3), st.sampled_from(["r1.1", "r2.1", "r2.2"]))


def records(keys: st.SearchStrategy[str] = KEYS) -> st.SearchStrategy[Record]:
    return st.builds(record, keys, VERSIONS, VALUES)


def copies() -> st.SearchStrategy[Record | None]:
    """Of one key."""
    return st.none() | records(st.just("k"))


TIMES = st.integers(0, 2**62)
NUMBERS = st.integers(0, 2**40)
TEXT = st.text(max_size=12)
BRIEFS = st.builds(Brief, KEYS, VERSIONS, st.booleans(), st.integers(0, 2**63 - 1))
DOTS = st.tuples(TEXT, NUMBERS)
DOTTED = st.builds(Dotted, KEYS, st.none() | BRIEFS, st.lists(DOTS, max_size=2))
_RANGES = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3)
_KNOWN = st.dictionaries(st.integers(0, 3), st.dictionaries(TEXT, _RANGES, max_size=2), max_size=2)
FIELDS: dict[type[Any], dict[str, st.SearchStrategy[Any]]] = {
    Store: {"record": records(), "cause": st.sampled_from(get_args(RepairCause))},
    Hello: {"role": st.sampled_from(["peer", "client", "control"])},
    Answer: {"outcome": st.sampled_from(["ok", "refused", "timeout"])},
    SteppedDown: {"outcome": st.sampled_from(["ok", "refused", "timeout"])},
    Fetched: {"key": KEYS, "record": st.none() | records()},
    Compare: {
        "level": st.integers(0, 4),
        "hashes": st.dictionaries(st.integers(0, 3), st.dictionaries(NUMBERS, TIMES)),
    },
    Leaves: {"leaves": st.dictionaries(st.integers(0, 3), st.lists(NUMBERS)), "briefs": st.lists(BRIEFS, max_size=3)},
    Want: {"keys": st.lists(KEYS, max_size=3)},
    CopyPage: {"copies": st.lists(records(), max_size=3)},
    Clocks: {"known": _KNOWN},
    CaughtUpClocks: {"known": _KNOWN},
    DotsListed: {"known": _KNOWN, "listed": st.lists(DOTTED, max_size=3)},
    DottedStore: {"record": records(), "cause": st.sampled_from(get_args(RepairCause))},
    Flush: {"time": TIMES},
    Flushed: {"time": TIMES},
    ChangedKeys: {"marks": st.dictionaries(st.integers(0, 3), TIMES), "briefs": st.lists(BRIEFS, max_size=3)},
    Page: {"copies": st.lists(st.builds(PagedCopy, records(), st.booleans()), max_size=3)},
    DumpReply: {"copies": st.lists(st.builds(DumpedCopy, records(), st.booleans()), max_size=3)},
}


BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    Generation: st.integers(1, 100_000),
    int: NUMBERS | TIMES,
    str: TEXT,
    bool: st.booleans(),
    str | None: st.none() | TEXT,
    Version | None: st.none() | VERSIONS,
    Level: st.sampled_from(get_args(Level)),
    Level | None: st.sampled_from([None, *get_args(Level)]),
    Record: records(),
    Brief: BRIEFS,
    Brief | None: st.none() | BRIEFS,
    dict[str, int]: st.dictionaries(TEXT, NUMBERS, max_size=3),
    list[str]: st.lists(TEXT, max_size=3),
    list[str] | None: st.none() | st.lists(TEXT, max_size=3),
    list[int]: st.lists(NUMBERS, max_size=3),
    list[Brief]: st.lists(BRIEFS, max_size=3),
    tuple[int, str, int] | None: st.none() | st.tuples(NUMBERS, TEXT, NUMBERS),
}


def messages() -> st.SearchStrategy[AnyMessage]:
    """Of every kind; a field is drawn as the kind says above, else by its type."""
    return st.one_of(*(st.builds(kind, **_fields(kind)) for kind in get_args(AnyMessage)))


def _fields(kind: type[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """KeyError: a new kind has a field that is not drawn yet."""
    special = FIELDS.get(kind, {})
    ordinary = [field for field in msgspec.structs.fields(kind) if field.name not in special]
    return special | {field.name: BY_TYPE[field.type] for field in ordinary}
