"""The pace and scope of anti-entropy, and what scrubbers find."""

from collections.abc import Callable

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch

MS = 1_000_000
SCRUBBED = msgspec.structs.replace(
    SHORT, read_repair="none", hints="handoff", anti_entropy="none", purge="never", scrub_every_ns=100 * MS
)


def _rot_that_nobody_reads(name: str) -> Plan:
    """The copy on r1 rots, and nobody reads it but its scrubber."""
    cuts = [Cut("rot", ["r1"], 300, 900, {"keys_ppm": 1_000_000})]
    return sketch(name, [Step(100, "c1", "r2", "put")], cuts, 1000, policy=SCRUBBED)


PLANS: dict[str, Callable[[str], Plan]] = {
    "discards-and-forgets": _rot_that_nobody_reads,
    "rot that a scrubber finds": _rot_that_nobody_reads,
}
