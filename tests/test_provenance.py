"""From any id to the place it came from."""

import re

import pytest

import netdash as nd
from netdash import evidence
from netdash.wording import at_months, html_table, with_ends

TABLES = {
    "outcome": (nd.outcomes, "outcome_id"),
    "claim": (nd.claims, "claim_id"),
    "criterion": (nd.criteria, "criterion_id"),
    "rule set": (nd.rule_sets, "rule_set"),
    "discrepancy": (nd.discrepancies, "discrepancy_id"),
    "later outcome": (nd.later_outcomes, "outcome_id"),
    "reference": (nd.references, "citation"),
    "trial": (nd.trials, "trial"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_id_ends_at_a_place_in_a_named_text(kind):
    table, key = TABLES[kind]
    texts = evidence.sources()["citation"].tolist()
    for row in table().itertuples():
        found = nd.source(getattr(row, key))
        assert found.kind == kind
        assert found.says
        assert found.locator
        several = getattr(row, "status", "") == "between_sources"
        assert any(found.read_in.startswith(text) for text in ["Several sources: "] * several or texts)
        assert not re.search(r"\bnan\b", str(found))
        assert "<NA>" not in str(found)
        listed = set(filter(None, getattr(row, "discrepancies", "").split("; ")))
        assert {text.split(" ")[0] for text in found.discrepancies} == listed


def test_an_outcome_shows_cell_reference_links_and_error():
    text = str(nd.source("t3-akyildiz-osmedian"))
    for part in (
        "n = 89",
        "Table 3, row Akyildiz",
        "72 mo",
        "reference 44",
        "pubmed.ncbi.nlm.nih.gov/21134563",
        "B1-05 (confirmed)",
    ):
        assert part in text


def test_a_claim_is_shown_as_corrected_and_says_so():
    found = nd.source("c-sunitinib-placebo-pfs")
    assert "5.5 months" in found.says
    assert found.discrepancies[0].startswith("B1-01 (confirmed)")


@pytest.mark.parametrize(
    ("added", "says", "read_in", "link"),
    [
        (
            "a-osborne-embolization-osmean",
            "n = 59: overall survival, mean, 24 months",
            "Ann Surg Oncol 2006",
            "16511671",
        ),
        ("c-olausson-rfs60", "recurrence free survival at 60 months, about, 20 %", "Liver Transpl 2007", "17318853"),
    ],
)
def test_what_a_source_adds_was_read_in_that_source_and_not_in_the_review(added, says, read_in, link):
    found = nd.source(added)
    assert says in found.says
    assert read_in in found.read_in
    assert "Alagusundaramoorthy" not in str(found)
    assert found.links[0].endswith(f"/{link}/")
    assert found.cites == ()


def test_a_claim_says_its_time_where_the_text_states_one():
    assert "overall survival at 36 months, exact, 84 %" in nd.source("c-elias-os36").says
    assert "disease free survival, exact, 50 %" in nd.source("c-elias-dfs36").says


def test_a_figure_that_is_taken_away_is_said_to_be_none():
    found = nd.source("c-deb-symptoms")
    assert found.says.endswith("has no such figure): symptom response, no figure")
    assert found.discrepancies[0].startswith("B1-18 (confirmed)")
    assert "no figure" in nd.source("t4-ho-pfsmedian").says


def test_a_secondary_source_says_so():
    assert "secondary" in nd.source("milan_2007-age").read_in


def test_a_reference_by_number_and_the_wrong_one_flagged():
    assert "Unrelated" in str(nd.source(101))
    assert nd.source(101) == nd.source("101")


def test_the_table_for_a_notebook_is_escaped():
    html = nd.source("milan_review-age")._repr_html_()
    assert "age_years &lt; 55" in html
    assert "<script" not in html


def test_an_unknown_id_says_where_ids_are():
    with pytest.raises(ValueError, match=r"'t9-nobody' is no id .* nd.outcomes\(\)"):
        nd.source("t9-nobody")


def test_a_table_for_jupyter_escapes_text_and_links_addresses():
    assert html_table([("<b>", "https://a.b/?x&y")]).endswith(
        '<tr><th>&lt;b&gt;</th><td><a href="https://a.b/?x&amp;y">https://a.b/?x&amp;y</a></td></tr></table>'
    )
    assert html_table([("1", "2")], ("A", "B")).count("<thead><tr><th>A</th><th>B</th></tr></thead>") == 1


@pytest.mark.parametrize("shown", [nd.assess(nd.Patient(age_years=57)), nd.source("milan_review-age")], ids=type)
def test_a_table_of_texts_is_aligned_left_in_jupyter(shown):
    assert "<style>.nd-table :is(th, td) { text-align: left !important; }</style>" in shown._repr_html_()


def test_a_figure_has_its_ends_its_unit_and_its_time():
    nan = float("nan")
    ends = [(25, 78), (nan, 54), (54, nan), (54, 54), (nan, nan), (None, None)]
    assert [with_ends(low, high, "percent") for low, high in ends] == [
        "25 to 78 %",
        "54 %",
        "54 %",
        "54 %",
        "no figure",
        "no figure",
    ]
    assert with_ends(3, 4.5, "months") == "3 to 4.5 months"
    assert [at_months(months) for months in (60.0, nan)] == [" at 60 months", ""]
