"""All studies, by name."""

from harness.studies import graces, merging, outages, planning, reading, skews, storms
from harness.studies.k_staleness import K_STALENESS
from harness.studies.pbs import PBS
from harness.studies.study import Study

_ROOMS = (outages, graces, storms, skews, reading, merging, planning)

STUDIES: dict[str, Study] = {
    study.name: study for study in (PBS, K_STALENESS, *(each for room in _ROOMS for each in room.STUDIES))
}
