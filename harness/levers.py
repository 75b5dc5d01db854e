"""What a stage offers to faults. A fault is written once, as actions on levers; both stages perform the actions."""

from typing import Literal, NamedTuple

Lever = Literal[
    "kill", "stop", "wipe", "pause", "block", "refuse", "reset", "delay", "bandwidth", "slice", "cut", "loss"
]

LEVERS: dict[Lever, str] = {
    "kill": "end a replica at once (SIGKILL); to let go starts it again on its disk",
    "stop": "ask a replica to end in order (SIGTERM); to let go starts it again on its disk",
    "wipe": "end a replica at once and lose its disk; to let go starts a new incarnation, which is bootstrapped",
    "pause": "stop a replica in the middle of whatever it does (SIGSTOP); to let go lets it continue",
    "block": "drop, without a word, all that goes over one link in its direction; to let go opens the link again",
    "refuse": "end the connections of a link and refuse new ones; to let go accepts them again",
    "reset": "reset each connection of a link as soon as something is said on it",
    "delay": "deliver what goes over a link later, by delay_ns and up to jitter_ns more or less, never out of order",
    "bandwidth": "let at most bytes_per_s through a link",
    "slice": "cut what goes over a link into pieces of piece_bytes, gap_ns apart",
    "cut": "end each connection of a link after after_bytes, in the middle of a frame",
    "loss": "lose single messages by chance: only the simulated network can; TCP and its proxies cannot",
}

PROCESS_LEVERS: tuple[Lever, ...] = ("kill", "stop", "wipe", "pause")
DOWN_LEVERS: tuple[Lever, ...] = ("kill", "stop", "wipe")  # the process is gone while one of these is pulled
LINK_LEVERS: tuple[Lever, ...] = ("block", "refuse", "reset", "delay", "bandwidth", "slice", "cut")
ALL_LEVERS: tuple[Lever, ...] = (*PROCESS_LEVERS, *LINK_LEVERS)

STAGE_LEVERS: dict[str, tuple[Lever, ...]] = {"processes": ALL_LEVERS, "simulation": (*ALL_LEVERS, "loss")}

CLIENTS = "clients"  # the other end of a node's client link: `clients>r1` carries requests, `r1>clients` replies


class Action(NamedTuple):
    """Target: a node for the levers of processes; a link, `r1>r2`, for those of links."""

    lever: Lever
    target: str
    parameters: tuple[tuple[str, int], ...] = ()

    def number(self, name: str) -> int:
        return dict(self.parameters)[name]

    def words(self) -> str:
        return " ".join([self.lever, self.target, *(f"{name}={value}" for name, value in self.parameters)])


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
