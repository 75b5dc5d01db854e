"""What went wrong, without the names: the cause that a story tells, so that a thousand failures of one kind are one."""

import re

from checkers.history import History
from checkers.verdict import Violation
from harness.faults.kinds import Fault
from harness.plan import Plan
from harness.report.case import Case
from harness.report.causes import cause_of
from harness.report.story import key_of
from workloads.operations import Operation

_ASIDE = re.compile(r"\s*\([^()]*\)")
_FAULT = re.compile(r",? while \S+ was on|,? and so were \d+ later ones|^\S+ ended at .*$")
_WHEN = re.compile(r",?(?: sent)? at \d+\.\d+ s| from \d+\.\d+ s on")
_ORDERED = re.compile(r" by order of [^,]+")
_UNHEARD = re.compile(r"the (?:answer of|question to) ")  # why others were not heard: it differs from run to run
_NUMBER = re.compile(r"(?:✝ )?\bv?\d[\d.,/]*")
_VALUE = re.compile(r'"[^"]*"')
_MANY = re.compile(r"…(?:(?:,| →| and|,? and)? ?…)+")


def mechanism_of(plan: Plan, history: History, promise: str, violation: Violation) -> str:
    """Where no cause was found, the rule that was broken."""
    key = violation.key if violation.key is not None else key_of(history, violation)
    cause = cause_of(Case(plan, history, key or ""), promise, violation)
    return without_names(plan, cause.text) or f"no cause was found: {violation.rule}"


def without_names(plan: Plan, text: str) -> str:
    """Also without moments, numbers and faults; what is said twice is said once."""
    names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, _names(plan)))})(?:[./][\w./]+)?(?!\w)")
    clauses = [plain for clause in text.removesuffix(".").split("; ") if (plain := _plain(clause, names))]
    told = [clause for clause in clauses if not _UNHEARD.match(clause)] or clauses
    return "; ".join(dict.fromkeys(told))


def _names(plan: Plan) -> list[str]:
    """The longest first, so that `r10` is not taken for `r1`."""
    keys = {operation.key for operation in plan.operations}
    clients = {operation.client for operation in plan.operations}
    names = {*plan.cluster.names(), *(fault.id for fault in plan.faults), *keys, *clients}
    return sorted(names, key=lambda name: (-len(name), name))


def _plain(clause: str, names: re.Pattern[str]) -> str:
    while (shorter := _ASIDE.sub("", clause)) != clause:
        clause = shorter
    for gone in (_FAULT, _WHEN, _ORDERED):
        clause = gone.sub("", clause)
    for name in (_VALUE, names, _NUMBER):
        clause = name.sub("…", clause)
    return " ".join(_MANY.sub("…", clause).split())


def shape_of(plan: Plan) -> str:
    """How many operations and faults it has of each kind: `1 delete, 2 put; 1 halves`."""
    parts = [", ".join(_counted(plan.operations)), ", ".join(_counted(plan.faults))]
    return "; ".join(part for part in parts if part)


def _counted(things: list[Operation] | list[Fault]) -> list[str]:
    kinds = sorted(thing.kind for thing in things)
    return [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
