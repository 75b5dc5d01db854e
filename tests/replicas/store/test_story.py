"""The whole core under shuffled, lost and doubled messages, crashes, restarts and skewed clocks."""

from typing import Any, NamedTuple

import pytest
from msgspec import structs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from replicas.store.flaws import FLAWS
from replicas.store.parts import SOUND, Parts
from replicas.store.settings import Cluster, Tie
from tests.replicas.store.rig import cluster
from tests.replicas.store.story import Story
from tests.replicas.store.strategies import TIES


class Step(NamedTuple):
    """A method of Story, and its arguments."""

    name: str
    arguments: dict[str, Any]


def step(name: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(name), st.fixed_dictionaries(arguments))


NODE, SMALL, FLIGHT = st.integers(0, 3), st.integers(0, 3), st.integers(0, 30)
OPERATE = step("operate", kind=st.sampled_from(["put", "delete", "get", "delete"]), node=NODE, key=SMALL, level=SMALL)
PARTLY = step(
    "operate_with",
    kind=st.sampled_from(["put", "delete", "get", "get", "get"]),
    node=st.integers(0, 2),
    peer=st.integers(0, 2),
    key=st.sampled_from([0, 0, 0, 1]),
    level=st.sampled_from([0, 0, 0, 0, 1, 2, 3]),
)
DELIVER = step("deliver", index=FLIGHT)
GROUP = step("deliver_all_to", node=NODE, ending=st.sampled_from([0, 0, 1, 2]), backwards=st.booleans())
WAIT = step("pass_time", ms=st.sampled_from([0, 1, 10, 10, 80]))
STEPS = st.one_of(
    OPERATE,
    OPERATE,
    PARTLY,
    PARTLY,
    DELIVER,
    DELIVER,
    GROUP,
    GROUP,
    WAIT,
    WAIT,
    step("settle"),
    step("settle"),
    step("drop", index=FLIGHT),
    step("drop_all_to", node=NODE),
    step("double", index=FLIGHT),
    step("crash", node=NODE),
    step("start", node=NODE),
    step("skew", node=NODE, ms=st.integers(0, 5)),
)
CLUSTERS = st.sampled_from([cluster(), cluster(nodes=4)])


WILD = st.lists(STEPS, min_size=20, max_size=90)
CUT_OFF = st.lists(st.one_of(*[PARTLY] * 9, WAIT, step("settle")), min_size=5, max_size=30)


def tell(shape: Cluster, tie: Tie, steps: list[Step], parts: Parts) -> None:
    story = Story(structs.replace(shape, tie=tie), parts)
    for each in steps:
        getattr(story, each.name)(**each.arguments)
    story.mend()


@settings(max_examples=150)
@given(CLUSTERS, TIES, WILD)
def test_whatever_happens_replicas_mend_and_never_go_back(shape: Cluster, tie: Tie, steps: list[Step]) -> None:
    tell(shape, tie, steps, SOUND)


@settings(max_examples=150)
@given(CLUSTERS, TIES, CUT_OFF)
def test_whoever_is_cut_off_quorums_never_show_less(shape: Cluster, tie: Tie, steps: list[Step]) -> None:
    tell(shape, tie, steps, SOUND)


@pytest.mark.parametrize("name", sorted(FLAWS))
@pytest.mark.parametrize("S", [0,1])
def test_FLAWS(name: str, S) -> None:
    @settings(max_examples=500, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(CLUSTERS, TIES, [WILD,CUT_OFF][S])
    def run(shape: Cluster, tie: Tie, steps: list[Step]) -> None:
        global n
        n += 1
        tell(shape, tie, steps, FLAWS[name].parts)
    global n
    n = 0
    try:
        run()
    except BaseException as e:
        print(S,name, FLAWS[name].breaks, "CAUGHT", n, type(e), str(e)[:150])
    else:
        print(S,name, FLAWS[name].breaks, "not caught", n)
