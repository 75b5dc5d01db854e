"""Scenario files with something wrong in them, and damaged ones: refused in words, or drawn from in a moment. What one
wrong value of each key does is in `tests/harness/test_scenario.py`; here several meet, sizes and faults among them."""

import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.faults.table import KINDS
from harness.plan import check
from harness.policy import names_in_toml
from harness.scenario import Scenario, built_in, draw, load
from harness.wrong import Wrong, convert
from replicas.store.policy import Policy
from tests.fuzz.effort import cases, no_hang, told
from tests.fuzz.spoil import JUNK, damaged

DRAWING_SECONDS_MAX = 5.0
NAMES = sorted(built_in())
TABLES = {
    name: tuple(names_in_toml().values()) if name == "policy" else getattr(Scenario(), name).__struct_fields__
    for name in Scenario.__struct_fields__
    if name not in ("about", "variants")
}
PLACES = [(table, key) for table, keys in TABLES.items() for key in keys]
DURATIONS = ["1ms", "5ms", "0.5..2s", "200..300ms", "3s", "2000000us", "1ns", "99999999999s", "9223372036854775807ns"]
COUNTS = [1, 2, 3, 5, 7, 24, 200, 201, "0..3", "3..7", "1..200", 0, 10**18, 2**63, "QUORUM", "ALL", "TWO"]
SHARES = ["0%", "50%", "0..100%", "12.345%", "0.0001%", "100.1%"]
WORDS = ["zipf", "uniform", "hot-cold", "sequential", "churn", "mixed", "riak", "cassandra", "none", "background",
         "handoff", "merkle", "never", "grace", "confirmed"]  # fmt: skip
ODD = (
    st.sampled_from(["2..1", "3h", "1e3", "0.0000000001ns", "٣", "1_0", " 5 ", "+5", "-1", "..", "", "5" * 5_000])
    | JUNK
)


def fitting(table: str, key: str) -> st.SearchStrategy[Any]:
    """Values of the kind that the default has; a word may still be one of another key."""
    default = _default_of_policy(key) if table == "policy" else str(getattr(getattr(Scenario(), table), key))
    if key == "kinds":
        return st.lists(st.sampled_from(sorted(KINDS)), max_size=4)
    if key.endswith("_levels"):
        return st.lists(st.sampled_from(["ONE", "TWO", "QUORUM", "ALL"]), max_size=2)
    if key == "swarm":
        return st.booleans()
    if default.endswith("%") or key in ("reads", "deletes"):
        values: list[Any] = SHARES
    elif default[0].isdigit() and default.endswith("s"):
        values = DURATIONS
    else:
        values = COUNTS if default[0].isdigit() or default in ("QUORUM", "ALL") else WORDS
    one = st.sampled_from(values)
    return one | st.lists(one, max_size=3)


def _default_of_policy(key: str) -> str:
    """As one would write it."""
    field = next(field for field, name in names_in_toml().items() if name == key)
    value = str(getattr(Policy(), field))
    return {"_ns": value + "ns", "ppm": value + "%"}.get(field[-3:], value)


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Up to six keys of a built-in one have other values. How many operations there are is left small."""
    scenario: dict[str, Any] = tomllib.loads(built_in()[draw(st.sampled_from(NAMES))])
    scenario.setdefault("workload", {})["operations"] = 40
    for table, key in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=6)):
        odd = draw(st.integers(0, 19)) == 19
        scenario.setdefault(table, {})[key] = draw(ODD if odd else fitting(table, key))
    if draw(st.integers(0, 39)) == 39:
        scenario[draw(st.text(max_size=3))] = draw(JUNK)
    return scenario


def test_a_spoilt_scenario_is_refused_or_drawn_from() -> None:
    seen: Counter[str] = Counter()

    @cases(250)
    @given(scenarios(), st.integers(-(2**63) + 1, 2**63 - 1))
    def judge(scenario: dict[str, Any], seed: int) -> None:
        with no_hang(DRAWING_SECONDS_MAX):
            try:
                plan, drawn = draw(convert(scenario, Scenario, "mine"), "mine", seed)
            except Wrong as wrong:
                assert wrong.place.startswith("mine")
                assert wrong.what
                assert wrong.remedy
                seen["refused"] += 1
                return
            check(plan, "mine")
            assert drawn["cluster.nodes"] == str(len(plan.cluster.nodes))
            seen["drawn"] += 1

    judge()
    told("scenarios", seen)
    assert min(seen.values()) > 20


@cases(300, share=0.2)
@given(damaged(st.sampled_from([built_in()[name].encode() for name in NAMES])))
def test_a_damaged_file_is_refused_or_a_scenario(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name, no_hang():
        path = Path(name) / "mine.toml"
        path.write_bytes(data)
        try:
            load(str(path))
        except Wrong as wrong:
            assert wrong.place.startswith(str(path))


@cases(50, share=0.02)
@given(st.sampled_from([b"[", b"{a=", b"a.", b"[[", b'"""']), st.integers(1, 20_000))
def test_a_file_nested_without_end_is_refused(piece: bytes, depth: int) -> None:
    with tempfile.TemporaryDirectory() as name, no_hang():
        path = Path(name) / "mine.toml"
        path.write_bytes(b"a = " + piece * depth)
        try:
            load(str(path))
        except Wrong:
            return
    raise AssertionError("it was taken")
