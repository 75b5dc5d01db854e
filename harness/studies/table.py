"""All studies, by name."""

from harness.studies.k_staleness import K_STALENESS
from harness.studies.pbs import PBS
from harness.studies.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (PBS, K_STALENESS)}
