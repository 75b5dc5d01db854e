"""Values in scenarios: fixed (`5`, `"300ms"`), a choice (`["none", "blocking"]`) or a range (`"2..5"`, `"0.2..2ms"`).

What is drawn is noted under its name: a run prints all of it.
"""

import re
from fractions import Fraction
from random import Random

from harness.wrong import Wrong
from workloads.keys import below

Spec = int | str | list[int | str]

_UNITS = {"": 1, "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "%": 10_000}
_TEXT = re.compile(r"(?P<low>\d+(?:\.\d+)?)(?:\.\.(?P<high>\d+(?:\.\d+)?))?(?P<unit>[a-z%]*)")
_FORMS = {
    "": 'a count, such as 5 or "2..5"',
    "ns": 'a duration, such as "300ms" or "0.5..2s" (ns, us, ms, s)',
    "%": 'a share, such as "15%" or "0..30%"',
}


class Drawing:
    """Each parameter has a stream of its own, so that to fix one leaves the others as they were."""

    def __init__(self, seed: int, where: str) -> None:
        self.seed = seed
        self.where = where
        self.drawn: dict[str, str] = {}

    def count(self, name: str, spec: Spec) -> int:
        return self._number(name, spec, "")

    def duration_ns(self, name: str, spec: Spec) -> int:
        return self._number(name, spec, "ns")

    def share_ppm(self, name: str, spec: Spec) -> int:
        """Parts per million: 1 % is 10,000."""
        return self._number(name, spec, "%")

    def choice(self, name: str, spec: Spec) -> str:
        chosen = str(self._one_of(name, spec))
        self.drawn[name] = chosen
        return chosen

    def span_ns(self, name: str, spec: Spec) -> tuple[int, int]:
        """Both ends of a range: the run itself draws from it, again and again."""
        low, high = self._ends(name, self._one_of(name, spec), "ns")
        self.drawn[name] = f"{low / 1e6:g}..{high / 1e6:g} ms"
        return low, high

    def _number(self, name: str, spec: Spec, unit: str) -> int:
        low, high = self._ends(name, self._one_of(name, spec), unit)
        number = low + below(self._stream(name), high - low + 1)
        self.drawn[name] = show(number, unit)
        return number

    def _one_of(self, name: str, spec: Spec) -> int | str:
        if not isinstance(spec, list):
            return spec
        if not spec:
            raise Wrong(f"{self.where}: {name}", "a choice of nothing", "name at least one value")
        return spec[below(Random(f"{self.seed}/scenario/{name}/which"), len(spec))]

    def _stream(self, name: str) -> Random:
        return Random(f"{self.seed}/scenario/{name}")

    def _ends(self, name: str, text: int | str, unit: str) -> tuple[int, int]:
        found = _TEXT.fullmatch(str(text).strip())
        family = {"": "", "%": "%"}.get(found["unit"], "ns") if found else None
        if found is None or found["unit"] not in _UNITS or (family != unit and str(text).strip() != "0"):
            raise Wrong(f"{self.where}: {name}", f"{text!r} is no such value", f"write {_FORMS[unit]}")
        scale = _UNITS[found["unit"]]
        low = int(Fraction(found["low"]) * scale)
        high = int(Fraction(found["high"]) * scale) if found["high"] else low
        if high < low:
            raise Wrong(f"{self.where}: {name}", f"{text!r} ends before it begins", "write the smaller number first")
        return low, high


def show(number: int, unit: str) -> str:
    if unit == "ns":
        return f"{number / 1_000_000:g} ms"
    return f"{number / 10_000:g} %" if unit == "%" else str(number)
