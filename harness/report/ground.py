"""What disks and clocks had to do with it: clauses on damaged copies, refused commits and clocks that were off."""

from checkers.history import Change, Copy, Damage, Message, Version
from checkers.words import seconds
from harness.report.case import Case, Clause, Span

LATE_NS = 100_000_000  # a message that was held back for longer is remarkable


def rotten(case: Case, node: str, seq: int) -> Clause | None:
    """The copy of the key on this node was damaged by then, and what the node read was what had become of it."""
    about = [
        each for each in case.damages if each.node == node and each.key == case.key and each.seq <= seq
        if each.what in ("rotted", "read rotten", "unreadable", "healed")
    ]  # fmt: skip
    begun = next((each for each in reversed(about) if each.what in ("rotted", "unreadable")), None)
    read = next((each for each in reversed(about) if each.what == "read rotten"), None)
    if begun is None or begun.what != "rotted" or (read is None and about[-1].what == "healed"):
        return None
    fault = case.ailing(node, begun.at)
    by = f" by {fault.name()}" if fault else ""
    after = f", and read as it was at {seconds(read.at)}" if read else ""
    events = (begun.seq, *([read.seq] if read else []))
    return Clause(f"the copy of {node} was rotten from {seconds(begun.at)} on{by}{after}", events, at=begun.at)


def refused_commit(case: Case, change: Change) -> Clause | None:
    """The disk did not take the commit of this change."""
    failed = [each for each in case.damages if each.node == change.node and _hit(each, change)]
    if not failed:
        return None
    first, fault = failed[0], case.ailing(change.node, failed[0].at)
    what = {"lost": "lost", "torn": "torn"}.get(first.what, "refused")
    words = f"the commit of {change.node} with {case.short(change.new)} was {what} by its disk at {seconds(first.at)}"
    return Clause(f"{words}{f', while {fault.name()} was on' if fault else ''}", (change.seq, first.seq), at=first.at)


def _hit(damage: Damage, change: Change) -> bool:
    if damage.what == "failed":
        return damage.at == change.at
    return damage.what in ("lost", "torn") and damage.batch == change.batch and damage.seq > change.seq


def twice(case: Case, version: Version) -> list[Clause]:
    """One version for two writes: their coordinator forgot what it gave, its clock went back, or there were two."""
    writers = case.writers(Copy(version, dead=False, value=None))
    if len(writers) < 2:
        return []
    node, first, last = writers[0].node, writers[0], writers[-1]
    if any(invoke.node != node for invoke in writers):
        words = f"{node} and {last.node} gave op {first.op} and op {last.op} the same version"
        return [Clause(words, (first.seq, last.seq), at=last.at)] if last.node != node else []
    said = Clause(f"{node} gave op {first.op} and op {last.op} the same version", (first.seq, last.seq), at=last.at)
    ends = [
        life for life in case.facts.lives
        if life.node == node and first.seq < life.seq < last.seq and life.what != "started"
    ]  # fmt: skip
    between: list[Clause | None] = []
    if ends:
        fault = case.downing(node, ends[0].at)
        by = f" by {fault.name()}" if fault else ""
        between.append(Clause(f"{node} was {ends[0].what} at {seconds(ends[0].at)}{by}", (ends[0].seq,)))
    between.append(off(case, node, last.at))
    return [*(clause for clause in between if clause), said]


def off(case: Case, node: str, at: int) -> Clause | None:
    """The wall clock of a node was not right at this time."""
    fault = next((span for span in case.spans if node in span.clocks and span.is_on(at)), None)
    return Clause(f"the clock of {node} was set off by {fault.name()}", at=fault.start) if fault else None


def held_back(case: Case, message: Message) -> list[Clause]:
    """A message whose content was old when it came: who held it, and why it was not refused."""
    if message.received is None or message.received - message.born < LATE_NS:
        return []
    if any(message.sender in span.clocks for span in case.spans):
        return []  # `born` is by a clock that was wrong
    fault = next((span for span in case.spans if _held(span, message)), None)
    by = f", held up by {fault.name()}," if fault else ""
    old = f"was {seconds(message.received - message.born)} old when it came"
    age = f"message {message.id} {message.sender} → {message.to}{by} {old}"
    lifetime = case.facts.header.message_lifetime_ns
    if lifetime is None or message.received - message.born <= lifetime:
        return [Clause(age, (message.seq,), at=message.received)]
    words = f"{age}, more than its lifetime of {lifetime / 1e9:g} s"
    clock = off(case, message.to, message.received)
    return [Clause(words, (message.seq,), at=message.received), *([clock] if clock else [])]


def _held(span: Span, message: Message) -> bool:
    """The sender could not go on between what it read and what it sent, or the link was slow when it was sent."""
    if message.sender in span.nodes:
        return span.start < message.at and (span.end is None or span.end > message.born)
    return span.is_on(message.at) and (message.sender, message.to) in span.slowed
