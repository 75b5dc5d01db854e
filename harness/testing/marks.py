"""What a test asks for with `@pytest.mark.urushi(...)`."""

from typing import Any, NamedTuple

import pytest

from harness.testing import options, seeds
from harness.testing.options import Stage

MARK = "urushi(scenario, seeds, stage, policy, flaw, system, judge): what the fixtures of Urushi perform in this test"


class Asked(NamedTuple):
    """`judge=False`: the test looks at the verdict itself. `system`: a store of the user's, only on processes."""

    scenario: str | None = None
    seeds: int = 1
    stage: Stage | None = None
    policy: str | None = None
    flaw: str | None = None
    system: str | None = None
    judge: bool = True


def asked(node: pytest.Item | pytest.Collector) -> Asked:
    """The mark of a class or a module holds for its tests, as far as their own do not say otherwise."""
    given: dict[str, Any] = {}
    for mark in node.iter_markers("urushi"):
        if mark.args:
            _refuse(f"{mark.args[0]!r} has no name", f"write scenario={mark.args[0]!r}, or whichever it is")
        given = {**mark.kwargs, **given}
    for name, value in given.items():
        _check(name, value)
    return Asked(**given)


def _check(name: str, value: Any) -> None:
    if name not in Asked._fields:
        _refuse(f"{name!r} is not known", f"allowed: {', '.join(Asked._fields)}")
    if name == "seeds":
        if type(value) is not int or not 1 <= value <= seeds.MANY:
            _refuse(f"seeds={value!r}", f"write a whole number, 1 to {seeds.MANY}")
    elif name == "judge":
        if type(value) is not bool:
            _refuse(f"judge={value!r}", "write True or False")
    elif name == "stage" and value not in (None, *options.STAGES):
        _refuse(f"stage={value!r}", f"allowed: {', '.join(options.STAGES)}")
    elif not isinstance(value, str | None):
        _refuse(f"{name}={value!r}", "write a name in quotes")


def _refuse(what: str, remedy: str) -> None:
    pytest.fail(f"@pytest.mark.urushi: {what}; {remedy}", pytrace=False)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """One item a seed. A mark on a test that asks for no fixture of ours would be a test of nothing."""
    definition = metafunc.definition
    if "urushi_seed" not in metafunc.fixturenames:
        if any(mark.name == "urushi" for mark in definition.own_markers):
            _refuse(f"{definition.name} performs nothing", "let it have an argument: urushi_run, urushi_world, …")
        return
    settings = definition.config.stash[options.SETTINGS]
    marked = definition.get_closest_marker("urushi") is not None
    many = settings.many if marked and settings.many is not None else asked(definition).seeds
    own = seeds.of_test(settings.seed, definition.nodeid, many)
    metafunc.parametrize("urushi_seed", own, ids=[f"seed={seed}" for seed in own], indirect=True)


def stage_of(asked: Asked, settings: options.Settings) -> Stage:
    """That of the mark, then that of the command line: what a test was written for stays."""
    if asked.system is not None:
        return asked.stage or "processes"
    return asked.stage or settings.stage or "simulation"
