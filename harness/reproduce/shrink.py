"""A run that broke a promise, shrunk: the smallest plan that still breaks it, performed once and linked both ways."""

from pathlib import Path

import msgspec

from harness import plan as plans
from harness.judging import judge
from harness.plan import Plan
from harness.reproduce.replay import history_of, stored
from harness.reproduce.search import Watch
from harness.reproduce.smallest import Smallest, Stopped, smallest
from harness.reproduce.witness import in_simulation, on_processes
from harness.run import Prefer, Report, Stage, find_run, require_levers, run
from harness.wrong import Wrong, near

TO, FROM = "shrunk-to.json", "shrunk-from.json"  # in the folder of the original, in that of the result


class Link(msgspec.Struct, frozen=True):
    """`operations` and `faults` count those of the result. `minimal`: each of them was left out, and then the promise
    was kept. `stopped` says what ended the search before it was done."""

    run: str
    original: str
    property: str
    operations: int
    faults: int
    operations_before: int
    faults_before: int
    minimal: bool
    tried: int
    stopped: Stopped | None


class Shrunk(Link, frozen=True):
    """What `--json` prints. `report` is of the one run of the smallest plan that is kept."""

    plan: Plan
    report: Report

    def words(self) -> str:
        now = f"{_count(self.operations, 'operation')}, {_count(self.faults, 'fault')}"
        return f"Smallest plan: {now} (from {self.operations_before} and {self.faults_before})."

    def proof(self) -> str:
        all_tried = "Nothing in it can be left out: without any one operation or fault the promise is kept"
        said = all_tried if self.minimal else "It may be that something in it can be left out"
        early = {"budget": "; the budget was used up", "Ctrl-C": "; stopped by Ctrl-C", None: ""}[self.stopped]
        return f"{said} ({self.tried} plans tried{early})."


class Order(msgspec.Struct, frozen=True):
    """What was asked for. `promise`: by default the one that went wrong first; `stage`: that of the run. On processes a
    plan counts if it breaks the promise in `needed` of `tries` runs."""

    promise: str | None = None
    stage: Stage | None = None
    budget_s: float = 60.0
    tries: int = 3
    needed: int = 2
    proxy: Prefer = "auto"


def shrink(what: str, order: Order, watch: Watch) -> Shrunk:
    if order.tries < 1:
        raise Wrong("--tries", f"{order.tries} runs show nothing", "write 1 or more")
    if not 1 <= order.needed <= order.tries:
        raise Wrong("--needed", f"{order.needed} of {order.tries} tries", f"1 to {order.tries} (--tries) are possible")
    folder = find_run(what)
    original = _that_failed(folder)
    plan = plans.read(folder / "plan.json")
    broken = _broken_first(plan, folder)
    chosen = _chosen(original, broken, order.promise)
    stage = order.stage or original.stage
    require_levers(plan, stage)
    if stage == "simulation":
        breaks = in_simulation(chosen)
    else:
        breaks = on_processes(chosen, order.tries, order.needed, order.proxy)
    found = smallest(plan, breaks, order.budget_s, watch)
    if found is None:
        raise _not_seen_again(original, chosen, stage, order)
    report = _perform(found.plan, chosen, stage, order)
    return _linked(folder, plan, found, chosen, report)


def _that_failed(folder: Path) -> Report:
    report, place = stored(folder), f"run {folder.name}"
    if report is None:
        raise Wrong(place, "it has no verdict: it did not end", f"`urushi replay {folder}/plan.json` performs it again")
    if report.verdict == "holds":
        raise Wrong(place, "it held: no promise was broken, so there is nothing to shrink", "take one that is red")
    if report.verdict == "unknown":
        what = f"it was inconclusive ({'; '.join(report.reasons)}), and no promise was broken"
        raise Wrong(place, what, "take one that is red")
    return report


def _broken_first(plan: Plan, folder: Path) -> list[str]:
    """The promises that the recorded history breaks, in the order in which they went wrong."""
    history = history_of(folder)
    broken = [promise for promise in judge(plan, history) if promise.outcome == "violated"]
    return [each.property for each in sorted(broken, key=lambda each: each.measured.violations[0].events[-1])]


def _chosen(original: Report, broken: list[str], promise: str | None) -> str:
    if not broken:
        what = "its history breaks no promise by the checkers of this version of Urushi"
        raise Wrong(f"run {original.id}", what, f"`urushi check {original.id}` says more")
    if promise is not None and promise not in broken:
        raise Wrong("--promise", f"the run did not break {promise!r}", near(promise, broken))
    return promise or broken[0]


def _not_seen_again(original: Report, chosen: str, stage: Stage, order: Order) -> Wrong:
    place = f"run {original.id}"
    if stage == "processes":
        what = f"its plan broke {chosen!r} in fewer than {order.needed} of {order.tries} runs on processes"
        return Wrong(place, what, f"raise --tries, or let `urushi pin {original.id}` search the simulator for it")
    if original.stage == "processes":
        what = f"it broke {chosen!r} on processes, and it does not break in the simulation"
        return Wrong(place, what, f"`urushi pin {original.id}` searches for it; or leave out --stage simulation")
    what = f"its plan does not break {chosen!r} any more"
    return Wrong(place, what, f"has the store been mended? `urushi replay {original.id}` shows what differs")


def _perform(plan: Plan, chosen: str, stage: Stage, order: Order) -> Report:
    """On processes again, if it did not fail this time."""
    for _ in range(order.tries if stage == "processes" else 1):
        report = run(plan, stage, proxy=order.proxy)
        if report.promises[chosen].verdict == "violated":
            break
    return report


def _linked(folder: Path, before: Plan, found: Smallest, chosen: str, report: Report) -> Shrunk:
    link = Link(
        run=report.id,
        original=folder.name,
        property=chosen,
        operations=len(found.plan.operations),
        faults=len(found.plan.faults),
        operations_before=len(before.operations),
        faults_before=len(before.faults),
        minimal=found.minimal,
        tried=found.tried,
        stopped=found.stopped,
    )
    text = msgspec.json.format(msgspec.json.encode(link), indent=1) + b"\n"
    (folder / TO).write_bytes(text)
    (Path(report.folder) / FROM).write_bytes(text)
    return Shrunk(**msgspec.structs.asdict(link), plan=found.plan, report=report)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
