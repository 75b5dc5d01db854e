"""How far colours are apart, also for eyes that lack one kind of cone, and how they stand out.

The matrices are those of Machado, Oliveira and Fernandes (2009) for a cone that is missing, on linear RGB; distances
are Euclidean in Oklab, times 100.
"""

import math
import re
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import harness.report

EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long ones": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no middle ones": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "no short ones": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.793617785, -0.0040720468),
    (1.9779984951, -2.428592205, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.808675766),
)

Triple = tuple[float, float, float]


def _times(matrix: tuple[tuple[float, ...], ...], it: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, it, strict=True)) for row in matrix)
    return first, second, third


def _rgb(text: str) -> Triple:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _oklab(rgb: Triple) -> Triple:
    long, middle, short = _times(_TO_CONES, rgb)
    return _times(_TO_LAB, (math.cbrt(long), math.cbrt(middle), math.cbrt(short)))


def contrast(one: Triple, other: Triple) -> float:
    """As WCAG defines it."""
    low, high = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other))
    return (high + 0.05) / (low + 0.05)


def scheme(name: str, file: str) -> dict[str, Triple]:
    light_part, dark_part = (
        (Path(harness.report.__file__).parent / "pages" / file)
        .read_text("utf-8")
        .split("@media screen and (prefers-color-scheme: dark)")
    )
    block = (dark_part if name == "dark" else light_part).split("}")[0]
    return {variable: _rgb(colour) for variable, colour in re.findall(r"--(\w+): (#[0-9a-f]{6})", block)}


def seen(eyes: str, colour: Triple) -> Triple:
    """In Oklab: lightness first."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in _times(EYES[eyes], colour))
    return _oklab((red, green, blue))


def least_distance(eyes: str, colours: Iterable[Triple]) -> float:
    return min(100 * math.dist(seen(eyes, one), seen(eyes, other)) for one, other in combinations(colours, 2))
