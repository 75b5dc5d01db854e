"""Values as EDN, on one line."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from checkers.formats.values import Keyword, Symbol, Tagged

_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NUMBERS = {"inf": "##Inf", "-inf": "##-Inf", "nan": "##NaN"}


def printed(value: Any) -> str:
    """Of what is no EDN, the text that Python has for it."""
    return next((words(value) for kind, words in _WAYS.items() if isinstance(value, kind)), str(value))


def _quoted(text: str) -> str:
    return f'"{"".join(_ESCAPED.get(each, each) for each in text)}"'


def _map(value: dict[Any, Any]) -> str:
    return f"{{{', '.join(f'{printed(key)} {printed(each)}' for key, each in value.items())}}}"


_WAYS: dict[type, Callable[[Any], str]] = {  # what is more special comes first
    type(None): lambda _: "nil",
    bool: lambda value: "true" if value else "false",
    Keyword: str,
    Symbol: str,
    str: _quoted,
    float: lambda value: _NUMBERS.get(repr(value), repr(value)),
    Decimal: lambda value: f"{value}M",
    Tagged: lambda value: f"#{value.tag} {printed(value.value)}",
    dict: _map,
    frozenset: lambda value: f"#{{{' '.join(sorted(map(printed, value)))}}}",
    tuple: lambda value: f"[{' '.join(map(printed, value))}]",
    list: lambda value: f"[{' '.join(map(printed, value))}]",
}
