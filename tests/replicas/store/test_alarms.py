"""Alarms: each call once, in order, not before its time; and no more timers than there are moments to wait for."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from replicas.store.alarms import Alarms
from replicas.store.core import Now
from tests.replicas.store.rig import Rig, cluster

EVENTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30) | st.none()), max_size=40)


@given(EVENTS)
def test_each_call_comes_once_when_its_time_has_come(events: list[tuple[int, int | None]]) -> None:
    """Time passes, and then something is set (or nothing); timers fire in their moments."""
    core = Rig(cluster()).replicas["r1"].core
    core.now, core.timers = Now(0, 0), []
    alarms = Alarms(core, "x")
    wanted: list[tuple[int, int]] = []
    came: list[tuple[int, int]] = []

    def came_by(number: int) -> None:
        came.append((core.now.mono, number))

    def pass_time(until: int) -> None:
        while due := sorted(when for when, _ in core.timers if when <= until):
            core.timers.remove((due[0], "x"))
            core.now = Now(due[0], 0)
            alarms.tick()
        core.now = Now(until, 0)

    for number, (passed, after) in enumerate(events):
        pass_time(core.now.mono + passed)
        if after is not None:
            when = core.now.mono + after
            wanted.append((when, number))
            alarms.after(after, partial(came_by, number))
            assert len(core.timers) <= len(wanted) - len(came)
    pass_time(core.now.mono + 100)
    assert came == sorted(wanted)
    assert core.timers == []


def test_a_timer_that_comes_early_is_set_again() -> None:
    core = Rig(cluster()).replicas["r1"].core
    core.now, core.timers = Now(0, 0), []
    alarms = Alarms(core, "x")
    came: list[int] = []
    alarms.after(10, lambda: came.append(core.now.mono))
    core.timers.clear()
    core.now = Now(9, 0)
    alarms.tick()
    assert (came, core.timers) == ([], [(10, "x")])


def test_a_call_may_set_another() -> None:
    core = Rig(cluster()).replicas["r1"].core
    core.now, core.timers = Now(0, 0), []
    alarms = Alarms(core, "x")
    came: list[int] = []

    def again() -> None:
        came.append(core.now.mono)
        if len(came) < 3:
            alarms.after(10, again)

    alarms.after(10, again)
    for moment in (10, 20, 30):
        core.now = Now(moment, 0)
        alarms.tick()
    assert came == [10, 20, 30]
