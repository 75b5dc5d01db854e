"""What a suite has to say to whoever has a few lines: its end in one, and the beginning of a story."""

from harness.report.lines import brief, fold
from harness.result import Result
from harness.suite import Order

LINES_MAX = 14
LINE_MAX = 1_000  # before it is folded
WIDTH = 96
_TABLE = "   t (s)"


def headline(order: Order, result: Result) -> str:
    total, broken = len(order.seeds), result.reports.counts["violated"] - len(result.known)
    if broken:
        ended = f"{broken:,} of {total:,} seeds broke a promise"
    elif result.errors:
        ended = f"{len(result.errors):,} of {total:,} seeds could not be performed"
    elif result.fixed:
        ended = "a known failure did not happen: it must go from its file"
    elif result.verdict() == "unknown":
        ended = (
            f"inconclusive: {result.reports.counts['unknown'] + len(result.not_run):,} of {total:,} seeds show nothing"
        )
    else:
        ended = f"all {total:,} seeds held" + (", but for known failures" if result.known else "")
    return f"{order.scenario}, {order.stage}: {ended}"


def head(story: str) -> str:
    """Up to its table: what broke, its cause, the rule, and the faults before it."""
    before = story.partition(f"\n{_TABLE}")[0].splitlines()
    told = [brief(line, LINE_MAX) for line in before if not line.startswith("  Reproduce: ")]
    return "\n".join(fold("\n".join(told), WIDTH).splitlines()[:LINES_MAX])
