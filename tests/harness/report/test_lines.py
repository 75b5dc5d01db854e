"""Lines that fit the terminal, and say nothing that a terminal would obey."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from harness.report.lines import brief, fold, pad, safe

TEXTS = st.text(max_size=200)
WORDS = st.lists(st.text(alphabet="abcé✝语-", min_size=1, max_size=30), max_size=30).map(" ".join)


@given(TEXTS)
def test_what_is_safe_is_printable(text: str) -> None:
    assert safe(text).isprintable()
    assert safe(text) == text or not text.isprintable()


def test_a_control_sequence_is_shown_and_not_obeyed() -> None:
    assert safe("a\x1b[2Jb\x07\u202e\n") == "a\\x1b[2Jb\\x07\\u202e\\n"


@given(TEXTS, st.integers(2, 50))
def test_what_is_brief_is_no_longer_than_that(text: str, most: int) -> None:
    assert len(brief(text, most)) <= most
    assert brief(text, most) == text or brief(text, most)[-1] == "…"


@given(WORDS, st.integers(0, 8), st.integers(20, 120))
def test_folding_changes_nothing_but_white_space(words: str, indent: int, width: int) -> None:
    line = " " * indent + words
    folded = fold(line, width)
    assert "".join(folded.split()) == "".join(line.split())
    assert all(cell_len(part) <= width for part in folded.split("\n"))


@given(WORDS.map(lambda words: words.replace("语", "")), st.integers(40, 120))
def test_words_that_fit_are_not_cut(words: str, width: int) -> None:
    assert fold(f"  {words}", width).split() == words.split()


def test_a_line_goes_on_below_its_last_column() -> None:
    row = "   0.100  r1   write, op 1, via r1/1000000003"
    assert fold(row, 32).split("\n") == ["   0.100  r1   write, op 1, via", "               r1/1000000003"]


def test_padding_counts_what_a_terminal_shows() -> None:
    assert pad("语", 4) == "语  "
