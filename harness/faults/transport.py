"""Faults of all links into and out of some nodes: those to the other nodes, and the one to the clients."""

from harness.faults.kinds import MS, Fault, Kind, Range
from harness.faults.targets import any_number, draw_by_word
from harness.levers import CLIENTS, Action, Lever, link

_OF_CONNECTIONS: tuple[Lever, ...] = ("refuse", "reset", "cut")  # a connection of a client is both directions at once
_US = 1_000


def _on_all_links(lever: Lever, fault: Fault, nodes: list[str]) -> list[Action]:
    """A link between two targets is there once."""
    parameters = tuple(sorted(fault.parameters.items()))
    links: dict[str, None] = {}
    for node in fault.targets:
        links |= {link(*way): None for other in nodes if other != node for way in ((node, other), (other, node))}
        links[link(CLIENTS, node)] = None
        if lever not in _OF_CONNECTIONS:
            links[link(node, CLIENTS)] = None
    return [Action(lever, each, parameters) for each in links]


def _kind(name: str, legend: str, lever: Lever, **parameters: Range) -> Kind:
    def actions(fault: Fault, nodes: list[str]) -> list[Action]:
        return _on_all_links(lever, fault, nodes)

    return Kind(name, legend, any_number, (lever,), draw_by_word, actions, parameters)


KINDS = [
    _kind("black-hole", "all that is said to or by the nodes is lost, and nobody is told", "block"),
    _kind("refused", "the nodes' connections end, and new ones are refused", "refuse"),
    _kind("reset", "the nodes' connections are reset as soon as something is said on them", "reset"),
    _kind(
        "latency",
        "all that is said to or by the nodes is late, by a time that varies",
        "delay",
        delay_ns=Range(5 * MS, 150 * MS, MS),
        jitter_ns=Range(0, 50 * MS, MS),
    ),
    _kind(
        "bandwidth",
        "few bytes a second pass over each link of the nodes",
        "bandwidth",
        bytes_per_s=Range(2_000, 50_000, 1_000),
    ),
    _kind(
        "slicing",
        "all that is said to or by the nodes comes in small pieces, with gaps between them",
        "slice",
        piece_bytes=Range(8, 200, 1),
        gap_ns=Range(100 * _US, 5_000 * _US, _US),
    ),
    _kind(
        "cut-frame",
        "each connection of the nodes ends after some bytes, in the middle of a frame",
        "cut",
        after_bytes=Range(100, 4_000, 1),
    ),
]
