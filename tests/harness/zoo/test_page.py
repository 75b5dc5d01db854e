"""A page of which a command writes one part."""

from pathlib import Path

import pytest

from harness.wrong import Wrong
from harness.zoo import alarms, page

ROOT = Path(__file__).parents[3]
PAGE = "before\n<!-- x: written by the command -->\nold\n<!-- end of x -->\nafter\n"


def test_what_stands_between_the_marks_is_replaced_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    for text in ("new", "newer\nand longer", "new"):
        page.write(path, "x", text)
    assert path.read_text(encoding="utf-8") == PAGE.replace("old", "new")


@pytest.mark.parametrize("text", ["", PAGE.replace("end of x", "end of y"), PAGE.replace("x: written", "y: written")])
def test_a_page_without_the_marks_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Wrong, match="has no part 'x'"):
        page.write(path, "x", "new")
    assert path.read_text(encoding="utf-8") == text


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="cannot be read"):
        page.check(tmp_path / "none.md", "x")


@pytest.mark.parametrize("part", ["the zoo", alarms.PART])
def test_the_page_of_the_docs_has_both_parts(part: str) -> None:
    page.check(ROOT / "docs/concepts/zoo.md", part)
