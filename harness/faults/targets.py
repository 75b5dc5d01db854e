"""How many nodes a fault takes, and which of them a seed draws."""

from collections.abc import Callable
from random import Random

from workloads.keys import below


def exactly(count: int) -> Callable[[int], tuple[int, int]]:
    return lambda _nodes: (count, count)


def any_number(nodes: int) -> tuple[int, int]:
    return 1, nodes


def draw_one(random: Random, nodes: list[str]) -> list[str]:
    return draw_in_order(random, nodes, 1)


def draw_pair(random: Random, nodes: list[str]) -> list[str]:
    return draw_in_order(random, nodes, 2)


def draw_by_word(random: Random, nodes: list[str]) -> list[str]:
    """One, a minority, a majority or all, each as often as the others; then which."""
    count = len(nodes)
    sizes = [1, max(1, (count - 1) // 2), count // 2 + 1, count]
    return draw_set(random, nodes, sizes[below(random, len(sizes))])


def draw_in_order(random: Random, nodes: list[str], count: int) -> list[str]:
    """Each order of each choice is as likely as any other."""
    rest = list(nodes)
    return [rest.pop(below(random, len(rest))) for _ in range(count)]


def draw_set(random: Random, nodes: list[str], count: int) -> list[str]:
    """In the order of the cluster, where the order means nothing."""
    return sorted(draw_in_order(random, nodes, count), key=nodes.index)
