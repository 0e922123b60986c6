"""Published criteria and outcomes for liver metastases of neuroendocrine tumors.

>>> import netdash as nd
>>> patient = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35)
>>> nd.assess(patient).verdicts  # doctest: +SKIP
>>> nd.forest(nd.outcomes())  # doctest: +SKIP

Names are bound when first used: importing netdash reads no file and loads no
widget, no figure library and no statistics.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from netdash.assessment import Assessment, assess
    from netdash.comparison import compare
    from netdash.evidence import (
        claims,
        criteria,
        discrepancies,
        later_outcomes,
        outcomes,
        references,
        rule_sets,
        studies,
    )
    from netdash.figures.forest import forest
    from netdash.patient import Patient
    from netdash.provenance import Source, source

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "assessment": ["Assessment", "assess"],
        "comparison": ["compare"],
        "evidence": [
            "claims",
            "criteria",
            "discrepancies",
            "later_outcomes",
            "outcomes",
            "references",
            "rule_sets",
            "studies",
        ],
        "figures.forest": ["forest"],
        "patient": ["Patient"],
        "provenance": ["Source", "source"],
    },
)

__version__ = "0.1.0"
