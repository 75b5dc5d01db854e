"""One run: a plan performed on a stage, checked, judged, and left in a folder of its own."""

import os
import secrets  # noqa: TID251 - a run's id is a name, not a draw: it stays out of plan and digest
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import msgspec

from checkers import divergence as divergences
from checkers import files
from checkers import staleness as readings
from checkers.facts import gather
from checkers.history import Fault as FaultEvent
from checkers.history import History, Metrics
from harness import figures, samples
from harness import plan as plans
from harness.faults.kinds import touched
from harness.faults.table import KINDS
from harness.header import RULES
from harness.judging import cut_short, judge
from harness.levers import LEVERS, PROVIDED_BY, STAGE_LEVERS
from harness.plan import Plan
from harness.promises import Outcome, Promise, faults_not_applied, not_whole, nothing_done, overall
from harness.report.story import tell
from harness.samples import Sample
from harness.systems import owning
from harness.wrong import Wrong

Stage = Literal["processes", "simulation"]
Prefer = Literal["auto", "toxiproxy", "stand-in"]

RUNS = Path(".urushi/runs")
NODES_MAX = 28  # each pair has two links and each node a door: more would leave the block's ports
EXIT_CODES = {"holds": 0, "violated": 1, "unknown": 3}


class FaultReport(msgspec.Struct, frozen=True):
    """`bit` counts the messages and operations that the fault kept from getting through, or slowed."""

    id: str
    kind: str
    targets: list[str]
    start_s: float
    end_s: float
    applied: bool
    evidence: str
    bit: int
    parameters: dict[str, int] = {}


class PromiseReport(msgspec.Struct, frozen=True):
    """`keys` are those of the violations, in the order of the evidence."""

    verdict: Outcome
    why: str
    checked: int
    measured: str
    violations: int
    keys: list[str]


class Report(msgspec.Struct, frozen=True):
    """What `--json` prints and `verdict.json` holds. `drawn` is empty for a plan that was not drawn here; `down` are
    the nodes that were left down in the mend phase; `metrics` are what each node had counted since its last start when
    it was last asked; `latency_ms` counts from the planned time to the answer, so that a stall shows, of operations
    that succeeded. `folder` is empty when it was not kept. `rules` are those by which the simulator performed it: what
    other rules performed cannot be expected to be identical. `staleness` and `divergence` are measured, whatever was
    promised; without an audit there is no divergence."""

    id: str
    seed: int
    scenario: str
    stage: Stage
    proxy: str | None
    flaw: str | None
    digest: str
    verdict: Literal["holds", "violated", "unknown"]
    reasons: list[str]
    promises: dict[str, PromiseReport]
    faults: list[FaultReport]
    operations: dict[str, int]
    settled_s: float | None
    folder: str
    drawn: dict[str, str]
    stories: list[str]
    down: list[str] = []
    metrics: dict[str, dict[str, int]] = {}
    latency_ms: dict[str, float] = {}
    rules: int = 1
    staleness: readings.Staleness | None = None
    divergence: divergences.Divergence | None = None
    system: str | None = None

    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def new_id() -> str:
    return secrets.token_hex(4)


def require_levers(plan: Plan, stage: Stage) -> None:
    """A plan that needs a lever which the stage or the system lacks, or room, is refused before anything starts."""
    if plan.system is not msgspec.UNSET:
        owning.require(plan.system, plan, stage)
    count = len(plan.cluster.nodes)
    if stage == "processes" and count > NODES_MAX:
        what = f"{count} nodes: a run has addresses for the links of {NODES_MAX}"
        raise Wrong("cluster.nodes", what, "take fewer, or --stage simulation")
    for lever, user in plans.levers_of(plan).items():
        if lever not in STAGE_LEVERS[stage]:
            raise Wrong(
                f"--stage {stage}",
                f"{user} needs the lever {lever!r} ({LEVERS[lever]}), which this stage does not have",
                f"run it with --stage simulation; what could provide it here is {PROVIDED_BY[lever]}: not built yet",
            )


Say = Callable[[str], None]


def silent(_line: str) -> None:
    """For runs of which nobody follows the progress."""


def nobody_waits(_folder: Path) -> None:
    """For runs that nobody wants to find before they are over."""


def perform(
    plan: Plan,
    stage: Stage,
    folder: Path,
    proxy: Prefer,
    say: Say,
    *,
    measured: bool = False,
    simulated: list[Sample] | None = None,
) -> tuple[History, str | None]:
    """The stages are imported late: a simulated run needs no proxy client, a process run no simulator. `simulated` gets
    the samples of a run that may have no folder yet; those of a run on processes are in its folder."""
    if plan.system is not msgspec.UNSET:
        from harness.stages.processes import owned  # noqa: PLC0415 - see above

        return owned.perform(plan, plan.system, folder, proxy, say)
    if stage == "simulation":
        from harness.stages.simulation import stage as simulation  # noqa: PLC0415 - see above

        return simulation.perform(plan, measured=measured, samples=simulated), None
    from harness.stages.processes import stage as processes  # noqa: PLC0415 - see above

    return processes.perform(plan, folder, proxy, say, measured=measured)


def run(
    plan: Plan,
    stage: Stage,
    *,
    proxy: Prefer = "auto",
    runs: Path = RUNS,
    drawn: dict[str, str] | None = None,
    say: Say = silent,
    begun: Callable[[Path], None] = nobody_waits,
) -> Report:
    """`begun` is told the folder, before anything is performed."""
    require_levers(plan, stage)
    if stage == "processes":
        from harness.stages.processes.links.safety import choose  # noqa: PLC0415 - not for simulated runs

        choose(plan, proxy)  # Wrong, before there is a folder
    run_id = new_id()
    folder = runs / run_id
    try:
        folder.mkdir(parents=True)
    except (NotADirectoryError, FileExistsError, FileNotFoundError, PermissionError) as problem:
        raise Wrong(str(folder), f"no folder can be made there: {problem.strerror}", "run Urushi elsewhere") from None
    plans.write(plan, folder / "plan.json")
    begun(folder)
    simulated: list[Sample] = []
    history, proxy_used = perform(plan, stage, folder, proxy, say, simulated=simulated)
    if stage == "simulation":
        samples.write(simulated, folder)
    files.write(history, folder / "history.jsonl")
    report = assess(plan, history, folder, proxy=proxy_used, drawn=drawn or {})
    write_report(report, folder)
    return report


def write_report(report: Report, folder: Path) -> None:
    text = msgspec.json.format(msgspec.json.encode(report), indent=1)
    (folder / "verdict.json").write_bytes(text + b"\n")


def assess(plan: Plan, history: History, folder: Path, *, proxy: str | None, drawn: dict[str, str]) -> Report:
    """From the history alone: the same for a run that has just ended and for one read from its folder."""
    history = gather(history)
    promises = judge(plan, history)
    not_applied = faults_not_applied(plan, history) + nothing_done(history) + not_whole(history)
    not_applied += cut_short(plan, history)
    outcome = overall(promises, not_applied)
    stage: Stage = "simulation" if history.header.stage == "simulation" else "processes"
    reproduce = f"urushi replay {folder.name}"
    broken = [promise for promise in promises if promise.outcome == "violated"]
    broken.sort(key=lambda promise: promise.measured.violations[0].events[-1])  # what went wrong first
    unknown = [f"{promise.property}: {promise.why}" for promise in promises if promise.outcome == "unknown"]
    return Report(
        id=folder.name,
        seed=plan.seed,
        scenario=plan.scenario,
        stage=stage,
        proxy=proxy,
        flaw=plan.flaw,
        system=None if plan.system is msgspec.UNSET else plan.system.file,
        digest=files.digest(history),
        verdict=outcome,
        reasons=[f"{promise.property}: {promise.why}" for promise in broken] or [*not_applied, *unknown],
        promises={promise.property: _promise_report(promise) for promise in promises},
        faults=list(_fault_reports(plan, history)),
        operations=figures.outcomes(history),
        latency_ms=figures.latencies(plan, history),
        settled_s=figures.settled(history),
        folder=str(folder),
        drawn=drawn,
        stories=[tell(plan, history, promise, reproduce) for promise in broken],
        down=figures.down(history),
        rules=RULES,
        staleness=readings.measure(history) if plan.system is msgspec.UNSET else None,
        divergence=divergences.measure(history),
        metrics={event.node: event.values for event in history.events if isinstance(event, Metrics)},
    )


def _promise_report(promise: Promise) -> PromiseReport:
    measured = promise.measured
    keys = list(dict.fromkeys(violation.key or "" for violation in measured.violations))
    count = len(measured.violations)
    return PromiseReport(promise.outcome, promise.why, measured.checked, measured.outcome, count, keys)


def _fault_reports(plan: Plan, history: History) -> Iterable[FaultReport]:
    marks: dict[str, dict[str, FaultEvent]] = {}
    for event in history.events:
        if isinstance(event, FaultEvent):
            marks.setdefault(event.fault, {})[event.phase] = event
    end = history.events[-1].at if history.events else 0
    for fault in plan.faults:
        mark = marks.get(fault.id, {})
        start = mark.get("applied") or mark.get("not applied")
        healed = mark.get("healed")
        begun, over = (start.at if start else fault.start_ns), (healed.at if healed else end)
        actions = KINDS[fault.kind].actions(fault, plan.cluster.names())
        yield FaultReport(
            id=fault.id,
            kind=fault.kind,
            targets=fault.targets,
            start_s=begun / 1e9,
            end_s=over / 1e9,
            applied="applied" in mark,
            evidence=start.evidence if start else "it was never begun",
            bit=touched(actions, begun, over, history),
            parameters=fault.parameters,
        )


def find_run(name: str, runs: Path = RUNS) -> Path:
    """A run's folder, by its path, its id, the start of its id, or as the `last` that was begun."""
    if os.path.isfile(Path(name) / "plan.json"):  # noqa: PTH113 - a name too long is no run, and pathlib raises for it
        return Path(name)
    matches = [path for path in sorted(runs.glob("*/plan.json")) if path.parent.name.startswith(name)]
    if len(matches) == 1:
        return matches[0].parent
    if matches:
        raise Wrong("run", f"{name!r} is the start of {len(matches)} ids", "write more of it")
    plans_known = sorted(runs.glob("*/plan.json"), key=lambda path: path.stat().st_mtime)
    known = [path.parent for path in plans_known]
    if name == "last" and known:
        return known[-1]
    close = get_close_matches(name, [path.name for path in known], n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    latest = ", ".join(path.name for path in known[-5:]) or "none yet"
    raise Wrong("run", f"there is no run {name!r} in {runs}", f"{meant}the latest are: {latest}")
