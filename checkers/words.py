"""How checkers name copies, moments and deeds in a sentence."""

from checkers.facts import Answer
from checkers.history import UNKNOWN, Change, Copy, Version


def version(it: Version) -> str:
    return f"v{it.time}.{it.by}"


def copy(it: Copy | None) -> str:
    if it is None:
        return "nothing"
    what = "✝" if it.dead else value(it.value)
    if it.version == UNKNOWN:
        return what
    return f"{what} {version(it.version)}{' (purgeable)' if it.purgeable else ''}"


def value(it: str | None) -> str:
    return "no value" if it is None else f'"{it if len(it) <= 24 else it[:23] + "…"}"'


def seconds(at: int) -> str:
    return f"{at / 1e9:.3f} s"


def change(it: Change) -> str:
    why = ", ".join(part for part in (it.cause, it.origin, it.message and f"message {it.message}") if part)
    return f"{it.node} ({it.incarnation}) {_deed(it)} at {seconds(it.at)} ({why})"


def _deed(it: Change) -> str:
    if it.new is None:
        return f"{'purged' if it.cause == 'purge' else 'dropped'} {copy(it.old)}"
    if it.cause == "purgeable":
        return f"marked {copy(it.old)} as purgeable"
    return f"took {copy(it.new)}" + (f" for {copy(it.old)}" if it.old else "")


def answer(it: Answer) -> str:
    asked, back = it.invoke, it.back
    deed = "read" if asked.kind == "get" else f"was acknowledged its {asked.kind} of"
    return f"op {asked.op} ({asked.session} through {asked.node}) {deed} {copy(it.copy)} at {seconds(back.at)}"
