"""The reader of EDN, by a table of forms as its specification has them, and by values drawn and written."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.formats import edn
from checkers.formats.edn import BadEdn, Unclosed
from checkers.formats.printed import printed
from checkers.formats.values import Keyword, Map, Symbol, Tagged
from tests.checkers.formats.logs import SCALARS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-17", -17),
        ("+3", 3),
        ("42N", 42),
        ("1234567890123456789012345678901234567890", 1234567890123456789012345678901234567890),
        ("0x1F", 31),
        ("-0xff", -255),
        ("3/4", Fraction(3, 4)),
        ("1.5", 1.5),
        ("-1e3", -1000.0),
        ("6.02E+23", 6.02e23),
        ("2.50M", Decimal("2.50")),
        ("##Inf", math.inf),
        ('""', ""),
        (r'"a\tb\nc\\d\"e\u0041"', 'a\tb\nc\\d"eA'),
        (r'"\ud83d\ude00"', "😀"),
        ('"two\nlines"', "two\nlines"),
        (r'"\\"', "\\"),
        (r"\a", "a"),
        (r"\newline", "\n"),
        (r"\space", " "),
        (r"\u00e9", "é"),
        (r"\\", "\\"),
        (r"\(", "("),
        (":a", Keyword(":a")),
        (":my.ns/a-b?", Keyword(":my.ns/a-b?")),
        (":1", Keyword(":1")),
        ("sym", Symbol("sym")),
        ("/", Symbol("/")),
        ("-", Symbol("-")),
        ("a.b/c", Symbol("a.b/c")),
        ("[]", ()),
        ("[1 [2]]", (1, (2,))),
        ("(1, 2)", (1, 2)),
        ("#{1 2}", frozenset({1, 2})),
        ("{}", Map()),
        ("{:a 1, [1] {2 3}}", Map({Keyword(":a"): 1, (1,): Map({2: 3})})),
        ('#inst "2024-01-01"', Tagged("inst", "2024-01-01")),
        ("#jepsen.history.Op{:f :read}", Tagged("jepsen.history.Op", Map({Keyword(":f"): Keyword(":read")}))),
        ("#a #b 1", Tagged("a", Tagged("b", 1))),
        ("#:db{:id 1, :a/b 2}", Map({Keyword(":db/id"): 1, Keyword(":a/b"): 2})),
        ('#"a\\d"', "a\\d"),
        ("#_ 1 2", 2),
        ("#_#_ 1 2 3", 3),
        ("[1 #_[2 {] } ] 3]".replace("{] }", "{}"), (1, 3)),
        ("; all of it\n 5 ; and more", 5),
        ('[1 ; " no string\n 2]', (1, 2)),
        (",,,[1,,2],", (1, 2)),
        ("[1]", (1,)),
        ("\ufeff1".lstrip("\ufeff"), 1),
    ],
)
def test_forms(text: str, value: Any) -> None:
    assert edn.read(text) == [value]
    assert [type(each) for each in edn.read(text)] == [type(value)]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("[1 2\n 3}", 2, 3, "'}' where ']' would close the '[' of line 1"),
        (" )", 1, 2, "')' closes nothing"),
        ("{:a 1\n :b}", 2, 4, "the map of line 1 has a key without a value"),
        ("{:a 1 :a 2}", 1, 11, "a key twice"),
        ("[\n\n  007]", 3, 3, "'007' is no number"),
        ("1.2.3", 1, 1, "'1.2.3' is no number"),
        ("1/0", 1, 1, "'1/0' is no number"),
        ("12x", 1, 1, "'12x' is no number"),
        ("9" * 5000, 1, 1, "a number of 5000 digits is too long"),
        (r'  "\q"', 1, 3, r"the escape \q, which there is not"),
        (r'"\ud83d"', 1, 1, "half a character"),
        (r"\nope", 1, 1, r"'\nope' is no character"),
        ("[#]", 1, 2, "'#' is no tag"),
        (":", 1, 1, "':' is no form"),
        ("[#_]", 1, 4, "'#_' wants a form after it, and here is ']'"),
        ("[#foo]", 1, 6, "'#foo' wants a form after it"),
        ("[" * 300, 1, 201, "more than 200 deep"),
        ('"a\nb" \n "c" )', 3, 6, "')' closes nothing"),
        ("[1\n {:a\n 2", 1, 1, "'[' is never closed by ']'"),
        ("1 #_", 1, 3, "nothing follows '#_'"),
        ('5\n"abc', 2, 1, "no second quote"),
        ('"a" "\\', 1, 5, "no second quote"),
    ],
)
def test_what_is_no_edn_is_refused_with_its_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(BadEdn) as caught:
        edn.read(text)
    assert said in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_elements_of_the_outermost_form_come_one_by_one() -> None:
    lines = ["[1\n", "\n", " [2] 3 ; 4\n", " {:a\n", "  1}\n", "]\n", " 5\n"]
    forms = [(form.line, form.value) for form in edn.forms(lines, within=True)]
    assert forms == [(1, 1), (3, (2,)), (3, 3), (4, {":a": 1}), (7, 5)]


def test_the_elements_before_a_missing_end_are_given() -> None:
    given_out: list[edn.Form] = []
    with pytest.raises(Unclosed) as caught:
        given_out.extend(edn.forms(["[1\n", "2"], within=True))
    assert caught.value.outermost
    assert list(map(type, _until_unclosed(["[1\n", "{:a"]))) == [edn.Form]


def _until_unclosed(lines: list[str]) -> list[edn.Form]:
    found: list[edn.Form] = []
    with pytest.raises(Unclosed) as caught:
        for form in edn.forms(lines, within=True):
            found.append(form)  # noqa: PERF402 - what was given before it raised
    assert not caught.value.outermost
    assert caught.value.held == [":a"]
    return found


WORDS = st.sampled_from([Keyword(":a"), Keyword(":b/c"), Symbol("s"), Symbol("ns/s")])
FORMS: st.SearchStrategy[Any] = st.recursive(
    st.none() | SCALARS | WORDS | st.decimals(-1_000_000, 1_000_000, places=2),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.frozensets(inner, max_size=3),
        st.dictionaries(inner, inner, max_size=3).map(Map),
        st.builds(Tagged, st.sampled_from(["a", "my.ns/T"]), inner),
    ),
    max_leaves=12,
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the strategy: it holds many characters
@given(st.lists(FORMS, max_size=4))
def test_what_is_printed_reads_as_the_same(values: list[Any]) -> None:
    read = edn.read("\n".join(map(printed, values)))
    assert read == values
    assert repr(read) == repr(values) or "frozenset" in repr(values), "1, 1.0 and true differ"


@given(st.text(st.sampled_from(list("[](){}#_\"\\:;,. \n-+/0159aNMxu^'@~`é鍵"))) | st.text())
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        values = edn.read(text)
    except BadEdn as problem:
        lines = text.split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    else:
        assert edn.read("\n".join(map(printed, values))) == values


def test_a_string_over_very_many_lines_takes_no_longer_than_they_do() -> None:
    """Each line is looked at once: with a look back from each, this would take minutes."""
    assert edn.read('"' + "a\n" * 100_000 + '"') == ["a\n" * 100_000]
