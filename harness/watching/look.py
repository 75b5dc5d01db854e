"""A run as lines for a terminal of some width and height."""

from collections.abc import Iterable

from rich.text import Text

from harness.progress import State
from harness.report.lines import safe, wrapped
from harness.watching.model import FaultNow, Replica, Shown

LABEL = 14
FAULTS_MAX = 4
LINES_MAX = 2  # of one list
BAR_MAX = 24
STYLES: dict[State | None, str] = {
    "up": "green",
    "paused": "bold yellow",
    "starting": "cyan",
    "bootstrapping": "cyan",
    "down": "bold red",
    "wiped": "bold red",
    None: "dim",
}


def lines(shown: Shown, width: int, height: int, behind_s: float = 0.0) -> list[Text]:
    """No more than `height`, and none longer than `width`: what is told last goes first, then replicas that are up."""
    head, facts = _head(shown, width), _facts(shown, width, behind_s)
    room = height - len(head) - len(facts)
    replicas = _replicas(shown.replicas, width, max(room, 2))
    news = [Text(safe(each), "dim") for each in shown.news]
    left = max(0, room - len(replicas))
    told = [*head, *replicas, *facts, *news[len(news) - min(left, len(news)) :]]
    for line in told:
        line.truncate(width, overflow="ellipsis")
    return told[:height]


def _head(shown: Shown, width: int) -> list[Text]:
    title = Text.assemble((safe(shown.scenario), "bold"), f"  seed {shown.seed}   ", (shown.phase, "bold"))
    if shown.phase == "unrest":
        title.append(f" {shown.at_s:.1f} of {shown.unrest_s:.1f} s")
    elif shown.phase != "starting":
        title.append(f", {shown.at_s:.1f} s")
    done = f"{shown.done:,} of {shown.operations:,} operations"
    share = min(1.0, shown.done / shown.operations) if shown.operations else 1.0
    full = max(0, min(BAR_MAX, width - len(done) - 2))
    bar = Text.assemble(("━" * round(full * share), "green"), ("─" * (full - round(full * share)), "dim"), f"  {done}")
    return [title, bar]


def _replicas(replicas: list[Replica], width: int, room: int) -> list[Text]:
    """If there is no room for all, those that are not up go first."""
    name = max(4, min(width // 3, max(len(each.name) for each in replicas)))
    head = Text(f"{'node':{name}}  {'state':13}  {'CPU':>6}  {'memory':>8}  {'hints':>6}", "dim")
    chosen = replicas
    if len(replicas) > room - 1:
        chosen = sorted(replicas, key=lambda each: each.state == "up")[: max(1, room - 2)]
    rows = [_replica(each, name) for each in chosen]
    left = len(replicas) - len(chosen)
    return [head, *rows, *([Text(f"and {left} more", "dim")] if left else [])]


def _replica(each: Replica, name: int) -> Text:
    cpu = "·" if each.cpu is None else f"{100 * each.cpu:.0f} %"
    memory = "·" if each.rss_bytes is None else f"{each.rss_bytes / 1e6:,.0f} MB"
    hints = "·" if each.hints is None else f"{each.hints:,}"
    state = each.state or "·"
    return Text.assemble(
        f"{safe(each.name)[:name]:{name}}  ",
        (f"{state:13}", STYLES[each.state]),
        f"  {cpu:>6}  {memory:>8}  {hints:>6}",
    )


def _facts(shown: Shown, width: int, behind_s: float) -> list[Text]:
    told = _labelled("links cut", _joined(shown.cut), width, "bold red" if shown.cut else "")
    if shown.slowed:
        told += _labelled("links slowed", _joined(shown.slowed), width, "yellow")
    told += _labelled("operations/s", _rates(shown), width)
    told += _labelled("latency", _latencies(shown), width)
    late = f", as of {behind_s:.1f} s ago" if behind_s >= 1 else ""
    apart = "·" if shown.apart is None else f"{shown.apart:,} of {shown.keys:,}{late}"
    told += _labelled("keys apart", apart, width, "yellow" if shown.apart else "")
    for fault in shown.faults[:FAULTS_MAX]:
        told += _labelled("fault", _fault(fault), width, "magenta")
    if len(shown.faults) > FAULTS_MAX:
        told += _labelled("", f"and {len(shown.faults) - FAULTS_MAX} more faults", width)
    if shown.mending is not None:
        why = f": {shown.mending.pending}" if shown.mending.pending else ""
        told += _labelled("mending", f"{shown.mending.rounds} of at most {shown.mending.of} rounds{why}", width)
    if shown.pending:
        told += _labelled("not mended", shown.pending, width, "yellow")
    return told


def _rates(shown: Shown) -> str:
    if shown.rates is None:
        return "·"
    return ", ".join(f"{rate:,.1f} {outcome}" for outcome, rate in shown.rates.items())


def _latencies(shown: Shown) -> str:
    if shown.p50_ms is None or shown.p99_ms is None:
        return "·"
    return f"p50 {shown.p50_ms:,.1f} ms, p99 {shown.p99_ms:,.1f} ms"


def _fault(fault: FaultNow) -> str:
    state = f"{fault.left_s:.1f} s left" if fault.applied else "could not be seen to be applied"
    return f"{fault.name} {fault.kind} {' '.join(fault.targets)}, {state}: {fault.does}"


def _joined(links: Iterable[str]) -> str:
    return ", ".join(links) or "none"


def _labelled(label: str, value: str, width: int, style: str = "") -> list[Text]:
    """What needs more than a few lines is cut."""
    folded = wrapped(f"{label:{LABEL}}{safe(value)}", width, LABEL)
    if len(folded) > LINES_MAX:
        folded = [*folded[: LINES_MAX - 1], folded[LINES_MAX - 1][: width - 1] + "…"]
    return [Text.assemble((line[:LABEL], "dim"), (line[LABEL:], style)) for line in folded]
