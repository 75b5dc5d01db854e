"""The merge rule of an application whose values are sets: a value is a JSON list of strings, and siblings are united.

What is taken out of a list comes back with any sibling that still has it: only the whole key can be deleted.
"""

from collections.abc import Iterable

import msgspec

_decode = msgspec.json.Decoder(list[str]).decode


def elements(value: str) -> list[str] | None:
    """None: it is no such list."""
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def united(values: Iterable[str]) -> str:
    return list_of(each for value in values for each in elements(value) or ())


def list_of(found: Iterable[str]) -> str:
    """In order, and each once: a list stands for a set."""
    return msgspec.json.encode(sorted(dict.fromkeys(found))).decode()
