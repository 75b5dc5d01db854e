"""The story of a violation: what happened, why, and which rule it broke, in lines enough for a first look."""

import re
from itertools import chain

from msgspec import UNSET

from checkers.facts import gather
from checkers.history import History, Life, Version
from checkers.verdict import Violation
from checkers.words import seconds
from harness.plan import Plan
from harness.promises import Promise
from harness.report.backwards import lost_with
from harness.report.case import Case, Span
from harness.report.causes import Cause, cause_of
from harness.report.keytable import nearest, render, rows
from harness.report.lines import brief, safe
from harness.report.rules import figures

ROWS_MAX = 14
LINES_MAX = 20  # of the table: rows, those that were wrapped, and gaps
FAULTS_MAX = 5
WIDTH = 110  # of the table; a narrower terminal folds it

_LONG_NAME = re.compile(r"v(\d+)\.([\w.~+@-]*\w)")


def tell(plan: Plan, history: History, promise: Promise, reproduce: str) -> str:
    """The first violation in full; the others are counted."""
    violation = promise.measured.violations[0]
    key = violation.key if violation.key is not None else key_of(history, violation)
    case = Case(plan, history, key or "")
    lines = [_title(plan, promise, violation), *told(case, promise.property, violation)]
    if key is not None:
        lines += _table(case, violation, cause_of(case, promise.property, violation))
    more = len(promise.measured.violations) - 1
    if more:
        lines.append(f"  And {more} more of the same promise.")
    lines.append(f"  Reproduce:  {reproduce}")
    return "\n".join(safe(line) for line in lines)


def told(case: Case, name: str, violation: Violation) -> list[str]:
    """What happened, its cause, the rule that was broken, and the faults before it."""
    cause, numbers = cause_of(case, name, violation), figures(case, violation)
    return [
        f"  {summary(case, violation)}.",
        *([f"  Cause: {cause.text}"] if cause.text else []),
        f"  Rule broken: {violation.rule}{f' ({numbers})' if numbers else ''}.",
        *_faults_before(case, violation),
    ]


def policy_words(plan: Plan) -> str:
    if plan.system is not UNSET:
        return f"system {plan.system.file}"
    policy = plan.policy
    purge = f"by grace of {policy.grace_ns / 1e9:g} s" if policy.purge == "grace" else policy.purge
    parts = [f"read repair {policy.read_repair}", f"anti-entropy {policy.anti_entropy}", f"purge {purge}"]
    return ", ".join(["hinted handoff", *parts] if policy.hints == "handoff" else parts)


def cluster_words(plan: Plan) -> str:
    cluster = plan.cluster
    if plan.system is not UNSET:
        return " ".join(cluster.names())
    return f"{' '.join(cluster.names())} (N={cluster.n} R={cluster.r} W={cluster.w})"


def key_of(history: History, violation: Violation) -> str | None:
    """Of a violation that is about no single key, one that shows it: a change that was lost with a commit."""
    for event in history.events:
        if event.seq in violation.events and isinstance(event, Life):
            lost = lost_with(gather(history), event)
            return lost[-1].key if lost else None
    return None


def summary(case: Case, violation: Violation) -> str:
    """In the short names of versions, and of a long key only its start."""
    text = violation.summary.replace(case.key, brief(case.key)) if case.key else violation.summary
    return _LONG_NAME.sub(lambda found: case.names.get(Version(int(found[1]), found[2]), found[0]), text)


def _title(plan: Plan, promise: Promise, violation: Violation) -> str:
    key = f"key {brief(violation.key)}   " if violation.key is not None else ""
    flaw = f"   flaw {plan.flaw}" if plan.flaw else ""
    return f"VIOLATED  {promise.property}   {key}{policy_words(plan)}   {cluster_words(plan)}{flaw}"


def _faults_before(case: Case, violation: Violation) -> list[str]:
    """Faults that were on at some time up to the last event of the evidence, latest last."""
    end = case.time(max(violation.events, default=0))
    spans = [span for span in case.spans if span.start <= end]
    left = len(spans) - FAULTS_MAX
    told = [_span_words(span, end) for span in spans[-FAULTS_MAX:]]
    if not told:
        return []
    return [f"  Faults before it: {f'{left} earlier ones; ' if left > 0 else ''}{'; '.join(told)}."]


def _span_words(span: Span, end: int) -> str:
    over = span.end is not None and span.end <= end
    until = f"until {seconds(span.end or 0)}" if over else "and still on"
    return f"{span.id} {span.what()} from {seconds(span.start)} {until}"


def _table(case: Case, violation: Violation, cause: Cause) -> list[str]:
    """The evidence and what the cause rests on are never left out."""
    every = rows(case, chain(violation.events, cause.events))
    proof = sum(row.proof for row in every)
    most = max(ROWS_MAX, proof)
    lines = render(case, nearest(every, most), every, WIDTH, faults=False)
    while len(lines) > LINES_MAX and most > proof:
        most -= 1
        lines = render(case, nearest(every, most), every, WIDTH, faults=False)
    return lines
