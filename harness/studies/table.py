"""All studies, by name."""

from harness.studies.capacity import CAPACITY
from harness.studies.entropy_budget import ENTROPY_BUDGET
from harness.studies.k_staleness import K_STALENESS
from harness.studies.pbs import PBS
from harness.studies.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (PBS, K_STALENESS, CAPACITY, ENTROPY_BUDGET)}
