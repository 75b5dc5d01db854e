"""What studies look at in a history, beside what checkers measure."""

from checkers.convergence import normal
from checkers.facts import gather
from checkers.history import Copy, History


def apart(history: History) -> set[str]:
    """The keys of which the replicas that are up hold different things in the end."""
    facts = gather(history)
    dumps = facts.last_dumps("settled")
    found: set[str] = set()
    for key in set().union(*(dump.copies for dump in dumps.values())):
        held: list[Copy | None] = [normal(dumps[node].copies.get(key)) for node in facts.replicas(key) if node in dumps]
        if any(copy != held[0] for copy in held):
            found.add(key)
    return found


def read_after(history: History, at_ns: int) -> set[str]:
    """The keys of which a read returned that began after this time."""
    return {answer.invoke.key for answer in gather(history).reads if answer.invoke.at >= at_ns}
