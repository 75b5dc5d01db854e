"""EDN, as Clojure prints it: a reader that takes one line at a time. `printed` is the way back.

It was written here because the one library for it on PyPI builds on a parser generator and has had no release since
2020; a history of a million operations wants one pass with one regular expression. Beyond EDN itself it reads what
Clojure prints all the same: ratios, hexadecimal numbers, `##NaN`, `#"regular expressions"` and maps like `#:a{:b 1}`.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from checkers.formats.atoms import DIGITS_MAX, SYMBOLIC, NoForm, atom
from checkers.formats.values import Keyword, Map, Tagged

_TOKEN = re.compile(
    r"""[\s,]+ | ;[^\n]*
    | ( \#?"(?:[^"\\]|\\.)*(?:"|\\?\Z)       # a string; without its second quote it goes on in the next line
      | \\.?[^\s,;()\[\]{}"\\]*               # a character
      | \#\{ | \#_ | [(){}\[\]]
      | \#\#?[^\s,;()\[\]{}"\\\#_][^\s,;()\[\]{}"\\\#]*
      | [^\s,;()\[\]{}"\\\#][^\s,;()\[\]{}"\\]*
      | . )""",
    re.VERBOSE | re.DOTALL,
)
_STRING_GOES_ON = re.compile(r'(?:[^"\\]|\\.)*\Z', re.DOTALL)
_CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_CLOSERS = frozenset(_CLOSES.values())
_CACHED_MAX = 10_000
_LONG_LINE = 100_000  # characters; the tokens of a longer one are not held all at once
_PAUSE_EVERY = 4096
DEPTH_MAX = 200


class BadEdn(ValueError):
    """`line` and `column` count from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(f"column {column}: {what}")
        self.line, self.column, self.what = line, column, what


class Unclosed(BadEdn):
    """The text ends within a form. `held` has what was read of it, of any depth; `outermost`: it is the vector or list
    whose elements were asked for, and they are whole."""

    def __init__(self, line: int, column: int, what: str, held: list[Any], *, outermost: bool = False) -> None:
        super().__init__(line, column, what)
        self.held, self.outermost = held, outermost


class Form(NamedTuple):
    """`line` is where it begins."""

    line: int
    value: Any


class _Open:
    """A form that is not closed yet: a collection, or a tag or a discard that waits for its one form."""

    __slots__ = ("gathers", "items", "line", "opener", "place", "text")

    def __init__(self, opener: str, line: int, text: str, place: int, *, gathers: bool) -> None:
        self.opener, self.line, self.text, self.place = opener, line, text, place
        self.gathers = gathers  # a collection, and not the one whose elements were asked for
        self.items: list[Any] = []


def _nothing() -> None:
    """Nobody wants to end the reading."""


def read(text: str) -> list[Any]:
    """All forms of a text."""
    return [form.value for form in forms(io.StringIO(text, newline="\n"))]


def forms(lines: Iterable[str], *, within: bool = False, pause: Callable[[], None] = _nothing) -> Iterator[Form]:
    """The forms of a text, one after the other; with `within`, of an outermost vector or list its elements. `pause` is
    called every few thousand forms, and raises what is to end the reading: a line may be as long as a file."""
    return _Reader(within=within, pause=pause).forms(lines)


class _Reader:
    def __init__(self, *, within: bool, pause: Callable[[], None]) -> None:
        self._within, self._pause, self._opened = within, pause, 0
        self._stack: list[_Open] = []
        self._atoms: dict[str, Any] = {"nil": None, "true": True, "false": False, **SYMBOLIC}
        self._ready: list[Form] = []
        self._text, self._line, self._place = "", 0, 0  # what is being read, and which of its tokens

    def forms(self, lines: Iterable[str]) -> Iterator[Form]:
        begun: list[str] = []  # of a string that has not ended: its start, and the lines after it
        first = column = 0
        for number, line in enumerate(lines, 1):
            if begun:
                begun.append(line)
                if _STRING_GOES_ON.match(line):
                    continue
                line = "".join(begun)  # noqa: PLW2901 - a string is read as one, whatever lines it has
            else:
                first = number
            rest = self._take(line, first)
            begun = [rest] if rest else []
            if rest:
                before = line[: len(line) - len(rest)]
                first += before.count("\n")
                column = len(before) - (before.rfind("\n") + 1) + 1
            if self._ready:
                yield from self._ready
                self._ready.clear()
        if begun:
            raise Unclosed(first, column, "a string begins here and has no second quote", self._items())
        self._end()

    def _take(self, text: str, line: int) -> str:
        """All of the text but a string at its end that has no second quote, which is returned."""
        self._text, self._line = text, line
        stack, atoms, missing = self._stack, self._atoms, self
        few = len(text) < _LONG_LINE
        tokens: Iterable[str] = _TOKEN.findall(text) if few else (found[1] for found in _TOKEN.finditer(text))
        for place, token in enumerate(tokens):
            if not token:
                continue  # space or a comment
            value = atoms.get(token, missing)
            if value is missing:
                self._place = place
                if token in _CLOSERS:
                    self._close(token)
                    continue
                if token in _CLOSES or _is_prefix(token):
                    self._open(token)
                    continue
                if token[0] in '"#' and not _is_closed(token):
                    return token
                value = int(token) if _is_plain_number(token) else self._atom(token)
            if stack and (top := stack[-1]).gathers:
                top.items.append(value)
            else:
                self._put(value)
        return ""

    def _open(self, token: str) -> None:
        if len(self._stack) >= DEPTH_MAX:
            raise self._bad(f"forms within forms, more than {DEPTH_MAX} deep")
        self._opened += 1
        if self._opened % _PAUSE_EVERY == 0:
            self._pause()
        gathers = token in _CLOSES and not (self._within and not self._stack and token[-1] != "{")
        self._stack.append(_Open(token, self._line, self._text, self._place, gathers=gathers))

    def _close(self, token: str) -> None:
        stack = self._stack
        if not stack:
            raise self._bad(f"{token!r} closes nothing: leave it out, or write what it closes")
        top = stack.pop()
        expected = _CLOSES.get(top.opener)
        if expected is None:
            raise self._bad(f"{top.opener!r} wants a form after it, and here is {token!r}")
        if expected != token:
            raise self._bad(f"{token!r} where {expected!r} would close the {top.opener!r} of line {top.line}")
        if not top.gathers:
            return  # its elements have been given
        self._put(self._collection(top), top.line)

    def _collection(self, top: _Open) -> Any:
        items = top.items
        if top.opener == "#{":
            return frozenset(items)
        if top.opener != "{":
            return tuple(items)
        if len(items) % 2:
            raise self._bad(f"the map of line {top.line} has a key without a value")
        found = Map(zip(items[::2], items[1::2], strict=True))
        if len(found) * 2 != len(items):
            raise self._bad(f"the map of line {top.line} has a key twice")
        return found

    def _put(self, value: Any, line: int = 0) -> None:
        """Hands a whole form to what it stands in."""
        stack = self._stack
        line = line or self._line
        while stack and (opener := stack[-1].opener) not in _CLOSES:
            line = stack.pop().line
            if opener == "#_":
                return
            value = _tagged(opener, value)
        if stack and stack[-1].gathers:
            stack[-1].items.append(value)
        else:
            self._ready.append(Form(line, value))

    def _atom(self, token: str) -> Any:
        try:
            value = atom(token)
        except NoForm as problem:
            raise self._bad(str(problem)) from None
        if len(self._atoms) < _CACHED_MAX and not isinstance(value, int):
            self._atoms[token] = value
        return value

    def _end(self) -> None:
        if not self._stack:
            return
        outer = self._stack[0].opener in _CLOSES and not self._stack[0].gathers
        top = self._stack[1 if outer and len(self._stack) > 1 else 0]
        wanted = _CLOSES.get(top.opener)
        what = f"{top.opener!r} is never closed by {wanted!r}" if wanted else f"nothing follows {top.opener!r}"
        place = _where(top.text, top.line, top.place)
        raise Unclosed(*place, what, self._items(), outermost=outer and len(self._stack) == 1)

    def _items(self) -> list[Any]:
        return [item for each in self._stack for item in each.items]

    def _bad(self, what: str) -> BadEdn:
        return BadEdn(*_where(self._text, self._line, self._place), what)


def _where(text: str, line: int, place: int) -> tuple[int, int]:
    """The line and the column of the token at this place of a text that begins on this line."""
    found = next(islice(_TOKEN.finditer(text), place, None))
    before = text[: found.start()]
    return line + before.count("\n"), len(before) - (before.rfind("\n") + 1) + 1


def _is_plain_number(token: str) -> bool:
    return token.isdecimal() and token.isascii() and token[0] != "0" and len(token) < DIGITS_MAX


def _is_prefix(token: str) -> bool:
    """What stands before a form and makes one with it."""
    return token[0] == "#" and len(token) > 1 and token[1] not in '"#{'


def _tagged(opener: str, value: Any) -> Any:
    if opener.startswith("#:") and isinstance(value, Map):
        space = opener[2:].lstrip(":")
        return Map((_qualified(key, space), each) for key, each in value.items())
    return Tagged(opener[1:], value)


def _qualified(key: Any, space: str) -> Any:
    return Keyword(f":{space}/{key[1:]}") if isinstance(key, Keyword) and "/" not in key else key


def _is_closed(token: str) -> bool:
    """Of a string, or of what only begins like one."""
    if '"' not in token:
        return True
    inner = token[token.index('"') + 1 :]
    return inner.endswith('"') and (len(inner) - len(inner[:-1].rstrip("\\"))) % 2 == 1
