"""Steps back through a history: why a replica had not what it should have had, and how it came by what it had.

Each step is a clause that is true by the record alone, with the events that it rests on; where the record does not
say why, there is no clause.
"""

from collections.abc import Sequence

from checkers.facts import is_mark, is_purge
from checkers.history import Change, Copy, Message
from checkers.words import seconds
from harness.report.case import Case, Clause, Heard
from harness.report.ground import refused_commit

NODE = "\0"  # stands for a node's name where several nodes may have the same clause


def joined(words: Sequence[str]) -> str:
    """r1, r2 and r3."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def lacks(case: Case, nodes: list[str], copy: Copy, seq: int) -> list[Clause]:
    """Why these nodes hold nothing ⪰ copy at this place of the order; one clause for those with the same reason."""
    reasons: dict[str, list[str]] = {}
    clauses: dict[str, list[Clause]] = {}
    for node in nodes:
        clause = _lacks(case, node, copy, seq)
        if clause is not None:
            reasons.setdefault(clause.text, []).append(node)
            clauses.setdefault(clause.text, []).append(clause)
    return [
        Clause(
            text.replace(NODE, joined(reasons[text])),
            tuple(seq for clause in same for seq in clause.events),
            same[0].fault,
        )
        for text, same in clauses.items()
    ]


def _lacks(case: Case, node: str, copy: Copy, seq: int) -> Clause | None:
    had = [each for each in case.changes if each.node == node and each.seq <= seq and covers(case, each, copy)]
    return _lost_again(case, node, had[-1], seq) if had else _missed(case, node, copy, seq)


def covers(case: Case, change: Change, copy: Copy) -> bool:
    return change.new is not None and case.facts.at_least(change.new, copy)


def _lost_again(case: Case, node: str, had: Change, seq: int) -> Clause | None:
    """It held what covers the copy, last by the change `had`."""
    for life in case.facts.lives:
        if life.node != node or not had.seq < life.seq <= seq:
            continue
        if life.what == "wiped":
            fault = case.downing(node, life.at)
            by = f" to {fault.name()}" if fault else ""
            return Clause(
                f"{node} lost its disk at {seconds(life.at)}{by}, and with it {case.short(had.new)}", (life.seq,)
            )
        if life.what == "started" and life.incarnation == had.incarnation and life.batch < had.batch:
            words = f"{node} came back at {seconds(life.at)} from commit {life.batch}, without its commit {had.batch}"
            return Clause(f"{words}, which was {case.short(had.new)}", (life.seq,))
    after = next((each for each in case.changes if each.node == node and had.seq < each.seq <= seq), None)
    if after is None:
        return refused_commit(case, had)
    if after.new is None:
        deed = {"purge": "purged", "corrupt": "found a damaged copy and dropped"}.get(after.cause, "dropped")
        return Clause(f"{node} {deed} {case.short(after.old)} at {seconds(after.at)}", (after.seq,))
    brought = carried(case, after)
    return Clause(f"{brought.text}, which took it over {case.short(had.new)}", brought.events)


def _missed(case: Case, node: str, copy: Copy, seq: int) -> Clause | None:
    """It never held it: what became of the messages that would have brought it."""
    writer = case.writer(copy)
    if not case.messages or node not in case.replicas or (writer is not None and writer.node == node):
        return None
    until = case.time(seq)
    offers = [
        message
        for message in case.messages
        if message.kind == "store" and message.to == node and message.version == copy.version and message.seq < seq
    ]
    who = f"{NODE} missed {case.short(copy)}{_of_write(case, copy)}"
    if not offers:
        return Clause(f"{who}: no message carried it there") if writer else None
    arrived = next((each for each in offers if each.received is not None and each.received <= until), None)
    if arrived is not None:
        when = f"{seconds(arrived.received or 0)} (message {arrived.id})"
        return Clause(f"{NODE} received {case.short(copy)} at {when} and did not take it", (arrived.seq,))
    first = offers[0]
    fault = case.barring(first)
    while_on = f", while {fault.name()} was on" if fault else ""
    way = f"message {first.id} {first.sender} → {NODE}"
    if first.received is not None:
        words = f"{way}, sent at {seconds(first.at)}, came only at {seconds(first.received)}{while_on}"
        return Clause(f"{who}: {words}", (first.seq,), fault)
    again = f", and so were {len(offers) - 1} later ones" if len(offers) > 1 else ""
    lost_all = again if all(each.received is None for each in offers) else ""
    return Clause(f"{who}: {way} was lost at {seconds(first.at)}{while_on}{lost_all}", (first.seq,), fault)


def _of_write(case: Case, copy: Copy) -> str:
    invoke = case.writer(copy)
    return f" ({invoke.kind}, op {invoke.op})" if invoke else ""


def carried(case: Case, change: Change) -> Clause:
    """What brought the copy that this change installed."""
    message = case.carrier(change)
    what = case.short(change.new)
    if change.cause == "purgeable":
        by = f"message {change.message}, " if change.message else ""
        words = f"{change.node} marked {what} as purgeable at {seconds(change.at)} ({by}{change.origin})"
        return Clause(words, (change.seq,), at=change.at)
    if message is None:
        by = f"message {change.message}, " if change.message else ""
        return Clause(
            f"{change.node} took {what} at {seconds(change.at)} ({by}{cause_words(change)})",
            (change.seq,),
            at=change.at,
        )
    way = f"{message.sender} → {change.node} (message {message.id}, {seconds(change.at)})"
    return Clause(f"{cause_words(change)} brought {what} {way}", (message.seq, change.seq), at=change.at)


def cause_words(change: Change) -> str:
    match change.cause:
        case "write":
            return f"the write {change.origin}" if change.origin.startswith("op ") else "a write"
        case "read repair" | "write repair":
            return f"the {change.cause} of {change.origin}"
        case "hinted handoff":
            return f"the {change.origin}" if change.origin.startswith("hint") else "a hint"
        case "anti-entropy":
            return f"anti-entropy {change.origin}"
        case "bootstrap" | "scrub":
            return "a page of the bootstrap" if change.cause == "bootstrap" else "the search for a damaged copy"
        case "purgeable" | "purge" | "corrupt":
            return f"{change.cause} {change.origin}".rstrip()


def kept_hint(case: Case, change: Change) -> Clause | None:
    """Why the sender had a hint of it."""
    message = case.carrier(change)
    if message is None or change.cause != "hinted handoff" or change.new is None:
        return None
    for each in case.messages:
        if (each.sender, each.to, each.kind, each.version) == (message.sender, change.node, "store", message.version):
            invoke = case.writer(change.new)
            fault = case.barring(each)
            if each.received is not None or invoke is None or each.origin != f"op {invoke.op}":
                return None
            while_on = f" while {fault.name()} was on" if fault else ""
            words = f"message {each.id} {each.sender} → {each.to} was lost at {seconds(each.at)}{while_on}"
            kept = f"{each.sender} kept a hint of {case.short(change.new)} (op {invoke.op}) for {each.to}: {words}"
            return Clause(kept, (each.seq,), fault)
    return None


def purges(case: Case, copy: Copy, before: int) -> Clause | None:
    """Which replicas had purged ⪰ copy by then."""
    done: dict[str, Change] = {}
    for change in case.changes:
        if is_purge(change) and change.seq < before and change.old and case.facts.at_least(change.old, copy):
            done.setdefault(change.node, change)
    if not done:
        return None
    first = next(iter(done.values()))
    text = f"{joined(sorted(done))} purged {case.short(first.old)} from {seconds(first.at)} on"
    if len(done) == 1:
        text = f"{first.node} purged {case.short(first.old)} at {seconds(first.at)}"
    return Clause(text, tuple(change.seq for change in done.values()), at=first.at)


def mark_before(case: Case, node: str, seq: int) -> Change | None:
    marks = [each for each in case.changes if each.node == node and each.seq <= seq and is_mark(each)]
    return marks[-1] if marks else None


def marked(case: Case, mark: Change | None, behind: list[str]) -> Clause | None:
    """On what ground a tombstone became the same as nothing: without the word of those behind, or by age."""
    if mark is None or mark.old is None:
        return None
    policy, what = case.plan.policy, f"marked {case.short(mark.old)} as purgeable at {seconds(mark.at)}"
    if policy.purge == "grace":
        made = next((each.at for each in case.changes if each.new and each.new.version == mark.old.version), None)
        if made is None:
            return None
        age = f"{seconds(mark.at - made)} after it was written (the grace is {policy.grace_ns / 1e9:g} s)"
        return Clause(f"{mark.node} {what}, {age}", (mark.seq,), at=mark.at)
    message = case.carrier(mark)
    leader, at = (message.sender, message.at) if message else (mark.node, mark.at)
    heard = {
        each.sender
        for each in case.messages
        if each.kind == "confirmed" and each.to == leader and each.version == mark.old.version
        if each.received is not None and each.received <= at
    }
    silent = [node for node in behind if node not in heard and node != leader]
    if not silent:
        return None
    order = f" by order of {leader}" if leader != mark.node else ""
    return Clause(f"{mark.node} {what}{order}, unconfirmed by {joined(silent)}", (mark.seq,), at=mark.at)


def used(case: Case, op: int) -> Clause | None:
    """Which replicas' answers a read was decided on."""
    answers, answer = case.used(op), case.answer(op)
    if answers is None or answer is None:
        return None
    needed = case.needed(answer.invoke)
    told = joined([heard_words(case, each) for each in answers])
    only = f"only {len(answers)} of the {needed} answers that it needs, {told}" if len(answers) < needed else told
    return Clause(f"op {op} was decided at {seconds(answers[-1].at)} on {only}", tuple(each.seq for each in answers))


def heard_words(case: Case, heard: Heard) -> str:
    stay = case.facts.lifetimes.at(heard.node, heard.seq)
    fresh = heard.copy is None and stay is not None and stay.renewed
    anew = ", since its disk was lost" if fresh and not case.facts.past(heard.node, case.key, heard.seq) else ""
    return f"{heard.node} ({case.short(heard.copy)}{anew})"


def unheard(case: Case, op: int, node: str) -> Clause | None:
    """Why a replica's answer was not among those that a read used."""
    invoke = case.invokes[op]
    ask: Message | None = next((each for each in case.asked(op) if each.to == node), None)
    if ask is None or case.answer(op) is None:
        return None
    if ask.received is None:
        return _silent(case, ask, f"the question to {node} (message {ask.id}) was lost")
    reply = next((each for each in case.replied(op) if (each.sender, each.to) == (node, invoke.node)), None)
    if reply is None:
        return None
    if reply.received is None:
        return _silent(case, reply, f"the answer of {node} (message {reply.id}) was lost")
    return Clause(f"the answer of {node} came later ({seconds(reply.received)}, message {reply.id})", (reply.seq,))


def _silent(case: Case, message: Message, words: str) -> Clause:
    fault = case.barring(message)
    return Clause(f"{words}, while {fault.name()} was on" if fault else words, (message.seq,), fault)
