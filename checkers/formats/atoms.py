"""Forms of EDN with nothing in them: numbers, strings, characters, keywords and symbols, each from its token."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from checkers.formats.values import Keyword, Symbol

DIGITS_MAX = 4_000  # Python refuses to read many more
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d*)N?", re.ASCII)
_FLOAT = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?M?", re.ASCII)
_HEXADECIMAL = re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)N?", re.ASCII)
_RATIO = re.compile(r"[-+]?\d+/\d*[1-9]\d*", re.ASCII)
_KEYWORD = re.compile(r"::?[^:/\s][^\s]*")
_NAME = re.compile(r"/|[^\d:\s#][^\s]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.|\Z)", re.DOTALL)
_CODE = re.compile(r"u([0-9a-cA-Ce-fE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})")  # but for halves of a character
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
_CHARACTERS = {
    "newline": "\n",
    "return": "\r",
    "space": " ",
    "tab": "\t",
    "backspace": "\b",
    "formfeed": "\f",
}
SYMBOLIC = {"##Inf": float("inf"), "##-Inf": float("-inf"), "##NaN": float("nan")}


class NoForm(ValueError):
    """What is wrong with a token."""


def atom(token: str) -> Any:
    first = token[0]
    if first == '"':
        return _string(token[1:-1])
    if first == "\\":
        return _character(token[1:])
    if first.isdigit() or (first in "+-" and token[1:2].isdigit()):
        return _number(token)
    if token.startswith('#"'):
        return token[2:-1]
    if first == "#":
        raise NoForm(f"{token!r} is no tag: a name is missing, as in #inst")
    if _KEYWORD.fullmatch(token):
        return Keyword(token)
    if _NAME.fullmatch(token):
        return Symbol(token)
    raise NoForm(f"{token!r} is no form")


def _number(token: str) -> Any:
    if len(token) > DIGITS_MAX:
        raise NoForm(f"a number of {len(token)} digits is too long")
    if _INTEGER.fullmatch(token):
        return int(token.rstrip("N"))
    if _FLOAT.fullmatch(token) and not token.lstrip("+-").isdigit():
        return Decimal(token[:-1]) if token.endswith("M") else float(token)
    if found := _HEXADECIMAL.fullmatch(token):
        return int(f"{found[1]}{found[2]}", 16)
    if _RATIO.fullmatch(token):
        return Fraction(token)
    raise NoForm(f"{token!r} is no number")


def _string(inner: str) -> str:
    if "\\" not in inner:
        return inner
    try:  # two escapes may make one character beyond the first 65,536
        return _ESCAPE.sub(_plain, inner).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise NoForm("a string with half a character: an escape from \\ud800 to \\udfff alone") from None


def _plain(found: re.Match[str]) -> str:
    said = found[1]
    if said.startswith("u") and len(said) == 5:
        return chr(int(said[1:], 16))
    if said.isdigit() and said.isascii():
        return chr(int(said, 8))
    if said not in _ESCAPED:
        raise NoForm(f"a string with the escape \\{said}, which there is not: write \\\\ for a backslash")
    return _ESCAPED[said]


def _character(name: str) -> str:
    if len(name) == 1:
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if found := _CODE.fullmatch(name):
        return chr(int(found[1], 16))
    raise NoForm(f"'\\{name}' is no character: allowed are one such as \\a, \\u0041, {', '.join(_CHARACTERS)}")
