"""Random small histories: few keys, versions and nodes, so that they collide; mostly coherent, so that some hold."""

from collections.abc import Callable

from hypothesis import strategies as st

from checkers.history import Cause, Copy, Dump, History, Metrics, Outcome, Return, Version
from tests.checkers.story import SECOND, Story, marked
from workloads.operations import Kind

_KEYS = "kl"
_REPAIRS: list[Cause] = ["write", "read repair", "hinted handoff", "anti-entropy", "bootstrap"]
_REAPINGS: list[Cause] = ["purgeable", "purge", "purge", "corrupt"]
_OUTCOMES: list[Outcome] = ["ok", "ok", "unknown", "failed"]


@st.composite
def histories(draw: st.DrawFn) -> History:
    story = Story(
        keys=draw(st.sampled_from(["k", "kl"])),
        tie=draw(st.sampled_from(["incarnation", "cassandra", "riak"])),
        audited=draw(st.integers(0, 7)) > 0,
        lifetime=draw(st.sampled_from([None, 2 * SECOND])),
    )
    # Copies are drawn once, so that a version mostly means one content, and most histories write each before its use.
    pool = draw(st.lists(_copies(), min_size=2, max_size=5))
    if draw(st.booleans()):
        for copy in pool:
            outcome = draw(st.sampled_from(_OUTCOMES))
            key = draw(st.sampled_from(_KEYS))
            story.write(copy, *draw(st.sampled_from(["", "A", "ABC", "ABC"])), key=key, outcome=outcome)
    deeds = draw(st.lists(st.sampled_from(_DEEDS), max_size=14))
    for deed in deeds:
        deed(draw, story, pool)
        if draw(st.integers(0, 9)) == 0:
            story.now -= SECOND  # two events at one time
    if draw(st.integers(0, 3)):
        _settle(draw, story)
    return story.history()


@st.composite
def _copies(draw: st.DrawFn) -> Copy:
    version = Version(draw(st.integers(1, 3)), draw(st.sampled_from("AB")))
    if draw(st.booleans()):
        return Copy(version, dead=True, value=None)
    return Copy(version, dead=False, value=draw(st.sampled_from([f"{version.time}{version.by}"] * 5 + ["", "é"])))


def _write(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    takers = draw(st.sampled_from(["", "A", "AB", "ABC"]))
    story.write(draw(st.sampled_from(pool)), *takers, key=draw(st.sampled_from(_KEYS)))


def _ask(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    copy = draw(st.sampled_from(pool))
    kinds: list[Kind] = ["get", "delete" if copy.dead else "put"]
    kind = draw(st.sampled_from(kinds))
    value = None if kind == "get" else copy.value
    story.ask(kind, value, session=draw(st.sampled_from(["c1", "c2"])), key=draw(st.sampled_from(_KEYS)))


def _answer(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    done = {event.op for event in story.events if isinstance(event, Return)}
    waiting = sorted(story.asked.keys() - done)
    if waiting:
        op = draw(st.sampled_from(waiting))
        outcome = draw(st.sampled_from(_OUTCOMES))
        story.back(op, draw(st.sampled_from([None, *pool])) if outcome == "ok" else None, outcome)


def _get(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    key = draw(st.sampled_from(_KEYS))
    held = [copies[key] for copies in story.held.values() if key in copies]
    story.get(draw(st.sampled_from([None, *held, *held, *pool])), key=key, session=draw(st.sampled_from(["c1", "c2"])))


def _bare_get(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    op = story.ask("get", key=draw(st.sampled_from(_KEYS)))
    back = Return(at=story.now, op=op, session="c1", outcome="ok", value=draw(st.sampled_from(pool)).value)
    story.add(back)


def _take(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    node, key = draw(st.sampled_from("ABC")), draw(st.sampled_from(_KEYS))
    copy = draw(st.sampled_from([*pool, *pool, None]))
    cause = draw(st.sampled_from(_REPAIRS))
    story.take(node, copy, cause, key=key)


def _catch_up(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    """One replica takes what another holds, as repair does."""
    giver, taker = draw(st.permutations("ABC"))[:2]
    for key, copy in story.held[story.incarnations[giver]].items():
        story.take(taker, copy, "anti-entropy", key=key)


def _reap(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    """Marks, purges or discards; now and then what is no tombstone."""
    cause = draw(st.sampled_from(_REAPINGS))
    for node in draw(st.sampled_from(["A", "B", "C", "ABC"])):
        for key, copy in sorted(story.held[story.incarnations[node]].items()):
            if copy.dead or cause == "corrupt" or draw(st.integers(0, 9)) == 0:
                story.take(node, marked(copy) if cause == "purgeable" else None, cause, key=key)


def _bury(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    """A tombstone reaches most nodes and is purged while a message or a read may be under way."""
    key, grave = draw(st.sampled_from(_KEYS)), draw(st.sampled_from([copy for copy in pool if copy.dead] or pool))
    for node in draw(st.sampled_from(["ABC", "ABC", "ABC", "AB"])):
        story.take(node, grave, "anti-entropy", key=key)
    old, late = draw(st.sampled_from(pool)), draw(st.sampled_from(["message", "read", "nothing"]))
    if late == "message":
        story.message(old, took=draw(st.sampled_from([1, 3, 5])), age=draw(st.sampled_from([0, 2])), key=key)
    op = story.ask("get", key=key, session="c2") if late == "read" else None
    story.purge(*draw(st.sampled_from(["A", "ABC", "BCA"])), key=key)
    if op is not None:
        story.back(op, draw(st.sampled_from([None, old])))
    if draw(st.booleans()):
        story.get(draw(st.sampled_from([None, None, old, grave])), key=key)
    if draw(st.integers(0, 3)) == 0:
        story.take(draw(st.sampled_from("ABC")), old, draw(st.sampled_from(_REPAIRS)), key=key)


def _start(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    node = draw(st.sampled_from("ABC"))
    generation = int(story.incarnations[node][1:]) + 1
    fresh = f"{node.lower()}{generation}" if draw(st.booleans()) else None
    story.start(node, fresh, batch=5, committed=draw(st.sampled_from([3, 5, 5, 5, 6])))


def _lose(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    """A write reaches a few nodes; some are wiped before or after it is acknowledged, and some of these come back."""
    key, copy = draw(st.sampled_from(_KEYS)), draw(st.sampled_from(pool))
    op = story.ask("delete" if copy.dead else "put", copy.value, key=key)
    for node in draw(st.sampled_from(["A", "A", "AB"])):
        story.take(node, copy, key=key)
    early, late = draw(st.sampled_from([("", "A"), ("", "A"), ("A", ""), ("A", "B"), ("", "AB")]))
    story.wipe(*early)
    if draw(st.integers(0, 2)) == 0:
        story.take(draw(st.sampled_from("AC")), copy, draw(st.sampled_from(_REPAIRS)), key=key)
    story.back(op, copy)
    story.wipe(*late)
    if draw(st.booleans()):
        story.start("A")
        _catch_up(draw, story, pool)


def _wipe(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    story.wipe(draw(st.sampled_from("ABC")))


def _count(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    values = draw(st.dictionaries(st.sampled_from(["reads", "margin_ms"]), st.integers(-(2**63), 2**63 - 1)))
    story.add(Metrics(at=story.now, node="A", values=values))


def _message(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    took = draw(st.sampled_from([None, 1, 2, 4]))
    age = draw(st.sampled_from([0, 0, 3]))
    kind = draw(st.sampled_from(["store", "store", "fetched", "confirmed"]))
    story.message(draw(st.sampled_from(pool)), took=took, age=age, key=draw(st.sampled_from(_KEYS)), kind=kind)


def _lie(draw: st.DrawFn, story: Story, pool: list[Copy]) -> None:
    """The next change starts from what was never there."""
    held = story.held[story.incarnations[draw(st.sampled_from("ABC"))]]
    held[draw(st.sampled_from(_KEYS))] = draw(st.sampled_from(pool))


def _settle(draw: st.DrawFn, story: Story) -> None:
    chances = st.sampled_from(["", "", "", "", "C", "ABC"])
    if draw(st.booleans()):
        story.mend(draw(st.sampled_from(["", "C", "C", "A", "ABC"])))
    if draw(st.integers(0, 3)):
        story.take("A", story.held[story.incarnations["A"]].get("k"), "anti-entropy")
        for node in "BC":  # what a store that converges would do
            for key in _KEYS:
                story.take(node, story.held[story.incarnations["A"]].get(key), "anti-entropy", key=key)
    story.settle(draw(st.sampled_from([None, None, None, "k differs"])), without=draw(chances))
    if draw(st.integers(0, 5)) == 0:
        story.take("B", draw(_copies()), draw(st.sampled_from(["write", "purge", "purgeable"])))
    story.end()
    if draw(st.booleans()):
        _misplace(draw, story)
    if draw(st.integers(0, 5)) == 0:
        story.events = [event for event in story.events if not isinstance(event, Dump) or event.node in draw(chances)]
    if draw(st.integers(0, 5)) == 0:
        story.take("B", draw(_copies()), "write")


def _misplace(draw: st.DrawFn, story: Story) -> None:
    """A dump that says its commit may stand elsewhere in the order."""
    story.date_dumps()
    dumps = [event for event in story.events if isinstance(event, Dump)]
    if dumps:
        late = draw(st.sampled_from(dumps))
        story.events.remove(late)
        late.at = story.now
        story.add(late)


Deed = Callable[[st.DrawFn, Story, list[Copy]], None]
_DEEDS: list[Deed] = [
    _write, _write, _write, _ask, _answer, _get, _get, _bare_get, _take, _catch_up, _catch_up, _reap, _reap,
    _bury, _bury, _bury, _start, _lose, _wipe, _count, _message, _lie,
]  # fmt: skip
