"""Whom a read asks, for what, and whom it may repair: the choices of the policy, made for one read."""

from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from .core import Core
from .decay import decayed
from .habits import Habits, Mode
from .levels import BY_DATACENTER
from .visits import Get

_MILLION = 1_000_000
_WEIGHT_OF_THE_LAST = 8  # an eighth of an average of answer times


class Course(NamedTuple):
    """How one read goes. `order` has all replicas, the one to ask first in front, and `asked` those that are asked at
    once. `mended` may be repaired beyond what must be before the answer. `digests_above`: with None nobody is asked
    for a digest. `lingers`: it is not over before what it repairs is acknowledged. `looks_again`: behind the answer
    it hears the others, and repairs once more."""

    mode: Mode
    order: tuple[str, ...]
    asked: tuple[str, ...]
    mended: tuple[str, ...]
    digests_above: int | None
    lingers: bool
    looks_again: bool
    spare: tuple[str, ...]  # who may be asked too, behind the answer


class Asking:
    """`under_way` and `_took` are kept only for the choices that go by them."""

    def __init__(self, core: Core, habits: Habits) -> None:
        policy = core.policy
        self.core = core
        self.habits = habits
        self.tracks = policy.read_choice in ("nearest", "least-loaded")
        self.under_way: dict[str, int] = {}
        self._took: dict[str, tuple[int, int]] = {}  # how long answers took of late, and when that was known
        self._datacenters = {node.name: node.datacenter for node in core.cluster.nodes}
        chooses = policy.read_choice != "first" or policy.read_from != "all" or policy.read_digests != "never"
        certain = policy.read_repair_chance_ppm == _MILLION
        self._always_the_same = certain and not chooses and policy.read_repair != "adaptive"
        self.courses: dict[tuple[str, ...], Course] = {}  # by replicas, where nothing but them decides

    def course(self, message: Get, needed: int, replicas: tuple[str, ...]) -> Course:
        course = self._drawn(message, needed, replicas)
        if self._always_the_same:
            self.courses[replicas] = course
        return course

    def _drawn(self, message: Get, needed: int, replicas: tuple[str, ...]) -> Course:
        policy, key = self.core.policy, message.key
        mode = self.habits.mode(key) if policy.read_repair == "adaptive" else policy.read_repair
        within_reach = self._within_reach(message, replicas) if mode != "none" else ()
        order = self._order(message, replicas)
        asked = order
        if policy.read_from != "all" and message.level not in BY_DATACENTER:
            more = within_reach if policy.read_from == "by-chance" else ()
            least = order[: needed + policy.read_extra_max]
            asked = tuple(node for node in order if node in least or node in more)
        mended = within_reach if policy.repair_whom == "all" else tuple(each for each in within_reach if each in asked)
        spare = tuple(node for node in mended if node not in asked)
        looks_again = bool(spare) or (bool(mended) and mode == "background")
        lingers = looks_again or mode == "bounded" or policy.repair_attempts_max > 1
        return Course(mode, order, asked, mended, self._digests_above(key), lingers, looks_again, spare)

    def _digests_above(self, key: str) -> int | None:
        policy = self.core.policy
        if policy.read_digests == "always":
            return -1
        large = policy.read_digests == "large" or (policy.read_repair == "adaptive" and self.habits.is_large(key))
        return policy.digest_above_bytes if large else None

    def _within_reach(self, message: Get, replicas: tuple[str, ...]) -> tuple[str, ...]:
        policy = self.core.policy
        if self._happens(message, "all", policy.read_repair_chance_ppm):
            return replicas
        if not self._happens(message, "local", policy.read_repair_chance_local_ppm):
            return ()
        here = self._datacenters[self.core.name]
        return tuple(node for node in replicas if self._datacenters[node] == here)

    def _happens(self, message: Get, what: str, ppm: int) -> bool:
        cause = f"{self.core.name}/op {message.op}/{message.key}/{what}"
        return ppm >= _MILLION or (ppm > 0 and xxh3_64_intdigest(cause.encode()) % _MILLION < ppm)

    def _order(self, message: Get, replicas: tuple[str, ...]) -> tuple[str, ...]:
        """A node that has not joined has no word, and comes last."""
        own, choice = self.core.name, self.core.policy.read_choice
        silent = not self.core.joined
        if choice == "first":
            return tuple(sorted(replicas, key=lambda node: silent and node == own)) if silent else replicas
        if choice == "random":
            salt = f"{own}/op {message.op}/{message.key}/"
            return tuple(
                sorted(replicas, key=lambda node: (silent and node == own, xxh3_64_intdigest((salt + node).encode())))
            )
        cost = self._takes_ns if choice == "nearest" else lambda node: self.under_way.get(node, 0)
        return tuple(sorted(replicas, key=lambda node: (int(silent) * 2 if node == own else 1, cost(node))))

    def _takes_ns(self, node: str) -> int:
        """What was slow once is tried again when that has faded, and what is not known at once."""
        took_ns, at = self._took.get(node, (0, 0))
        return decayed(took_ns, self.core.now.mono - at, self.core.policy.habit_half_life_ns)

    def sent(self, node: str) -> None:
        self.under_way[node] = self.under_way.get(node, 0) + 1

    def answered(self, node: str, after_ns: int) -> None:
        self._waits_for_one_less(node)
        known = self._takes_ns(node) if node in self._took else after_ns
        self._took[node] = (known + (after_ns - known) // _WEIGHT_OF_THE_LAST, self.core.now.mono)

    def given_up(self, node: str, after_ns: int) -> None:
        """Nobody waits for it any more: it would have taken longer than this."""
        self._waits_for_one_less(node)
        self._took[node] = (max(self._takes_ns(node), after_ns), self.core.now.mono)

    def _waits_for_one_less(self, node: str) -> None:
        self.under_way[node] = max(0, self.under_way.get(node, 0) - 1)
