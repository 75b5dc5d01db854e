"""Values in scenarios: fixed (`5`, `"300ms"`), a choice (`["none", "blocking"]`) or a range (`"2..5"`, `"0.2..2ms"`).

What is drawn is noted under its name: a run prints all of it.
"""

import re
from fractions import Fraction
from functools import lru_cache
from random import Random

from harness.wrong import Wrong, near
from workloads.keys import below

Spec = int | str | list[int | str]

_UNITS = {"": 1, "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "%": 10_000}
_DIGITS = r"\d{1,18}(?:\.\d{1,18})?"
_TEXT = re.compile(rf"(?P<low>{_DIGITS})(?:\.\.(?P<high>{_DIGITS}))?(?P<unit>[a-z%]*)", re.ASCII)
_MOST = {"": 2**63 - 1, "ns": 2**63 - 1, "%": 1_000_000}
_FORMS = {
    "": ("a count, such as 5", ' or "2..5"', ""),
    "ns": ('a duration, such as "300ms"', ' or "0.5..2s"', " (ns, us, ms, s)"),
    "%": ('a share, such as "15%"', ' or "0..30%"', ""),
}


class Drawing:
    """Each parameter has a stream of its own, so that to fix one leaves the others as they were. `fixed`: nothing
    is left to draw, so nobody is told to write a range."""

    def __init__(self, seed: int, where: str, *, fixed: bool = False) -> None:
        self.seed = seed
        self.where = where
        self.fixed = fixed
        self.drawn: dict[str, str] = {}

    def count(
        self, name: str, spec: Spec, least: int = 0, words: dict[str, int] | None = None, most: int = _MOST[""]
    ) -> int:
        """`words` stand for counts."""
        return self._number(name, spec, "", least, words or {}, most)

    def duration_ns(self, name: str, spec: Spec, least: int = 0) -> int:
        return self._number(name, spec, "ns", least, {}, _MOST["ns"])

    def share_ppm(self, name: str, spec: Spec, most: int = _MOST["%"]) -> int:
        """Parts per million: 1 % is 10,000."""
        return self._number(name, spec, "%", 0, {}, most)

    def choice(self, name: str, spec: Spec, allowed: list[str]) -> str:
        """Every value is looked at, drawn or not: a seed must not find what is wrong in a file."""
        for value in _values(spec):
            if value not in allowed:
                raise self._wrong(name, f"{str(value)!r} is not possible here", near(str(value), allowed))
        chosen = str(self._one_of(name, spec))
        self.drawn[name] = chosen
        return chosen

    def span_ns(self, name: str, spec: Spec, least: int = 0) -> tuple[int, int]:
        """Both ends of a range: the run itself draws from it, again and again."""
        low, high = self._ends_of_one(name, spec, "ns", least, {}, _MOST["ns"])
        self.drawn[name] = f"{low / 1e6:g}..{high / 1e6:g} ms"
        return low, high

    def span(self, name: str, spec: Spec, most: int) -> tuple[int, int]:
        """Likewise, of counts."""
        low, high = self._ends_of_one(name, spec, "", 0, {}, most)
        self.drawn[name] = f"{low}..{high}"
        return low, high

    def bounds(self, name: str, spec: Spec) -> tuple[int, int]:
        """The least and the most that any seed draws of a count: what is wrong with them is wrong for every seed."""
        self._one_of(name, spec)
        ends = [end for value in _values(spec) for end in self._ends(name, value, "", {})]
        return min(ends), max(ends)

    def _number(self, name: str, spec: Spec, unit: str, least: int, words: dict[str, int], most: int) -> int:
        low, high = self._ends_of_one(name, spec, unit, least, words, most)
        number = low + below(self._stream(name), high - low + 1)
        self.drawn[name] = show(number, unit)
        return number

    def _ends_of_one(
        self, name: str, spec: Spec, unit: str, least: int, words: dict[str, int], most: int
    ) -> tuple[int, int]:
        for value in _values(spec):
            low, high = self._ends(name, value, unit, words)
            if low < least:
                raise self._wrong(name, f"{value!r} is too little", f"{show(least, unit)} is the least")
            if high > most:
                raise self._wrong(name, f"{value!r} is too much", f"{show(most, unit)} is the most")
        return self._ends(name, self._one_of(name, spec), unit, words)

    def _one_of(self, name: str, spec: Spec) -> int | str:
        """Refuses a choice of nothing."""
        if not isinstance(spec, list):
            return spec
        if not spec:
            raise self._wrong(name, "a choice of nothing", "name at least one value")
        return spec[below(Random(f"{self.seed}/scenario/{name}/which"), len(spec))]

    def _stream(self, name: str) -> Random:
        return Random(f"{self.seed}/scenario/{name}")

    def _wrong(self, name: str, what: str, remedy: str) -> Wrong:
        return Wrong(f"{self.where}: {name}", what, remedy)

    def _form(self, unit: str) -> str:
        one, range_, units = _FORMS[unit]
        return f"{one}{'' if self.fixed else range_}{units}"

    def _ends(self, name: str, value: int | str, unit: str, words: dict[str, int]) -> tuple[int, int]:
        if value in words:
            return (words[str(value)],) * 2
        text = str(value).strip()
        read = _read(text)
        if read is None or (read[0] != unit and text != "0"):
            also = f", or a word; {near(text, list(words))}" if words else ""
            raise self._wrong(name, f"{value!r} is no such value", f"write {self._form(unit)}{also}")
        _, low, high = read
        if high < low:
            raise self._wrong(name, f"{value!r} ends before it begins", "write the smaller number first")
        if low.denominator != 1 or high.denominator != 1:
            raise self._wrong(name, f"{value!r} has a fraction too small to draw", f"write {self._form(unit)}")
        return int(low), int(high)


@lru_cache(maxsize=1000)
def _read(text: str) -> tuple[str, Fraction, Fraction] | None:
    """Its kind (a count, "ns" or "%") and both ends; None: no such value. A suite reads few texts, for many seeds."""
    found = _TEXT.fullmatch(text)
    if found is None or found["unit"] not in _UNITS:
        return None
    low, high = (Fraction(end) * _UNITS[found["unit"]] for end in (found["low"], found["high"] or found["low"]))
    return {"": "", "%": "%"}.get(found["unit"], "ns"), low, high


def duration_ns(text: str) -> int | None:
    """None: this is no duration, or a range."""
    read = _read(text)
    if read is None or read[0] != "ns" or read[1] != read[2] or read[1].denominator != 1:
        return None
    return int(read[1])


def _values(spec: Spec) -> list[int | str]:
    return spec if isinstance(spec, list) else [spec]


def show(number: int, unit: str) -> str:
    if unit == "ns":
        return f"{number / 1_000_000:g} ms"
    return f"{number / 10_000:g} %" if unit == "%" else str(number)
