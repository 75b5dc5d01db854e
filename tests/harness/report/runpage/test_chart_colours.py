"""The colours of charts on a run's page: any two of one chart stay apart, shades are in order for all eyes."""

from itertools import pairwise

import pytest

from tests.harness.report.colours import EYES, contrast, least_distance, scheme, seen

CHARTS = "run/charts.css"
STACKS = {"repairs": "012345678", "messages": "903126"}  # numbers of inks, see CAUSE_INKS

both = pytest.mark.parametrize("name", ["light", "dark"])


@both
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("eyes", EYES)
def test_causes_differ(eyes: str, stack: str, name: str) -> None:
    colours = scheme(name, CHARTS)
    assert least_distance(eyes, [colours[f"ink{number}"] for number in STACKS[stack]]) > 9


@both
@pytest.mark.parametrize("eyes", EYES)
def test_outcomes_differ(eyes: str, name: str) -> None:
    colours = scheme(name, "run/run.css")
    assert least_distance(eyes, [colours["ok"], colours["failed"], colours["unknown"]]) > 9


@both
@pytest.mark.parametrize("eyes", EYES)
def test_shades_are_steps_of_lightness_away_from_the_ground(eyes: str, name: str) -> None:
    colours = scheme(name, CHARTS)
    lightness = [seen(eyes, colours[f"heat{step}"])[0] for step in range(6)]
    steps = [100 * (later - earlier) for earlier, later in pairwise(lightness)]
    assert all(step < -6 for step in steps) if name == "light" else all(step > 6 for step in steps)


@both
def test_lines_stand_out(name: str) -> None:
    colours = {**scheme(name, "shared/base.css"), **scheme(name, "run/run.css"), **scheme(name, CHARTS)}
    for line in ("curve", "bad", "failed", "ok"):
        assert contrast(colours[line], colours["ground"]) >= 3
