"""Whatever its toxics do, a direction keeps its bytes right and its promises about time."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.harness.links.bench import Bench, toxic

small = st.integers(0, 300)
harmless: st.SearchStrategy[tuple[str, dict[str, int]]] = st.one_of(
    st.tuples(st.just("noop"), st.just({})),
    st.tuples(st.just("latency"), st.fixed_dictionaries({"latency": small, "jitter": small})),
    st.tuples(st.just("bandwidth"), st.fixed_dictionaries({"rate": st.integers(0, 20)})),
    st.tuples(st.just("slow_close"), st.fixed_dictionaries({"delay": small})),
    st.tuples(
        st.just("slicer"),
        st.fixed_dictionaries(
            {"average_size": st.integers(10, 900), "size_variation": st.integers(0, 9), "delay": st.integers(0, 50_000)}
        ),
    ),
)


names = st.sampled_from("abc")
toxicities = st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.0])


class HarmlessToxics(RuleBasedStateMachine):
    """Toxics that only delay lose, repeat, invent and reorder nothing, however they are added, changed and removed."""

    @initialize(toxics=st.lists(harmless, min_size=1, max_size=3))
    def begin(self, toxics: list[tuple[str, dict[str, int]]]) -> None:
        self.bench = Bench()
        self.toxics: dict[str, str] = {}
        self.choked = False
        for name, what in zip("abc", toxics, strict=False):
            self.add(name, what, 1.0)
        self.bench.send(1_000)

    @rule(size=st.integers(1, 5_000))
    def send(self, size: int) -> None:
        if not self.bench.pipe.shut:
            self.bench.send(size)

    @rule(name=names, what=harmless, toxicity=toxicities)
    def add(self, name: str, what: tuple[str, dict[str, int]], toxicity: float) -> None:
        if name not in self.toxics:
            self.toxics[name] = what[0]
            self.bench.pipe.add(toxic(name, *what, toxicity))

    @rule(name=names, what=harmless, toxicity=toxicities)
    def update(self, name: str, what: tuple[str, dict[str, int]], toxicity: float) -> None:
        if self.toxics.get(name) == what[0]:
            self.bench.pipe.update(toxic(name, *what, toxicity))

    @rule(name=names)
    def remove(self, name: str) -> None:
        if self.toxics.pop(name, None):
            self.bench.pipe.remove(name)

    @rule(milliseconds=st.integers(0, 1_000))
    def wait(self, milliseconds: int) -> None:
        self.bench.clock.run(milliseconds / 1000)

    @rule()
    def choke(self) -> None:
        self.choked = not self.choked
        self.bench.pipe.choke(choked=self.choked)

    @precondition(lambda self: len(self.bench.sent) > 10_000)
    @rule()
    def end(self) -> None:
        self.bench.pipe.finish()

    @invariant()
    def a_prefix_has_arrived_and_the_rest_is_held(self) -> None:
        arrived = self.bench.far.data()
        assert self.bench.sent.startswith(arrived)
        held = sum(stage.held for stage in self.bench.pipe.stages.values())
        assert held == len(self.bench.sent) - len(arrived)

    @invariant()
    def the_source_is_read_unless_something_is_full(self) -> None:
        if not self.bench.pipe.shut:
            full = any(stage.held > stage.room for stage in self.bench.pipe.stages.values())
            assert self.bench.source.reading == (not self.choked and not full)

    @invariant()
    def an_end_comes_only_after_everything(self) -> None:
        if self.bench.far.closed:
            assert self.bench.pipe.shut
            assert self.bench.far.data() == self.bench.sent

    def teardown(self) -> None:
        for name in list(self.toxics):
            self.bench.pipe.remove(name)
        assert self.bench.far.data() == self.bench.sent
        assert self.bench.far.closed == self.bench.pipe.shut


TestHarmlessToxics = HarmlessToxics.TestCase

sizes = st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 400)), min_size=1, max_size=8)


@given(sizes, st.integers(1, 50))
def test_bandwidth_never_passes_more_than_its_rate(sends: list[tuple[int, int]], rate: int) -> None:
    bench = Bench()
    bench.add("b", "bandwidth", rate=rate)
    for size, pause_ms in sends:
        bench.send(size)
        bench.clock.run(pause_ms / 1000)
    bench.clock.run(len(bench.sent) / rate / 1000 + 0.001)
    assert bench.far.data() == bench.sent
    passed = 0
    for at_s, data in bench.far.written:
        passed += len(data)
        assert passed <= rate * 1000 * at_s + 1e-6


@given(sizes, st.integers(0, 500), st.integers(0, 500))
def test_latency_delays_each_byte_by_as_much_as_it_says(
    sends: list[tuple[int, int]], latency: int, jitter: int
) -> None:
    bench = Bench()
    bench.add("l", "latency", latency=latency, jitter=jitter)
    sent_at: list[float] = []
    for size, pause_ms in sends:
        sent_at += [bench.clock.now] * size
        bench.send(size)
        bench.clock.run(pause_ms / 1000)
    bench.clock.run(2)
    arrived_at = [at_s for at_s, data in bench.far.written for _ in data]
    latest = 0.0
    for sent_s, arrived_s in zip(sent_at, arrived_at, strict=True):
        latest = max(latest, sent_s)
        assert sent_s + (latency - jitter) / 1000 - 1e-6 <= arrived_s <= latest + (latency + jitter) / 1000 + 1e-6


@given(sizes, st.integers(0, 40_000))
def test_limit_data_passes_that_many_bytes_whatever_the_chunks(sends: list[tuple[int, int]], limit: int) -> None:
    bench = Bench()
    bench.add("l", "limit_data", bytes=limit)
    for size, _ in sends:
        bench.send(size)
    assert bench.far.data() == bench.sent[:limit]
    assert bench.far.closed == (len(bench.sent) >= limit)


@given(st.integers(1, 50), st.data())
def test_slices_are_as_large_as_they_may_be(average: int, data: st.DataObject) -> None:
    variation = data.draw(st.integers(0, average - 1))
    bench = Bench()
    bench.add("s", "slicer", average_size=average, size_variation=variation, delay=data.draw(st.integers(0, 10)))
    bench.send(2_000)
    bench.clock.run(1)
    times = [at_s for at_s, _ in bench.far.written]
    assert len(set(times)) == len(times), "what is written in one turn of the loop is joined"
    *pieces, last = [len(piece) for _, piece in bench.far.written]
    assert all(average - variation <= piece <= average + variation for piece in pieces)
    assert 0 < last <= average + variation
    assert bench.far.data() == bench.sent


def test_a_rate_that_is_changed_makes_nothing_up_for_the_time_before() -> None:
    bench = Bench()
    bench.add("b", "bandwidth", rate=0)
    bench.send(10_000)
    bench.clock.run(60)
    bench.pipe.update(toxic("b", "bandwidth", {"rate": 10}))
    bench.clock.run(0.5)
    assert len(bench.far.data()) <= 5_000
    bench.clock.run(0.501)
    assert bench.far.data() == bench.sent


def test_delays_in_series_add_up() -> None:
    """On the real server the time in a bandwidth counts towards the latency behind it."""
    bench = Bench()
    bench.add("b", "bandwidth", rate=1)
    bench.add("l", "latency", latency=50)
    bench.send(100)
    bench.clock.run(1)
    assert [round(at_s, 6) for at_s, _ in bench.far.written] == [0.15]


def test_what_a_stage_holds_is_bounded_by_its_room_and_one_read() -> None:
    bench = Bench()
    bench.add("b", "bandwidth", rate=0)
    for _ in range(1_000):
        if bench.source.reading:
            bench.send(10_000)
    assert len(bench.sent) <= 64 * 1024 + 10_000
    bench.pipe.remove("b")
    assert bench.source.reading
    assert bench.far.data() == bench.sent


def test_a_limit_that_was_reached_stays_the_end_though_it_is_removed_before_the_end_has_passed() -> None:
    bench = Bench()
    bench.add("limit", "limit_data", bytes=5)
    bench.add("slow", "slow_close", delay=1_000)
    bench.send(9)
    bench.pipe.remove("limit")
    bench.send(9)
    bench.clock.run(2)
    assert bench.far.data() == bench.sent[:5]
    assert bench.far.closed


def test_nothing_held_before_a_timeout_comes_out_after_it_was_removed() -> None:
    bench = Bench()
    bench.add("l", "latency", latency=100)
    bench.add("t", "timeout", timeout=0)
    bench.add("slow", "slow_close", delay=500)
    bench.send(9)
    bench.pipe.remove("t")
    bench.clock.run(1)
    assert bench.far.data() == b""
    assert bench.far.closed


def test_a_reset_removed_after_it_has_swallowed_something_resets_at_once() -> None:
    bench = Bench()
    bench.add("r", "reset_peer", timeout=60_000)
    bench.pipe.remove("r")
    assert bench.resets == 0
    bench.add("r", "reset_peer", timeout=60_000)
    bench.send(1)
    bench.pipe.remove("r")
    assert bench.resets == 1
    assert bench.far.data() == b""


def test_a_slow_close_that_is_changed_waits_anew() -> None:
    bench = Bench()
    bench.add("c", "slow_close", delay=100)
    bench.pipe.finish()
    bench.clock.run(0.05)
    bench.pipe.update(toxic("c", "slow_close", {"delay": 200}))
    bench.clock.run(0.199)
    assert not bench.far.closed
    bench.clock.run(0.002)
    assert bench.far.closed


def test_no_timer_fires_after_both_sockets_are_gone() -> None:
    bench = Bench()
    bench.add("t", "timeout", timeout=10)
    bench.add("l", "latency", latency=10)
    bench.add("c", "slow_close", delay=10)
    bench.pipe.discard()
    assert all(handle.cancelled for _, _, handle, _, _ in bench.clock.heap)
