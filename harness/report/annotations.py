"""A suite as GitHub Actions shows it beside a build: workflow commands, which it reads from what a step prints."""

from collections.abc import Iterator
from itertools import chain, islice

from harness.report.heads import head
from harness.result import Result
from harness.suite import Order

MOST = 10  # of one level in one step: GitHub drops the others without a word


def lines(order: Order, result: Result) -> list[str]:
    errors = chain(
        _broken(order, result),
        (("a known failure is fixed", line) for line in result.fixed),
        (("the harness failed", line) for line in result.failed()),
    )
    warnings = chain(
        (("inconclusive", "\n".join(told)) for told in [result.inconclusive()] if told),
        (("not run", line) for line in result.left_out()),
    )
    notices = (("known failure", line) for line in [*result.let_through(), *result.untold])
    levels = (("error", errors), ("warning", warnings), ("notice", notices))
    return [line for level, told in levels for line in _of_level(level, order, list(islice(told, MOST + 1)))]


def _broken(order: Order, result: Result) -> Iterator[tuple[str, str]]:
    for report in result.reports:
        if report.verdict == "violated" and report.seed not in result.known:
            broken = [name for name, promise in report.promises.items() if promise.verdict == "violated"]
            story = head(report.stories[0])
            yield f"seed {report.seed} broke {broken[0]}", f"{story}\nReproduce: {order.again(report.seed)}"


def _of_level(level: str, order: Order, told: list[tuple[str, str]]) -> list[str]:
    if len(told) > MOST:
        told[MOST - 1 :] = [("more", f"GitHub shows {MOST} of a level: the summary and the log of the step have more")]
    return [command(level, f"urushi {order.scenario}: {title}", message) for title, message in told]


def command(level: str, title: str, message: str) -> str:
    """One line, whatever the message has: a line of its own could be a command of its own."""
    return f"::{level} title={_data(title).replace(':', '%3A').replace(',', '%2C')}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
