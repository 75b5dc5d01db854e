"""Delays by kind of message: mixtures of distributions, as text in TOML and as data in a plan.

    91.22% pareto(0.235ms, 10) + 8.78% exponential(1.66/ms)

Draws are by integers alone. What no integer has, logarithms and roots, comes from `decimal`, which rounds them
correctly, so that every platform has the same: for each doubling of the rarity one factor, and between two doublings
256 steps, straight from one to the next.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate
from typing import Literal, NamedTuple, get_args

import msgspec

from harness.draws import Drawing, Spec, duration_ns
from harness.wrong import Wrong, near

Kind = Literal["all", "store", "stored", "fetch", "fetched"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CHANCES = 1 << 32

_MOST = 2**63 - 1
_MILLION = 1_000_000
_SECOND_NS = 1_000_000_000
_BITS = 60  # behind the point, of what is in the tables
_STEP_BITS = 8
_DOUBLINGS = 32
_EXACT = Context(prec=60)
_LEAST_SHAPE = 100
_MOST_SHAPE = 1_000_000
_MOST_RATE = 1_000_000_000


class Pareto(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="pareto", tag_field="kind"):
    """At least `least_ns`; it takes x times as long or longer with the chance x ** -shape."""

    share_ppm: int
    least_ns: int
    shape_milli: int


class Exponential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="exponential", tag_field="kind"):
    share_ppm: int
    rate_per_s: int


class Uniform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="uniform", tag_field="kind"):
    share_ppm: int
    least_ns: int
    most_ns: int


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="constant", tag_field="kind"):
    share_ppm: int
    delay_ns: int


Part = Pareto | Exponential | Uniform | Constant
Delays = Mapping[Kind, list[Part]]
Draw = Callable[[int], int]


class _Table(NamedTuple):
    """`doublings` has what each doubling of the rarity adds, or by what it multiplies; `steps` what is between two."""

    doublings: list[int]
    steps: list[int]

    def at(self, rarity: int) -> tuple[int, int]:
        """Both at `rarity` chances of 2 ** 32."""
        shift = _DOUBLINGS + 1 - rarity.bit_length()
        step, rest = divmod((rarity << shift) - CHANCES, 1 << (_DOUBLINGS - _STEP_BITS))
        low, high = self.steps[step], self.steps[step + 1]
        return self.doublings[shift], low + ((high - low) * rest >> (_DOUBLINGS - _STEP_BITS))


def _fixed(number: Decimal) -> int:
    return int(_EXACT.multiply(number, Decimal(1 << _BITS)))


def _between() -> list[Decimal]:
    """1 to 2, in even steps."""
    steps = 1 << _STEP_BITS
    return [_EXACT.divide(Decimal(steps + step), Decimal(steps)) for step in range(steps + 1)]


@cache
def _logarithms() -> _Table:
    doubling = _EXACT.ln(Decimal(2))
    doublings = [_fixed(_EXACT.multiply(doubling, Decimal(number))) for number in range(_DOUBLINGS + 1)]
    return _Table(doublings, [_fixed(_EXACT.ln(number)) for number in _between()])


@cache
def _roots(shape_milli: int) -> _Table:
    """Of the rarity, to the power of -1 / shape."""
    power = _EXACT.divide(Decimal(-1000), Decimal(shape_milli))
    doubling = _EXACT.multiply(_EXACT.ln(Decimal(2)), power.copy_negate())
    doublings = [_fixed(_EXACT.exp(_EXACT.multiply(doubling, Decimal(number)))) for number in range(_DOUBLINGS + 1)]
    return _Table(doublings, [_fixed(_EXACT.exp(_EXACT.multiply(_EXACT.ln(each), power))) for each in _between()])


def _draw_of(part: Part) -> Draw:
    """From a chance of 2 ** 32 to nanoseconds: the more, the longer."""
    match part:
        case Pareto(least_ns=least, shape_milli=shape):
            roots = _roots(shape)

            def by_pareto(chance: int) -> int:
                doubling, step = roots.at(CHANCES - chance)
                return least * doubling * step >> 2 * _BITS

            return by_pareto
        case Exponential(rate_per_s=rate):
            logarithms = _logarithms()

            def exponentially(chance: int) -> int:
                doubling, step = logarithms.at(CHANCES - chance)
                return ((doubling - step) * _SECOND_NS // rate) >> _BITS

            return exponentially
        case Uniform(least_ns=least, most_ns=most):
            return lambda chance: least + ((most - least + 1) * chance >> 32)
        case Constant(delay_ns=delay):
            return lambda _chance: delay


def drawing_of(mixture: list[Part]) -> Draw:
    """32 bits say which part, and how far into it."""
    draws = [_draw_of(part) for part in mixture]
    ends = [CHANCES * shares // _MILLION for shares in accumulate(part.share_ppm for part in mixture)]
    begins = [0, *ends[:-1]]

    def drawn(chance: int) -> int:
        place = bisect_right(ends, chance)
        begin, end = begins[place], ends[place]
        return draws[place]((chance - begin) * CHANCES // (end - begin))

    return drawn


def longest_ns(delays: Delays) -> int:
    """The tails end where 32 bits end: of a mean of 1 ms after 22 ms."""
    return max((_draw_of(part)(CHANCES - 1) for mixture in delays.values() for part in mixture), default=0)


def check(delays: Delays, where: str) -> None:
    for kind, mixture in delays.items():
        _check(mixture, f"{where}: network.delays.{kind}")


_BOUNDS = {
    "share_ppm": (1, _MILLION),
    "least_ns": (0, _MOST),
    "most_ns": (0, _MOST),
    "delay_ns": (0, _MOST),
    "shape_milli": (_LEAST_SHAPE, _MOST_SHAPE),
    "rate_per_s": (1, _MOST_RATE),
}


def _check(mixture: list[Part], place: str) -> None:
    for index, part in enumerate(mixture):
        here = f"{place}[{index}]"
        for name in part.__struct_fields__:
            number, (least, most) = getattr(part, name), _BOUNDS[name]
            if not least <= number <= most:
                raise Wrong(f"{here}.{name}", f"{number} is not possible", f"{least} to {most} are")
        if isinstance(part, Uniform) and part.most_ns < part.least_ns:
            raise Wrong(f"{here}.most_ns", f"{part.most_ns} is below least_ns = {part.least_ns}", "swap them")
        if _draw_of(part)(CHANCES - 1) > _MOST:
            raise Wrong(here, "its longest delays cannot be counted in nanoseconds", "take a larger shape")
    shares = sum(part.share_ppm for part in mixture)
    if shares != _MILLION:
        raise Wrong(place, f"the shares are {shares / 10_000:g} % in all", "make them 100 %")


_PART = re.compile(r"(?:(?P<share>\d{1,3}(?:\.\d{1,4})?) ?% ?)?(?P<name>[a-z]+) ?\((?P<given>[^()]*)\)", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,3})?", re.ASCII)
_RATE = re.compile(r"(?P<number>\d{1,10}(?:\.\d{1,10})?)/(?P<unit>s|ms)", re.ASCII)
_FORMS = {
    "pareto": "pareto(0.235ms, 10): its least, and its shape",
    "exponential": "exponential(1.66/ms): its rate, the reciprocal of its mean",
    "uniform": "uniform(1ms, 5ms): its ends",
    "constant": "constant(2ms)",
}
_FORM = '"90% pareto(0.2ms, 10) + 10% exponential(1.5/ms)"'


def draw_delays(drawing: Drawing, given: Mapping[str, Spec]) -> dict[Kind, list[Part]]:
    """Every mixture that a seed may draw is looked at."""
    drawn: dict[Kind, list[Part]] = {}
    for name in given:
        if name not in KINDS:
            raise Wrong(f"{drawing.where}: network.delays.{name}", "no kind of message", near(name, list(KINDS)))
    for kind in KINDS:
        if kind in given:
            spec, place = given[kind], f"network.delays.{kind}"
            texts = [str(each) for each in spec] if isinstance(spec, list) else [str(spec)]
            read = {text: mixture(text, f"{drawing.where}: {place}") for text in texts}
            drawn[kind] = read[drawing.choice(place, spec, texts)]
    return drawn


def mixture(text: str, place: str) -> list[Part]:
    """One part alone needs no share."""
    pieces = [piece.strip() for piece in text.split("+")]
    parts: list[Part] = []
    for piece in pieces:
        found = _PART.fullmatch(piece)
        if found is None or (found["share"] is None and len(pieces) > 1):
            raise Wrong(place, f"{piece!r} is no part of a mixture", f"write {_FORM}")
        if found["name"] not in _FORMS:
            raise Wrong(place, f"there is no distribution {found['name']!r}", near(found["name"], list(_FORMS)))
        share_ppm = int(Fraction(found["share"] or "100") * 10_000)
        parts.append(_part(found["name"], share_ppm, [each.strip() for each in found["given"].split(",")], place))
    _check(parts, place)
    return parts


def _part(name: str, share_ppm: int, given: list[str], place: str) -> Part:
    numbers = [duration_ns(each) for each in given]
    match name, given, numbers:
        case "pareto", [_, shape], [int(least), _] if _NUMBER.fullmatch(shape):
            return Pareto(share_ppm, least, int(Fraction(shape) * 1000))
        case "exponential", [rate], _ if (found := _RATE.fullmatch(rate)) is not None:
            per_s = Fraction(found["number"]) * (1000 if found["unit"] == "ms" else 1)
            if per_s.denominator == 1:
                return Exponential(share_ppm, int(per_s))
        case "uniform", _, [int(least), int(most)]:
            return Uniform(share_ppm, least, most)
        case "constant", _, [int(delay)]:
            return Constant(share_ppm, delay)
    raise Wrong(place, f"{name}({', '.join(given)}) cannot be read", f"write {_FORMS[name]}")
