"""What a stage offers to faults. A fault is written once, as actions on levers; both stages perform the actions."""

from typing import Literal, NamedTuple

Lever = Literal[
    "kill", "stop", "wipe", "pause", "block", "refuse", "reset", "delay", "bandwidth", "slice", "cut",
    "power", "rot", "unreadable", "unwritable", "full", "slow-sync", "clock",
    "loss", "duplication", "reordering", "capacity", "mixtures",
]  # fmt: skip

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
    "power": "cut the power of a node: what its disk has not synced is lost or torn; to let go starts it again",
    "rot": "flip bits in keys_ppm of the copies on a node's disk; to let go flips them back where they still are",
    "unreadable": "let reads of keys_ppm of the copies on a node's disk fail",
    "unwritable": "let each commit to a node's disk fail",
    "full": "leave free_bytes of room on a node's disk, and let each commit that needs more fail",
    "slow-sync": "let each sync of a node's disk take sync_ns longer",
    "clock": "set a node's wall clock off by offset_ns, and by drift_ppm of the time that passes from then on",
    "loss": "lose single messages by chance",
    "duplication": "deliver single messages twice by chance",
    "reordering": "hold single messages back by chance, so that later ones overtake them",
    "capacity": "let a link carry so many bytes a second, and hold so many messages, and no more",
    "mixtures": "delay each kind of message by a mixture of distributions of its own",
}

PROVIDED_BY: dict[Lever, str] = {
    "power": "a file system on a loop image, shut down by ioctl (root)",
    "rot": "a disk of the stage's own, between the replica and its file",
    "unreadable": "libfiu (posix/io/rw)",
    "unwritable": "libfiu (posix/io/rw)",
    "full": "a small tmpfs (root)",
    "slow-sync": "a disk of the stage's own, between the replica and its file",
    "clock": "libfaketime",
    "loss": "nftables (TCP and its proxies hide loss)",
    "duplication": "a network of datagrams: TCP delivers once",
    "reordering": "a network of datagrams: TCP keeps the order",
    "capacity": "links that are always shaped: take a fault of the kind bandwidth",
    "mixtures": "a proxy that reads frames: one that sees bytes cannot tell kinds of messages apart",
}  # what would provide, on processes, the levers that only the simulation has

SIGNALS: tuple[Lever, ...] = ("kill", "stop", "wipe", "pause")
PROCESS_LEVERS: tuple[Lever, ...] = (*SIGNALS, "power")
DOWN_LEVERS: tuple[Lever, ...] = ("kill", "stop", "wipe", "power")  # the process is gone while one of these is pulled
LINK_LEVERS: tuple[Lever, ...] = ("block", "refuse", "reset", "delay", "bandwidth", "slice", "cut")
DISK_LEVERS: tuple[Lever, ...] = ("rot", "unreadable", "unwritable", "full", "slow-sync")
FATAL_LEVERS: tuple[Lever, ...] = ("unreadable", "unwritable", "full")  # of disks: they may end the process
CLOCK_LEVERS: tuple[Lever, ...] = ("clock",)
NODE_LEVERS: tuple[Lever, ...] = (*PROCESS_LEVERS, *DISK_LEVERS, *CLOCK_LEVERS)
NETWORK_LEVERS: tuple[Lever, ...] = (
    "loss",
    "duplication",
    "reordering",
    "capacity",
    "mixtures",
)  # of the plan, not of a fault

STAGE_LEVERS: dict[str, tuple[Lever, ...]] = {
    "processes": (*SIGNALS, *LINK_LEVERS),
    "simulation": (*NODE_LEVERS, *LINK_LEVERS, *NETWORK_LEVERS),
}

CLIENTS = "clients"  # the other end of a node's client link: `clients>r1` carries requests, `r1>clients` replies


class Action(NamedTuple):
    """Target: a node for the levers of processes, disks and clocks; a link, `r1>r2`, for those of links."""

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

    def held(self) -> list[Action]:
        return list(self._holders)


def link(sender: str, to: str) -> str:
    return f"{sender}>{to}"


def ends(name: str) -> tuple[str, str]:
    sender, _, to = name.partition(">")
    return sender, to
