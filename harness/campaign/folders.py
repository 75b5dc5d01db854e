"""The folders of runs on processes, which no seed brings back: those of the kept seeds, and no others.

In the simulation a seed brings any run back, so that none is kept.
"""

import io
import shutil
import tarfile

from harness import run as runs
from harness.campaign.look import Seen
from harness.campaign.results import Results


def keep(results: Results, new: list[Seen]) -> None:
    """A seed that is kept now may be pushed out later, by one that fails faster, or as two groups become one."""
    packed = {seen.seed: seen.folder for seen in new if seen.folder is not None}
    stored = results.runs()
    if not packed and not stored:
        return
    kept = results.kept()
    for seed in packed.keys() & kept:
        results.add_run(seed, _unpack(packed[seed]))
    for seed in stored.keys() - kept:
        shutil.rmtree(runs.RUNS / stored[seed], ignore_errors=True)  # the user may have been faster
        results.drop_run(seed)


def _unpack(packed: bytes) -> str:
    runs.RUNS.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(runs.RUNS, filter="data")
        return tar.getnames()[0]
