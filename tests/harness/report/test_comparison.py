"""What the page of a comparison holds, as text. How it behaves in a browser: test_comparison_page.py."""

import hashlib
import re
import shlex
from base64 import b64decode
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compare.result import Difference, Figure, Value
from harness.report import comparison as pages
from harness.report import html
from harness.suite import parse_seeds
from tests.harness.report import sample

_NEVER_CLOSED = ("meta", "link", "input")
HOSTILE = [
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "a&amp;b' \" ` ${1}",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- <script>",
    "\u2028]]>\u202e name",
]


class Elements(HTMLParser):
    """The elements with their attributes, in their order, and the text within each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in _NEVER_CLOSED:
            self._open.append(len(self.found) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.found[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for each in self._open:
            self.texts[each] += data

    def of(self, tag: str) -> list[str]:
        return [text for (name, _), text in zip(self.found, self.texts, strict=True) if name == tag]


def _plain(said: str) -> str:
    return said.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "none")


def test_names_with_html_make_no_elements() -> None:
    plain = Elements(pages.page(sample.comparison()))
    hostile = Elements(pages.page(sample.comparison(HOSTILE)))
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    data, script = hostile.of("script")
    assert msgspec.json.decode(data)["policies"] == HOSTILE
    assert script == plain.of("script")[1]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=6, max_size=6, unique=True))
def test_no_name_ends_the_data(names: list[str]) -> None:
    (data,) = Elements(f"<script>{html.embedded(names)}</script>").of("script")
    assert msgspec.json.decode(data) == names


def test_only_the_script_and_the_style_of_the_page_run_and_it_asks_for_nothing() -> None:
    it = Elements(pages.page(sample.comparison()))
    policy = next(each["content"] for tag, each in it.found if "http-equiv" in each) or ""
    assert "default-src 'none'" in policy
    for directive, source in (("script-src", it.of("script")[1]), ("style-src", it.of("style")[0])):
        wanted = re.search(rf"{directive} 'sha256-([^']+)'", policy)
        assert wanted is not None
        assert b64decode(wanted[1]) == hashlib.sha256(source.encode()).digest()
    asked = [each[name] for _, each in it.found for name in ("src", "href", "action") if name in each]
    assert asked
    assert all(each and each.startswith(("#", "data:,")) for each in asked)


def test_without_data_the_page_is_small() -> None:
    bare = msgspec.structs.replace(
        sample.comparison(), figures=[], values=[], differences=[], examples=[], recommendation=[], divergent={},
        visibility={}, reads_ms={}, writes_ms={}, stale_ms={}, everywhere_ms={},
    )  # fmt: skip
    assert len(pages.page(bare).encode()) < 60_000


def test_writes_what_it_draws(tmp_path: Path) -> None:
    pages.write(sample.comparison(), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == pages.page(sample.comparison())


def test_the_command_asks_for_the_same_comparison() -> None:
    it = msgspec.structs.replace(sample.comparison(HOSTILE), seeds=[1, 2, 3, 9, 11, 12])
    words = shlex.split(Elements(pages.page(it)).of("code")[0])
    assert words[:8] == ["urushi", "compare", *HOSTILE]
    options = dict(zip(words[8::2], words[9::2], strict=True))
    assert parse_seeds(options.pop("--seeds")) == it.seeds
    assert options == {"--scenario": "compare", "--stage": "simulation", "--baseline": HOSTILE[0]}


def test_each_cell_says_what_was_measured_and_whether_a_difference_is_shown() -> None:
    cells = {"a": ("less", 12.0, 2.0, True), "b": ("less", 12.0, -2.0, True), "c": ("more", 12.0, -2.0, True)}
    cells |= {"d": ("more", 12.0, 2.0, True), "e": ("less", 12.0, 0.5, False)}
    figures = [Figure(name, "all", "", "ms", better) for name, (better, *_) in cells.items()]  # type: ignore[arg-type]
    it = msgspec.structs.replace(
        sample.comparison(),
        figures=[*figures, Figure("f", "all", "", "ms", "less")],
        values=[Value(name, sample.SYNC, value, 11.0, 13.0) for name, (_, value, _, _) in cells.items()],
        differences=[
            Difference(name, sample.SYNC, change, change - 1, change + 1, shown)
            for name, (_, _, change, shown) in cells.items()
        ],
    )
    page = Elements(pages.page(it))
    row = next(i for i, (tag, each) in enumerate(page.found) if tag == "tr" and each.get("data-policy") == sample.SYNC)
    said = page.texts[row].split()
    assert _plain(" ".join(said)) == (
        "sync 12 11 to 13 ▼ +2 worse difference +1 to +3 12 11 to 13 ▲ -2 better difference -3 to -1 "
        "12 11 to 13 ▼ -2 worse difference -3 to -1 12 11 to 13 ▲ +2 better difference +1 to +3 "
        "12 11 to 13 no difference shown difference -0.5 to +1.5 none"
    )


def test_what_never_came_to_be_is_a_word_and_its_difference_is_unknown() -> None:
    page = Elements(pages.page(sample.comparison()))
    never = [" ".join(text.split()) for text in page.of("td") if "never" in text]
    assert never == [*["never"] * 3, *["never difference unknown"] * 2]  # the baseline's, and what cannot be compared


def test_a_large_group_takes_tables_of_much_the_same_width() -> None:
    it = sample.comparison()
    many = [Figure(f"f{number}", "traffic", "", "count", "less") for number in range(17)]
    groups = pages._groups(msgspec.structs.replace(it, figures=[many[0], *it.figures[:6], *many[1:]]))
    assert [(group["title"], len(group["columns"])) for group in groups] == [
        ("traffic (1 of 3)", 6),
        ("traffic (2 of 3)", 6),
        ("traffic (3 of 3)", 5),
        ("Latency", 6),
    ]
    assert [column["figure"] for group in groups[:3] for column in group["columns"]] == many


def test_how_it_was_measured_and_what_was_left_out_is_said() -> None:
    it = sample.comparison()
    page = Elements(pages.page(it))
    assert set(it.method) <= set(page.of("p"))
    assert f"77: {it.errors[77]}" in page.of("li")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(1.0, 2.0, "1 to 2"), (1.0, None, "1 or more"), (None, 2.0, "2 or less"), (None, None, "")],
)
def test_an_interval_may_have_one_end(low: float | None, high: float | None, said: str) -> None:
    assert pages._interval(Value("f", "p", 1.0, low, high), (1.0, "")) == said


@pytest.mark.parametrize(
    ("unit", "values", "said"),
    [
        ("ms", [0.0, 4.126, 99.96, 123.6, 9_999.0], ["0", "4.13", "100", "124", "9,999"]),
        ("ms", [None, 512.0, 12_340.0], ["none", "0.512", "12.3"]),
        ("bytes", [0.0, 1_000.0, 1_820_000.0], ["0", "0.001", "1.82"]),
        ("count", [3.0, 48_123.0, -7.5], ["3", "48,123", "-7.5"]),
        ("%", [0.000123, 99.95], ["0.000123", "100"]),
        ("ms", [float("nan"), float("inf"), 1.0], ["none", "none", "1"]),
    ],
)
def test_numbers_are_said_in_one_unit_a_figure(unit: str, values: list[float | None], said: list[str]) -> None:
    scale = pages._scale(unit, values)
    assert [_plain(pages._say(value, scale)) for value in values] == said


@given(st.floats(1e-6, 1e12))
def test_numbers_keep_three_digits(value: float) -> None:
    said = Decimal(pages._say(value, (1.0, "")).replace(",", ""))
    assert abs(said / Decimal(value) - 1) <= Decimal("0.00501")


def test_a_policy_without_one_of_the_figures_is_not_in_the_plot_and_named() -> None:
    plane = msgspec.json.decode(Elements(pages.page(sample.comparison())).of("script")[0])["plane"]
    assert [point["policy"] for point in plane["points"]] == sample.POLICIES[:-1]
    assert plane["missing"] == [sample.BLIND]
    assert plane["points"][1]["words"] == [
        "read p99 41.5 ms (39 to 44.4)",
        "stale reads 1.2 % (1.13 to 1.28)",
        "bytes 2.31 MB (2.17 to 2.47)",
    ]
