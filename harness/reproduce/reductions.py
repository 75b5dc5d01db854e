"""What can be left out of a plan, or put more simply: faults, operations, clients and keys."""

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise, permutations
from typing import Any

import msgspec

from harness.faults.check import acts_on_process
from harness.faults.kinds import POSSIBLE, Fault
from harness.faults.table import KINDS
from harness.plan import Plan
from harness.reproduce.witness import Sign
from replicas.store.placement import Placement
from workloads.operations import Operation

_PAIRS_OF_MOST = 12  # operations of which every pair is tried
_FAULTS_OF_MOST = 4  # likewise

replace = msgspec.structs.replace


def with_operations(plan: Plan, operations: list[Operation]) -> Plan:
    return replace(plan, operations=operations)


def with_faults(plan: Plan, faults: list[Fault]) -> Plan:
    return replace(plan, faults=faults)


def with_fates(plan: Plan, causes: list[str]) -> Plan:
    return replace(plan, fates={cause: plan.fates[cause] for cause in causes})


def what_the_evidence_needs(plan: Plan, sign: Sign) -> Iterator[Plan]:
    """Copies of other keys, and what came later, have seldom to do with it."""
    on_key = [each for each in plan.operations if sign.key is None or each.key == sign.key]
    before = [each for each in on_key if each.at_ns <= sign.at_ns]
    faults = [each for each in plan.faults if each.start_ns <= sign.at_ns]
    yield replace(plan, operations=before, faults=faults)
    yield replace(plan, operations=on_key)
    earlier = [each for each in plan.operations if each.at_ns <= sign.at_ns]
    yield replace(plan, operations=earlier, faults=faults)


def one_less(plan: Plan) -> Iterator[Plan]:
    """Each plan that lacks one fault or one operation of this one."""
    for index in range(len(plan.faults)):
        yield with_faults(plan, _without(plan.faults, index))
    for index in range(len(plan.operations)):
        yield with_operations(plan, _without(plan.operations, index))


def two_less(plan: Plan) -> Iterator[Plan]:
    """Two operations that are of no use but to each other; a fault, with an operation that it hides."""
    for index in range(len(plan.faults)):
        for place in range(len(plan.operations)):
            yield replace(plan, faults=_without(plan.faults, index), operations=_without(plan.operations, place))
    for two in combinations(plan.faults, 2):
        yield with_faults(plan, [each for each in plan.faults if each not in two])
    if len(plan.operations) <= _PAIRS_OF_MOST:
        for pair in combinations(plan.operations, 2):
            yield with_operations(plan, [each for each in plan.operations if each not in pair])


def _without(items: list[Any], index: int) -> list[Any]:
    return items[:index] + items[index + 1 :]


def fewer_clients(plan: Plan) -> Iterator[Plan]:
    yield from _merged(plan, "client")


def fewer_keys(plan: Plan) -> Iterator[Plan]:
    yield from _merged(plan, "key")


def _merged(plan: Plan, field: str) -> Iterator[Plan]:
    names = list(dict.fromkeys(getattr(each, field) for each in plan.operations))
    for into in names if len(names) > 1 else []:
        yield renamed(plan, {field: dict.fromkeys(names, into)})
    for gone, into in permutations(names, 2) if len(names) > 2 else []:
        yield renamed(plan, {field: {gone: into}})


def one_fault_for_two(plan: Plan) -> Iterator[Plan]:
    """From the start of the one to the end of the other: either of them, or a node that is cut off, or a link."""
    names = plan.cluster.names()
    cuts = [("isolate", [name]) for name in names] + [("one-way", list(pair)) for pair in permutations(names, 2)]
    for one, other in combinations(plan.faults, 2) if len(plan.faults) <= _FAULTS_OF_MOST else ():
        longer = replace(one, start_ns=min(one.start_ns, other.start_ns), end_ns=max(one.end_ns, other.end_ns))
        both = [longer, replace(longer, kind=other.kind, targets=other.targets, parameters=other.parameters)]
        both += [replace(longer, kind=kind, targets=targets, parameters={}) for kind, targets in cuts]
        for fault in both:
            yield with_faults(plan, [fault if each is one else each for each in plan.faults if each is not other])


def plainer_faults(plan: Plan) -> Iterator[Plan]:
    """Another in the place of one of them."""
    for index, fault in enumerate(plan.faults):
        for plainer in (*_of_plainest_kind(plan, fault), *_plainer(fault)):
            yield with_faults(plan, [*plan.faults[:index], plainer, *plan.faults[index + 1 :]])


_PLAINEST = ("kill", "isolate")  # of processes, of links
_PLAIN = (*_PLAINEST, "one-way", "wipe")  # left as they are: each says something of its own


def _of_plainest_kind(plan: Plan, fault: Fault) -> Iterator[Fault]:
    """A fault that bites now and then, such as a cut, was perhaps of use only late."""
    if fault.kind in _PLAIN:
        return
    kind = _PLAINEST[0 if acts_on_process(KINDS[fault.kind]) else 1]
    during = sorted({each.at_ns for each in plan.operations if fault.start_ns < each.at_ns < fault.end_ns})
    middles = [(one + other) // 2 for one, other in pairwise([*during, fault.end_ns])]
    for start in (fault.start_ns, *middles[: -_PAIRS_OF_MOST - 1 : -1]):
        for target in fault.targets:
            yield replace(fault, kind=kind, targets=[target], start_ns=start, parameters={})


def _plainer(fault: Fault) -> Iterator[Fault]:
    for index in range(len(fault.targets)):
        yield replace(fault, targets=_without(fault.targets, index))
    for name, number in fault.parameters.items():
        for rounder in _rounder(number, POSSIBLE[name].least):
            yield replace(fault, parameters={**fault.parameters, name: rounder})


def _rounder(number: int, least: int) -> Iterator[int]:
    """With fewer digits other than 0; for a jitter, none at all."""
    if least == 0 < number:
        yield 0
    digits = len(str(number))
    for kept in range(1, digits):
        power = 10 ** (digits - kept)
        if number % power == 0:
            return
        yield number - number % power
        yield number - number % power + power


def plain_names(plan: Plan) -> Iterator[Plan]:
    """Operations, faults, clients and values numbered in the order of time: all, or what can be."""
    plan = replace(
        plan,
        operations=sorted(plan.operations, key=lambda each: (each.at_ns, each.id)),
        faults=sorted(plan.faults, key=lambda each: (each.start_ns, each.end_ns, each.id)),
    )
    yield _numbered(plan, renamed(plan, {"client": _counted("c", [each.client for each in plan.operations])}))
    yield _numbered(plan, plan)
    yield _with_plain_values(plan)
    yield renamed(plan, {"client": _counted("c", [each.client for each in plan.operations])})
    faults = [replace(each, id=f"f{number}") for number, each in enumerate(plan.faults, 1)]
    yield with_faults(plan, faults)


def _numbered(before: Plan, plan: Plan) -> Plan:
    numbers = {f"op {each.id}": f"op {number}" for number, each in enumerate(before.operations, 1)}
    operations = [replace(each, id=number) for number, each in enumerate(plan.operations, 1)]
    faults = [replace(each, id=f"f{number}") for number, each in enumerate(plan.faults, 1)]
    fates = _fates_of(plan, numbers)
    return _with_plain_values(replace(plan, operations=operations, faults=faults, fates=fates))


def _with_plain_values(plan: Plan) -> Plan:
    """A value's first letters are the name of its write."""
    operations = [replace(each, value=each.value and f"w{each.id}") for each in plan.operations]
    return with_operations(plan, operations)


def _counted(letter: str, names: list[str]) -> dict[str, str]:
    return {name: f"{letter}{number}" for number, name in enumerate(dict.fromkeys(names), 1)}


def plain_keys(plan: Plan) -> Iterator[Plan]:
    """k1, k2, …, as far as their copies would live on the same nodes."""
    placement, taken = Placement(plan.cluster), dict[str, str]()
    for key in dict.fromkeys(each.key for each in plan.operations):
        alike = (f"k{number}" for number in range(1, 1000))
        taken[key] = next(
            (
                name
                for name in alike
                if name not in taken.values() and placement.partition_of(name) == placement.partition_of(key)
            ),
            key,
        )
    yield renamed(plan, {"key": taken})


def renamed(plan: Plan, names: Mapping[str, Mapping[str, str]]) -> Plan:
    """By field of an operation: what each name becomes, in operations and in the causes of fates."""

    def change(operation: Operation) -> Operation:
        fields = {field: new.get(getattr(operation, field), getattr(operation, field)) for field, new in names.items()}
        return replace(operation, **fields)

    every = {old: new for field in names.values() for old, new in field.items()}
    return replace(plan, operations=[change(each) for each in plan.operations], fates=_fates_of(plan, every))


def _fates_of(plan: Plan, names: Mapping[str, str]) -> dict[str, int]:
    return {"/".join(names.get(part, part) for part in cause.split("/")): fate for cause, fate in plan.fates.items()}
