"""A cluster that a test drives by hand, the same on real processes and on virtual time."""

from collections.abc import Callable
from typing import Any, Protocol, get_args

from checkers.history import Copy, Return
from checkers.words import seconds
from harness.levers import CLIENTS, Action, Board, ends, link
from harness.plan import Plan
from harness.settle import Settling
from harness.wrong import Wrong, near
from replicas.store.levels import BY_DATACENTER
from replicas.store.placement import Placement
from replicas.system import Health, Kind, Level, Reply
from workloads.operations import Operation

CLIENT = "test"
SECOND = 1_000_000_000
WITHIN_S = 30.0


class NotMended(AssertionError):
    """It took too long, or it will not come about."""


class ClusterFailed(Exception):
    """Something of the harness's own, or a replica that ended of itself: no verdict on the store."""


def _is_told(excinfo: Any) -> bool:
    return isinstance(excinfo.value, NotMended | ClusterFailed | Wrong)


__tracebackhide__: Callable[[Any], bool] = _is_told  # pytest: where the test called us is all that helps


class Stage(Protocol):
    """What a stage does for it. Each call returns within a time of its own. `settles_within_s`: a system of the user's
    has mended by then. None: its rounds of anti-entropy tell."""

    settles_within_s: float | None

    def now(self) -> int: ...
    def wait(self, ns: int) -> None: ...
    def ask(self, operation: Operation) -> Reply: ...
    def pull(self, actions: list[Action]) -> None: ...
    def let_go(self, actions: list[Action]) -> None: ...
    def healths(self, nodes: list[str], without: list[str]) -> dict[str, Health]: ...
    def copies(self, node: str) -> dict[str, Copy] | None: ...


class Cluster:
    """Every call returns when it is done. What a client is told is an answer, also that it failed: look at its
    `outcome` ("ok", "failed": nothing happened, "unknown": it may have). `steps` are shown when the test fails."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.plan = plan
        self.nodes = plan.cluster.names()
        self.steps: list[str] = []
        self._stage = stage
        self._board = Board()
        self._cut: dict[str, list[Action]] = {}
        self._down: list[str] = []
        self._paused: list[str] = []
        self._asked = 0
        self._keys: dict[str, None] = {}  # in the order in which they were first asked for

    def write(self, key: str, value: str, *, at: str, level: Level | None = None) -> Reply:
        """Through this node; by default with the cluster's own W."""
        return self._ask("put", key, value, at, level)

    def read(self, key: str, *, at: str, level: Level | None = None) -> Reply:
        """Through this node; by default with the cluster's own R. A deleted key has no `value`, and is `dead`."""
        return self._ask("get", key, None, at, level)

    def delete(self, key: str, *, at: str, level: Level | None = None) -> Reply:
        return self._ask("delete", key, None, at, level)

    def cut(self, what: str) -> None:
        """A link in its direction, `r1>r2` (`clients>r1` is one too), or all links between a node and the others."""
        if what in self._cut:
            raise Wrong(f"cut({what!r})", "it is cut already", f"heal({what!r}) comes first")
        self._cut[what] = self._links(what)
        self._stage.pull(self._board.pull(self._cut[what]))
        self._note(f"cut {what}")

    def heal(self, what: str | None = None) -> None:
        """What was cut under this name; without one, all."""
        if what is not None and what not in self._cut:
            raise Wrong(f"heal({what!r})", "it is not cut", f"what is cut: {', '.join(self._cut) or 'nothing'}")
        for each in [what] if what is not None else list(self._cut):
            self._stage.let_go(self._board.let_go(self._cut.pop(each)))
            self._note(f"heal {each}")

    def kill(self, node: str) -> None:
        """kill -9: what it had made durable stays."""
        self._known(node, awake=True)
        self._stage.pull([Action("kill", node)])
        self._down.append(node)
        self._note(f"kill {node}")

    def restart(self, node: str) -> None:
        """On its own disk. It answers when this returns."""
        if node not in self._down:
            raise Wrong(f"restart({node!r})", "it was not killed", f"killed are: {', '.join(self._down) or 'none'}")
        self._down.remove(node)
        self._stage.let_go([Action("kill", node)])
        self._note(f"restart {node}")

    def pause(self, node: str) -> None:
        """Stops it in the middle of whatever it does (SIGSTOP)."""
        self._known(node, awake=True)
        self._stage.pull([Action("pause", node)])
        self._paused.append(node)
        self._note(f"pause {node}")

    def resume(self, node: str) -> None:
        if node not in self._paused:
            raise Wrong(f"resume({node!r})", "it was not paused", f"paused are: {', '.join(self._paused) or 'none'}")
        self._paused.remove(node)
        self._stage.let_go([Action("pause", node)])
        self._note(f"resume {node}")

    def copies(self, node: str) -> dict[str, Copy]:
        """All that a replica holds, by key, as it says itself: tombstones are copies that are `dead`."""
        self._known(node, awake=True)
        held = self._stage.copies(node)
        if held is None:
            raise Wrong(f"copies({node!r})", "this system does not tell what it holds", "give it a `state`, or read")
        return held

    def values(self, key: str) -> dict[str, str | None]:
        """What each replica of the key holds of it, by node; None: a tombstone, or nothing. Without those that are
        killed or paused, which cannot say."""
        ours = self._stage.settles_within_s is None  # of somebody else's system no placement is known
        holders = Placement(self.plan.cluster).replicas_of(key) if ours else self.nodes
        awake = [node for node in holders if node not in (*self._down, *self._paused)]
        return self._values(key, awake)

    def wait_until_mended(self, within_s: float = WITHIN_S) -> None:
        """Until every node that is up has compared all with every other, nothing changes any more, and nothing is
        pending. NotMended says what is: as after so many rounds of anti-entropy as the plan allows (25 by default)."""
        if self._paused:
            raise Wrong("wait_until_mended()", f"{', '.join(self._paused)} cannot mend", "resume it first")
        living = [node for node in self.nodes if node not in self._down]
        if self._stage.settles_within_s is not None:
            self._wait_as_owner_says(living, self._stage.settles_within_s)
            return
        policy = self.plan.policy
        settling = Settling(self.plan.mend_rounds_max, has_rounds=policy.anti_entropy != "none")
        end, step = self._stage.now() + int(within_s * SECOND), "wait"
        while step == "wait" and self._stage.now() < end:
            self._stage.wait(policy.round_every_ns)
            step = settling.look(self._stage.healths(living, self._down))
        self._note("mended" if step == "settled" else f"not mended: {settling.reason}")
        if step != "settled":
            cut = f"; still cut: {', '.join(self._cut)}" if self._cut else ""
            late = f" within {within_s:g} s" if step == "wait" else ""
            raise NotMended(f"the replicas have not mended{late}: {settling.reason}{cut}")

    def _wait_as_owner_says(self, living: list[str], settles_s: float) -> None:
        """Then all hold the same of what this test asked for."""
        self._stage.wait(int(settles_s * SECOND))
        self._note(f"{settles_s:g} s to mend have passed")
        for key in self._keys:
            values = self._values(key, living)
            if len(set(values.values())) > 1:
                what = ", ".join(f"{node} has {value!r}" for node, value in values.items())
                cut = f"; still cut: {', '.join(self._cut)}" if self._cut else ""
                within = f"in the {settles_s:g} s that the system is given (settles_within)"
                raise NotMended(f"the replicas have not mended {within}: of {key}, {what}{cut}")

    def _values(self, key: str, nodes: list[str]) -> dict[str, str | None]:
        """What the nodes hold; of a system that does not tell, what is read there."""
        found: dict[str, str | None] = {}
        for node in nodes:
            held = self._stage.copies(node)
            if held is not None:
                found[node] = held[key].value if key in held else None
                continue
            reply = self.read(key, at=node)
            if reply.outcome != "ok":
                raise NotMended(f"{node} does not answer to a read of {key}: {reply.error}")
            found[node] = reply.value
        return found

    def _ask(self, kind: Kind, key: str, value: str | None, at: str, level: Level | None) -> Reply:
        self._known(at)
        self._check_level(kind, level)
        self._asked += 1
        self._keys[key] = None
        operation = Operation(self._asked, self._stage.now(), CLIENT, at, kind, key, value, level)
        begun = self._stage.now()
        reply = self._stage.ask(operation)
        asked = f"{kind} {key}" + (f" = {value!r}" if kind == "put" else "") + f" at {at}"
        told = f"{reply.outcome}" + (f" {reply.value!r}" if kind == "get" and reply.outcome == "ok" else "")
        why = f" ({reply.error})" if reply.error else ""
        self._note(f"{asked}{f' ({level})' if level else ''}: {told}{why}", begun)
        return reply

    def _check_level(self, kind: Kind, level: Level | None) -> None:
        cluster, levels = self.plan.cluster, list(get_args(Level))
        if level is None:
            return
        if level not in levels:
            raise Wrong("level", f"{level!r} is none", near(level, levels))
        if kind == "get" and level == "ANY":
            raise Wrong("level", "ANY is a level of writes", "a read takes one answer at least: write ONE")
        if level not in BY_DATACENTER and cluster.writes_needed(level) > cluster.n:
            raise Wrong("level", f"{level} with {cluster.n} copies", "take a lower one")

    def _links(self, what: str) -> list[Action]:
        if ">" not in what:
            self._known(what)
            others = [node for node in self.nodes if node != what]
            return [Action("block", link(*way)) for node in others for way in ((what, node), (node, what))]
        sender, to = ends(what)
        for end in (sender, to):
            if end != CLIENTS:
                self._known(end)
        if sender == to:
            raise Wrong(f"cut({what!r})", "a node has no link to itself", "name two nodes")
        return [Action("block", what)]

    def _known(self, node: str, *, awake: bool = False) -> None:
        if node not in self.nodes:
            raise Wrong("node", f"{node!r} is not a node", near(node, self.nodes))
        if awake and node in self._down:
            raise Wrong(node, "it was killed", f"restart({node!r}) comes first")
        if awake and node in self._paused:
            raise Wrong(node, "it is paused", f"resume({node!r}) comes first")

    def _note(self, what: str, at: int | None = None) -> None:
        self.steps.append(f"{seconds(self._stage.now() if at is None else at):>10}  {what}")


class World(Cluster):
    """On virtual time, which passes only while a call needs it to: the same seed and the same calls, the same world."""

    def advance(self, seconds: float) -> None:
        self._stage.wait(int(seconds * SECOND))
        self._note(f"{seconds:g} s have passed")


def reply_of(event: Return) -> Reply:
    version = (event.version.time, event.version.by) if event.version else None
    met = event.level_met if isinstance(event.level_met, str) else None
    return Reply(event.outcome, event.value, version, event.dead, event.error, met)
