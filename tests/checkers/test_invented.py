from checkers.history import Outcome, Return, Version
from checkers.invented import check
from tests.checkers.story import Story, live, rules, tomb

SOURCE, CONTENT, VERSION = "someone wrote it", "one version, one content", "one value, one version"
X = live(1, "x")


def test_what_was_written_is_seen_anywhere() -> None:
    story = Story()
    story.write(X, "A", "B")
    story.get(X)
    story.write(tomb(2), "A", outcome="unknown")
    story.get(tomb(2))
    story.get(None)
    verdict = check(story.settle().history())
    assert (verdict.outcome, verdict.checked) == ("holds", 8)


def test_a_value_that_nobody_put() -> None:
    story = Story()
    story.take("A", X)
    verdict = check(story.history())
    assert rules(verdict) == [SOURCE]
    assert verdict.reason == (
        'key k: A (a1) took "x" v1.A at 0.000 s (write), and no put of "x" was asked for before that did not fail'
    )


def test_a_write_that_failed_never_took_effect() -> None:
    expectations: list[tuple[Outcome, str]] = [("failed", "violated"), ("unknown", "holds"), ("ok", "holds")]
    for outcome, expected in expectations:
        story = Story()
        story.write(X, outcome=outcome)
        story.get(X)
        assert check(story.history()).outcome == expected


def test_an_operation_that_never_returned_may_have_taken_effect() -> None:
    story = Story()
    story.ask("put", "x")
    story.get(X)
    assert check(story.history()).outcome == "holds"


def test_a_value_before_its_put_and_one_of_another_key() -> None:
    story = Story(keys="kl")
    story.get(X)
    story.ask("put", "x")
    assert rules(check(story.history())) == [SOURCE]
    story = Story(keys="kl")
    story.ask("put", "x")
    story.get(X, key="l")
    assert rules(check(story.history())) == [SOURCE]


def test_a_value_read_before_its_put_and_held_after_it() -> None:
    story = Story()
    story.get(X)
    story.write(X, "A")
    assert rules(check(story.history())) == [SOURCE]


def test_a_tombstone_needs_a_delete() -> None:
    story = Story()
    story.ask("put", "x")
    story.take("A", tomb(1))
    assert rules(check(story.history())) == [SOURCE]


def test_two_coordinators_mint_one_version() -> None:  # version = max + 1, accepted with ≥
    story = Story()
    story.write(X, "A")
    story.write(live(1, "y"), "B")
    verdict = check(story.history())
    assert rules(verdict) == [CONTENT]
    assert verdict.violations[0].events == [2, 5]


def test_an_acknowledged_version_that_replicas_hold_otherwise() -> None:
    story = Story()
    story.write(X, "A")
    op = story.ask("put", "y")
    story.back(op, X)
    assert rules(check(story.history())) == [CONTENT]
    story = Story()
    op = story.ask("put", "x")
    story.take("A", X)
    story.back(op, live(2, "x"))
    assert rules(check(story.history())) == [VERSION]


def test_one_value_under_two_versions() -> None:
    story = Story()
    story.write(X, "A")
    story.take("B", live(2, "x"))
    assert rules(check(story.history())) == [VERSION]


def test_a_dump_is_a_witness_too() -> None:
    story = Story()
    story.held["b1"]["k"] = X
    assert rules(check(story.settle().history())) == [SOURCE]


def test_a_value_read_without_a_version_needs_a_put() -> None:
    for value, expected in (("x", "holds"), ("y", "violated")):
        story = Story()
        story.write(X, "A")
        op = story.ask("get")
        story.add(Return(at=story.now, op=op, session="c1", outcome="ok", value=value))
        assert check(story.history()).outcome == expected


def test_a_live_copy_without_a_value_is_no_empty_value() -> None:
    story = Story()
    story.write(live(1, ""), "A")
    assert check(story.history()).outcome == "holds"
    back = Return(at=0, op=story.ask("get"), session="c1", outcome="ok", version=Version(3, "A"))
    story.add(back)
    assert rules(check(story.history())) == [SOURCE]
