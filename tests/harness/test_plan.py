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

from harness.faults.table import KINDS
from harness.plan import MOST, Plan, levers_of, read, write
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
MS = 1_000_000
LATENCY = {"id": "f3", "kind": "latency", "targets": ["r1", "r2"], "start_ns": 0, "end_ns": 900_000_000,
           "parameters": {"delay_ns": 5 * MS, "jitter_ns": 2 * MS}}  # fmt: skip
BEAT = {"beat_on_ns": 50 * MS, "beat_off_ns": 10 * MS}

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
     "allowed: ALL, ANY, EACH_QUORUM, LOCAL_ONE, LOCAL_QUORUM, ONE, QUORUM, THREE, TWO; did you mean 'QUORUM'?"),
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
    ("slow and dead", add("faults", {**KILL_R3, "kind": "slow", "parameters": BEAT}), "faults",
     "f2 (kill) and f3 (slow) act on the process of r3", "let one end before"),
    ("wiped while dead", add("faults", {**KILL_R3, "kind": "wipe"}), "faults", "f3 (wipe)", "let one end before"),
    ("two delays", lambda plan: plan["faults"].extend(
        [LATENCY, {**LATENCY, "id": "f4", "targets": ["r3"], "parameters": {"delay_ns": 6 * MS, "jitter_ns": 0}}]),
     "faults", "f3 (latency) and f4 (latency) act on the delay of r3>r1", "let one end before"),
    ("an unknown parameter", add("faults", {**LATENCY, "parameters": {"delay_ns": 5 * MS, "jiter_ns": 2 * MS}}),
     "faults[2].parameters.jiter_ns", "latency has no such parameter",
     "allowed: delay_ns, jitter_ns; did you mean 'jitter_ns'?"),
    ("a parameter of a kind without", put("faults", 0, "parameters", BEAT), "faults[0].parameters.beat_on_ns",
     "isolate has no such parameter", "isolate takes none"),
    ("a missing parameter", add("faults", {**LATENCY, "parameters": {"delay_ns": 5 * MS}}),
     "faults[2].parameters.jitter_ns", "this key is missing", "latency needs it"),
    ("half a beat", add("faults", {**KILL_R3, "kind": "slow", "targets": ["r1"], "parameters": {"beat_on_ns": MS}}),
     "faults[2].parameters.beat_off_ns", "this key is missing", "slow needs it"),
    ("no delay", add("faults", {**LATENCY, "parameters": {"delay_ns": 0, "jitter_ns": 0}}),
     "faults[2].parameters.delay_ns", "0 is not possible", "1000000 to 60000000000"),
    ("too long a delay", add("faults", {**LATENCY, "parameters": {"delay_ns": 60_001 * MS, "jitter_ns": 0}}),
     "faults[2].parameters.delay_ns", "60001000000 is not possible", "1000000 to 60000000000"),
    ("half a millisecond", add("faults", {**LATENCY, "parameters": {"delay_ns": 5_500_000, "jitter_ns": 0}}),
     "faults[2].parameters.delay_ns", "5500000 is not a multiple of 1000000", "write 5000000 or 6000000"),
    ("more jitter than delay", add("faults", {**LATENCY, "parameters": {"delay_ns": 5 * MS, "jitter_ns": 6 * MS}}),
     "faults[2].parameters.jitter_ns", "6000000 is more than delay_ns = 5000000", "as much or less"),
    ("a parameter as text", add("faults", {**LATENCY, "parameters": {"delay_ns": "5ms", "jitter_ns": 0}}),
     "faults[2].parameters[...]", "text in quotes", "write a whole number"),
    ("a majority that is a minority", put("faults", 0, {**KILL_R3, "kind": "majority", "targets": ["r1", "r2"]}),
     "faults[0].targets", "majority takes 1, not 2", "a minority of the nodes"),
    ("a ring of three", put("faults", 0, {**KILL_R3, "kind": "ring", "targets": ["r1", "r2", "r3"]}),
     "faults[0].kind", "ring needs 4 nodes or more, and there are 3", "take it out, or add nodes"),
    ("a bridge to nowhere", put("faults", 0, {**KILL_R3, "kind": "bridge"}), "faults[0].targets",
     "bridge takes 2, not 1", "only the first node sees both"),
    ("no targets", put("faults", 0, {**KILL_R3, "kind": "refused", "targets": []}), "faults[0].targets",
     "refused takes 1 to 3, not 0", "new ones are refused"),
    ("a later target twice", put("faults", 0, {**KILL_R3, "kind": "refused", "targets": ["r1", "r2", "r2"]}),
     "faults[0].targets", "'r2' is there twice", "new ones are refused"),
    ("down, but no node", put("down", ["r1", "r0"]), "down[1]", "'r0' is not a node", NODES),
    ("down twice", put("down", ["r1", "r1"]), "down[1]", "'r1' is there twice", "name each node once"),
    ("a quorum down", put("down", ["r1", "r3"]), "down", "only 1 would be left up", "leave 2 of each key's 3 copies"),
    ("a level above n", lambda plan: (plan["cluster"].update(n=2, r=1, w=1), plan["operations"][1].update(
        level="THREE")), "operations[1].level", "level THREE with N = 2", "take a lower one"),
    ("a node named like the clients", put("cluster", "nodes", 2, "name", "clients"), "cluster.nodes[2].name",
     "'clients' is the other end", "names are r1, r2, …"),
    ("no grace", put("policy", "grace_ns", 0), "policy.grace_ns", "0 is too little", "1000000 is the least"),
    ("no hint window", put("policy", "hint_window_ns", -1), "policy.hint_window_ns", "-1 is too little", "1000000"),
    ("no hint lifetime", put("policy", "hint_lifetime_ns", 5), "policy.hint_lifetime_ns", "5 is too little", "1000000"),
    ("hints without end", put("policy", "hint_every_ns", 0), "policy.hint_every_ns", "0 is too little", "1000000"),
    ("no hints", put("policy", "hints_max", 0), "policy.hints_max", "0 is too little", "1 is the least"),
    ("no replay", put("policy", "hints_per_replay_max", 0), "policy.hints_per_replay_max", "0 is too little", "1 is"),
    ("too much jitter", put("policy", "round_jitter_ppm", 500_001), "policy.round_jitter_ppm", "too much", "500000"),
    ("negative jitter", put("policy", "round_jitter_ppm", -1), "policy.round_jitter_ppm", "-1 is too little", "0 is"),
    ("negative rate", put("policy", "repair_bytes_per_s_max", -1), "policy.repair_bytes_per_s_max", "-1", "0 is the"),
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


@settings(max_examples=150)
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


OLD_FIELDS = {
    "policy": {"read_repair", "anti_entropy", "purge", "round_every_ns", "exchange_timeout_ns", "keys_per_exchange_max",
               "tree_levels", "message_lifetime_ns", "skew_budget_ns"},
    "faults": {"id", "kind", "targets", "start_ns", "end_ns"},
}  # fmt: skip


def test_a_plan_from_before_there_were_parameters_and_hints_is_read(tmp_path: Path) -> None:
    """As the first version of this format wrote it."""
    old = document()
    del old["down"]
    for name in set(old["policy"]) - OLD_FIELDS["policy"]:
        del old["policy"][name]
    for fault in old["faults"]:
        del fault["parameters"]
        assert set(fault) == OLD_FIELDS["faults"]
    (tmp_path / "plan.json").write_text(json.dumps(old))
    assert read(tmp_path / "plan.json") == small_plan()


def test_the_levers_of_a_plan_name_what_needs_them() -> None:
    plan = small_plan()
    assert levers_of(plan) == {"block": "fault f1 (isolate)", "kill": "fault f2 (kill)"}
    lossy = msgspec.structs.replace(plan, network=msgspec.structs.replace(plan.network, loss_ppm=7))
    assert levers_of(lossy)["loss"] == "network.loss_ppm = 7"
