"""Time and bytes to find and mend differences by each kind of anti-entropy, and what a write costs with its upkeep.

    python -m harness.bench.entropy [KEYS [SECONDS]]

KEYS are those that both replicas hold (1,000,000), SECONDS the most that one mending may take (120).
"""

import os
import platform
import sys
import time  # noqa: TID251 - this measures

from rich.console import Console
from rich.table import Table

from harness.bench.differences import Mended, Pair, by_share, copies, differences, with_kind
from replicas.store.policy import Policy

KINDS: dict[str, Policy] = {
    "merkle, 2 levels": with_kind("merkle", tree_levels=2),
    "merkle, 4 levels": with_kind("merkle", tree_levels=4),
    "rows": with_kind("rows"),
    "keys": with_kind("keys"),
    "full": with_kind("full"),
    "log": with_kind("log"),
    "clocks": with_kind("clocks"),
}
UPKEEP = {"none": with_kind("none"), **{name: KINDS[name] for name in KINDS if name not in ("rows", "keys", "full")}}
DIFFERING = (0, 10, 1_000, 100_000)
SHARES_PPM = (0, 1_000, 10_000, 100_000, 1_000_000)
WRITES = 20_000
WRITE_REPEATS = 3
_TITLES = ("kind", "differ", "rows sent", "rounds", "compared", "copied", "quiet round", "s", "share of all data")


def main() -> None:
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seconds_max = float(sys.argv[2]) if len(sys.argv) > 2 else 120.0
    console = Console(width=150)
    console.print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    held = copies(keys)
    table = Table(*_TITLES)
    everything = sum(len(copy.key) + len(copy.value or "") for copy in held)
    for name, policy in KINDS.items():
        for mended in differences(policy, held, [each for each in DIFFERING if each <= keys], seconds_max):
            table.add_row(name, *_cells(mended, everything))
    console.print(table)
    console.print(_shares(keys // 10))
    console.print(_upkeep())


def _cells(mended: Mended, everything: int) -> list[str]:
    share = (mended.compared_bytes + mended.copied_bytes) / everything
    figures = (mended.differing, mended.found, mended.rounds, mended.compared_bytes, mended.copied_bytes)
    seconds = f"{mended.seconds:.3f}" if mended.whole else f"over {mended.seconds:.0f}"
    return [*(f"{figure:,}" for figure in figures), f"{mended.quiet_bytes:,}", seconds, f"{share:.4f}"]


def _shares(keys: int) -> Table:
    """Row by row: bytes of comparison beside the rows that had to go."""
    table = Table("rows that differ", "rows sent", "compared", "copied", "compared, for a row of all")
    for mended in by_share(KINDS["rows"], keys, SHARES_PPM):
        figures = (mended.differing, mended.found, mended.compared_bytes, mended.copied_bytes)
        table.add_row(*(f"{figure:,}" for figure in figures), f"{mended.compared_bytes / keys:.2f}")
    return table


def _upkeep() -> Table:
    """Rounds go over all in turn, so that a noisy minute falls on all of them; the quickest counts."""
    best: dict[str, float] = {}
    for turn in range(WRITE_REPEATS):
        for name, policy in UPKEEP.items():
            best[name] = min(best.get(name, 1e9), _write_us(policy, turn))
    table = Table("upkeep", "µs a write", "ratio")
    for name, took_us in best.items():
        table.add_row(name, f"{took_us:.1f}", f"{took_us / best['none']:.2f}")
    return table


def _write_us(policy: Policy, turn: int) -> float:
    """A put at its coordinator, with its commit in a group, in memory."""
    pair = Pair(policy, ())
    begun = time.perf_counter()
    pair.write((f"key{turn}-{number}" for number in range(WRITES)), "v" * 100)
    took = time.perf_counter() - begun
    pair.close()
    return took / WRITES * 1e6


if __name__ == "__main__":
    main()
