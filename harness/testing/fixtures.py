"""The fixtures. Whatever performs is imported by the one that is asked for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from harness.testing import marks, options

if TYPE_CHECKING:
    from harness.testing.by_hand import Cluster, World
    from harness.testing.runs import Run

T = TypeVar("T")

RUN: "pytest.StashKey[Run]" = pytest.StashKey()
CLUSTER: "pytest.StashKey[Cluster]" = pytest.StashKey()
FAILED = pytest.StashKey[bool]()


@pytest.fixture
def urushi_seed(request: pytest.FixtureRequest) -> int:
    """The test's own seed: one item for each that its mark asks for."""
    seed = int(request.param)
    request.node.user_properties.append(("urushi_seed", seed))
    return seed


@pytest.fixture
def urushi_run(request: pytest.FixtureRequest, urushi_seed: int) -> "Iterator[Run]":
    """A whole run: drawn, performed and judged. It has verdict, promises, history, story, report, plan and folder."""
    from harness.testing import runs  # noqa: PLC0415 - see the top

    settings, asked = request.config.stash[options.SETTINGS], marks.asked(request.node)
    stage = marks.stage_of(asked, settings)
    run = request.node.stash[RUN] = _or_wrong(lambda: runs.perform(asked, stage, urushi_seed, settings.out))
    request.node.user_properties.extend([("urushi_run", run.report.id), ("urushi_verdict", run.verdict)])
    yield run
    if not request.node.stash.get(FAILED, False):
        run.forget()


@pytest.fixture
def urushi_cluster(request: pytest.FixtureRequest, urushi_seed: int, tmp_path: Path) -> "Iterator[Cluster]":
    """A cluster of real processes behind real links, to drive by hand; their logs are in tmp_path."""
    from harness.testing import by_hand, clusters, on_processes  # noqa: PLC0415 - see the top

    plan = _or_wrong(lambda: clusters.plan_of(marks.asked(request.node), urushi_seed))
    with ExitStack() as stack:
        stage = _or_wrong(lambda: stack.enter_context(on_processes.started(plan, tmp_path)))
        cluster = request.node.stash[CLUSTER] = by_hand.Cluster(plan, stage)
        yield cluster


@pytest.fixture
def urushi_world(request: pytest.FixtureRequest, urushi_seed: int) -> "World":
    """The same cluster on virtual time, which passes by `advance`."""
    from harness.testing import by_hand, clusters, in_simulation  # noqa: PLC0415 - see the top

    plan = _or_wrong(lambda: clusters.plan_of(marks.asked(request.node), urushi_seed, "simulation"))
    world = by_hand.World(plan, in_simulation.Simulated(plan))
    request.node.stash[CLUSTER] = world
    return world


def _or_wrong(make: Callable[[], T]) -> T:
    """What is wrong in a mark, or with the system that it names, is said without a traceback of ours."""
    from harness.systems.misbehaved import Misbehaved  # noqa: PLC0415 - see the top
    from harness.wrong import Wrong  # noqa: PLC0415 - see the top

    try:
        return make()
    except Wrong as problem:
        said = f"wrong: {problem}"
    except Misbehaved as problem:
        said = f"the system could not be driven: {problem}"
    pytest.fail(said, pytrace=False)
