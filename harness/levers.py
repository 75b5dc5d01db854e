"""What a stage offers to faults. A fault is written once, as actions on levers; both stages perform the actions."""

from typing import Literal, NamedTuple

Lever = Literal["kill", "pause", "block", "loss"]

LEVERS: dict[Lever, str] = {
    "kill": "end a replica at once (SIGKILL); to let go starts it again on its disk",
    "pause": "stop a replica in the middle of whatever it does (SIGSTOP); to let go lets it continue",
    "block": "drop all that goes over one link in its direction; to let go opens the link again",
    "loss": "lose single messages by chance: only the simulated network can; TCP and its proxies cannot",
}

STAGE_LEVERS: dict[str, tuple[Lever, ...]] = {
    "processes": ("kill", "pause", "block"),
    "simulation": ("kill", "pause", "block", "loss"),
}


class Action(NamedTuple):
    """Target: a node for kill and pause; a link, `r1>r2`, for block."""

    lever: Lever
    target: str


class Board:
    """Which levers are pulled, and by how many faults: a lever is let go when the last fault that holds it ends."""

    def __init__(self) -> None:
        self._holders: dict[Action, int] = {}

    def pull(self, actions: list[Action]) -> list[Action]:
        """Those that no fault held before: the stage must perform them now."""
        fresh: list[Action] = []
        for action in actions:
            self._holders[action] = self._holders.get(action, 0) + 1
            if self._holders[action] == 1:
                fresh.append(action)
        return fresh

    def let_go(self, actions: list[Action]) -> list[Action]:
        """Those that no fault holds any more: the stage must undo them now."""
        free: list[Action] = []
        for action in actions:
            self._holders[action] -= 1
            if self._holders[action] == 0:
                del self._holders[action]
                free.append(action)
        return free


def link(sender: str, to: str) -> str:
    return f"{sender}>{to}"


def ends(name: str) -> tuple[str, str]:
    sender, _, to = name.partition(">")
    return sender, to
