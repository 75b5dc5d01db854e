from checkers.evidence import check
from checkers.history import Dump
from tests.checkers.story import Story, live, marked, rules, tomb

CHANGE, DUMP = "a change starts from what was held", "a dump is the sum of its changes"


def test_changes_that_follow_and_dumps_that_add_up() -> None:
    story = Story(keys="kl")
    story.take("A", live(1, "x"))
    story.start("A")  # the same disk
    story.take("A", tomb(2))
    story.mark("A")
    story.dump()
    story.purge("A")
    story.start("B", "b2")
    story.take("B", live(1, "x"), key="l")
    verdict = check(story.settle().end())
    assert (verdict.outcome, verdict.checked) == ("holds", 14)


def test_a_change_that_was_not_recorded() -> None:
    story = Story()
    story.take("A", live(1, "x"))
    story.held["a1"]["k"] = live(2, "y")
    story.take("A", live(3, "z"))
    verdict = check(story.history())
    assert rules(verdict) == [CHANGE]
    assert verdict.violations[0].events == [1, 2]
    assert verdict.reason == (
        'key k: A (a1) took "z" v3.A for "y" v2.A at 1.000 s (write), and yet it had been left with "x" v1.A'
    )


def test_a_new_incarnation_starts_empty() -> None:
    story = Story()
    story.take("A", live(1, "x"))
    story.start("A", "a2")
    story.held["a2"]["k"] = live(1, "x")
    story.take("A", live(2, "y"))
    assert rules(check(story.history())) == [CHANGE]


def test_a_disk_that_was_not_lost_after_all() -> None:
    for leftovers, outcome in (({}, "holds"), ({"k": live(1, "x")}, "violated")):
        story = Story()
        story.take("A", live(1, "x"))
        story.wipe("A")
        story.start("A")
        story.held["a2"] = dict(leftovers)
        assert check(story.dump().history()).outcome == outcome
        story.take("A", live(2, "y"), "bootstrap")
        assert check(story.history()).outcome == outcome


def test_a_dump_that_differs() -> None:
    for dumped in (live(2, "x"), live(1, "y"), None):
        story = Story()
        story.take("A", live(1, "x"))
        story.held["a1"] = {"k": dumped} if dumped else {}
        verdict = check(story.dump().history())
        assert rules(verdict) == [DUMP]
        assert verdict.violations[0].events == [1, 2]


def test_a_dump_that_names_its_commit_stands_anywhere_in_the_order() -> None:
    for commit, outcome in ((1, "violated"), (2, "holds"), (3, "violated")):
        story = Story()
        for time in (1, 2):
            story.take("A", live(time, "x"))
        story.dump(without="BC")
        story.take("A", live(3, "y"))
        dump = story.events.pop(2)
        assert isinstance(dump, Dump)
        dump.batch = commit
        story.add(dump)
        assert check(story.history()).outcome == outcome
        story.events.insert(0, story.events.pop())
        assert check(story.history()).outcome == outcome


def test_a_mark_is_part_of_the_state() -> None:
    story = Story()
    story.take("A", tomb(1))
    story.held["a1"]["k"] = marked(tomb(1))
    assert rules(check(story.dump().history())) == [DUMP]


def test_a_key_that_no_change_brought() -> None:
    story = Story()
    story.held["c1"]["ghost"] = live(1, "x")
    assert check(story.dump().history()).violations[0].key == "ghost"


def test_without_an_audit_nothing_is_known() -> None:
    story = Story(audited=False)
    story.held["a1"]["k"] = live(1, "x")
    assert check(story.dump().history()).outcome == "unknown"
