"""The colours of the page stay apart, also for eyes that lack one kind of cone, and from what they stand on."""

import pytest

from tests.harness.report.colours import EYES, contrast, least_distance, scheme

_STYLE = "comparison/comparison.css"


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_policies_differ(eyes: str, name: str) -> None:
    colours = scheme(name, _STYLE)
    apart = least_distance(eyes, [colours[f"p{number}"] for number in range(8)])
    assert apart > (15 if eyes == "all cones" else 9)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_drawn_and_written_stands_out(name: str) -> None:
    colours = {**scheme(name, "shared/base.css"), **scheme(name, _STYLE)}
    drawn = [contrast(colours[f"p{number}"], colours["ground"]) for number in range(8)]
    assert min(drawn) >= 3
    words = ("text", "soft", "link", "better", "worse")
    written = [contrast(colours[word], colours[on]) for word in words for on in ("ground", "panel")]
    assert min(written) >= 4.5
