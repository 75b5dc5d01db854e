"""Few keys, times and incarnations, so that ties and collisions are common."""

from hypothesis import strategies as st

from replicas.store.records import Record, Version, record

TIES = st.sampled_from(["incarnation", "cassandra", "riak"])
KEYS = st.sampled_from(["", "a", "b", "k1", "k\x00", "clé", "鍵"])
VALUES = st.none() | st.sampled_from(["", "a", "b", "ab", "é", "\x00"])
VERSIONS = st.builds(Version, st.integers(0, 3), st.sampled_from(["r1.1", "r2.1", "r2.2"]))


def records(keys: st.SearchStrategy[str] = KEYS) -> st.SearchStrategy[Record]:
    return st.builds(record, keys, VERSIONS, VALUES)


def copies() -> st.SearchStrategy[Record | None]:
    """Of one key."""
    return st.none() | records(st.just("k"))
