"""How the calls of a model and their values read in a sentence."""

from collections.abc import Sequence
from typing import Any

import msgspec

from checkers.calls import Call


def value(it: Any, longest: int = 32) -> str:
    if isinstance(it, set | frozenset):
        if len(it) > longest:
            return f"{len(it)} elements"
        it = sorted(it, key=value)
    elif isinstance(it, list | tuple):
        it = it[:longest]  # no more than that is seen of it, and a read may be long
    text = msgspec.json.encode(it, enc_hook=str).decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def call(it: Call) -> str:
    """Who, what, and where in the order."""
    words = [it.process, it.function]
    if it.value is not None:
        words.append(value(it.value))
    if it.function in {"read", "contains", "generate"} and it.outcome == "ok":
        words.append(f"→ {value(it.result)}")
    if it.outcome != "ok":
        words.append("failed" if it.outcome == "failed" else "of unknown outcome")
    return f"{' '.join(words)} ({it.start}..{'?' if it.end is None else it.end})"


def calls(them: Sequence[Call], longest: int = 3) -> str:
    """Some by name, and how many more there are."""
    more = [f"{len(them) - longest} more"] if len(them) > longest else []
    named = [call(each) for each in them[:longest]] + more
    return " and ".join(part for part in (", ".join(named[:-1]), *named[-1:]) if part)


def of(key: str | None) -> str:
    return "" if key is None else f"key {key}: "


def events(them: Sequence[Call]) -> list[int]:
    return sorted({each.place() for each in them})
