"""The report: one case as one page that needs no network and prints on two sheets of A4."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from netdash import data_tables, evidence
from netdash.assessment import assess
from netdash.comparison import tallies
from netdash.figures.forest import forest_dict
from netdash.files import PLOTLY
from netdash.outcome_tables import forest_table
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS, Patient
from netdash.synthesis import pool_by_therapy
from netdash.wording import HEADLINE_LEGEND, POPULATIONS_HEADING, PUBLISHED, PUBLISHED_AND_OWN, VERDICT_SIGNS


def report(
    patient: Patient,
    at: datetime | None = None,
    label: str = "",
    criteria: str | Path | bytes | OwnCriteria | None = None,
) -> str:
    """Return one case as a page of HTML.

    Parameters
    ----------
    patient : Patient
        The case. Nothing identifies a person: there is no field that could.
    at : datetime, optional
        When it was made; now when not given.
    label : str
        Name of the case, such as its label in a list of cases; it is shown beside the inputs.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`~netdash.assess`; the page names it with its hash.

    Returns
    -------
    str
        Inputs, what is outside the scope, every verdict with its reason and source, the forest of five-year survival
        with the criteria of each therapy counted, sources, versions, date, and the disclaimer.

    Examples
    --------
    >>> import netdash as nd
    >>> page = nd.report(nd.Patient(age_years=57), label="Case 3")
    >>> page.startswith("<!DOCTYPE html>"), "Misses 1 of 5" in page
    (True, True)
    """
    import netdash

    if not isinstance(at, datetime | None):
        raise TypeError(f"at: given {at!r}, expected a datetime; to write the page: Path('case.html').write_text(page)")
    assessment = assess(patient, criteria=criteria)
    outcomes = evidence.outcomes()
    table, verdicts = forest_table(outcomes, pool_by_therapy(outcomes)), tallies(assessment)
    figure = forest_dict(table, verdicts, left_out=False, font_px=11)
    used = dict.fromkeys(j.rule_set.source for j in assessment.judgements)
    cited = evidence.sources().set_index("source")["citation"]
    return _render(
        at=(at or datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M"),
        version=netdash.__version__,
        data_version=data_tables.data_version(),
        read_up_to=data_tables.read_up_to(),
        disclaimer=evidence.DISCLAIMER,
        known=[FIELDS[name].capitalized(value) for name, value in patient.entered.items()],
        context=assessment.context,
        heading=PUBLISHED_AND_OWN if assessment.own else PUBLISHED,
        own=assessment.own,
        blocks={"": assessment.published, POPULATIONS_HEADING: assessment.studied},
        remarks=assessment.remarks,
        legend=HEADLINE_LEGEND,
        therapy=evidence.therapy_name,
        source=evidence.source_name,
        sources=[str(cited.get(name, evidence.source_name(name))) for name in used],
        verdict_signs=VERDICT_SIGNS,
        text=table.sentence(verdicts),
        caption=table.caption,
        label=label,
        height=figure["layout"]["height"],
        data=_script(figure["data"]),
        layout=_script(figure["layout"]),
    )


def _render(**values: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("netdash"), autoescape=True, undefined=StrictUndefined)
    plotly = Markup(PLOTLY.read_text(encoding="utf-8").replace("</script", "<\\/script"))  # noqa: S704 - our own file
    return str(environment.get_template("report.html").render(plotly=plotly, **values))


def _script(value: Any) -> str:
    """Return JSON that is safe inside a script element."""
    import json

    return json.dumps(value).replace("<", "\\u003c")
