"""The extraction against the review's own statements: text against tables, ranges against rows, arms against totals.

Each mismatch stands here with the id of its discrepancy. A slip of ours would be a mismatch without one.
"""

import pytest

import netdash as nd


@pytest.fixture(scope="module")
def rows():
    return nd.outcomes(reading="printed").set_index("outcome_id")


@pytest.fixture(scope="module")
def said():
    return nd.claims(reading="printed").set_index("claim_id")


def values(rows, **like):
    for column, value in like.items():
        rows = rows[rows[column] == value]
    return rows["value"].dropna()


# A claim of the text, the row of a table that it repeats.
REPEATED = [
    ("c-mayo-resection-os60", "t1-mayo-resection-os60"),
    ("c-mayo-arterial-os60", "t1-mayo-arterial-os60"),
    ("c-mayo-resection-osmedian", "t1-mayo-resection-osmedian"),
    ("c-mayo-arterial-osmedian", "t1-mayo-arterial-osmedian"),
    ("c-osborne-resection-os60", "t1-osborne-complete-os60"),
    ("c-osborne-ablation-os60", "t1-osborne-ablation-os60"),
    ("c-yao-resection-os", "t1-yao-resection-os60"),
    ("c-yao-ablation-os", "t1-yao-ablation-os60"),
    ("c-soreide-resected-osmedian", "t1-soreide-resection-osmedian"),
    ("c-soreide-unresected-osmedian", "t1-soreide-none-osmedian"),
    ("c-letreut-os60", "t2-letreut-os60"),
    ("c-letreut-dfs60", "t2-letreut-dfs60"),
    ("c-letreut-os60-since-2000", "t2-letreut-2000-os60"),
    ("c-touzios-tae", "t4-touzios-hae-median"),
    ("c-touzios-tace", "t4-touzios-hace-median"),
]


@pytest.mark.parametrize(("claim", "outcome"), REPEATED)
def test_what_the_text_repeats_of_a_table_is_the_same(rows, said, claim, outcome):
    assert said.at[claim, "low"] == said.at[claim, "high"] == rows.at[outcome, "value"]


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        ("c-nguyen-os60-premeld", "t2-nguyen-os60"),
        ("c-nguyen-os60-meld", "t2-nguyen-2002-os60"),
        ("c-glazer-os60", "t1-glazer-resection-os60"),
    ],
)
def test_what_the_text_repeats_rounded(rows, said, claim, outcome):
    assert round(said.at[claim, "low"]) == round(rows.at[outcome, "value"])


OS_RATES = {"statistic": "rate", "endpoint": "overall_survival"}
MEDIANS_OF_RADIOEMBOLIZATION = {"table": 4, "therapy": "radioembolization", "statistic": "median"}


# A range that the text states, the rows it is about, and the discrepancy that explains why they do not fit.
@pytest.mark.parametrize(
    ("claim", "like", "lowest", "highest", "discrepancy"),
    [
        ("c-resection-os-surgery", {"table": 1, "therapy": "resection", **OS_RATES}, 44, 94, "B2-02"),
        ("c-transplantation-os60-intro", {"table": 2, "endpoint": "overall_survival"}, 44, 59, "B2-03"),
        ("c-re-osmedian", MEDIANS_OF_RADIOEMBOLIZATION, 29, 70, "B2-09"),
    ],
)
def test_a_range_of_the_text_that_does_not_fit_its_rows_is_a_known_discrepancy(
    rows, said, claim, like, lowest, highest, discrepancy
):
    found = values(rows, **like)
    assert (found.min(), found.max()) == (lowest, highest)
    assert (said.at[claim, "low"], said.at[claim, "high"]) != (lowest, highest)
    assert discrepancy in said.at[claim, "discrepancies"].split("; ")


def test_the_embolization_text_does_not_fit_table_4(rows, said):
    found = values(rows, table=4, therapy="embolization", endpoint="overall_survival")
    assert (found.min(), found.max()) == (23, 42)
    assert said.at["c-embolization-osmedian", "low"] == 36
    assert "B2-10" in said.at["c-embolization-osmedian", "discrepancies"]


def test_arms_sum_to_totals_where_the_table_gives_them(rows):
    assert rows.at["t4-gupta-hae-osmedian", "n"] + rows.at["t4-gupta-hace-osmedian", "n"] == 123
    assert rows.at["t4-touzios-hae-median", "n"] + rows.at["t4-touzios-hace-median", "n"] == 100
    complete, palliative = rows.at["t1-osborne-complete-os60", "n"], rows.at["t1-osborne-palliative-os60", "n"]
    assert complete + palliative == rows.at["t1-osborne-resection-osmedian", "n"] == 61
    assert rows.at["t1-osborne-cytoreduction-osmean", "n"] == 70  # B1-08: the abstract counts 61


def test_the_same_patients_have_the_same_number_except_where_it_is_known(rows):
    assert rows.at["t1-mayo-resection-os60", "n"] == rows.at["t1-mayo2-resection-os60", "n"] == 339
    assert rows.at["t1-chen-resection-os60", "n"] == rows.at["t1-chen2-resection-os60", "n"] == 15
    assert rows.at["t1-chen-resection-os60", "value"] == rows.at["t1-chen2-resection-os60", "value"]
    for block, alone in (
        ("t1-grazi-resection-os48", "t1-grazi2-resection-os48"),
        ("t1-coppa-resection-os60", "t1-coppa2-resection-os60"),
    ):
        assert rows.at[block, "n"] != rows.at[alone, "n"]
        assert "B2-13" in rows.at[block, "discrepancies"]
        assert round(rows.at[block, "value"]) == pytest.approx(rows.at[alone, "value"], abs=1)


def test_shares_of_the_text_against_counts_of_the_tables(said):
    assert 66 / 339 < 0.2 == said.at["c-ablation-with-resection", "low"] / 100
    assert "B2-12" in said.at["c-ablation-with-resection", "discrepancies"]
    assert round(100 * 40 / 42, 1) == nd.outcomes().set_index("outcome_id").at["t4-paprottka-os", "value"]


def test_the_text_and_the_table_count_glazers_patients_differently(rows, said):
    assert said.at["c-glazer-initial", "low"] == 159
    assert rows.at["t1-glazer-resection-os60", "n"] == 172
    assert "B2-15" in rows.at["t1-glazer-resection-os60", "discrepancies"]


def test_untreated_survival_is_stated_in_ways_that_do_not_agree(said):
    rates = said.loc[["c-untreated-os60-intro", "c-untreated-os60-lt"], "low"].tolist()
    medians = said.loc[["c-untreated-osmedian-lt", "c-soreide-unresected-osmedian"], "low"].tolist()
    assert rates == [30, 35]
    assert medians == [39, 48]
    for claim in ("c-untreated-os60-intro", "c-untreated-os60-lt", "c-untreated-osmedian-lt"):
        assert "B2-01" in said.at[claim, "discrepancies"]
