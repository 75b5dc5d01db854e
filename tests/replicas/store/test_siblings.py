"""Dotted version vectors against causal histories that are spelled out; version vectors against what they may lose."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from replicas.store.antientropy import brief
from replicas.store.causal import has_seen, parse, read, values_of, write
from replicas.store.records import Record, Version, record
from replicas.store.siblings import Contents, Dotted, Vectors
from tests.replicas.store.causes import EMPTY, Dot, Event, Past, left_of, written

QUICK = settings(deadline=None, max_examples=150)
NODES = ("r1", "r2", "r3")
NODE = st.integers(0, 2)
STEP = st.one_of(
    st.tuples(st.just("write"), NODE, st.sampled_from(["read", "old", "blind"]), st.booleans(), st.integers(0, 7)),
    st.tuples(st.just("sync"), NODE, NODE),
    st.tuples(st.just("restart"), NODE),
    st.tuples(st.just("wipe"), NODE),
)


def contents(held: Record | None) -> Contents:
    if held is None:
        return {}
    dots = read(held.version.by).dots
    return dict(zip(dots, values_of(held.value, len(dots)), strict=True))


class World:
    """Three replicas and what each truly knows. `taken`: by a bit for each replica, who takes a write at once."""

    def __init__(self, kind: type[Dotted], most: int = 1000) -> None:
        self.kind, self.most = kind, most
        self.lives = [1, 1, 1]
        self.versions = [self.make(node, 0) for node in range(3)]
        self.held: list[Record | None] = [None] * 3
        self.known = [EMPTY] * 3
        self.events: list[Event] = []
        self.old: tuple[Record | None, Past] = (None, EMPTY)  # what a slow client has read
        self.wall = 0

    def make(self, node: int, clock: int) -> Dotted:
        return self.kind(f"{NODES[node]}.{self.lives[node]}", "incarnation", clock, "siblings", self.most)

    def write(self, node: int, how: str, value: str | None, taken: int) -> None:
        self.wall += 1
        held, known = {"read": (self.held[node], self.known[node]), "old": self.old, "blind": (None, EMPTY)}[how]
        if how == "read":
            self.old = held, known
        context = held.version.by if held else ""
        made = self.versions[node].written("k", value, context, self.wall, lambda _key: self.held[node])
        dot = max(read(made.version.by).dots)
        assert all(dot[0] > time for time, _ in known.dots), "a dot is later than all that it has seen"
        assert dot not in {event.dot for event in self.events}
        event = Event(dot, value, known.dots)
        self.events.append(event)
        past = written(event)
        if self.kind is Vectors:  # the coordinator's own siblings go with it
            past = self.known[node].joined(past)
        for other in range(3):
            if taken >> other & 1:
                self.take(other, made, past)

    def take(self, node: int, copy: Record | None, past: Past) -> None:
        self.held[node] = self.versions[node].merge(self.held[node], copy)
        self.known[node] = self.known[node].joined(past)
        if copy is not None:
            self.versions[node].observe(copy.version)

    def do(self, step: tuple[object, ...]) -> None:
        match step:
            case ("write", int(node), str(how), bool(dead), int(taken)):
                self.write(node, how, None if dead else f"w{self.wall + 1}", taken)
            case ("sync", int(one), int(other)):
                self.take(one, self.held[other], self.known[other])
            case ("restart", int(node)):
                self.versions[node] = self.make(node, self.versions[node].clock)
            case ("wipe", int(node)):
                self.lives[node] += 1
                self.versions[node] = self.make(node, 0)
                self.held[node], self.known[node] = None, EMPTY

    def dots(self) -> list[Dot]:
        return [event.dot for event in self.events]


@QUICK
@given(st.lists(STEP, max_size=25))
def test_dotted_vectors_know_exactly_what_was_seen(steps: list[tuple[object, ...]]) -> None:
    """The dots that a copy has seen, its siblings and their values, and the order of any two copies."""
    world = World(Dotted)
    for step in steps:
        world.do(step)
    for held, known in zip(world.held, world.known, strict=True):
        seen = read(held.version.by).seen if held else {}
        assert {dot for dot in world.dots() if has_seen(seen, dot)} == known.dots
        assert contents(held) == {event.dot: event.value for event in known.left}
        assert held is None or held.dead == all(event.value is None for event in known.left)
        whole = frozenset(event for event in world.events if event.dot in known.dots)
        assert known.left == left_of(whole), "the oracle keeps what its definition keeps"
    order = world.versions[0]
    for mine, my_past in zip(world.held, world.known, strict=True):
        for theirs, their_past in zip(world.held, world.known, strict=True):
            past, behind = my_past.covers(their_past), their_past.covers(my_past)
            assert order.dominates(mine, theirs) == past
            if theirs is not None:
                expected = {(True, True): "same", (True, False): "newer", (False, True): "older"}
                assert order.glance(mine, brief(theirs)) == expected.get((past, behind), "unsure")


@QUICK
@given(st.lists(STEP, max_size=20), st.integers(1, 3))
def test_merging_is_a_join_also_where_there_is_little_room(steps: list[tuple[object, ...]], most: int) -> None:
    for kind in (Dotted, Vectors):
        world = World(kind, most)
        for step in steps:
            world.do(step)
        merge, dominates = world.versions[0].merge, world.versions[0].dominates
        for one in world.held:
            assert merge(one, one) == one
            for other in world.held:
                joined = merge(one, other)
                assert dominates(joined, one)
                assert dominates(joined, other)
                assert joined == merge(other, one)
                assert joined is None or 1 <= len(contents(joined)) <= most


@QUICK
@given(st.lists(STEP, max_size=25))
def test_replicas_that_have_told_each_other_all_hold_the_same(steps: list[tuple[object, ...]]) -> None:
    for kind, most in ((Dotted, 1000), (Dotted, 2), (Vectors, 1000), (Vectors, 2)):
        world = World(kind, most)
        for step in steps:
            world.do(step)
        for one, other in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 2), (2, 0)]:
            world.take(one, world.held[other], world.known[other])
        assert world.held[0] == world.held[1] == world.held[2]


@QUICK
@given(st.lists(STEP, max_size=25))
def test_a_vector_keeps_too_much_and_never_too_little_where_its_coordinators_hold_the_key(
    steps: list[tuple[object, ...]],
) -> None:
    world = World(Vectors)
    for step in steps:
        world.do((*step[:4], int(str(step[4])) | 1 << int(str(step[1]))) if step[0] == "write" else step)
    for held, known in zip(world.held, world.known, strict=True):
        assert set(contents(held)) >= {event.dot for event in known.left}


@QUICK
@given(st.lists(STEP, max_size=20))
def test_what_is_written_of_a_clock_is_read_again(steps: list[tuple[object, ...]]) -> None:
    world = World(Dotted)
    for step in steps:
        world.do(step)
    for held in world.held:
        if held is not None:
            clock = parse(held.version.by)
            assert clock is not None
            assert write(clock) == held.version.by
            assert held.version.time == max(time for time, _ in clock.dots)


@given(st.text(st.sampled_from("r1.~-+@x9"), max_size=20))
def test_what_is_no_clock_has_seen_nothing(text: str) -> None:
    clock = parse(text)
    assert clock is None or write(clock) == text
    if clock is None:
        assert read(text).seen == {}


def put(versions: Dotted, value: str | None, seen: Record | None = None, held: Record | None = None) -> Record:
    return versions.written("k", value, seen.version.by if seen else "", 10, lambda _key: held)


def of(kind: type[Dotted], node: str = "r1.1") -> Dotted:
    return kind(node, "incarnation", 0)


def values(versions: Dotted, *copies: Record) -> list[str | None]:
    held: Record | None = None
    for copy in copies:
        held = versions.merge(held, copy)
    return list(contents(held).values())


def test_equal_clocks_are_equal_and_not_concurrent() -> None:
    """The textbook's comparison calls them concurrent, and merges two identical replies into none."""
    versions = of(Dotted)
    one = put(versions, "a")
    again = replace(one)
    assert versions.dominates(one, again)
    assert versions.dominates(again, one)
    assert versions.glance(one, brief(again)) == "same"
    assert versions.merge(one, again) == one


def explosion(kind: type[Dotted], rounds: int) -> int:
    """Two clients take turns through one coordinator; each has read before the other wrote: Riak's explosion."""
    versions, held = of(kind), None
    read_by: list[Record | None] = [None, None]
    for turn in range(rounds):
        made = put(versions, f"w{turn}", read_by[turn % 2], held)
        held = versions.merge(held, made)
        read_by[turn % 2] = held
    return len(contents(held))


def test_interleaved_clients_pile_up_siblings_under_vectors_alone() -> None:
    assert explosion(Dotted, 20) == 2
    assert explosion(Vectors, 20) == 20


def test_siblings_end_where_there_is_no_room_and_that_is_counted() -> None:
    versions = Vectors("r1.1", "incarnation", 0, "siblings", 3)
    held: Record | None = None
    for turn in range(5):
        held = versions.merge(held, put(versions, f"w{turn}", None, held))
    assert list(contents(held).values()) == ["w2", "w3", "w4"]
    assert versions.dropped == 2


def test_a_node_that_lost_its_disk_mints_no_dot_again() -> None:
    """Riak kv679: what it writes now would otherwise be taken for what others have seen of it before."""
    first = put(of(Dotted, "r1.1"), "before")
    second = put(of(Dotted, "r1.2"), "after")
    assert values(of(Dotted), first, second) == ["before", "after"]
    same_name = put(of(Dotted, "r1.1"), "after")
    assert len(values(of(Dotted), first, same_name)) == 1


def test_a_delete_replaces_what_its_client_had_read_and_nothing_else() -> None:
    versions = of(Dotted)
    first = put(versions, "a")
    beside, gone = put(versions, "b"), put(versions, None, first)
    assert values(versions, first, gone) == [None]
    assert values(versions, first, beside, gone) == ["b", None]
    both = versions.merge(beside, gone)
    assert both is not None
    assert not both.dead
    all_gone = put(versions, None, both)
    merged = versions.merge(both, all_gone)
    assert merged is not None
    assert merged.dead


def test_by_time_one_of_the_siblings_is_kept_and_by_union_their_elements() -> None:
    last = Dotted("r1.1", "incarnation", 0, "last")
    newest = last.merge(put(last, "a"), put(last, "b"))
    assert newest is not None
    assert last.answered(newest) == "b"
    union = Dotted("r1.1", "incarnation", 0, "union")
    united = union.merge(put(union, '["b","a"]'), put(union, '["c","a"]'))
    assert united is not None
    assert union.answered(united) == '["a","b","c"]'
    shown = of(Dotted)
    both = shown.merge(put(shown, "a"), put(shown, None))
    assert both is not None
    assert shown.answered(both) == '["a",null]'


def test_a_vector_through_a_node_without_the_key_buries_what_nobody_had_seen() -> None:
    for kind, left in ((Vectors, ["b"]), (Dotted, ["a", "b"])):
        versions = of(kind)
        assert values(versions, put(versions, "a"), put(versions, "b")) == left


def test_one_version_with_two_contents_ends_with_one_of_them() -> None:
    """No sound coordinator makes such; and yet replicas must not swap them for ever."""
    versions = of(Dotted)
    one = put(versions, "a")
    other = record("k", Version(one.version.time, one.version.by), '["b"]')
    assert versions.merge(one, other) == versions.merge(other, one) == other
