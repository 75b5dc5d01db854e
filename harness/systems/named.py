"""What a plan says of a store that its owner brings: where it is, what is claimed of it, and what it lacks."""

from collections.abc import Iterator

import msgspec

from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.levers import CLIENTS, LINK_LEVERS, ends


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`file` is as it was given: relative to where Urushi is run, as its runs are. The claims are the plan's, so that
    a run is judged by those with which it was performed."""

    file: str
    promises: list[str]
    links: bool
    disk: bool


def lacking(own: Own, fault: Fault, nodes: list[str]) -> str | None:
    """Why this system cannot have the fault."""
    for action in KINDS[fault.kind].actions(fault, nodes):
        if action.lever in LINK_LEVERS and not own.links and CLIENTS not in ends(action.target):
            return "its nodes cannot be told each other's addresses, so no link is between them"
        if action.lever == "wipe" and not own.disk:
            return "its nodes keep nothing on a disk that could be lost"
    return None


def impossible(own: Own, faults: list[Fault], nodes: list[str]) -> Iterator[tuple[Fault, str]]:
    for fault in faults:
        why = lacking(own, fault, nodes)
        if why is not None:
            yield fault, why
