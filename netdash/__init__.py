"""Published criteria and outcomes for liver metastases of neuroendocrine tumors.

>>> import netdash as nd
>>> patient = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35)
>>> nd.assess(patient).verdicts  # doctest: +SKIP
>>> nd.forest(nd.outcomes())  # doctest: +SKIP

lazy_loader binds each name when it is first used. Importing netdash reads no
file and loads no widget, no figure library and no statistics.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from netdash.assessment import Assessment, assess
    from netdash.bayes import PooledBayes, pool_bayes
    from netdash.cohort import Mapping, assess_cohort, attrition, cohort_report, propose_mapping, verdict_counts
    from netdash.comparison import compare, differing, standing, tallies
    from netdash.effects import effect_sizes
    from netdash.evidence import (
        claims,
        criteria,
        discrepancies,
        later_outcomes,
        outcomes,
        references,
        rule_sets,
        studies,
        teaching_cases,
        trials,
    )
    from netdash.figures.bars import attrition_bars
    from netdash.figures.contrasts import contrast_forest
    from netdash.figures.export import drawn, save
    from netdash.figures.forest import forest
    from netdash.figures.harms import harms_beside_benefits
    from netdash.figures.icons import icon_array
    from netdash.figures.intervals import cumulative_forest, influence
    from netdash.figures.later import hazard_ratios
    from netdash.figures.maps import eligibility_map
    from netdash.figures.medians import medians
    from netdash.figures.strips import verdict_strip
    from netdash.intervals import Interval
    from netdash.patient import Patient
    from netdash.pooling import Pooled, pool
    from netdash.prepared_cases import cases
    from netdash.provenance import Source, source
    from netdash.sensitivity import cumulative, leave_one_out, subgroups
    from netdash.synthesis import contrasts, outcome_effects, pool_by_therapy, pool_outcomes

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "assessment": ["Assessment", "assess"],
        "bayes": ["PooledBayes", "pool_bayes"],
        "prepared_cases": ["cases"],
        "cohort": ["Mapping", "assess_cohort", "attrition", "cohort_report", "propose_mapping", "verdict_counts"],
        "comparison": ["compare", "differing", "standing", "tallies"],
        "effects": ["effect_sizes"],
        "evidence": [
            "claims",
            "criteria",
            "discrepancies",
            "later_outcomes",
            "outcomes",
            "references",
            "rule_sets",
            "studies",
            "teaching_cases",
            "trials",
        ],
        "figures.bars": ["attrition_bars"],
        "figures.contrasts": ["contrast_forest"],
        "figures.export": ["drawn", "save"],
        "figures.forest": ["forest"],
        "figures.harms": ["harms_beside_benefits"],
        "figures.icons": ["icon_array"],
        "figures.intervals": ["cumulative_forest", "influence"],
        "figures.later": ["hazard_ratios"],
        "figures.maps": ["eligibility_map"],
        "figures.medians": ["medians"],
        "figures.strips": ["verdict_strip"],
        "intervals": ["Interval"],
        "patient": ["Patient"],
        "pooling": ["Pooled", "pool"],
        "provenance": ["Source", "source"],
        "sensitivity": ["cumulative", "leave_one_out", "subgroups"],
        "synthesis": ["contrasts", "outcome_effects", "pool_by_therapy", "pool_outcomes"],
    },
)

__version__ = "0.1.0"
