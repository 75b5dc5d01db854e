"""The story of one key: all of its changes in order, nothing that the history does not have, in any width."""

import re
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from checkers import files
from checkers.history import Change, Dump, Header, History, Invoke, Message, ordered
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.report.explain import Explained, Explanation, explain, text
from harness.report.story import tell
from harness.reproduce.trial import Trial, trial
from harness.run import run
from harness.scenario import draw, load
from harness.wrong import Wrong
from replicas.store.flaws import FLAWS
from tests.harness.commands import BROKEN, stored, urushi

SEEDS = st.integers(1, 10_000)
FLAW_NAMES = st.sampled_from([None, *(name for name in FLAWS if name != "sends-in-set-order")])


@cache
def drawn(seed: int, flaw: str | None) -> tuple[Plan, Trial]:
    plan, _ = draw(load("calm" if flaw is None else "levels"), "levels", seed, flaw)
    return plan, trial(plan)


@cache
def demonstrated(name: str) -> Explained:
    plan = PLANS[name](name)
    return explain(plan, trial(plan).history, "X", None)


def shown(explained: Explained, plan: Plan, width: int) -> list[str]:
    return text(explained, plan, width, every_row=True).split("\n")


@settings(max_examples=25)
@given(SEEDS, FLAW_NAMES, st.integers(0, 5), st.sampled_from([60, 80, 200]))
def test_each_change_of_the_key_is_in_the_table_in_order(seed: int, flaw: str | None, place: int, width: int) -> None:
    plan, seen = drawn(seed, flaw)
    keys = sorted({event.key for event in seen.history.events if isinstance(event, Change)})
    explained = explain(plan, seen.history, "X", keys[place % len(keys)] if place else None)
    told = explained.told
    changes = [event for event in seen.history.events if isinstance(event, Change) and event.key == told.key]
    rows = [row for row in told.rows if row.kind == "change"]
    assert [(row.seq, *row.shows) for row in rows] == [(change.seq, change.node) for change in changes]
    assert [row.seq for row in told.rows] == sorted({row.seq for row in told.rows})
    for row, change in zip(rows, changes, strict=True):
        if change.new is None:
            assert row.shows[change.node] in ("purged", "dropped")
        else:
            version = told.versions[row.shows[change.node].removesuffix(" purgeable").split()[-1]]
            assert (version.time, version.by) == (change.new.version.time, change.new.version.by)
        assert (row.message.id if row.message else None) == change.message
    lines = shown(explained, plan, width)
    assert all(cell_len(line) <= width for line in lines)
    times = [float(found[1]) for line in lines if (found := re.match(r" *(\d+\.\d{3})  ", line))]
    assert times == sorted(times)
    assert len(times) == len(told.rows)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told


@settings(max_examples=25)
@given(SEEDS, FLAW_NAMES)
def test_causes_say_only_what_the_history_has(seed: int, flaw: str | None) -> None:
    """By clauses, and against the record alone: what is said to be lost was, what came did, who missed it never had
    it, who purged did."""
    plan, seen = drawn(seed, flaw)
    for key in sorted({violation.key or "" for promise in seen.broken for violation in promise.measured.violations}):
        if not key:
            continue
        told = explain(plan, seen.history, "X", key).told
        for broken in told.broken:
            for clause in broken.cause.removesuffix(".").split("; "):
                check_clause(clause, told, seen.history)


def check_clause(clause: str, told: Explanation, history: History) -> None:
    changes = [event for event in history.events if isinstance(event, Change) and event.key == told.key]
    messages = [event for event in history.events if isinstance(event, Message) and event.key == told.key]
    for name in re.findall(r"(?<!no )message ([^\s,;)]+)", clause):
        assert any(message.id == name for message in messages), clause
    if found := re.search(r"message (\S+) (\S+) → (.*?) was lost at", clause):
        for node in re.split(", | and ", found[3]):
            assert any((each.id, each.to, each.received) == (found[1], node, None) for each in messages), clause
    if found := re.match(r"(.*?) missed (?:✝ )?(v\d+).*(?:was lost|sent) at (\d+\.\d{3}) s", clause):
        for node in re.split(", | and ", found[1]):
            had = [change.at for change in changes if end_of(change, told) == (node, found[2])]
            assert node in told.replicas
            assert all(at / 1e9 > float(found[3]) for at in had), clause
    if found := re.match(r"((?:r\d+(?:, | and )?)+) purged (?:✝ )?v\d+", clause):
        for node in re.split(", | and ", found[1]):
            assert any(change.node == node and change.cause == "purge" for change in changes), clause
    if found := re.search(r"brought (?:✝ )?(v\d+) (\S+) → (\S+) \(message ([^,]+),", clause):
        carried = [change for change in changes if (change.node, change.message) == (found[3], found[4])]
        assert found[1] in [end_of(change, told)[1] for change in carried], clause


def end_of(change: Change, told: Explanation) -> tuple[str, str]:
    names = {(known.time, known.by): name for name, known in told.versions.items()}
    version = change.new.version if change.new else None
    return change.node, names[version.time, version.by] if version else ""


def test_a_key_that_is_not_there_is_refused_with_the_near_miss() -> None:
    plan = PLANS["purges-unconfirmed"]("purges-unconfirmed")
    history = trial(plan).history
    with pytest.raises(Wrong) as problem:
        explain(plan, history, "X", "k33")
    assert "no event of this run is about the key 'k33'" in str(problem.value)
    assert "did you mean 'k3'?" in str(problem.value)


def test_without_a_key_it_is_that_of_the_first_violation() -> None:
    told = demonstrated("purges-unconfirmed").told
    assert (told.key, told.chosen) == ("k3", "the key of the first violation")
    assert told.broken[0].property == "purge soundness"
    assert [each.property for each in told.broken if not each.promised] in ([], ["no lost update"])


def test_of_a_run_that_held_it_is_the_busiest_key_and_its_repairs_are_marked() -> None:
    plan = msgspec.structs.replace(PLANS["purges-unconfirmed"]("purges-unconfirmed"), flaw=None)
    explained = explain(plan, trial(plan).history, "X", None)
    told = explained.told
    assert told.key == "k3"
    assert told.chosen.startswith("no promise was broken, and this key has the most changes")
    assert told.broken == []
    marked = [row for row in told.rows if row.proof]
    assert [list(row.shows.values()) for row in marked] == [["✝ v2"]]
    assert "anti-entropy" in marked[0].what
    assert "Nothing was broken on this key; ! marks what repairs brought." in shown(explained, plan, 100)


def test_who_holds_what_at_the_end_and_since_when() -> None:
    told = demonstrated("hashes-keys-only").told
    settled = told.rows[-1]
    assert settled.shows == {"r1": "w1 v1", "r2": "w2 v2", "r3": "w2 v2"}
    since = {row.seq: row for row in told.rows if row.kind == "change"}
    last = {node: f"{node} since {row.at_s:.3f}" for row in since.values() for node in row.shows}
    assert settled.what == f"settled; {', '.join(last[node] for node in ('r1', 'r2', 'r3'))}"


def test_a_read_names_the_answers_that_it_used() -> None:
    """r2 asks itself, and of the others only r1, then only r3, can answer."""
    rows = {row.what.split(" in ")[0]: row.what for row in demonstrated("skips-repair").told.rows}
    assert rows["op 3 read w2 v2"].endswith("; by r2 (v1), r1 (v2)")
    assert rows["op 4 read w1 v1"].endswith("; by r2 (v1), r3 (v1)")


def test_a_write_names_who_held_it() -> None:
    whats = [row.what for row in demonstrated("skips-repair").told.rows]
    assert any(re.fullmatch(r"op 1 ok v1 in .* ms; held by r1 r\d( r\d)?", what) for what in whats)
    lost = next(row for row in demonstrated("skips-repair").told.rows if row.kind == "lost")
    assert lost.shows == {"r2": "(v2 lost)", "r3": "(v2 lost)"}
    assert lost.on == ["f1", "f2"]


def test_rows_that_are_left_out_are_counted_where_they_are_missing() -> None:
    plan, seen = drawn(1, "commits-later")
    explained = explain(plan, seen.history, "X", None)
    whole = explained.told.rows * 1
    many = msgspec.structs.replace(explained.told, rows=whole)
    short = text(Explained(many, explained.case), plan, 100, every_row=False).split("\n")
    rows = sum(bool(re.match(r" *\d+\.\d{3}  ", line)) for line in short)
    gaps = sum(int(found[1]) for line in short if (found := re.match(r" +…  \((\d+) rows?\)", line)))
    assert rows + gaps == len(whole)
    assert (f"{gaps} of {len(whole)} rows are left out" in short[-1]) == bool(gaps)


def odd(plan: Plan, key: str, value: str) -> Plan:
    operations = [
        msgspec.structs.replace(each, key=key, value=each.value and f"{each.value}{value}") for each in plan.operations
    ]
    return msgspec.structs.replace(plan, operations=operations)


@pytest.mark.parametrize("name", ["purges-unconfirmed", "skips-repair", "mixes-copies", "commits-later"])
def test_odd_keys_and_values_are_shown_and_not_obeyed(name: str) -> None:
    key = "k\x1b[2J\r\n{0}[red]" + "long " * 60
    plan = odd(PLANS[name](name), key, "\x07\u202e[/] " + "x" * 3000)
    seen = trial(plan)
    for promise in seen.broken:
        story = tell(plan, seen.history, promise, "urushi replay X")
        assert all(line.isprintable() for line in story.split("\n"))
        assert len(story) < 12_000
    explained = explain(plan, seen.history, "X", key)
    for width in (60, 100):
        lines = shown(explained, plan, width)
        assert all(line.isprintable() and cell_len(line) <= width for line in lines)
    assert explained.told.key == key


@pytest.mark.parametrize("name", ["purges-unconfirmed", "skips-repair"])
def test_a_history_without_audit_or_messages_is_explained_as_far_as_it_goes(name: str) -> None:
    """As of a foreign system."""
    plan = PLANS[name](name)
    history = trial(plan).history
    header: Header = msgspec.structs.replace(history.header, audited=False)
    for without in ((Change,), (Message,), (Change, Message), (Change, Message, Dump)):
        rest = ordered(header, [each for each in history.events if not isinstance(each, without)])
        explained = explain(plan, rest, "X", plan.operations[0].key)
        asked = [row.what for row in explained.told.rows if row.kind == "asked"]
        assert len(asked) == sum(isinstance(each, Invoke) for each in history.events)
        assert any("report no changes of their own" in line for line in shown(explained, plan, 80))


def test_many_replicas_in_a_narrow_terminal() -> None:
    """Where there is no room for columns, rows name their replicas."""
    plan, seen = drawn(3, None)
    explained = explain(plan, seen.history, "X", None)
    explained.case.replicas = [f"r{number}" for number in range(1, 26)]
    lines = shown(explained, plan, 80)
    assert all(cell_len(line) <= 80 for line in lines)
    assert any(re.match(r" +\d\.\d{3}  r\d \S+ v1, write", line) for line in lines)


def test_the_command(tmp_path: Path) -> None:
    before = stored(tmp_path, BROKEN)
    outcome = urushi(tmp_path, "explain", before["id"])
    assert outcome.code == 0
    assert f"key k3 of run {before['id']} (the key of the first violation)" in outcome.out
    assert "  Cause: r3 missed ✝ v2 (delete, op 2)" in outcome.out
    document = urushi(tmp_path, "explain", before["id"], "--key", "k3", "--json").document
    told = msgspec.convert(document, Explanation)
    assert (told.key, told.run, told.chosen) == ("k3", before["id"], "as asked for")
    wrong = urushi(tmp_path, "explain", before["id"], "--key", "k4")
    assert (wrong.code, wrong.out) == (2, "")
    assert "did you mean 'k3'?" in wrong.said


def test_a_run_without_a_history_is_refused(tmp_path: Path) -> None:
    before = stored(tmp_path)
    (tmp_path / before["folder"] / "history.jsonl").unlink()
    outcome = urushi(tmp_path, "explain", before["id"])
    assert outcome.code == 2
    assert "the run has no history" in outcome.err


@pytest.mark.processes
def test_a_run_on_processes_is_explained_the_same_way(tmp_path: Path) -> None:
    plan = PLANS["purges-unconfirmed"]("purges-unconfirmed")
    report = run(plan, "processes", proxy="stand-in", runs=tmp_path)
    told = explain(plan, files.read(Path(report.folder) / "history.jsonl"), report.id, None).told
    cause = next(each.cause for each in told.broken if each.property == "no tombstone resurrection")
    for words in (
        "r3 missed ✝ v2 (delete, op 2)",
        "while f1 (isolate r3) was on",
        "unconfirmed by r3",
        "brought v1 r3 →",
    ):
        assert words in cause
