"""A registry judged by the published criteria, inside the data-frame engine that holds it."""

from netdash.cohort.accounts import CohortNotice
from netdash.cohort.attritions import attrition, attritions
from netdash.cohort.frames import assess_cohort, cohort_report, invalid_values, verdict_counts
from netdash.cohort.mapping import Mapping
from netdash.cohort.proposals import propose_mapping

__all__ = [
    "CohortNotice",
    "Mapping",
    "assess_cohort",
    "attrition",
    "attritions",
    "cohort_report",
    "invalid_values",
    "propose_mapping",
    "verdict_counts",
]
