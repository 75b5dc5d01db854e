"""Who can still reach whom under each kind of partition, as matrices written from the definitions."""

from collections.abc import Callable
from itertools import permutations
from random import Random

import pytest

from harness.faults import transport
from harness.faults.draw import draw_parameters
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.levers import Action

Links = set[tuple[str, str]]
SIZES = range(2, 9)


def names(count: int) -> list[str]:
    return [f"r{number + 1}" for number in range(count)]


def all_links(nodes: list[str]) -> Links:
    return {(one, other) for one in nodes for other in nodes if one != other}


def open_links(fault: Fault, nodes: list[str]) -> Links:
    """What is left when every link that the fault names is shut."""
    shut = {action.target for action in KINDS[fault.kind].actions(fault, nodes)}
    return {(one, other) for one, other in all_links(nodes) if f"{one}>{other}" not in shut}


def reached(start: str, links: Links) -> set[str]:
    """By way of any number of others."""
    found, fresh = {start}, {start}
    while fresh:
        fresh = {other for one, other in links if one in fresh} - found
        found |= fresh
    return found


def same_side(sides: list[set[str]]) -> Links:
    return {(one, other) for side in sides for one in side for other in side if one != other}


def isolate(targets: list[str], nodes: list[str]) -> Links:
    return same_side([set(targets), set(nodes) - set(targets)])


def bridge(targets: list[str], nodes: list[str]) -> Links:
    middle, side = targets[0], set(targets[1:])
    return same_side([side | {middle}, (set(nodes) - side) | {middle}])


def ring(targets: list[str], _nodes: list[str]) -> Links:
    around = [*targets, targets[0]]
    forth = {(around[place], around[place + 1]) for place in range(len(targets))}
    return forth | {(other, one) for one, other in forth}


def one_way(targets: list[str], nodes: list[str]) -> Links:
    return all_links(nodes) - {(targets[0], targets[1])}


def flapping(targets: list[str], nodes: list[str]) -> Links:
    return all_links(nodes) - same_side([set(targets)])


DEFINITIONS: dict[str, Callable[[list[str], list[str]], Links]] = {
    "isolate": isolate, "halves": isolate, "majority": isolate,
    "bridge": bridge, "ring": ring, "one-way": one_way, "flapping": flapping,
}  # fmt: skip


def draws(kind: str, count: int) -> list[Fault]:
    random, nodes = Random(count), names(count)
    if count < KINDS[kind].nodes_min:
        return []
    drawn = [KINDS[kind].draw(random, nodes) for _ in range(40)]
    return [Fault("f1", kind, targets, 0, 1, draw_parameters(random, KINDS[kind])) for targets in drawn]


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_what_is_left_open_is_what_the_definition_says(kind: str) -> None:
    for count in SIZES:
        for fault in draws(kind, count):
            assert open_links(fault, names(count)) == DEFINITIONS[kind](fault.targets, names(count)), fault


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_partitions_leave_clients_alone(kind: str) -> None:
    targets = {action.target for fault in draws(kind, 5) for action in KINDS[kind].actions(fault, names(5))}
    assert targets
    assert not any("clients" in target for target in targets)


def sides(fault: Fault, count: int) -> list[int]:
    """How many nodes reach each other, by any way, side by side."""
    links = open_links(fault, names(count))
    return sorted(len(side) for side in {frozenset(reached(node, links)) for node in names(count)})


def test_halves_differ_by_one_node_at_most() -> None:
    for count in SIZES:
        assert {tuple(sides(fault, count)) for fault in draws("halves", count)} == {(count // 2, (count + 1) // 2)}


def test_one_side_of_a_majority_has_more_than_half() -> None:
    """And every size of a minority is drawn."""
    for count in range(3, 9):
        found = {tuple(sides(fault, count)) for fault in draws("majority", count)}
        assert found == {(few, count - few) for few in range(1, count) if 2 * few < count}


def test_an_isolated_node_is_alone() -> None:
    for count in SIZES:
        assert all(sides(fault, count) == sorted([1, count - 1]) for fault in draws("isolate", count))


def test_only_the_bridge_sees_all_and_without_it_there_are_two_halves() -> None:
    for count in range(3, 9):
        for fault in draws("bridge", count):
            links = open_links(fault, names(count))
            seen = {node: {other for one, other in links if one == node} for node in names(count)}
            assert [node for node in names(count) if len(seen[node]) == count - 1] == fault.targets[:1]
            rest = {each for each in links if fault.targets[0] not in each}
            parts = {frozenset(reached(node, rest)) for node in names(count) if node != fault.targets[0]}
            assert sorted(len(part) for part in parts) == [(count - 1) // 2, count // 2]


def test_in_a_ring_each_sees_two_and_no_two_see_the_same_majority() -> None:
    """All are connected by way of others; and of four nodes or more, nobody sees all."""
    for count in range(4, 9):
        for fault in draws("ring", count):
            links = open_links(fault, names(count))
            assert all(sum(one == node for one, _ in links) == 2 for node in names(count))
            assert all(reached(node, links) == set(names(count)) for node in names(count))


def test_every_order_of_a_ring_can_be_given() -> None:
    nodes = names(4)
    rings = {frozenset(open_links(Fault("f1", "ring", list(order), 0, 1), nodes)) for order in permutations(nodes)}
    assert len(rings) == 3  # four nodes can stand in a circle in three ways


@pytest.mark.parametrize("kind", [kind.name for kind in transport.KINDS])
def test_faults_of_transport_are_on_every_link_with_an_end_among_the_nodes(kind: str) -> None:
    """A client's connection is both directions at once for what ends connections: it is named once."""
    for count in range(1, 7):
        for fault in draws(kind, count):
            pulled = KINDS[kind].actions(fault, names(count))
            ways = {
                (one, other) for one, other in all_links([*names(count), "clients"]) if {one, other} & {*fault.targets}
            }
            if kind in ("refused", "reset", "cut-frame"):
                ways = {(one, other) for one, other in ways if other != "clients"}
            parameters = tuple(sorted(fault.parameters.items()))
            [lever] = KINDS[kind].levers
            assert sorted(pulled) == sorted(Action(lever, f"{one}>{other}", parameters) for one, other in ways)
