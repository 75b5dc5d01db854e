"""What may be claimed of a store whose versions nobody knows, and what became of it: by what clients saw, and by what
each replica holds in the end."""

from collections.abc import Callable
from functools import partial

import msgspec

from checkers import convergence, uptime
from checkers.calls import Call, calls_of
from checkers.facts import Facts, gather
from checkers.history import History, Phase
from checkers.models import regular
from checkers.models.table import MODELS, ModelCheck
from checkers.verdict import Verdict
from harness.promises import Promise
from harness.systems.named import Own
from harness.wrong import Wrong, near

KEPT = "acknowledged writes kept"
_ASKED_MAX = 2_000  # as in checkers/linear.py

Claim = Callable[[Facts], Verdict]


def _by_calls(check: ModelCheck, facts: Facts) -> Verdict:
    return _within_budget(check, calls_of(facts))


def _within_budget(check: ModelCheck, calls: list[Call]) -> Verdict:
    asked = 0

    def out_of_budget() -> str | None:
        nonlocal asked
        asked += 1
        return "the search for an order went on for too long" if asked > _ASKED_MAX else None

    return check(calls, out_of_budget)


def _kept(facts: Facts) -> Verdict:
    """What is read at the end was not overwritten by a write that began after it, and was acknowledged."""
    settled = next((phase.seq for phase in facts.phases if phase.name == "mend"), None)
    if settled is None or not any(phase.name == "settled" for phase in facts.phases):
        return Verdict(KEPT, "unknown", "the run ended before every replica was read")
    calls = [call for call in calls_of(facts) if call.function != "read" or call.start > settled]
    return msgspec.structs.replace(_within_budget(regular.check_regularity, calls), property=KEPT)


CLAIMS: dict[str, tuple[str, Claim]] = {
    uptime.NAME: ("no replica ends of itself; claimed of every system", uptime.check),
    convergence.NAME: ("all replicas of a key hold the same once everything is healed", convergence.check),
    KEPT: ("what is read in the end is no older than what was acknowledged", _kept),
    **{
        name: ("as `urushi check --model register` judges it", partial(_by_calls, check))
        for name, check in MODELS["register"].checks.items()
    },
}


def check_names(promises: list[str], where: str) -> None:
    for name in promises:
        if name not in CLAIMS:
            what = f"{name!r} cannot be judged of a system whose versions are not known"
            raise Wrong(where, what, near(name, list(CLAIMS)))


def is_claimed(name: str, own: Own) -> bool:
    return name in own.promises or name == uptime.NAME


def judge(own: Own, history: History) -> list[Promise]:
    facts = gather(history)
    promises: list[Promise] = []
    for name, (_, check) in CLAIMS.items():
        measured = check(facts)
        if is_claimed(name, own):
            promises.append(Promise(name, measured.outcome, measured.reason, measured))
        else:
            promises.append(Promise(name, "not promised", "it is not claimed", measured))
    return promises


def cut_short(history: History) -> list[str]:
    """Of a run that did not come to its end only a violation can be told."""
    ends = (event for event in history.events if isinstance(event, Phase) and event.name == "end")
    return [event.pending for event in ends if event.pending]
