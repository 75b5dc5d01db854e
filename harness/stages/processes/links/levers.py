"""The levers of links, as toxics and switches of the proxies behind them.

A link between replicas is a proxy whose connections carry data only upstream: down comes the greeting. A client link
is one proxy with both directions: `clients>r1` is its upstream, `r1>clients` its downstream.

What letting go does to the streams: *block* ends the connections that were there, for their streams have holes;
*refuse* has ended them at its start; *reset* and *cut* leave those alone that were not broken yet; *delay* and *slice*
pass on what they hold, in order, and the streams go on; *bandwidth* ends the connections, with what it holds.

That is because of how the real server removes a toxic: it passes on what the toxic holds with all of the proxy locked,
and waits five seconds for each piece that nobody takes any more, since a lever behind it, or the death of the receiver,
has ended the connection meanwhile. So a toxic is made harmless first, and removed when it is empty. But the server
crashes ("slice bounds out of range") if `bandwidth` becomes faster at the moment at which a piece of a chunk is due:
that proxy is replaced by a new one.
"""

from time import sleep  # noqa: TID251 - a real server needs real time

from harness.levers import CLIENTS, LINK_LEVERS, Action, ends
from harness.stages.processes.links.control import Control, Stream, Toxic
from harness.stages.processes.links.link import LinkError

MS, US = 1_000_000, 1_000
KB = 1_000
EMPTYING_S = 0.01
HARMLESS = {
    "latency": {"latency": 0, "jitter": 0},
    "slicer": {"average_size": 1_000_000, "size_variation": 0, "delay": 0},
}


def proxy_of(target: str) -> str:
    sender, to = ends(target)
    return proxy_of(f"{CLIENTS}>{sender}") if to == CLIENTS else f"{sender}-to-{to}"


def toxic_of(action: Action) -> Toxic | None:
    """None: the lever is the proxy's switch. Its name tells it from every other lever on the same proxy."""
    if action.lever == "refuse":
        return None
    stream: Stream = "downstream" if ends(action.target)[1] == CLIENTS else "upstream"
    name = "-".join([action.lever, stream, *(str(number) for _, number in action.parameters)])
    return Toxic(name, *_type_of(action, stream))


def _type_of(action: Action, stream: Stream) -> tuple[str, Stream, dict[str, int]]:
    number = action.number
    match action.lever:
        case "block":
            return "timeout", stream, {"timeout": 0}
        case "reset":
            return "reset_peer", stream, {"timeout": 0}
        case "delay":
            return "latency", stream, {"latency": number("delay_ns") // MS, "jitter": number("jitter_ns") // MS}
        case "bandwidth":
            return "bandwidth", stream, {"rate": number("bytes_per_s") // KB}
        case "slice":
            size, delay_us = number("piece_bytes"), number("gap_ns") // US
            return "slicer", stream, {"average_size": size, "size_variation": 0, "delay": delay_us}
        case "cut":
            return "limit_data", stream, {"bytes": number("after_bytes")}
    raise ValueError(f"{action.lever} is no lever of a link: those are {', '.join(LINK_LEVERS)}")


class LinkLevers:
    """Call these in a worker thread, one after the other: a fault's levers are pulled in one go."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._toxics: dict[str, list[Toxic]] = {}  # by proxy, as they were added
        self._refusing: dict[str, set[Action]] = {}  # by proxy: a client link is refused in both its directions

    def pull(self, actions: list[Action]) -> None:
        for action in actions:
            proxy, toxic = proxy_of(action.target), toxic_of(action)
            if toxic is not None:
                self._control.add(proxy, toxic)
                self._toxics.setdefault(proxy, []).append(toxic)
                continue
            holders = self._refusing.setdefault(proxy, set())
            if not holders:
                self._control.disable(proxy)
            holders.add(action)

    def let_go(self, actions: list[Action]) -> None:
        self._empty(actions)
        for action in actions:
            proxy, toxic = proxy_of(action.target), toxic_of(action)
            if toxic is not None:
                self._remove(proxy, toxic)
                continue
            self._refusing[proxy].discard(action)
            if not self._refusing[proxy]:
                self._control.enable(proxy)
        for action, on in self.shown(actions).items():
            held_by_another = action.lever == "refuse" and self._refusing[proxy_of(action.target)]
            if on and not held_by_another:
                raise LinkError(action.target, f"let {action.lever} go", "it is still on", "See the server's log")

    def _empty(self, actions: list[Action]) -> None:
        toxics = [(proxy_of(action.target), toxic_of(action)) for action in actions]
        holding = [(proxy, toxic) for proxy, toxic in toxics if toxic is not None and toxic.type in HARMLESS]
        for proxy, toxic in holding:
            self._control.update(proxy, toxic._replace(attributes=HARMLESS[toxic.type]))
        if holding:
            sleep(EMPTYING_S)

    def _remove(self, proxy: str, toxic: Toxic) -> None:
        left = self._toxics[proxy]
        left.remove(toxic)
        if toxic.type == "bandwidth":
            self._control.replace(proxy, left, enabled=not self._refusing.get(proxy))
        else:
            self._control.remove(proxy, toxic)

    def shown(self, actions: list[Action]) -> dict[Action, bool]:
        """Whether each is on, as the server says in one listing."""
        proxies = self._control.shown()
        on: dict[Action, bool] = {}
        for action in actions:
            proxy, toxic = proxies.get(proxy_of(action.target)), toxic_of(action)
            on[action] = proxy is not None and (toxic in proxy.toxics if toxic is not None else not proxy.enabled)
        return on
