"""What a checker says: a property holds, is violated (with evidence) or is unknown (with the reason)."""

from typing import Literal

import msgspec

Outcome = Literal["holds", "violated", "unknown"]


class Violation(msgspec.Struct, frozen=True):
    """One broken rule. `events` are the `seq` numbers of the events that prove it, in order."""

    key: str | None
    rule: str
    events: list[int]
    summary: str


class Verdict(msgspec.Struct, frozen=True):
    """`checked` counts what the checker looked at: a verdict over nothing must not look like a proof."""

    property: str
    outcome: Outcome
    reason: str = ""
    checked: int = 0
    violations: list[Violation] = []


def conclude(name: str, violations: list[Violation], checked: int, unknown: str = "") -> Verdict:
    """A violation outweighs a reason not to know: it was seen."""
    if violations:
        return Verdict(name, "violated", violations[0].summary, checked, violations)
    if unknown:
        return Verdict(name, "unknown", unknown, checked)
    return Verdict(name, "holds", "", checked)
