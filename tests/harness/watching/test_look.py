"""What can be read in a terminal of some size."""

import pytest

from harness.progress import Mending
from harness.watching.look import lines
from harness.watching.model import FaultNow, Replica, Shown

WIDTHS = (60, 80, 120)


def a_run(**also: object) -> Shown:
    shown = Shown(
        scenario="wild",
        seed=18,
        phase="unrest",
        at_s=4.2,
        unrest_s=10.0,
        done=1240,
        operations=3000,
        replicas=[
            Replica("r1", "up", 0.34, 41_000_000, 12),
            Replica("r2", "paused", 0.0, 40_000_000, None),
            Replica("r3", "down", None, None, None),
            Replica("r4", "bootstrapping", 0.5, 40_000_000, 0),
        ],
        cut=["r1<>r2", "clients>r3"],
        slowed=["r4>r1"],
        rates={"ok": 312.4, "failed": 4.2, "unknown": 1.0},
        p50_ms=2.1,
        p99_ms=1048.6,
        apart=12,
        keys=64,
        faults=[
            FaultNow("f2", "pause", ["r2"], "the process stops in the middle of whatever it does", 1.2, applied=True)
        ],
        mending=None,
        pending=None,
        news=["  3.57 s  f1 one-way r1 r2: applied", "  4.10 s  f2 pause r2: applied"],
    )
    return shown._replace(**also)  # type: ignore[arg-type]


def drawn(shown: Shown, width: int = 80, height: int = 40, behind_s: float = 0.0) -> str:
    told = lines(shown, width, height, behind_s)
    assert all(line.cell_len <= width for line in told)
    assert len(told) <= height
    return "\n".join(line.plain for line in told)


def row(text: str, name: str) -> str:
    (found,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_all_that_matters_is_there(width: int) -> None:
    text = drawn(a_run(), width)
    assert row(text, "r1").split() == ["r1", "up", "34", "%", "41", "MB", "12"]
    assert row(text, "r2").split() == ["r2", "paused", "0", "%", "40", "MB", "·"]
    assert row(text, "r3").split() == ["r3", "down", "·", "·", "·"]
    assert row(text, "r4").split()[1] == "bootstrapping"
    facts = " ".join(text.split())
    for said in (
        "wild seed 18 unrest 4.2 of 10.0 s",
        "1,240 of 3,000 operations",
        "links cut r1<>r2, clients>r3",
        "links slowed r4>r1",
        "312.4 ok, 4.2 failed, 1.0 unknown",
        "p50 2.1 ms, p99 1,048.6 ms",
        "12 of 64",
        "f2 pause r2, 1.2 s left: the process stops",
        "4.10 s f2 pause r2: applied",
    ):
        assert said in facts
    assert "mending" not in facts


@pytest.mark.parametrize("width", WIDTHS)
def test_how_far_it_is_from_settled(width: int) -> None:
    mending = Mending(0, 3, 25, "r1: 4 hints for r2 wait")
    facts = " ".join(drawn(a_run(phase="mend", mending=mending), width).split())
    assert "mend, 4.2 s" in facts
    assert "mending 3 of at most 25 rounds: r1: 4 hints for r2 wait" in facts
    assert "not mended copies still change" in " ".join(drawn(a_run(pending="copies still change"), width).split())


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_long_is_cut(width: int) -> None:
    links = [f"r{one}>r{other}" for one in range(28) for other in range(28) if one != other]
    faults = [FaultNow(f"f{n}", "pause", ["r1"] * 28, "what it does " * 30, 1.0, applied=True) for n in range(20)]
    text = drawn(a_run(cut=links, faults=faults), width)
    assert "…" in text
    assert "and 16 more faults" in text
    assert len(text.splitlines()) < 30


def test_where_there_is_no_room_for_all_replicas_those_in_trouble_stay() -> None:
    many = [Replica(f"r{n}", "down" if n == 27 else "up", 0.0, 1, 0) for n in range(28)]
    text = drawn(a_run(replicas=many), 80, 20)
    assert row(text, "r27").split()[1] == "down"
    assert "more" in row(text, "and")
    assert "keys apart" in text
    everyone = drawn(a_run(replicas=many), 80, 60)
    assert [line.split()[0] for line in everyone.splitlines() if line[:2] in ("r0", "r1", "r2")][-1] == "r27"


def test_old_news_of_the_trails_are_said_to_be_old() -> None:
    assert "12 of 64, as of 2.1 s ago" in drawn(a_run(), behind_s=2.1)
    assert "as of" not in drawn(a_run(), behind_s=0.3)


def test_what_comes_from_outside_cannot_write_on_the_terminal() -> None:
    bad = "\x1b[2Jx"
    shown = a_run(scenario=bad, replicas=[Replica(bad, "up", 0.0, 1, 0)], cut=[bad], pending=bad, news=[bad])
    assert "\x1b" not in drawn(shown)


def test_before_the_first_look_there_are_only_dots() -> None:
    nobody = [Replica("r1", None, None, None, None)]
    text = drawn(a_run(phase="starting", replicas=nobody, rates=None, p50_ms=None, p99_ms=None, cut=[], faults=[]))
    assert row(text, "r1").split() == ["r1", "·", "·", "·", "·"]
    assert "operations/s  ·" in text
    assert "links cut     none" in text


def test_of_replicas_that_do_not_tell_nothing_is_said_of_keys() -> None:
    assert "keys apart    ·" in drawn(a_run(apart=None))
