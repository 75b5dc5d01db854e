"""A plan written as a pytest regression test that a person can read and edit."""

import json
import os
import re
import textwrap
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec

from harness import plan as plans
from harness.faults.kinds import MS, Fault
from harness.plan import LOST, Disk, Network, Plan
from harness.reproduce.shrink import Shrunk
from harness.run import find_run
from harness.wrong import Wrong
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from workloads.operations import Operation

_WIDTH = 120
_STORY_LINES = 6


def check(path: Path, what: str) -> None:
    """Refuses, before anything is tried, a file that could not be written, and a run that no test could repeat."""
    if plans.read(find_run(what) / "plan.json").system is not msgspec.UNSET:
        remedy = "leave it out: `urushi replay` performs the plan of the smallest run"
        raise Wrong("--as-test", "such a test runs in the simulation, which performs our own store alone", remedy)
    if not fnmatch(path.name, "test_*.py"):
        raise Wrong("--as-test", f"pytest would not collect {path}", "write a name such as test_regression.py")
    if path.exists():
        raise Wrong("--as-test", f"{path} is there already", "take another name, or remove it")
    if not path.parent.is_dir():
        raise Wrong("--as-test", f"there is no folder {path.parent}", "make it first")
    if not os.access(path.parent, os.W_OK):
        raise Wrong("--as-test", f"nothing can be written into {path.parent}", "take another folder")


def write(shrunk: Shrunk, path: Path) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:  # also refuses what has come meanwhile
            file.write(text(shrunk))
    except OSError as problem:
        what = f"{path} cannot be written: {problem.strerror}"
        again = f"urushi shrink {shrunk.report.id} --as-test"
        raise Wrong("--as-test", what, f"`{again} ANOTHER.py` makes it of the result") from None


def text(shrunk: Shrunk) -> str:
    plan = shrunk.plan
    name = re.sub(r"\W+", "_", shrunk.property)
    return f'''"""{_about(shrunk)}"""

{_imports(plan)}

PLAN = {_plan(plan)}


def test_{name}() -> None:
    outcome = outcome_of(PLAN, {_word(shrunk.property)})
    assert outcome.holds, outcome.story
'''


def _about(shrunk: Shrunk) -> str:
    """The story's lines up to its table, without the title."""
    title = f"{shrunk.property.capitalize()}: the smallest plan that broke it, from run {shrunk.original}."
    story = next((each for each in shrunk.report.stories if f"VIOLATED  {shrunk.property} " in each), "")
    told: list[str] = []
    for line in story.splitlines()[1:]:
        if line.lstrip().startswith(("t (s)", "Reproduce:")) or len(told) >= _STORY_LINES:
            break
        told += textwrap.wrap(line.strip(), _WIDTH - 10)
    body = "\n".join(told).replace("\\", "\\\\").replace('"""', "'''")
    return f"{title}\n\n{body}\n" if body else title


def _imports(plan: Plan) -> str:
    lines = ["from harness.faults.kinds import Fault"] if plan.faults else []
    lines += [
        f"from harness.plan import FORMAT, {'LOST, ' if LOST in plan.fates.values() else ''}MS, Disk, Network, Plan",
        "from harness.reproduce.regression import outcome_of",
        "from replicas.store.policy import Policy",
        "from replicas.store.settings import Cluster, Node",
    ]
    lines += ["from workloads.operations import Operation"] if plan.operations else []
    return "\n".join(lines)


def _plan(plan: Plan) -> str:
    lines = [
        "format=FORMAT",
        f"seed={plan.seed}",
        f"scenario={_word(plan.scenario)}",
        f"cluster={_cluster(plan.cluster)}",
        f"policy={_struct(plan.policy, Policy())}",
        f"network={_struct(plan.network, Network())}",
        f"disk={_struct(plan.disk, Disk())}",
        f"operations={_list([_operation(each) for each in plan.operations])}",
        f"faults={_list([_fault(each) for each in plan.faults])}",
        f"unrest_ns={_time(plan.unrest_ns)}",
        f"mend_rounds_max={plan.mend_rounds_max}",
        f"client_timeout_ns={_time(plan.client_timeout_ns)}",
    ]
    lines += [f"down={_literal(plan.down)}"] if plan.down else []
    lines += [f"starts_ns={_literal(plan.starts_ns)}"] if plan.starts_ns else []
    lines += [f"fates={_fates(plan.fates)}"] if plan.fates else []
    if plan.flaw is not None:
        lines += [f"# It stands for the bug: without it the test is green.\n    flaw={_word(plan.flaw)}"]
    return "Plan(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _operation(each: Operation) -> str:
    parts = [str(each.id), _time(each.at_ns), *(_word(word) for word in (each.client, each.node, each.kind, each.key))]
    parts += [_word(each.value)] if each.value is not None else []
    parts += [f"level={_word(each.level)}"] if each.level is not None else []
    return f"Operation({', '.join(parts)})"


def _fault(each: Fault) -> str:
    parts = [_word(each.id), _word(each.kind), _literal(each.targets), _time(each.start_ns), _time(each.end_ns)]
    parts += [_literal(each.parameters)] if each.parameters else []
    return f"Fault({', '.join(parts)})"


def _cluster(cluster: Cluster) -> str:
    nodes = [_struct(node, Node(node.name), [_word(node.name)]) for node in cluster.nodes]
    plain = Cluster(cluster.nodes, cluster.n, cluster.r, cluster.w)
    counts = [f"{name}={count}" for name, count in (("n", cluster.n), ("r", cluster.r), ("w", cluster.w))]
    return _struct(cluster, plain, [f"[{', '.join(nodes)}]", *counts])


def _struct(struct: Any, plain: Any, first: list[str] | None = None) -> str:
    """Only what is not so by default; a field to a line where one line is too short for all."""
    differing = {name: value for name, value in msgspec.structs.asdict(struct).items() if value != getattr(plain, name)}
    parts = list(first or [])
    for field, value in differing.items():
        parts.append(f"{field}={_time(value) if field.endswith('_ns') else _literal(value)}")
    name = type(struct).__name__
    line = f"{name}({', '.join(parts)})"
    if len(line) <= _WIDTH - 20:
        return line
    return f"{name}(\n" + "".join(f"        {part},\n" for part in parts) + "    )"


def _list(lines: list[str]) -> str:
    return "[\n" + "".join(f"        {line},\n" for line in lines) + "    ]" if lines else "[]"


def _fates(fates: dict[str, int]) -> str:
    return "{\n" + "".join(f"        {_word(cause)}: {_fate(fate)},\n" for cause, fate in fates.items()) + "    }"


def _fate(fate: int) -> str:
    return "LOST" if fate == LOST else f"{fate:_}"


def _time(ns: int) -> str:
    return f"{ns // MS} * MS" if ns and ns % MS == 0 else f"{ns:_}"


def _word(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
