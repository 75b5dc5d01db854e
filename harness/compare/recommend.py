"""stub"""

from harness.compare.measures import Measures
from harness.compare.result import Comparison, Sentence


def sentences(comparison: Comparison, runs: list[Measures]) -> list[Sentence]:
    del comparison, runs
    return []
