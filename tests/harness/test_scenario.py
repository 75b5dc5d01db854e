"""Scenarios: every seed of a built-in one draws a plan that can run; a bad file is one message and starts nothing."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.faults.table import KINDS
from harness.plan import Plan, check
from harness.scenario import PolicyDraw, Scenario, WorkloadDraw, built_in, draw, load
from harness.wrong import Wrong
from tests.harness.commands import nothing_started, urushi

SEEDS = range(1, 61)
NAMES = sorted(built_in())
ABOUT = 'about = "x"\n'


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_draws_a_plan_that_can_run(name: str) -> None:
    scenario = load(name)
    for seed in SEEDS:
        plan, drawn = draw(scenario, name, seed)
        check(plan, name)
        assert (plan.seed, plan.scenario, plan.flaw) == (seed, name, None)
        assert int(drawn["workload.operations"]) == len(plan.operations)
        assert not _on_one_process_at_a_time(plan)


def _on_one_process_at_a_time(plan: Plan) -> list[tuple[str, str]]:
    """Pairs of a kill or pause and another on the same node that share a moment."""
    spans = [(f.targets[0], f.start_ns, f.end_ns, f.id) for f in plan.faults if f.kind in ("kill", "pause")]
    return [
        (one[3], other[3])
        for index, one in enumerate(spans)
        for other in spans[index + 1 :]
        if one[0] == other[0] and max(one[1], other[1]) < min(one[2], other[2])
    ]


def test_seeds_of_the_default_reach_all_that_it_may_draw() -> None:
    """What the test above says would be empty if faults were rare."""
    plans = [draw(load("default"), "default", seed)[0] for seed in SEEDS]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(load("default").faults.kinds)
    assert {len(plan.cluster.nodes) for plan in plans} == {3, 4, 5}
    assert {len(plan.faults) for plan in plans} == {2, 3, 4, 5, 6}
    assert {plan.policy.read_repair for plan in plans} == {"blocking", "none"}
    targets = {target for plan in plans for fault in plan.faults for target in fault.targets}
    assert targets == {"r1", "r2", "r3", "r4", "r5"}
    assert len({msgspec.json.encode(msgspec.structs.replace(plan, seed=0)) for plan in plans}) == len(plans)


def test_the_same_seed_is_the_same_plan() -> None:
    for name in NAMES:
        assert draw(load(name), name, 5) == draw(load(name), name, 5)


def test_a_flaw_changes_nothing_else() -> None:
    sound, flawed = (draw(load("default"), "default", 3, flaw)[0] for flaw in (None, "skips-repair"))
    assert msgspec.structs.replace(flawed, flaw=None) == sound


def test_to_fix_one_parameter_leaves_the_others_as_they_were() -> None:
    """Or a seed that fails could not be narrowed down."""
    scenario = load("default")
    repair = PolicyDraw(**{**_fields(scenario.policy), "read_repair": "none"})
    keys = WorkloadDraw(**{**_fields(scenario.workload), "keys": 5})
    for seed in range(1, 11):
        plan, drawn = draw(scenario, "default", seed)
        without, fixed = draw(msgspec.structs.replace(scenario, policy=repair), "default", seed)
        assert {**drawn, "policy.read_repair": "none"} == fixed
        assert msgspec.structs.replace(without, policy=plan.policy) == plan
        fewer, fixed = draw(msgspec.structs.replace(scenario, workload=keys), "default", seed)
        assert {**drawn, "workload.keys": "5"} == fixed
        assert fewer.faults == plan.faults
        assert [msgspec.structs.replace(one, key="") for one in fewer.operations] == [
            msgspec.structs.replace(one, key="") for one in plan.operations
        ]


def test_one_more_fault_leaves_the_others_as_they_were() -> None:
    scenario = load("default")
    for seed in range(1, 11):
        few, many = (
            draw(
                msgspec.structs.replace(scenario, faults=msgspec.structs.replace(scenario.faults, count=count)),
                "x",
                seed,
            )
            for count in (3, 4)
        )
        assert [fault for fault in many[0].faults if fault.id != "f4"] == few[0].faults


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_levels_stand_for_their_counts() -> None:
    text = ABOUT + '[cluster]\nnodes = 5\nn = 5\nr = "ONE"\nw = ["QUORUM", "ALL"]\n'
    scenario = msgspec.toml.decode(text.encode(), type=Scenario)
    plans = [draw(scenario, "x", seed) for seed in SEEDS]
    assert {plan.cluster.r for plan, _ in plans} == {1}
    assert {plan.cluster.w for plan, _ in plans} == {3, 5}
    assert all(drawn["cluster.w"] == str(plan.cluster.w) for plan, drawn in plans)


BAD: list[tuple[str, str, str]] = [  # the file after its first line, how the message goes on, what else it says
    ("[cluster]\nnoodes = 3", "cluster.noodes: this key is not known", "did you mean 'nodes'?"),
    ("[clustr]\nnodes = 3", "clustr: this key is not known", "did you mean 'cluster'?"),
    ("[cluster]\nnodes = 3.5", "cluster.nodes: this is a number with a fraction", "a whole number or text in quotes"),
    ("[cluster]\nnodes = true", "cluster.nodes: this is true or false", "write a whole number"),
    ("cluster = 3", "cluster: this is a whole number", "write a table of keys and values"),
    ("[cluster]\nnodes = 0", "cluster.nodes: 0 is too little", "1 is the least"),
    ("[cluster]\nnodes = 3\nw = 4", "cluster.w: W = 4 with N = 3", "1 to 3 are possible"),
    ("[cluster]\nnodes = 3\nn = 5", "cluster.n: 5 copies on 3 nodes", "1 to 3 are possible"),
    ('[cluster]\nr = "QUORM"', "cluster.r: 'QUORM' is no such value", "did you mean 'QUORUM'?"),
    ('[cluster]\ntie = "riac"', "cluster.tie: 'riac' is not possible here", "did you mean 'riak'?"),
    ("[cluster]\ndatacenters = 0", "cluster.datacenters: 0 is too little", "1 is the least"),
    ('[policy]\nread_repair = "blockin"', "policy.read_repair: 'blockin'", "did you mean 'blocking'?"),
    ('[policy]\npurge = ["never", "confirm"]', "policy.purge: 'confirm'", "did you mean 'confirmed'?"),
    ("[policy]\nround_every = 0", "policy.round_every: 0 is too little", "1 ms is the least"),
    ('[faults]\nkinds = ["kil"]', "faults.kinds: 'kil' is no kind of fault", "did you mean 'kill'?"),
    ("[faults]\nkinds = []", "faults.kinds: ", f"allowed: {', '.join(KINDS)}"),
    ("[cluster]\nnodes = 1\nn = 1", "faults.kinds: isolate needs a link", "two nodes or more"),
    ('[faults]\ncount = 0\nlength = "no"', "faults.length: 'no' is no such value", "write a duration"),
    (
        '[workload]\ndistribution = "zip"',
        "workload.distribution: 'zip'",
        "allowed: uniform, zipf; did you mean 'zipf'?",
    ),
    ("[workload]\nkeys = 0", "workload.keys: 0 is too little", "1 is the least"),
    ("[workload]\nclients = 0", "workload.clients: 0 is too little", "1 is the least"),
    ('[workload]\nreads = "80%"\ndeletes = "30%"', "workload: reads and deletes are 110 %", "100 % at most"),
    ('[workload]\nread_levels = ["ONEE"]', "workload.read_levels[0]: 'ONEE'", "did you mean 'ONE'?"),
    ('[network]\nloss = "200%"', "network.loss: '200%' is too much", "100 % is the most"),
    ("[phases]\nunrest = 0", "phases.unrest: 0 is too little", "1 ms is the least"),
    ("[phases]\nclient_timeout = 0", "phases.client_timeout: 0 is too little", "1 ms is the least"),
    ("[phases]\nmend_rounds = 0", "phases.mend_rounds: 0 is too little", "1 is the least"),
    ("[cluster\n", "this is not TOML: ", "line 2"),
    (f"[cluster]\nnodes = {'9' * 5000}", "this is not TOML: ", "correct the file"),
]


@pytest.mark.parametrize(("text", "start", "more"), BAD, ids=[case[0].replace("\n", " ")[:40] for case in BAD])
@pytest.mark.parametrize("command", ["run", "suite", "plan"])
def test_a_bad_file_is_one_message_and_starts_nothing(
    text: str, start: str, more: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(ABOUT + text)
    outcome = urushi(tmp_path, command, "mine.toml")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(f"wrong: mine.toml: {start}")
    assert more in outcome.err
    assert outcome.err.count("\n") == 1
    assert nothing_started(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'about = "\xfc"')
    for name, said in {"no.toml": "No such file", "folder.toml": "Is a directory", "latin.toml": "UTF-8"}.items():
        outcome = urushi(tmp_path, "run", name)
        assert outcome.code == 2
        assert outcome.err.startswith(f"wrong: {name}: ")
        assert said in outcome.err


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("defualt", f"allowed: {', '.join(NAMES)}; did you mean 'default'?"),
        ("zzz", f"allowed: {', '.join(NAMES)}; or write the path of a .toml file"),
        ("demo:purge-unconfirmed", "did you mean 'purges-unconfirmed'?"),
    ],
)
def test_an_unknown_name_is_told_with_the_near_miss(name: str, more: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", name, "--stage", "simulation")
    assert outcome.code == 2
    assert name.removeprefix("demo:") in outcome.err
    assert more in outcome.err
    assert nothing_started(tmp_path)


def test_an_unknown_flaw_is_told_with_the_near_miss() -> None:
    with pytest.raises(Wrong, match=r"--flaw: 'skip-repair' is no flaw; allowed: .*; did you mean 'skips-repair'\?"):
        draw(load("calm"), "calm", 1, "skip-repair")
