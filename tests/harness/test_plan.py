"""Plans as files: what is written is read again, and whatever cannot be run is refused before anything starts."""

import copy
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.plan import MOST, Plan, check, levers_of, overlapping, read, write
from harness.wrong import Wrong
from tests.harness.commands import nothing_started, urushi
from tests.harness.plans import plans, small_plan

Edit = Callable[[dict[str, Any]], object]


def put(*path: Any) -> Edit:
    """Sets the value at a path: the last word is the value."""
    *way, last, value = path

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in way:
            place = place[step]
        place[last] = value

    return edit


def add(name: str, item: dict[str, Any]) -> Edit:
    return lambda document: document[name].append(item)


def drop(name: str) -> Edit:
    return lambda document: document.pop(name)


def document() -> dict[str, Any]:
    found = msgspec.json.decode(msgspec.json.encode(small_plan()))
    assert isinstance(found, dict)
    return found


@given(plans())
def test_what_is_written_is_read_again(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        write(plan, path)
        assert read(path) == plan
        first = path.read_bytes()
        write(read(path), path)
        assert path.read_bytes() == first


KILL_R3 = {"id": "f3", "kind": "kill", "targets": ["r3"], "start_ns": 700_000_000, "end_ns": 900_000_000}
NODES = "allowed: r1, r2, r3"

BAD: list[tuple[str, Edit, str, str, str]] = [  # name, what is done to the plan, the place, what is wrong, the remedy
    ("unknown key", put("operatons", []), "operatons", "this key is not known", "did you mean 'operations'?"),
    ("unknown key deep inside", put("cluster", "nodes", 1, "nam", "x"), "cluster.nodes[1].nam",
     "not known", "allowed: name, datacenter; did you mean 'name'?"),
    ("unknown key of an operation", put("operations", 0, "nod", "r1"), "operations[0].nod", "not known", "'node'?"),
    ("unknown key of a fault", put("faults", 1, "kidn", "x"), "faults[1].kidn", "not known", "did you mean 'kind'?"),
    ("missing key", drop("unrest_ns"), "unrest_ns", "this key is missing", "write it"),
    ("wrong type", put("operations", 0, "at_ns", "5"), "operations[0].at_ns", "text in quotes", "write a whole number"),
    ("a fraction", put("seed", 1.5), "seed", "a number with a fraction", "write a whole number"),
    ("no list", put("faults", {}), "faults", "a table of keys and values", "write a list"),
    ("null", put("scenario", None), "scenario", "null", "write text in quotes"),
    ("unknown kind of operation", put("operations", 0, "kind", "putt"), "operations[0].kind", "'putt'",
     "allowed: delete, get, put; did you mean 'put'?"),
    ("unknown level", put("operations", 0, "level", "QUORM"), "operations[0].level", "'QUORM'",
     "allowed: ALL, ONE, QUORUM; did you mean 'QUORUM'?"),
    ("unknown policy", put("policy", "purge", "confirm"), "policy.purge", "'confirm'", "did you mean 'confirmed'?"),
    ("a number that is no choice", put("policy", "tree_levels", 3), "policy.tree_levels", "'3'", "allowed: 2, 4"),
    ("W > N", put("cluster", "w", 4), "cluster.w", "W = 4 with N = 3", "1 to 3 are possible"),
    ("R = 0", put("cluster", "r", 0), "cluster.r", "R = 0 with N = 3", "1 to 3 are possible"),
    ("N > nodes", put("cluster", "n", 4), "cluster.n", "4 copies on 3 nodes", "1 to 3 are possible"),
    ("no nodes", put("cluster", "nodes", []), "cluster.nodes", "there are none", "write one or more"),
    ("a node twice", put("cluster", "nodes", 1, "name", "r1"), "cluster.nodes", "the same name", "r1, r2, …"),
    ("a name that is a path", put("cluster", "nodes", 1, "name", "../r2"), "cluster.nodes[1].name", "'../r2'",
     "letters and digits"),
    ("operation on no node", put("operations", 1, "node", "r9"), "operations[1].node", "'r9' is not a node", NODES),
    ("fault on no node", put("faults", 0, "targets", ["r33"]), "faults[0].targets", "'r33' is not a node",
     f"{NODES}; did you mean 'r3'?"),
    ("too many targets", put("faults", 0, "targets", ["r1", "r2"]), "faults[0].targets", "isolate takes 1, not 2",
     "nothing passes between one node and all others"),
    ("one node to itself", put("faults", 0, {**KILL_R3, "kind": "one-way", "targets": ["r1", "r1"]}),
     "faults[0].targets", "'r1' is there twice", "from the first node to the second"),
    ("unknown kind of fault", put("faults", 0, "kind", "isolte"), "faults[0].kind", "'isolte'",
     f"allowed: {', '.join(KINDS)}; did you mean 'isolate'?"),
    ("fault after unrest", put("faults", 0, "end_ns", 10**12), "faults[0]", "to 1000000000000 ns", "at 1000000000 ns"),
    ("fault before the start", put("faults", 0, "start_ns", -1), "faults[0]", "from -1", "starts before it ends"),
    ("fault of no length", put("faults", 1, "end_ns", 600_000_000), "faults[1]", "to 600000000", "before it ends"),
    ("a fault twice", put("faults", 1, "id", "f1"), "faults[1].id", "'f1' is there twice", "its own id"),
    ("kill of a dead node", add("faults", KILL_R3), "faults", "f2 (kill) and f3 (kill)", "let one end before"),
    ("pause of a dead node", add("faults", {**KILL_R3, "kind": "pause"}), "faults", "f3 (pause)", "let one end before"),
    ("an operation twice", put("operations", 1, "id", 1), "operations[1].id", "operation 1 is there twice", "own id"),
    ("a value twice", add("operations", {"id": 9, "at_ns": 0, "client": "c", "node": "r1", "kind": "put", "key": "k",
     "value": "w1"}), "operations[4].value", "'w1' is written twice", "its own value"),
    ("a get with a value", put("operations", 1, "value", "x"), "operations[1].value", "a get with value", "only a put"),
    ("a put without a value", put("operations", 0, "value", None), "operations[0].value", "None", "a put has a value"),
    ("operation before the start", put("operations", 0, "at_ns", -1), "operations[0].at_ns", "-1", "0 to 1000000000"),
    ("operation after unrest", put("operations", 0, "at_ns", 10**30), "operations[0].at_ns", str(10**30), "1000000000"),
    ("a huge id", put("operations", 0, "id", 2**70), "operations[0].id", str(2**70), str(MOST)),
    ("a huge seed", put("seed", 10**30), "seed", f"{10**30} is too much", f"{MOST} is the most"),
    ("rounds without end", put("policy", "round_every_ns", 0), "policy.round_every_ns", "0 is too little", "1000000"),
    ("no time for clients", put("client_timeout_ns", 0), "client_timeout_ns", "0 is too little", "1000000"),
    ("negative unrest", put("unrest_ns", -5), "unrest_ns", "-5 is too little", "1000000 is the least"),
    ("no rounds", put("mend_rounds_max", 0), "mend_rounds_max", "0 is too little", "1 is the least"),
    ("negative delay", put("network", "delay_min_ns", -1), "network.delay_min_ns", "-1 is too little", "0 is the"),
    ("delays swapped", put("network", "delay_min_ns", 10**9), "network.delay_max_ns", "is below", "swap them"),
    ("syncs swapped", put("disk", "sync_min_ns", 10**9), "disk.sync_max_ns", "is below", "swap them"),
    ("more than all is lost", put("network", "loss_ppm", 1_000_001), "network.loss_ppm", "too much", "1000000"),
    ("unknown flaw", put("flaw", "purges-unconfirmd"), "flaw", "is no flaw", "did you mean 'purges-unconfirmed'?"),
    ("newer format", put("format", 2), "format", "has format 2", "use the version of Urushi that wrote it"),
    ("newer format, new fields", lambda plan: plan.update(format=7, novelty=[]), "format", "has format 7", "format 1"),
    ("format as text", put("format", "1"), "format", "has format '1'", "reads format 1"),
    ("no format", drop("format"), "format", "has no `format`", "write it anew with `urushi plan`"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "place", "what", "remedy"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_plan_is_one_message_and_starts_nothing(
    edit: Edit, place: str, what: str, remedy: str, tmp_path: Path
) -> None:
    changed = document()
    edit(changed)
    (tmp_path / "plan.json").write_text(json.dumps(changed))
    outcome = urushi(tmp_path, "replay", "plan.json", "--stage", "simulation")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(f"wrong: plan.json: {place}: ")
    assert outcome.err.count("\n") == 1
    assert what in outcome.err
    assert remedy in outcome.err
    assert nothing_started(tmp_path)


@pytest.mark.parametrize("text", ["", "hello", "[]", "3", '{"format": 1', "\x00", '{"format": 1}{"format": 1}'])
def test_what_is_no_plan_at_all_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    outcome = urushi(tmp_path, "replay", "plan.json")
    assert outcome.code == 2
    assert "wrong: plan.json: this is not a plan" in outcome.err
    assert "write one with `urushi plan SCENARIO --seed N`" in outcome.err
    assert nothing_started(tmp_path)


def test_a_plan_as_it_is_written_is_taken(tmp_path: Path) -> None:
    """The table above changes one thing of what this takes."""
    (tmp_path / "plan.json").write_text(json.dumps(document()))
    assert read(tmp_path / "plan.json") == small_plan()


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=4), st.just([]), st.just({}),
    st.sampled_from(["r1", "r4", "kill", "ONE", 10**9]),
)  # fmt: skip


@settings(max_examples=300)
@given(st.data(), JUNK)
def test_a_spoilt_plan_is_taken_or_refused_and_nothing_else(data: st.DataObject, junk: object) -> None:
    """No error of another type may come out, whatever the file says."""
    spoilt = copy.deepcopy(document())
    place: Any = spoilt
    while True:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[step], dict | list) and place[step] and data.draw(st.booleans())):
            break
        place = place[step]
    place[step] = junk
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(spoilt))
        try:
            plan = read(path)
        except Wrong as wrong:
            assert str(wrong).startswith(f"{path}: ")
        else:
            write(plan, path)
            assert read(path) == plan


@given(plans())
def test_overlaps_are_found_as_by_definition(plan: Plan) -> None:
    """Two faults of processes overlap when some moment is in both, on one node."""
    faults = [*plan.faults, *(msgspec.structs.replace(fault, id=f"{fault.id}b", kind="kill", targets=fault.targets[:1])
                              for fault in plan.faults)]  # fmt: skip
    expected = {
        (one.id, other.id)
        for index, one in enumerate(faults)
        for other in faults[index + 1 :]
        if {one.kind, other.kind} <= {"kill", "pause"}
        and one.targets == other.targets
        and max(one.start_ns, other.start_ns) < min(one.end_ns, other.end_ns)
    }
    assert {(one.id, other.id) for one, other in overlapping(faults)} == expected


def test_a_fault_may_begin_where_another_ends() -> None:
    one, other = Fault("f1", "kill", ["r1"], 100, 200), Fault("f2", "pause", ["r1"], 200, 300)
    assert overlapping([one, other]) == overlapping([other, one]) == []
    assert overlapping([one, msgspec.structs.replace(other, start_ns=199)])


def test_faults_of_links_may_overlap_whatever_else_is_on() -> None:
    plan = small_plan()
    more = [Fault("f3", "one-way", ["r3", "r1"], 60_000_000, 700_000_000), Fault("f4", "isolate", ["r3"], 1, 999)]
    check(msgspec.structs.replace(plan, faults=[*plan.faults, *more]), "here")


def test_the_levers_of_a_plan_name_what_needs_them() -> None:
    plan = small_plan()
    assert levers_of(plan) == {"block": "fault f1 (isolate)", "kill": "fault f2 (kill)"}
    lossy = msgspec.structs.replace(plan, network=msgspec.structs.replace(plan.network, loss_ppm=7))
    assert levers_of(lossy)["loss"] == "network.loss_ppm = 7"
