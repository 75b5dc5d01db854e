"""Lies about siblings: no copy that a peer sends ends a replica that keeps siblings, and none takes one back."""

from collections import Counter
from contextlib import closing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from replicas.store.messages import Fetched, Store
from replicas.store.records import Version, record
from replicas.store.settings import VersionKind
from replicas.store.visits import DeleteAfter, PutAfter
from tests.fuzz.effort import cases, told
from tests.fuzz.test_core import KEYS, NODES, Watched
from tests.replicas.store.rig import WALL, Rig

TIME = st.sampled_from([1, 2, 3, 7, WALL, 2**61])
BY = st.sampled_from(["r1.1", "r2.1", "r9.7"])
SPAN = st.builds("{}~{}-{}".format, BY, TIME, TIME)
DOT = st.builds("{}~{}{}".format, BY, TIME, st.sampled_from(["", "x"]))
CLOCKS = st.builds(
    lambda spans, dots: f"{'+'.join(spans)}@{'+'.join(dots)}", st.lists(SPAN, max_size=3), st.lists(DOT, max_size=3)
) | st.sampled_from(["", "@", "r1.1~0-5@r1.1~5", "r1.1~0-5+r2.1~2-3@r1.1~5x+r2.1~3", "r1.1~5-5@", "~", "é@1"])
VALUES = st.sampled_from([None, "", "[]", '["a"]', '["a",null]', "[1]", "[null]", "{", '["a","b","c"]'])
RECORDS = st.builds(record, st.sampled_from(KEYS), st.builds(Version, TIME, CLOCKS), VALUES)
ONCE = st.integers(1, 9)
SAID = st.one_of(
    st.tuples(st.sampled_from(NODES[1:]), RECORDS.map(lambda copy: Store(1, WALL, "", 1, copy, "write"))),
    st.tuples(st.sampled_from(NODES[1:]), RECORDS.map(lambda copy: Fetched(1, WALL, "", 1, copy.key, copy))),
    st.tuples(st.just("client"), st.builds(PutAfter, ONCE, st.sampled_from(KEYS), st.just("v"), st.none(), CLOCKS)),
    st.tuples(st.just("client"), st.builds(DeleteAfter, ONCE, st.sampled_from(KEYS), st.none(), CLOCKS)),
)  # fmt: skip


class Keeping(Watched):
    def __init__(self, versions: VersionKind) -> None:
        super().__init__()
        cluster = replace(self.rig.cluster, versions=versions, merge="siblings", siblings_max=3)
        self.rig = Rig(cluster, self.rig.policy, stores={"r1": lambda: self.disk})
        self.rig.watch = self._judge


def test_no_lie_about_siblings_ends_a_replica_or_takes_a_copy_back() -> None:
    seen: Counter[str] = Counter()

    @cases(150)
    @given(st.sampled_from(["dotted", "vector"]), st.lists(st.lists(SAID, max_size=6) | st.integers(1, 30), max_size=6))
    def each(versions: VersionKind, steps: list[Any]) -> None:
        watched = Keeping(versions)
        with closing(watched.disk):
            for step in steps:
                watched.step(step)
            held = {copy.record.key: copy.record for copy in watched.rig.replicas["r1"].dump(None).copies}
        assert held == watched.held, "the audit and the disk differ"
        seen["changes of r1"] += watched.changes

    each()
    told("siblings", seen)
    assert seen["changes of r1"] > 40
