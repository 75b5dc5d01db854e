"""Of flawed substitutes, levels and bounded hints."""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from replicas.store.messages import Keep, Kept, Offer, OfferReply, Store, Stored
from replicas.store.parts import Parts
from replicas.store.records import Version, record
from replicas.store.visits import Put, level_met
from tests.replicas.store.decisions import Decision
from tests.replicas.store.hinting import POLICY, hinted, miss, replays
from tests.replicas.store.rig import MS, WALL, Rig, cluster, two_datacenters

COPY = record("k", Version(WALL, "r1.1"), "v")


def _rig(parts: Parts, nodes: int = 3, **options: Any) -> Rig:
    return Rig(cluster(nodes=nodes), structs.replace(POLICY, **options), parts)


def what_a_substitute_says_and_keeps(parts: Parts) -> tuple[bool, int]:
    rig = _rig(parts, nodes=4, quorums="sloppy")
    stranger = next(name for name in rig.cluster.names() if name not in rig.replicas_of("k"))
    target, sender, _ = rig.replicas_of("k")
    rig.batch(stranger, [(sender, Keep(1, WALL, "op 1", 7, target, COPY))])
    reply = rig.flights(Kept)[0].message
    assert isinstance(reply, Kept)
    return reply.keeps, len(hinted(rig, stranger))


def values_kept_of(*values: str) -> Callable[[Parts], list[str]]:
    def kept(parts: Parts) -> list[str]:
        rig = _rig(parts, hints_max=2, hints_when_full="drop-oldest", hint_coalescing="off")
        for number, value in enumerate(values, 1):
            miss(rig, Put(number, "k", value, None))
        rig.pass_time(40)
        return sorted(value for value in hinted(rig).values() if value)

    return kept


def hints_left_once_they_are_wanted(parts: Parts) -> int:
    rig = _rig(parts, hint_check="brief")
    miss(rig, Put(1, "k", "v", None))
    rig.pass_time(40)
    rig.settle()
    rig.pass_time(10)
    rig.deliver(*rig.flights(Offer))
    rig.deliver(*rig.flights(OfferReply))
    return len(hinted(rig))


def hints_sent_at_once_under_a_limit(parts: Parts) -> int:
    """Of 66 bytes each; r1 may send as much as two a second."""
    rig = _rig(parts, hint_bytes_per_s_max=140, hints_per_replay_max=9)
    for number in range(4):
        miss(rig, Put(number, f"{number}", "v", None))
    rig.replicas["r1"].hints.silent_since.clear()
    rig.now += 40 * MS
    rig.batch("r1", due=["deadline"])
    rig.replicas["r1"].hints.silent_since.clear()
    rig.batch("r1", due=["hints"])
    return len(replays(rig))


def what_a_write_that_steps_down_says(parts: Parts) -> str | None:
    rig = _rig(parts, level_unmet="step-down")
    rig.ask("r1", Put(1, "k", "v", None))
    rig.drop(*rig.flying)
    rig.pass_time(20)
    return level_met(rig.answers[1])


def whether_it_answers_with(*reached: str) -> Callable[[Parts], bool]:
    """r1, r3 and r5 are of one datacenter; r1 is asked for a quorum of it."""

    def answers(parts: Parts) -> bool:
        rig = Rig(two_datacenters(), POLICY, parts)
        rig.ask("r1", Put(1, "k", "v", "LOCAL_QUORUM"))
        for name in reached:
            rig.deliver(*rig.flights(Store, to=name))
            rig.deliver(*rig.flights(Stored, sender=name))
        return 1 in rig.answers

    return answers


DECISIONS: list[Decision] = [
    ("forgets-for-others", what_a_substitute_says_and_keeps, (True, 1), (True, 0)),
    ("drops-the-newest", values_kept_of("1", "2", "3"), ["2", "3"], ["1", "2"]),
    ("drops-the-newest", values_kept_of("1", "2"), ["1", "2"], ["1", "2"]),
    ("forgets-what-is-wanted", hints_left_once_they_are_wanted, 1, 0),
    ("ignores-hint-limit", hints_sent_at_once_under_a_limit, 2, 4),
    ("claims-its-level", what_a_write_that_steps_down_says, "ONE", None),
    ("counts-remote", whether_it_answers_with("r2"), False, True),
    ("counts-remote", whether_it_answers_with("r3"), True, True),
]
