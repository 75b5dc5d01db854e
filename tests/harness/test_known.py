"""Known failures: what is let through, what is not, and when an entry must go."""

from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.known import Entry, Known, let_through, load, says
from harness.missed import missed
from harness.result import Result
from harness.run import Report
from harness.wrong import Wrong
from tests.harness.commands import SIMULATED, nothing_started, urushi, urushi_process
from tests.harness.judged import BROKEN, FLAW, broken, held, of, order_of, result_of, unknown

ABOUT = 'why = "the last round is skipped"\nlink = "issue 17"\n'


def entry(**given: object) -> Entry:
    return Entry(**{"promise": BROKEN, "why": "a bug", "link": "issue 17", **given})  # type: ignore[arg-type]


def known(*seeds: int, **given: object) -> list[Known]:
    return [Known(entry(**given), frozenset(seeds))]


def loaded(folder: Path, text: str, *seeds: int) -> list[Known]:
    (folder / "known.toml").write_text(text, encoding="utf-8")
    order = order_of(*seeds)
    return load(folder / "known.toml", frozenset(seeds), order.scenario, order.stage)


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({}, True),
        ({"flaw": FLAW}, True),
        ({"flaw": "stops-rounds"}, False),
        ({"promise": "convergence"}, False),
        ({"mechanism": "missed … message … was lost; … marked … as purgeable, unconfirmed by"}, True),
        ({"mechanism": "marked … missed"}, False),
        ({"mechanism": "a hint was dropped"}, False),
    ],
)
def test_what_an_entry_lets_through(given: dict[str, str], passes: bool) -> None:  # noqa: FBT001 - a case's outcome
    assert bool(let_through(known(2, **given), of(2, broken()))) == passes
    assert let_through(known(3, **given), of(2, broken())) == ()


def test_of_what_was_broken_all_must_be_known() -> None:
    also = msgspec.structs.replace(broken().promises[BROKEN], violations=1)
    both = of(1, msgspec.structs.replace(broken(), promises={**broken().promises, "convergence": also}))
    one, other = known(1), known(1, promise="convergence", why="another")
    assert let_through(one, both) == let_through(other, both) == ()
    assert sorted(let_through([*one, *other], both)) == [
        "convergence: another (issue 17)",
        "purge soundness: a bug (issue 17)",
    ]


@pytest.mark.parametrize("report", [held(), unknown()])
def test_only_what_is_broken_is_let_through(report: Report) -> None:
    assert let_through(known(1), of(1, report)) == ()


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=8), st.data())
def test_the_words_of_a_mechanism_are_looked_for_in_their_order(words: list[str], data: st.DataObject) -> None:
    """Whatever stands between them; in another order they are another mechanism."""
    kept = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    some = [word for word, keep in zip(words, kept, strict=True) if keep]
    assert says(" at 0.6 s ".join(words), " … ".join(some).upper())
    assert not says(" ".join(words), " ".join([*words, "d"]))
    distinct = list(dict.fromkeys(words))
    assert says(" ".join(distinct), " ".join(reversed(distinct))) == (len(distinct) < 2)


def told(result: Result, entries: list[Known]) -> tuple[list[str], list[str]]:
    found = missed(entries, result.reports)
    return found.fixed, found.untold


def test_one_that_happened_is_not_missed() -> None:
    result = result_of({1: held(), 2: broken()}, order_of(1, 2))
    assert told(result, known(1, 2)) == ([], [])


def test_one_that_did_not_happen_is_fixed() -> None:
    result = result_of({1: held(), 2: held()}, order_of(1, 2))
    (line,), untold = told(result, known(1, 2))
    assert untold == []
    assert line.startswith(
        "known failure 'purge soundness: a bug (issue 17)' did not happen in any of its 2 seeds: remove"
    )
    assert told(result, known(2))[0][0].partition(" did not happen ")[2].startswith("in its one seed: remove it")


@pytest.mark.parametrize("outcome", [unknown(), "no proxy", None], ids=["inconclusive", "failed", "not run"])
def test_a_seed_that_shows_nothing_does_not_show_that_it_is_fixed(outcome: Report | str | None) -> None:
    result = result_of({1: held(), **({2: outcome} if outcome else {})}, order_of(1, 2))
    fixed, (line,) = told(result, known(1, 2))
    assert (fixed, "but 1 of its 2 seeds showed nothing" in line) == ([], True)
    assert len(told(result, known(1))[0]) == 1


def test_what_was_never_promised_is_not_fixed() -> None:
    promise = msgspec.structs.replace(held().promises[BROKEN], verdict="not promised", measured="holds")
    report = msgspec.structs.replace(held(), promises={**held().promises, BROKEN: promise})
    fixed, (line,) = told(result_of({1: report}, order_of(1)), known(1))
    assert (fixed, "in none of its seeds was it promised" in line) == ([], True)


def test_another_cause_of_the_same_failure_is_neither_known_nor_fixed() -> None:
    entries = known(1, 2, mechanism="a hint was dropped")
    order = order_of(1, 2)._replace(known=partial(let_through, entries))
    result = result_of({1: broken(), 2: held()}, order)
    assert (result.exit_code(), result.known) == (1, {})
    assert len(told(result, entries)[0]) == 1


def test_what_happens_sometimes_may_stay_away() -> None:
    fixed, (line,) = told(result_of({1: held()}, order_of(1)), known(1, sometimes=True))
    assert (fixed, "it happens only sometimes" in line) == ([], True)


def test_of_another_flaw_nothing_is_said() -> None:
    assert told(result_of({1: held()}, order_of(1)), known(1, flaw=FLAW)) == ([], [])


def test_known_failures_are_no_failures() -> None:
    order = order_of(1, 2)._replace(known=partial(let_through, known(1, 2)))
    result = result_of({1: held(), 2: broken()}, order)
    assert (result.verdict(), result.exit_code(), list(result.known)) == ("holds", 0, [2])
    said = "\n".join(result.summary())
    assert "known failure, let through: purge soundness: a bug (issue 17): seeds 2" in said
    assert said.endswith("2 runs: 1 holds, 1 violated, 0 unknown (1 known)")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({1: held()}, 2),
        ({1: held(), 2: broken()}, 1),
        ({1: held(), 2: "no proxy"}, 4),
        ({1: held(), 2: unknown()}, 2),
    ],
    ids=["fixed alone", "broken too", "failed too", "inconclusive too"],
)
def test_the_exit_code_of_an_entry_that_must_go(outcomes: dict[int, Report | str], code: int) -> None:
    result = result_of(outcomes, order_of(*outcomes))
    result.fixed = ["known failure 'x' did not happen in its one seed: remove it"]
    assert result.exit_code() == code


def test_an_entry_is_about_the_seeds_that_both_have(tmp_path: Path) -> None:
    text = f'[[known]]\npromise = "{BROKEN}"\nseeds = "3..9"\n{ABOUT}'
    ((_, seeds),) = loaded(tmp_path, text, 1, 4, 9, 10)
    assert seeds == {4, 9}
    assert loaded(tmp_path, text, 1, 2) == []
    assert loaded(tmp_path, f'[[known]]\npromise = "{BROKEN}"\n{ABOUT}', 1, 2)[0].seeds == {1, 2}


@pytest.mark.parametrize(
    ("line", "about"),
    [('scenario = "wild"', False), ('scenario = "default"', True), ('stage = "processes"', False)],
)
def test_an_entry_about_another_suite_is_left_out(line: str, about: bool, tmp_path: Path) -> None:  # noqa: FBT001
    assert bool(loaded(tmp_path, f'[[known]]\npromise = "{BROKEN}"\n{line}\n{ABOUT}', 1)) == about


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('promise = "convergense"', "known[0].promise: there is no promise 'convergense'.*did you mean 'convergence'"),
        ('promise = "convergence"\nflaw = "stop-rounds"', "known[0].flaw: .*did you mean 'stops-rounds'"),
        ('promise = "convergence"\nscenario = "defalt"', "known[0].scenario: .*did you mean 'default'"),
        ('promise = "convergence"\nscenario = "demo:stop-rounds"', "known[0].scenario: .*did you mean 'stops-rounds'"),
        ('promise = "convergence"\nscenario = "gone.toml"', "known[0].scenario: there is no file 'gone.toml'"),
        ('promise = "convergence"\nseeds = "5..1"', "known[0].seeds: '5..1' ends before it begins"),
        ('promise = "convergence"\nmechanism = "…"', "known[0].mechanism: it has no words"),
        ('promise = "convergence"\nstage = "simulated"', "known[0].stage: .*did you mean 'simulation'"),
        ('promise = "convergence"\nseed = 3', "known[0].seed: this key is not known.*did you mean 'seeds'"),
    ],
)
def test_an_entry_that_names_nothing_is_refused(lines: str, said: str, tmp_path: Path) -> None:
    place, what = said.split(": ", 1)
    with pytest.raises(Wrong, match=what) as caught:
        loaded(tmp_path, f"[[known]]\n{lines}\n{ABOUT}", 1)
    assert caught.value.place == f"{tmp_path / 'known.toml'}: {place}"


@pytest.mark.parametrize("field", ["why", "link"])
def test_an_entry_says_why_and_where(field: str, tmp_path: Path) -> None:
    text = f'[[known]]\npromise = "convergence"\n{ABOUT}'
    empty = "\n".join(f'{field} = " "' if line.startswith(field) else line for line in text.splitlines())
    with pytest.raises(Wrong, match="it is empty"):
        loaded(tmp_path, empty, 1)
    with pytest.raises(Wrong, match="this key is missing"):
        loaded(tmp_path, "\n".join(line for line in text.splitlines() if not line.startswith(field)), 1)


def test_a_suite_lets_them_through_and_ends_with_those_that_are_fixed(tmp_path: Path) -> None:
    """Two seeds of a flaw that every seed shows, and an entry about what it does not break."""
    kept = f'[[known]]\npromise = "convergence"\nflaw = "stops-rounds"\n{ABOUT}'
    (tmp_path / "known.toml").write_text(kept)
    suite = ("suite", "--flaw", "stops-rounds", "--seeds", "1,2", *SIMULATED, "--no-reports")
    with_file = (*suite, "--known-failures", "known.toml", "--fail-fast", "--junit", "a.xml")
    outcome = urushi_process(tmp_path, *with_file)
    assert outcome.code == 0, outcome.err
    assert "known failure, let through: convergence: the last round is skipped (issue 17): seeds 1..2" in outcome.out
    assert "2 runs: 0 holds, 2 violated, 0 unknown (2 known)" in outcome.out
    assert "VIOLATED" not in outcome.out
    root = ET.parse(tmp_path / "a.xml").getroot()  # noqa: S314 - our own file
    assert (root.get("failures"), root.get("skipped")) == ("0", "2")
    (tmp_path / "known.toml").write_text(f'{kept}[[known]]\npromise = "nothing invented"\n{ABOUT}')
    outcome = urushi_process(tmp_path, *with_file)
    assert outcome.code == 2
    assert "did not happen in any of its 2 seeds: remove it" in outcome.out


def test_a_file_that_is_wrong_starts_nothing(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "suite", "calm", *SIMULATED, "--known-failures", "known.toml")
    assert (outcome.code, nothing_started(tmp_path)) == (2, True)
    assert "known.toml: cannot be read" in outcome.err
    assert "name one that ends in .toml" in urushi(tmp_path, "suite", "calm", "--known-failures", "known").err
