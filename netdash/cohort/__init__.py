"""A registry judged by the published criteria, inside the data-frame engine that holds it."""

from netdash.cohort.frames import assess_cohort, attrition, attritions, invalid_values

__all__ = ["assess_cohort", "attrition", "attritions", "invalid_values"]
