"""What each replica holds in the end, straight from its dump."""

from checkers.history import Copy, Dump, History


def final_copies(history: History) -> dict[str, dict[str, Copy]]:
    dumps = [event for event in history.events if isinstance(event, Dump) and event.moment == "settled"]
    return {dump.node: dump.copies for dump in dumps}
