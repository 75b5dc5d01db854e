"""How much a node must repair to keep up with what changes: arithmetic of anti-entropy, with its own figures."""

import re
from fractions import Fraction

from harness.studies.study import Figure, Order, Study
from harness.wrong import Wrong

_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
_TIMES = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_SHARES = {"%": Fraction(1, 100)}
_QUANTITY = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>[a-zA-Z%]+)", re.ASCII)

GIVEN = {"data": "2TB", "changes": "2%", "within": "6h"}
# As published for what is given by default, and half of the last digit.
_PUBLISHED = {
    "changed an hour": (0.083, 0.0005),
    "changed within 6h": (0.5, 0.05),
    "data to exchange within 6h": (10.0, 0.5),
    "rate": (0.46, 0.005),
}


def _quantity(name: str, text: str, units: dict[str, int] | dict[str, Fraction]) -> Fraction:
    found = _QUANTITY.fullmatch(text)
    if found is None or found["unit"] not in units or Fraction(found["number"]) == 0:
        raise Wrong(
            f"--with {name}", f"{text!r} is no such quantity", f"write {GIVEN[name]}; units: {', '.join(units)}"
        )
    return Fraction(found["number"]) * units[found["unit"]]


def study(order: Order) -> list[Figure]:
    given = order.given
    data = _quantity("data", given["data"], _SIZES)
    a_day = _quantity("changes", given["changes"], _SHARES)
    within_s = _quantity("within", given["within"], _TIMES)
    changed = a_day * within_s / _TIMES["d"]
    figures = [
        ("changed an hour", "%", 100 * a_day / 24, ""),
        (f"changed within {given['within']}", "%", 100 * changed, ""),
        (f"data to exchange within {given['within']}", "GB", changed * data / _SIZES["GB"], ""),
        ("rate", "MB/s", changed * data / within_s / _SIZES["MB"], "the same within any time: it is what changes"),
    ]
    return [_figure(name, unit, float(value), note, published=given == GIVEN) for name, unit, value, note in figures]


def _figure(name: str, unit: str, value: float, note: str, *, published: bool) -> Figure:
    expected, allowed = _PUBLISHED[name] if published else (None, None)
    return Figure(name, unit, value, 0.0, expected, allowed, note)


CAPACITY = Study(
    "capacity",
    "2 TB a node, of which 2 % change a day, can be kept within 6 hours of convergence by 0.46 MB/s of repair",
    "arithmetic: what changes within that time, over that time; trees, metadata and what is sent twice come on top",
    study,
    GIVEN,
)
