"""On real processes: what differs is copied, and nothing else."""

from harness.bench.entropy import KINDS
from harness.bench.entropy_processes import mend

COPY_BYTES = 190  # a frame with its record, with the numbers in it as short as they can be


def test_what_differs_is_copied_and_nothing_where_nothing_differs() -> None:
    none, some = (mend(KINDS["merkle, 2 levels"], 200, differing) for differing in (0, 10))
    assert none.copied_bytes == 0 < none.compared_bytes < some.compared_bytes
    assert 10 * COPY_BYTES <= some.copied_bytes < 11 * COPY_BYTES
