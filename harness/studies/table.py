"""All studies, by name."""

from harness.studies import graces, merging, outages, planning, reading, skews, storms, trees
from harness.studies.capacity import CAPACITY
from harness.studies.entropy_budget import ENTROPY_BUDGET
from harness.studies.k_staleness import K_STALENESS
from harness.studies.pbs import PBS
from harness.studies.study import Study

_ROOMS = (outages, graces, storms, skews, reading, merging, planning, trees)
_ALONE = (PBS, K_STALENESS, CAPACITY, ENTROPY_BUDGET)

STUDIES: dict[str, Study] = {
    study.name: study for study in (*_ALONE, *(each for room in _ROOMS for each in room.STUDIES))
}
