"""The claim on hash trees: that they cost by what differs, and not by how much there is."""

from harness.bench.differences import Mended, copies, differences, with_kind
from harness.studies.study import Order, Row, Seen, Study
from replicas.store.policy import Policy

SIZES = (2_000, 20_000)
DIFFERING = (0, 10, 100)
KINDS: dict[str, Policy] = {
    "hash trees of 65,536 leaves": with_kind("merkle", tree_levels=4),
    "hash trees of 256 leaves": with_kind("merkle", tree_levels=2),
    "all versions": with_kind("keys"),
    "everything": with_kind("full"),
}
DEEP, SHALLOW, VERSIONS, ALL = KINDS
_SECONDS_MAX = 600.0  # never reached: nothing is judged by the clock


def _all_bytes(mended: Mended) -> int:
    return mended.compared_bytes + mended.copied_bytes


def merkle_cost(order: Order) -> Seen:
    sent: dict[tuple[str, int, int], int] = {}
    rows: list[Row] = []
    for name, policy in KINDS.items():
        for size in SIZES:
            order.watch(len(rows), len(KINDS) * len(SIZES))
            for mended in differences(policy, copies(size), list(DIFFERING), _SECONDS_MAX):
                sent[name, size, mended.differing] = _all_bytes(mended)
            figures = {f"bytes for {differing}": sent[name, size, differing] for differing in DIFFERING}
            rows.append(Row(f"{name}, {size:,} keys", dict(figures)))
    small, large = SIZES
    few, many = DIFFERING[1:]
    grows = {name: sent[name, large, few] / sent[name, small, few] for name in KINDS}
    by_difference = sent[DEEP, large, many] / sent[DEEP, large, few]
    why = (
        f"from {small:,} to {large:,} keys, what {few} differing keys cost grew {grows[DEEP]:.1f} times in deep trees;"
        f" {grows[SHALLOW]:.1f} times with shallow ones, whose leaves hold more keys then; {grows[VERSIONS]:.1f} times"
        f" where all versions are compared, and {grows[ALL]:.1f} times where everything is sent; ten times as many"
        f" differences cost {by_difference:.1f} times as much with deep trees"
    )
    confirmed = grows[DEEP] < 2 < grows[VERSIONS] and grows[DEEP] < by_difference
    return Seen(rows, confirmed, why)


STUDIES = (
    Study(
        "merkle-cost",
        "Merkle trees cost by difference and not by size",
        f"two replicas hold {SIZES[0]:,} or {SIZES[1]:,} keys of 100 bytes, of which {DIFFERING[1]} or"
        f" {DIFFERING[2]} differ; bytes of all messages until they agree, in memory",
        merkle_cost,
        source="seed document 003, on Merkle-tree anti-entropy",
    ),
)
