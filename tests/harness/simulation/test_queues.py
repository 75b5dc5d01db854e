"""Links with levers that hold what is said are queues: nothing overtakes, and each message waits for those ahead."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.plan import Network as Model
from tests.harness.simulation.worlds import MS, WAY, Net, S, fetch, pull, size_of

LINK = "r1>r2"
SIZE = size_of(fetch("a"))  # all keys here are one letter: all frames have this size


@given(
    st.lists(
        st.tuples(st.integers(0, 200 * MS), st.sampled_from("abcdefgh")), max_size=8, unique_by=lambda said: said[1]
    ),
    st.one_of(st.none(), st.integers(500, 20_000)),
    st.one_of(st.none(), st.tuples(st.integers(1, 60), st.integers(1, 5 * MS))),
    st.integers(0, 100 * MS),
)
def test_links_are_queues(
    said: list[tuple[int, str]], bytes_per_s: int | None, slices: tuple[int, int] | None, delay_ns: int
) -> None:
    """A message leaves a queue at the latest of: any message's coming, and the work from there to this one."""
    net, work = Net(), 0
    net.pull(0, pull("delay", LINK, delay_ns=delay_ns, jitter_ns=0))
    if bytes_per_s is not None:
        net.pull(0, pull("bandwidth", LINK, bytes_per_s=bytes_per_s))
        work += -(-SIZE * S // bytes_per_s)
    if slices is not None:
        net.pull(0, pull("slice", LINK, piece_bytes=slices[0], gap_ns=slices[1]))
        work += len(range(0, SIZE, slices[0])) * slices[1]
    said.sort(key=lambda each: each[0])
    for at, key in said:
        net.say(at, key)
    expected = {
        key: max(said[first][0] + (last - first + 1) * work for first in range(last + 1)) + delay_ns + WAY
        for last, (_, key) in enumerate(said)
    }
    assert net.run() == expected


_DELAYS = st.tuples(st.integers(0, 50 * MS), st.integers(0, 50 * MS)).map(lambda pair: (max(pair), min(pair)))


@given(st.lists(st.integers(0, 100 * MS), max_size=20), _DELAYS, st.integers(0, 20 * MS))
def test_nothing_overtakes_on_a_link_with_levers(times: list[int], delay: tuple[int, int], way: int) -> None:
    """The way itself takes a time of its own for each message."""
    net = Net(Model(0, way))
    net.pull(0, pull("delay", LINK, delay_ns=delay[0], jitter_ns=delay[1]))
    said = {str(number): at for number, at in enumerate(sorted(times))}
    for key, at in said.items():
        net.say(at, key)
    arrived = net.run()
    assert list(arrived) == list(said)
    assert all(one <= other for one, other in pairwise(arrived.values()))
    assert all(arrived[key] >= at + delay[0] - delay[1] for key, at in said.items())
