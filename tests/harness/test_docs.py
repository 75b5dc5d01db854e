"""Documents that would go stale in silence: the generated reference, the examples, the README's links."""

import re
from pathlib import Path

import pytest

from harness.demonstrations import PLANS
from harness.reference import PAGES, write
from harness.report.lines import fold
from harness.run import run
from harness.scenario import draw, load

ROOT = Path(__file__).parents[2]
PAGES_OF_PROSE = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_reference_is_what_the_code_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    write(tmp_path)
    for name in PAGES:
        stored = (ROOT / "docs/reference" / name).read_text(encoding="utf-8")
        assert stored == (tmp_path / name).read_text(encoding="utf-8"), f"{name} is stale: run ci/reference"


@pytest.mark.parametrize("example", sorted(ROOT.glob("examples/*.toml")), ids=lambda path: path.name)
def test_an_example_runs_and_holds(example: Path, tmp_path: Path) -> None:
    plan, _ = draw(load(str(example)), example.name, seed=1)
    assert run(plan, "simulation", runs=tmp_path).verdict == "holds"


@pytest.mark.parametrize("page", PAGES_OF_PROSE, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_the_story_in_the_readme_is_what_one_sees(tmp_path: Path) -> None:
    plan = PLANS["purges-unconfirmed"]("purges-unconfirmed")
    report = run(plan, "simulation", runs=tmp_path)
    seen = fold(report.stories[0], 110).splitlines()
    assert "\n".join(seen[:-1]) in (ROOT / "README.md").read_text(encoding="utf-8")
