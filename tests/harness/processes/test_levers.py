"""Every lever on real replicas, behind either server: proven, felt, and let go so that work goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvloop

from harness.levers import LINK_LEVERS, Action, Lever
from harness.stages.processes.addresses import claim
from harness.stages.processes.cluster import Cluster, running
from harness.stages.processes.links.server import NoServer, Prefer, find
from harness.stages.processes.node import POLL_S
from harness.stages.processes.supervise import ChildEndedError
from replicas.store.policy import Policy
from replicas.store.settings import Cluster as Settings
from replicas.store.settings import Node
from replicas.store.system import Store
from replicas.system import Health, Observer, Reply

pytestmark = pytest.mark.processes

MS = 1_000_000
DEADLINE_S = 5.0
VALUE = "v" * 3_000
PARAMETERS: dict[Lever, tuple[tuple[str, int], ...]] = {
    "delay": (("delay_ns", 100 * MS), ("jitter_ns", 20 * MS)),
    "bandwidth": (("bytes_per_s", 10_000),),
    "slice": (("piece_bytes", 100), ("gap_ns", 5 * MS)),
    "cut": (("after_bytes", 1_000),),
}
LINKS = ("r1>r2", "clients>r1", "r1>clients")


def action(lever: Lever, target: str) -> Action:
    return Action(lever, target, PARAMETERS.get(lever, ()))


class Rig(NamedTuple):
    cluster: Cluster
    system: Store


@asynccontextmanager
async def started(folder: Path, proxy: Prefer, names: list[str]) -> AsyncIterator[Rig]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # no thread begins in the middle of a test
    try:
        choice = find(proxy)
    except NoServer as missing:
        pytest.skip(str(missing))
    system = Store(Settings([Node(name) for name in names], len(names), 1, 1), Policy(), None, 1.0)
    with closing(claim()) as block:
        async with running(names, system, folder, choice, block) as cluster:
            yield Rig(cluster, system)


async def talk(rig: Rig, target: str, value: str = "small") -> tuple[Reply, float]:
    """The reply of r1's client link, or of a probe over the link between the replicas, and how long it took. Over
    either goes some of the value: as a put, or as the answer of a get to it."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        session = await rig.system.connect(rig.cluster.address(target), "c1.1", DEADLINE_S)
    except ConnectionError as problem:
        return Reply("failed", error=str(problem)), loop.time() - begun
    with closing(session):
        reply = await session.ask(1, "put", "k", value, "ONE")
        if reply.outcome == "ok" and target == "r1>clients":
            reply = await session.ask(2, "get", "k", None, "ONE")
    return reply, loop.time() - begun


# What each lever does to a client that talks through the link: r1>r2 leads to r2 as a client link does.


async def unanswered(rig: Rig, target: str) -> None:
    if target == "r1>clients":
        assert not await rig.system.probe(rig.cluster.address(target), 0.2)  # no greeting: a client would wait long
    else:
        reply, _ = await talk(rig, target)
        assert (reply.outcome, reply.error) == ("unknown", "no answer within the client's timeout")


async def refused(rig: Rig, target: str) -> None:
    reply, _ = await talk(rig, target)
    assert reply.outcome == "failed"
    assert "Errno 111" in (reply.error or "")


async def broken(rig: Rig, target: str) -> None:
    reply, seconds = await talk(rig, target, VALUE)
    assert reply.outcome != "ok"
    assert any(word in (reply.error or "") for word in ("closed", "reset", "Errno 104")), reply
    assert seconds < DEADLINE_S, "it waited instead"


async def late(rig: Rig, target: str) -> None:
    reply, seconds = await talk(rig, target)
    assert reply.outcome == "ok"
    assert seconds > 0.079


async def slow(rig: Rig, target: str) -> None:
    """3,000 bytes at 10,000 a second, or in 30 pieces of 100 with 5 ms in between."""
    reply, seconds = await talk(rig, target, VALUE)
    assert reply.outcome == "ok"
    assert seconds > 0.1


FELT: dict[Lever, Callable[[Rig, str], Coroutine[Any, Any, None]]] = {
    "block": unanswered,
    "refuse": refused,
    "reset": broken,
    "delay": late,
    "bandwidth": slow,
    "slice": slow,
    "cut": broken,
}


class Kept(NamedTuple):
    runner: asyncio.Runner
    rig: Rig


@pytest.fixture(scope="module", params=["toxiproxy", "stand-in"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Two replicas for all tests of links."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as in a run
        context = started(tmp_path_factory.mktemp("levers"), request.param, ["r1", "r2"])
        rig = runner.run(_enter(context))
        yield Kept(runner, rig)
        runner.run(_leave(context))


async def _enter(context: Any) -> Rig:
    rig: Rig = await context.__aenter__()
    return rig


async def _leave(context: Any) -> None:
    await context.__aexit__(None, None, None)


async def works(rig: Rig) -> None:
    """All links are open: what one replica takes, both hold."""
    await rig.cluster.all_reached(DEADLINE_S)
    for target in LINKS:
        reply, _ = await talk(rig, target)
        assert reply.outcome == "ok", (target, reply)
    with closing(await rig.system.connect(rig.cluster.door("r1"), "c2.1", DEADLINE_S)) as session:
        assert (await session.ask(3, "put", "k", "for all", "ALL")).outcome == "ok"


@pytest.mark.parametrize("target", LINKS)
@pytest.mark.parametrize("lever", LINK_LEVERS)
def test_a_lever_of_a_link_is_proven_felt_and_let_go(kept: Kept, lever: Lever, target: str) -> None:
    async def scene(rig: Rig) -> None:
        pulled = action(lever, target)
        before = await rig.cluster.levers.prove([pulled])
        assert not before[pulled].ok, before
        await rig.cluster.levers.pull([pulled])
        proof = (await rig.cluster.levers.prove([pulled]))[pulled]
        assert proof.ok, proof
        assert proof.said.startswith("the proxy says so")
        await FELT[lever](rig, target)
        await rig.cluster.levers.let_go([pulled])
        after = await rig.cluster.levers.prove([pulled])
        assert not after[pulled].ok, after
        await works(rig)

    kept.runner.run(scene(kept.rig))


def test_all_levers_of_all_links_at_once(kept: Kept) -> None:
    """In one go, and let go in another order: none takes another one with it."""

    async def scene(rig: Rig) -> None:
        actions = [action(lever, target) for lever in LINK_LEVERS for target in LINKS]
        await rig.cluster.levers.pull(actions)
        while actions:
            proofs = await rig.cluster.levers.prove(actions)
            assert all(proof.ok for proof in proofs.values()), proofs
            await rig.cluster.levers.let_go(actions[::3])
            del actions[::3]
        await works(rig)

    kept.runner.run(scene(kept.rig))


@pytest.mark.parametrize(
    ("lever", "on", "said"),
    [
        ("block", "delay", "a message was answered"),
        ("reset", "delay", "a message was answered"),
        ("refuse", "delay", "a connection was accepted"),
        ("delay", "block", "a message was answered after"),
    ],
)
def test_the_word_of_the_proxy_alone_proves_nothing(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, lever: Lever, on: Lever, said: str
) -> None:
    """A proxy that says what it does not do."""

    async def scene(rig: Rig) -> None:
        claimed = action(lever, "r1>r2")
        monkeypatch.setattr(rig.cluster.levers._links, "shown", lambda actions: dict.fromkeys(actions, True))
        rig.cluster.levers._orders.setdefault("r1-to-r2", 0)
        proof = (await rig.cluster.levers.prove([claimed]))[claimed]
        assert not proof.ok
        assert said in proof.said

    kept.runner.run(scene(kept.rig))


def test_a_delay_that_others_cut_short_is_not_held_against_it(kept: Kept) -> None:
    """The real server passes on what a delay holds when another lever of the link changes."""

    async def scene(rig: Rig) -> None:
        delay = Action("delay", "r1>r2", (("delay_ns", 150 * MS), ("jitter_ns", 0)))
        other = action("slice", "r1>r2")
        await rig.cluster.levers.pull([delay])
        for _ in range(3):
            proving = asyncio.create_task(rig.cluster.levers.prove([delay]))
            await asyncio.sleep(0.05)
            await rig.cluster.levers.pull([other])
            await rig.cluster.levers.let_go([other])
            assert (await proving)[delay] == (True, "the proxy says so")
        await rig.cluster.levers.let_go([delay])

    kept.runner.run(scene(kept.rig))


def test_orders_at_the_same_time_are_done_in_turn(kept: Kept) -> None:
    """What is let go and pulled again before that is done is on in the end."""

    async def scene(rig: Rig) -> None:
        levers = rig.cluster.levers
        pulled = [action(lever, "r1>r2") for lever in ("block", "delay", "bandwidth")]
        await levers.pull(pulled)
        for _ in range(5):
            await asyncio.gather(levers.let_go(pulled), levers.pull(pulled))
        assert all(proof.ok for proof in (await levers.prove(pulled)).values())
        await asyncio.gather(levers.let_go(pulled), levers.pull(pulled), levers.let_go(pulled))
        await works(rig)

    kept.runner.run(scene(kept.rig))


# Levers of processes: each test has replicas of its own, which end with it.


async def held(rig: Rig, name: str) -> dict[str, str | None]:
    async def copies(observer: Observer) -> dict[str, str | None]:
        snapshot = await observer.dump()
        assert snapshot is not None
        return {key: copy.value for key, copy in snapshot.copies.items()}

    return await rig.cluster.observe(name, copies)


async def health(rig: Rig, name: str) -> Health:
    async def look(observer: Observer) -> Health:
        return await observer.health([])

    return await rig.cluster.observe(name, look)


async def pulled_and_proven(rig: Rig, lever: Lever, said: str) -> None:
    pulled = Action(lever, "r2")
    before = (await rig.cluster.levers.prove([pulled]))[pulled]
    assert not before.ok, before
    await rig.cluster.levers.pull([pulled])
    assert (await rig.cluster.levers.prove([pulled]))[pulled] == (True, said)


async def process_levers(folder: Path) -> None:
    async with started(folder, "stand-in", ["r1", "r2", "r3"]) as rig:
        levers, node = rig.cluster.levers, rig.cluster.nodes["r2"]
        await works(rig)

        await pulled_and_proven(rig, "pause", "it is stopped")
        assert node.down is None
        assert not await rig.system.probe(rig.cluster.door("r2"), 0.1)
        await levers.let_go([Action("pause", "r2")])
        assert await rig.system.probe(rig.cluster.door("r2"), DEADLINE_S)

        for lever, said in (("kill", "gone"), ("stop", "gone, in order")):
            await pulled_and_proven(rig, lever, said)  # type: ignore[arg-type] # both are levers
            assert rig.cluster.living() == ["r1", "r3"]
            rig.cluster.check_alive()
            await rig.cluster.all_reached(DEADLINE_S)  # of those that are up
            await levers.let_go([Action(lever, "r2")])  # type: ignore[arg-type] # likewise
            assert (await held(rig, "r2"))["k"] == "for all", "its disk is as it was"
            assert node.incarnation == "r2.1"
            await works(rig)

        await pulled_and_proven(rig, "wipe", "gone, with its disk")
        left = {path.name for path in (folder / "r2").iterdir()}
        assert left == {"spec.json", "log.txt", "trail.jsonl"}
        await levers.let_go([Action("wipe", "r2")])
        assert node.incarnation == "r2.2"
        async with asyncio.timeout(DEADLINE_S):
            while (await health(rig, "r2")).pending is not None:
                await asyncio.sleep(POLL_S)
        assert (await held(rig, "r2"))["k"] == "for all", "it was bootstrapped"
        trail = (folder / "r2" / "trail.jsonl").read_text()
        assert "r2.1" in trail
        assert "r2.2" in trail
        await works(rig)


def test_levers_of_processes_are_proven_felt_and_let_go(tmp_path: Path) -> None:
    uvloop.run(process_levers(tmp_path))


def test_levers_of_one_process_follow_each_other(tmp_path: Path) -> None:
    """The end of one fault may be the start of the next: what is restarted is greeted before it is ended again."""

    async def scene() -> None:
        async with started(tmp_path, "stand-in", ["r1"]) as rig:
            levers = rig.cluster.levers
            kill, stop, pause, wipe = (Action(each, "r1") for each in ("kill", "stop", "pause", "wipe"))
            await levers.pull([kill])
            await asyncio.gather(levers.let_go([kill]), levers.pull([stop]))
            assert (await levers.prove([stop]))[stop].ok
            await asyncio.gather(
                levers.let_go([stop]), levers.pull([wipe]), levers.let_go([wipe]), levers.pull([pause])
            )
            assert (await levers.prove([pause]))[pause].ok
            await levers.let_go([pause])
            assert rig.cluster.nodes["r1"].incarnation == "r1.2"
            rig.cluster.check_alive()

    uvloop.run(scene())


def test_a_replica_that_does_not_end_in_order_is_no_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed instead, or not ended at all: the proof says so, and letting go works all the same."""

    async def scene() -> None:
        monkeypatch.setattr("harness.stages.processes.node.STEP_DEADLINE_S", 0.2)
        async with started(tmp_path, "stand-in", ["r1"]) as rig:
            levers, stop, pause = rig.cluster.levers, Action("stop", "r1"), Action("pause", "r1")
            await levers.pull([pause])
            await levers.pull([stop])  # a process that is stopped by SIGSTOP does not hear it
            proof = (await levers.prove([stop]))[stop]
            assert not proof.ok
            assert "0.2 s after it was told to end" in proof.said
            monkeypatch.setattr("harness.stages.processes.node.STEP_DEADLINE_S", DEADLINE_S)
            await levers.let_go([stop])
            await levers.pull([Action("kill", "r1")])
            proof = (await levers.prove([stop]))[stop]
            assert proof == (False, "gone, and not in order: SIGKILL")
            await levers.let_go([stop])
            assert rig.cluster.living() == ["r1"]

    uvloop.run(scene())


def test_a_replica_that_ends_of_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path, "stand-in", ["r1"]) as rig:
            child = rig.cluster.nodes["r1"]._child
            await child.signal(15)
            await child.exited(deadline_s=DEADLINE_S)
            with pytest.raises(ChildEndedError, match="r1 ended of itself"):
                rig.cluster.check_alive()

    uvloop.run(scene())
