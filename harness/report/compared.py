"""What anti-entropy did between a replica that was behind and one that was not."""

from checkers.history import Copy, Message, Phase
from checkers.words import seconds
from harness.report.case import Case, Clause
from harness.report.walks import joined

ROUNDS_SILENT = 3


def never_repaired(case: Case, node: str, ahead: list[str], copy: Copy, since: int | None, seq: int) -> Clause | None:
    """Since this time (that of the write, if none is known) no message brought the copy: was it for want of rounds,
    of a difference that was found, or of what was to follow it?"""
    if not case.facts.messages:
        return None
    if case.plan.policy.anti_entropy == "none":
        return _never_handed(case, node, copy)
    until = case.time(seq)
    made = next((each.at for each in case.changes if each.new and each.new.version == copy.version), 0)
    start = made if since is None else max(since, made)
    between = [each for each in case.facts.messages if start <= each.at <= until and _between(each, node, ahead)]
    if any(each.kind == "store" and each.key == case.key and each.version == copy.version for each in between):
        return None  # it was on its way: `lacks` has said what became of it
    rounds = {each.origin for each in between if each.kind == "compare" and each.received is not None}
    found = {each.origin for each in between if each.kind == "leaves" and each.received is not None}
    who, when = f"{node} with {joined(ahead)}", f"after {seconds(start)}"
    if not rounds:
        return Clause(f"no round of anti-entropy compared {who} {when}")
    times = f"{len(rounds)} rounds of anti-entropy" if len(rounds) > 1 else "one round of anti-entropy"
    if not found:
        return Clause(f"{times} compared {who} {when} and found no difference")
    limit = case.plan.policy.repair_bytes_per_s_max
    limited = f" (at most {limit} bytes of repair a second)" if limit else ""
    some = "and found a difference" if len(found) == len(rounds) else f"and {len(found)} of them found a difference"
    return Clause(f"{times} compared {who} {when} {some}, yet {case.short(copy)} was not sent{limited}")


def _never_handed(case: Case, node: str, copy: Copy) -> Clause | None:
    """What became of the hints for it, where nothing else mends."""
    if case.plan.policy.hints == "none":
        return None
    hints = [each for each in case.said(f"hint for {node}", "store") if each.version == copy.version]
    if not hints:
        return Clause(f"no hint of {case.short(copy)} was sent to {node}")
    last = hints[-1]
    if last.received is not None:
        return None
    fault = case.barring(last)
    while_on = f", while {fault.name()} was on" if fault else ""
    words = f"the last hint of it for {node} (message {last.id} of {last.sender}) was lost at {seconds(last.at)}"
    return Clause(f"{words}{while_on}", (last.seq,), fault)


def _between(message: Message, node: str, ahead: list[str]) -> bool:
    return (message.sender == node and message.to in ahead) or (message.to == node and message.sender in ahead)


def last_compared(case: Case, settled: Phase) -> Clause | None:
    """Where nothing was compared for rounds before the end."""
    sent = [each for each in case.facts.messages if each.kind == "compare" and each.at <= settled.at]
    if not sent or settled.at - sent[-1].at < ROUNDS_SILENT * case.plan.policy.round_every_ns:
        return None
    last = sent[-1]
    words = f"the last comparison of anti-entropy was sent at {seconds(last.at)} (message {last.id}, {last.origin})"
    return Clause(f"{words}, {seconds(settled.at - last.at)} before the end", (last.seq,))
