"""Scenarios: every seed of a built-in one draws a plan that can run; a bad file is one message and starts nothing."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.faults.table import KINDS
from harness.plan import check
from harness.policy import choices, names_in_toml
from harness.scenario import Scenario, WorkloadDraw, built_in, draw, load
from harness.wrong import Wrong, convert, near
from replicas.store.policy import Policy
from replicas.system import Level
from tests.harness.commands import nothing_started, urushi

SEEDS = range(1, 61)
MANY = range(1, 301)
NAMES = sorted(built_in())
ABOUT = 'about = "x"\n'
TABLES = {
    name: tuple(names_in_toml().values()) if name == "policy" else getattr(Scenario(), name).__struct_fields__
    for name in Scenario.__struct_fields__
    if name not in ("about", "variants")
}


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_draws_a_plan_that_can_run(name: str) -> None:
    scenario = load(name)
    for seed in SEEDS:
        plan, drawn = draw(scenario, name, seed)
        check(plan, name)
        assert (plan.seed, plan.scenario, plan.flaw) == (seed, name, None)
        assert int(drawn["workload.operations"]) == len(plan.operations)
        assert drawn["phases.down"] == (" ".join(plan.down) or "none")


def test_seeds_of_the_default_reach_all_that_it_may_draw() -> None:
    """What the test above says would be empty if faults were rare."""
    plans = [draw(load("default"), "default", seed)[0] for seed in MANY]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(load("default").faults.kinds)
    assert {len(plan.cluster.nodes) for plan in plans} == {3, 4, 5}
    assert {len(plan.faults) for plan in plans} == {2, 3, 4, 5, 6, 7}
    assert {plan.policy.read_repair for plan in plans} == {"blocking", "none", "background"}
    assert {plan.policy.hints for plan in plans} == {"none", "handoff"}
    assert {len(plan.down) for plan in plans} == {0, 1}
    assert {plan.policy.round_jitter_ppm > 150_000 for plan in plans} == {True, False}
    targets = {target for plan in plans for fault in plan.faults for target in fault.targets}
    assert targets == {"r1", "r2", "r3", "r4", "r5"}
    assert len({msgspec.json.encode(msgspec.structs.replace(plan, seed=0)) for plan in plans}) == len(plans)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_reach_every_kind_that_a_scenario_names(name: str) -> None:
    scenario = load(name)
    named = set() if scenario.faults.count == 0 else set(scenario.faults.kinds)
    reached: set[str] = set()
    for seed in MANY:
        reached |= {fault.kind for fault in draw(scenario, name, seed)[0].faults}
        if reached >= named:
            break
    assert reached == named


def test_the_built_in_scenarios_reach_every_level_policy_and_workload() -> None:
    """Each word that a plan may have is in some plan that is drawn by default, no rounds aside."""
    plans = [draw(load(name), name, seed)[0] for name in NAMES for seed in SEEDS]
    assert {operation.level for plan in plans for operation in plan.operations} == {None, *get_args(Level)}
    assert {plan.policy.purge for plan in plans} == set(choices("purge"))
    for name in ("read_repair", "read_from", "read_choice", "read_digests", "repair_whom"):
        assert {getattr(plan.policy, name) for plan in plans} == set(choices(name)), name


def test_the_same_seed_is_the_same_plan() -> None:
    for name in NAMES:
        assert draw(load(name), name, 5) == draw(load(name), name, 5)


_CHILD = """
import sys
import msgspec
from harness.scenario import built_in, draw, load
for name in sorted(built_in()):
    for seed in range(1, 16):
        sys.stdout.buffer.write(msgspec.json.encode(draw(load(name), name, seed)))
"""


def test_the_same_seed_is_the_same_plan_in_a_fresh_process_with_another_hash_seed() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", _CHILD],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "4711")
    ]
    assert len(outputs[0]) > 1_000_000
    assert outputs[0] == outputs[1]


def test_a_flaw_changes_nothing_else() -> None:
    sound, flawed = (draw(load("default"), "default", 3, flaw)[0] for flaw in (None, "skips-repair"))
    assert msgspec.structs.replace(flawed, flaw=None) == sound


def test_to_fix_one_parameter_leaves_the_others_as_they_were() -> None:
    """Or a seed that fails could not be narrowed down."""
    scenario = load("default")
    repair = {**scenario.policy, "read_repair": "none"}
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
        assert few[0].faults
        assert [fault for fault in many[0].faults if fault.id != "f4"] == few[0].faults


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_a_scenario_that_says_nothing_has_the_defaults_of_the_policy() -> None:
    plan, _ = draw(Scenario(), "x", 1)
    assert plan.policy == Policy()


def test_levels_stand_for_their_counts() -> None:
    text = ABOUT + '[cluster]\nnodes = 5\nn = 5\nr = ["ONE", "TWO"]\nw = ["QUORUM", "ALL"]\n'
    scenario = msgspec.toml.decode(text.encode(), type=Scenario)
    plans = [draw(scenario, "x", seed) for seed in SEEDS]
    assert {plan.cluster.r for plan, _ in plans} == {1, 2}
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
    ("[cluster]\nnodes = 1\nn = 1", "faults.kinds: isolate needs 2 nodes or more", "there are never more than 1"),
    ('[faults]\nkinds = ["kill", "ring"]', "faults.kinds: ring needs 4 nodes or more", "never more than 3"),
    (
        '[cluster]\nnodes = "3..5"\n[faults]\nkinds = ["ring"]',
        "faults.kinds: there may be 3 nodes only, and ring need more",
        "add a kind that needs fewer",
    ),
    ("[faults]\ncount = []", "faults.count: a choice of nothing", "at least one value"),
    ("[faults]\ncount = 201", "faults.count: 201 is too much", "200 is the most"),
    ("[faults]\nswarm = 1", "faults.swarm: this is a whole number", "write true or false"),
    ('[cluster]\nw = "ONE"\n[faults]\nkinds = ["wipe"]', "faults.kinds: no wipe, for one copy is enough", "add a kind"),
    ('[phases]\ndown = 1\n[faults]\nkinds = ["wipe"]', "faults.kinds: no wipe, for r", "stay down; add a kind"),
    ('[phases]\ndown = "x"', "phases.down: 'x' is no such value", "write a count"),
    ('[cluster]\nnodes = 3\nn = 2\nr = "THREE"', "cluster.r: R = 3 with N = 2", "1 to 2 are possible"),
    (
        '[cluster]\nn = "2..3"\n[workload]\nwrite_levels = ["ONE", "THREE"]',
        "workload.write_levels: THREE with n = 2, which a seed may draw",
        "draw more copies, or leave the level out",
    ),
    ('[workload]\nmix = "churm"', "workload.mix: 'churm' is not possible here", "did you mean 'churn'?"),
    ("[workload]\nvalue_bytes = 100_001", "workload.value_bytes: 100001 is too much", "100000 is the most"),
    ('[policy]\nhints = "handof"', "policy.hints: 'handof' is not possible here", "did you mean 'handoff'?"),
    ("[policy]\ngrace = 0", "policy.grace: 0 is too little", "1 ms is the least"),
    ("[policy]\nhints_max = 0", "policy.hints_max: 0 is too little", "1 is the least"),
    ('[policy]\nround_jitter = "60%"', "policy.round_jitter: '60%' is too much", "50 % is the most"),
    ('[faults]\ncount = 0\nlength = "no"', "faults.length: 'no' is no such value", "write a duration"),
    (
        '[workload]\ndistribution = "zip"',
        "workload.distribution: 'zip'",
        "allowed: uniform, zipf, hot-cold, sequential; did you mean 'zipf'?",
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


JUNK = st.one_of(
    st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=4), st.just([]), st.just({}),
    st.sampled_from(["5", "0..3", "1ms", "2..1", "50%", "kill", "wipe", "ring", "ONE", ["kill", "x"], [1, "0..2"]]),
)  # fmt: skip


@settings(max_examples=150)
@given(st.data(), JUNK, st.integers(-(2**63), 2**63))
def test_a_spoilt_scenario_draws_a_plan_or_is_refused_and_nothing_else(
    data: st.DataObject, junk: object, seed: int
) -> None:
    """No error of another type may come out, and none without its place."""
    name = data.draw(st.sampled_from(NAMES))
    spoilt = tomllib.loads(built_in()[name])
    table = data.draw(st.sampled_from(sorted(TABLES)))
    key = data.draw(st.sampled_from(TABLES[table]))
    spoilt.setdefault(table, {})[key] = junk
    try:
        plan, _ = draw(convert(spoilt, Scenario, "mine"), "mine", seed)
    except Wrong as wrong:
        assert wrong.place.startswith("mine")
    else:
        check(plan, "mine")


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
    with pytest.raises(
        Wrong, match=r"--flaw: 'skip-repair' is no flaw; .* such as skips-repair, .*; did you mean 'skips-repair'\?"
    ):
        draw(load("calm"), "calm", 1, "skip-repair")


def test_of_very_many_words_the_nearest_are_told() -> None:
    told = near("word-31x", [f"word-{number}" for number in range(1, 80)])
    assert re.fullmatch(r"79 are allowed, such as (word-\d+, ){4}word-\d+; did you mean 'word-31'\?", told)
    assert near("b", ["a", "b2"]) == "allowed: a, b2; did you mean 'b2'?"
