"""Published criteria and outcomes for liver metastases of neuroendocrine tumors.

>>> import netdash as nd
>>> patient = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35)
>>> nd.assess(patient)["milan_review"].headline
'Open, 2 of 5: primary site not entered; extrahepatic disease not entered'

lazy_loader binds each name when it is first used. Importing netdash reads no
file and loads no widget, no figure library and no statistics.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:  # "as" exports a name: type checkers refuse the others
    from netdash.assessment import Assessment as Assessment
    from netdash.assessment import assess as assess
    from netdash.bayes import PooledBayes as PooledBayes
    from netdash.bayes import pool_bayes as pool_bayes
    from netdash.board.board import Board as Board
    from netdash.case_report import report as report
    from netdash.cohort import Mapping as Mapping
    from netdash.cohort import assess_cohort as assess_cohort
    from netdash.cohort import attrition as attrition
    from netdash.cohort import cohort_report as cohort_report
    from netdash.cohort import propose_mapping as propose_mapping
    from netdash.cohort import verdict_counts as verdict_counts
    from netdash.comparison import Tally as Tally
    from netdash.comparison import compare as compare
    from netdash.comparison import differing as differing
    from netdash.comparison import standing as standing
    from netdash.comparison import tallies as tallies
    from netdash.effects import effect_sizes as effect_sizes
    from netdash.evidence import claims as claims
    from netdash.evidence import corrections as corrections
    from netdash.evidence import criteria as criteria
    from netdash.evidence import discrepancies as discrepancies
    from netdash.evidence import later_outcomes as later_outcomes
    from netdash.evidence import outcomes as outcomes
    from netdash.evidence import references as references
    from netdash.evidence import rule_sets as rule_sets
    from netdash.evidence import sources as sources
    from netdash.evidence import studies as studies
    from netdash.evidence import teaching_cases as teaching_cases
    from netdash.evidence import therapies as therapies
    from netdash.evidence import trials as trials
    from netdash.figures.bars import attrition_bars as attrition_bars
    from netdash.figures.contrasts import contrast_forest as contrast_forest
    from netdash.figures.export import drawn as drawn
    from netdash.figures.export import save as save
    from netdash.figures.forest import forest as forest
    from netdash.figures.harms import harms_beside_benefits as harms_beside_benefits
    from netdash.figures.icons import icon_array as icon_array
    from netdash.figures.intervals import cumulative_forest as cumulative_forest
    from netdash.figures.intervals import influence as influence
    from netdash.figures.later import hazard_ratios as hazard_ratios
    from netdash.figures.later import published_later as published_later
    from netdash.figures.maps import eligibility_map as eligibility_map
    from netdash.figures.medians import medians as medians
    from netdash.figures.strips import verdict_strip as verdict_strip
    from netdash.installed import versions as versions
    from netdash.intervals import Interval as Interval
    from netdash.judgement import Judgement as Judgement
    from netdash.patient import Patient as Patient
    from netdash.pooling import Pooled as Pooled
    from netdash.pooling import pool as pool
    from netdash.prepared_cases import cases as cases
    from netdash.provenance import Source as Source
    from netdash.provenance import source as source
    from netdash.searches import search as search
    from netdash.sensitivity import cumulative as cumulative
    from netdash.sensitivity import leave_one_out as leave_one_out
    from netdash.sensitivity import subgroups as subgroups
    from netdash.synthesis import contrasts as contrasts
    from netdash.synthesis import outcome_effects as outcome_effects
    from netdash.synthesis import pool_by_therapy as pool_by_therapy
    from netdash.synthesis import pool_outcomes as pool_outcomes
else:
    _bind, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "assessment": ["Assessment", "assess"],
            "bayes": ["PooledBayes", "pool_bayes"],
            "board.board": ["Board"],
            "case_report": ["report"],
            "cohort": ["Mapping", "assess_cohort", "attrition", "cohort_report", "propose_mapping", "verdict_counts"],
            "comparison": ["Tally", "compare", "differing", "standing", "tallies"],
            "effects": ["effect_sizes"],
            "evidence": [
                "claims",
                "corrections",
                "criteria",
                "discrepancies",
                "later_outcomes",
                "outcomes",
                "references",
                "rule_sets",
                "sources",
                "studies",
                "teaching_cases",
                "therapies",
                "trials",
            ],
            "figures.bars": ["attrition_bars"],
            "figures.contrasts": ["contrast_forest"],
            "figures.export": ["drawn", "save"],
            "figures.forest": ["forest"],
            "figures.harms": ["harms_beside_benefits"],
            "figures.icons": ["icon_array"],
            "figures.intervals": ["cumulative_forest", "influence"],
            "figures.later": ["hazard_ratios", "published_later"],
            "figures.maps": ["eligibility_map"],
            "figures.medians": ["medians"],
            "figures.strips": ["verdict_strip"],
            "intervals": ["Interval"],
            "judgement": ["Judgement"],
            "patient": ["Patient"],
            "pooling": ["Pooled", "pool"],
            "prepared_cases": ["cases"],
            "provenance": ["Source", "source"],
            "searches": ["search"],
            "sensitivity": ["cumulative", "leave_one_out", "subgroups"],
            "synthesis": ["contrasts", "outcome_effects", "pool_by_therapy", "pool_outcomes"],
            "installed": ["versions"],
        },
    )

    def __getattr__(name: str) -> object:
        if name in __all__:
            return _bind(name)
        if name.startswith("_"):
            # Tools ask every object for many of these; no public name is near.
            raise AttributeError(f"netdash has no {name!r}")
        from netdash.refusals import hint

        raise AttributeError(f"netdash has no {name!r}{hint(name, __all__)}")


__version__ = "0.1.0"
