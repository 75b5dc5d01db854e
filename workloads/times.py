"""When operations are planned. A plan holds these times, so whatever stalls an operation shows as its latency."""

from random import Random

from .keys import below


def spread(operations: int, length_ns: int, times: Random) -> list[int]:
    return sorted(below(times, length_ns) for _ in range(operations))


def in_bursts(operations: int, length_ns: int, bursts: int, burst_ns: int, times: Random, windows: Random) -> list[int]:
    """Operations fall evenly into `bursts` windows of `burst_ns` that do not overlap, and nothing falls between them.

    They are drawn as if the bursts were all there is, then moved by the pauses before their own burst. Bursts that
    leave no pause, because they fill the length or have none of their own, are no bursts.
    """
    busy_ns = bursts * burst_ns
    if not 0 < busy_ns < length_ns:
        return spread(operations, length_ns, times)
    pauses_ns = sorted(below(windows, length_ns - busy_ns + 1) for _ in range(bursts))
    return [at_ns + pauses_ns[at_ns // burst_ns] for at_ns in spread(operations, busy_ns, times)]
