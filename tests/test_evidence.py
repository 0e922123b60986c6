"""The tables of data/: complete, consistent with each other, and honest about what is wrong in the review."""

import itertools
import re

import pandas as pd
import pytest
from conftest import ROOT

import netdash as nd
from netdash import evidence, outcome_rows

KEYS = {name: schema["primaryKey"] for name, schema in evidence.schema().items()}

# Read a second time from the tables of the review, row by row: study, citation, the figures of the row in order.
# Footnotes are applied; None stands for a median that was not reached. What is not printed is not listed.
SECOND_LOOK = {
    1: [
        ("Søreide", 16, [36, 39], [216, 48]),
        ("Chen", 17, [15, 23], [73, 29, None, 27]),
        ("Grazi", 7, [9, 19], [92.6, 18.5]),
        ("Ahmed", 18, [50, 310], [78, 52, 135, 66]),
        ("Yao", 19, [16, 20], [70, 40, None, 32]),
        ("Osborne", 20, [38, 23, 53], [78, 64, 35, 50, 32]),
        ("Mayo", 21, [339, 414], [74, 30, 123, 34]),
        ("Coppa", 22, [9, 20], [67, 70, 29, 53]),
        ("Mayo", 23, [339], []),
        ("Saxena", 24, [74], []),
        ("Karabulut", 25, [27], []),
        ("Glazer", 26, [172], [77.4]),
        ("Scigliano", 27, [41], [79]),
        ("Fischer", 28, [118], [44]),
        ("Kianmanesh", 29, [23], [94]),
        ("Gomez", 30, [18], [86]),
        ("Osborne", 20, [70], []),
        ("Musunuru", 31, [13], [83]),
        ("Touzios", 32, [18], [72]),
        ("Sarmiento", 2, [170], [61]),
        ("Elias", 33, [47], [71]),
        ("Coppa", 22, [20], [67]),
        ("Grazi", 7, [19], [92]),
        ("Chen", 17, [15], [73]),
    ],
    2: [
        ("Le Treut", 10, [213], [52, 30]),
        ("Le Treut", 10, [106], [59, 39]),
        ("Nguyen", 39, [184], [49]),
        ("Nguyen", 39, [110], [58]),
        ("Gedaly", 9, [150], [49, 32]),
        ("Máthé", 38, [89], [44]),
        ("Le Treut", 37, [85], [47]),
        ("Lehnert", 36, [103], [47]),
    ],
    3: [
        ("Taner", 34, [94], [24]),
        ("Karabulut", 25, [69], [10.5, 73]),
        ("Akyildiz", 44, [30], [15.6, 72]),
        ("Martin", 45, [11], [8, 18]),
        ("Mazzaglia", 46, [63], [47]),
        ("Gillams", 47, [25], [29]),
        ("Seifert", 49, [13], [103]),
        ("Shapiro", 50, [5], [30, 20]),
        ("Bilchik", 51, [19], [10, 49]),
    ],
    4: [
        ("Paprottka", 58, [42], [16.2, 95.2]),
        ("Dong", 59, [123], [40]),
        ("Saxena", 60, [48], [35]),
        ("Cao", 61, [58], [36]),
        ("Kennedy", 62, [148], [70]),
        ("King", 63, [37], [29]),
        ("Ho", 64, [46], [18, 42]),
        ("Ruutiainen", 65, [57], [36]),
        ("Strosberg", 66, [84], [36]),
        ("Gupta", 67, [74, 49], [22, 34, 16, 23]),
        ("Touzios", 32, [51, 49], [25.5, 25.7]),
        ("Ruszniewski", 68, [24], [14]),
    ],
}


@pytest.fixture(scope="module")
def printed():
    return nd.outcomes(reading="printed").set_index("outcome_id")


@pytest.fixture(scope="module")
def corrected():
    return nd.outcomes().set_index("outcome_id")


def test_the_dictionary_describes_every_table_and_every_column():
    files = {p.stem for p in (ROOT / "data").glob("*.csv")}
    assert files == set(evidence.schema())
    for name, schema in evidence.schema().items():
        header = (ROOT / "data" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert header == [field["name"] for field in schema["fields"]], name
        assert all(len(field["description"]) > 5 for field in schema["fields"]), name


def test_frictionless_finds_the_tables_valid():
    import frictionless

    report = frictionless.validate(str(ROOT / "data" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_loader_gives_the_types_of_the_dictionary(name):
    kinds = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "bool"}
    table = evidence.read_table(name)
    wanted = {field["name"]: kinds[field["type"]] for field in evidence.schema()[name]["fields"]}
    assert {column: str(dtype) for column, dtype in table.dtypes.items()} == wanted
    assert len(table)


def test_the_columns_of_the_contract_come_first():
    contract = (
        "outcome_id study_id citation author year table therapy arm population n endpoint statistic horizon_months "
        "value unit not_reached cohort poolable why_not_poolable discrepancies printed locator"
    ).split()
    assert list(nd.outcomes().columns[: len(contract)]) == contract


def second_look_rows():
    return [
        pytest.param(table, *row, id=f"{table}-{row[0]}-{row[1]}-{row[2][0]}")
        for table in SECOND_LOOK
        for row in SECOND_LOOK[table]
    ]


@pytest.mark.parametrize(("table", "author", "citation", "sizes", "values"), second_look_rows())
def test_a_second_reading_of_the_tables_finds_the_same(printed, table, author, citation, sizes, values):
    same = printed[(printed["table"] == table) & (printed["citation"] == citation)]
    assert set(same["author"]) == {author}
    rows = [r for r in same.itertuples() if any(re.search(rf"(?<!\d){size}(?!\d)", r.printed_n) for size in sizes)]
    assert set(sizes) <= {r.n for r in rows}
    for value in values:
        assert any(r.not_reached if value is None else r.value == value for r in rows), value
    assert len([r for r in rows if r.not_reached or r.value == r.value]) >= len(values)


def test_the_second_reading_covers_every_row(printed):
    figures = sum(len(values) or 1 for rows in SECOND_LOOK.values() for *_, values in rows)
    assert figures == len(printed) == 88


def test_each_figure_stands_in_the_cell_it_is_said_to_come_from(printed):
    for row in printed[printed["value"].notna()].itertuples():
        if (
            row.footnote
            and row.endpoint in ("follow_up", "overall_survival")
            and "¹" in row.printed
            and row.n in (5, 42)
        ):
            continue  # the figure stands in the footnote
        assert f"{row.value:g}" in row.printed, row.Index
        assert str(row.n) in row.printed_n or row.n == 61, row.Index  # 61 = 38 and 23


@pytest.mark.parametrize(
    ("outcome", "column", "value"),
    [
        ("t1-grazi2-resection-os48", "horizon_months", 48),
        ("t1-grazi-resection-os48", "horizon_months", 48),
        ("t1-musunuru-resection-os36", "horizon_months", 36),
        ("t1-osborne-cytoreduction-osmean", "n", 70),
        ("t1-osborne-cytoreduction-osmean", "statistic", "mean"),
        ("t1-chen-resection-osmedian", "not_reached", True),
        ("t1-yao-resection-osmedian", "not_reached", True),
        ("t3-shapiro-followup", "value", 30),
        ("t4-paprottka-os", "value", 95.2),
    ],
)
def test_footnotes_are_applied(printed, corrected, outcome, column, value):
    assert printed.at[outcome, column] == value
    assert corrected.at[outcome, column] == value


def test_no_figure_is_read_with_its_footnote_mark(printed):
    assert 704 not in set(printed["n"].dropna())
    assert not printed["value"].isin([835, 926, 18.52, 185]).any()
    assert not printed["horizon_months"].isin([24 * 12, 53 * 12, 64 * 12]).any()


@pytest.mark.parametrize(
    ("outcome", "column", "before", "after", "discrepancy"),
    [
        ("t3-akyildiz-osmedian", "n", 30, 89, "B1-05"),
        ("t3-seifert-osmedian", "endpoint", "overall_survival", "follow_up", "B1-06"),
        ("t1-osborne-resection-osmedian", "statistic", "median", "mean", "B1-07"),
        ("t1-osborne-ablation-os60", "n", 53, 59, "B1-07"),
        ("t1-osborne-ablation-os60", "therapy", "ablation", "embolization", "B1-07"),
        ("t4-ruszniewski-hace-median", "endpoint", "unclear", "response_duration", "B1-09"),
        ("t2-nguyen-os60", "n", 184, 74, "B1-10"),
        ("t4-ho-osmedian", "statistic", "median", "mean", "B1-11"),
        ("t4-dong-osmedian", "value", 40, 39.6, "B1-12"),
        ("t4-gupta-hae-osmedian", "value", 34, 33.8, "B1-04"),
        ("t4-gupta-hace-osmedian", "value", 23, 23.2, "B1-04"),
        ("t2-nguyen-os60", "value", 49, 49.2, "B1-10"),
        ("t2-nguyen-2002-os60", "value", 58, 57.8, "B1-10"),
        ("t1-kianmanesh-resection-os60", "n", 23, 19, "B1-15"),
        ("t4-touzios-hae-median", "value", 25.5, 25.7, "B1-03"),
        ("t4-touzios-hace-median", "author", "Touzios", "Pitt", "B1-03"),
        ("t3-taner-pfsmedian", "therapy", "ablation", "resection_ablation", "B1-20"),
    ],
)
def test_a_confirmed_error_is_corrected_and_says_so(printed, corrected, outcome, column, before, after, discrepancy):
    assert printed.at[outcome, column] == before
    assert corrected.at[outcome, column] == after
    assert discrepancy in corrected.at[outcome, "discrepancies"].split("; ")


def test_only_confirmed_facts_change_a_cell(printed, corrected):
    status = nd.discrepancies().set_index("discrepancy_id")["status"]
    fixes = evidence.corrections()
    assert set(status[fixes["discrepancy_id"]]) == {"confirmed"}
    for fix in fixes[fixes["table"] == "outcomes"].itertuples():
        assert fix.id in printed.index
        assert fix.discrepancy_id in corrected.at[fix.id, "discrepancies"].split("; ")
        assert fix.printed != fix.corrected
    joined = {"citation", "author", "year"}
    differs = {
        (row, column)
        for column in printed.columns
        for row in printed.index
        if str(printed.at[row, column]) != str(corrected.at[row, column])
    }
    listed = set(zip(fixes["id"], fixes["column"], strict=True))
    assert {cell for cell in differs if cell[1] not in joined} == {cell for cell in listed if cell[0].startswith("t")}
    assert {row for row, column in differs if column in joined} <= {
        row for row, column in listed if column == "study_id"
    }


def test_no_correction_rests_on_what_is_only_suspected():
    fixes = evidence.corrections()
    status = nd.discrepancies().set_index("discrepancy_id")["status"]
    assert len(fixes) >= 114
    assert set(fixes["table"]) == {"outcomes", "claims"}
    assert not fixes[fixes["discrepancy_id"].map(status) != "confirmed"].size


@pytest.mark.parametrize(
    ("table", "key", "row", "source", "discrepancy"),
    [
        (nd.outcomes, "outcome_id", "a-osborne-embolization-osmean", "osborne-2006", "B1-07"),
        (nd.claims, "claim_id", "c-olausson-rfs60", "olausson-2007", "B1-16"),
    ],
)
def test_what_a_source_adds_stands_in_the_corrected_reading_only(table, key, row, source, discrepancy):
    assert set(table("printed")["source"]) == {"review"}
    added = table().set_index(key).query("source != 'review'")
    assert added.index.tolist() == [row]
    assert set(table()[key]) - set(table("printed")[key]) == {row}
    assert added.at[row, "source"] == source
    assert added.at[row, "discrepancies"] == discrepancy
    assert dict(nd.discrepancies()[["discrepancy_id", "status"]].to_numpy())[discrepancy] == "confirmed"
    assert row in nd.discrepancies().set_index("discrepancy_id").at[discrepancy, "touches"]


def test_osbornes_comparison_has_its_comparator(corrected):
    row = corrected.loc["a-osborne-embolization-osmean"]
    assert (row["therapy"], row["statistic"], row["n"], row["value"], row["sd"]) == (
        "embolization",
        "mean",
        59,
        24,
        15.8,
    )
    assert pd.isna(row["table"])
    assert (row["printed"], row["printed_n"], row["poolable"]) == ("", "", False)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("t2-nguyen-os60", "by subtraction (184 - 110)"),
        ("t1-osborne-resection-osmedian", "the number of patients the review's"),
        ("t1-osborne-ablation-osmedian", "the number of patients the review's"),
        ("t1-osborne-ablation-os60", "the number of patients is the abstract's"),
        ("t1-kianmanesh-resection-os60", "Of 41 patients 23 were chosen and 19 completed both steps"),
        ("t4-ho-pfsmedian", "602 ± 144 days (carcinoid) and 501 ± 107 days (islet cell)"),
    ],
)
def test_a_row_made_of_two_sources_says_so(corrected, outcome, words):
    assert words in corrected.at[outcome, "note"]


def test_a_number_of_patients_by_subtraction_says_so_beside_it(printed, corrected):
    whole, later = (printed.at[name, "n"] for name in ("t2-nguyen-os60", "t2-nguyen-2002-os60"))
    assert corrected.at["t2-nguyen-os60", "n"] == whole - later == 74
    assert f"n by subtraction ({whole} - {later})" in corrected.at["t2-nguyen-os60", "arm"]


def test_a_mean_that_the_abstract_does_not_have_is_missing(printed, corrected):
    assert printed.at["t4-ho-pfsmedian", "value"] == 18
    assert pd.isna(corrected.at["t4-ho-pfsmedian", "value"])
    assert corrected.at["t4-ho-pfsmedian", "why_not_poolable"] == corrected.at["t4-ho-pfsmedian", "why_not_drawn"]


@pytest.mark.parametrize("reading", ["printed", "corrected"])
def test_a_therapy_that_only_a_title_doubts_is_not_moved_but_drawn_nowhere(reading):
    rows = nd.outcomes(reading).set_index("outcome_id")
    status = nd.discrepancies().set_index("discrepancy_id")["status"]
    for outcome in ("t1-yao-ablation-os60", "t1-yao-ablation-osmedian"):
        row = rows.loc[outcome]
        assert row["therapy"] == "ablation"
        assert "B2-17" in row["discrepancies"]
        assert status["B2-17"] != "confirmed"
        assert "chemoembolization" in row["note"]
        assert "title says chemoembolization" in row["why_not_poolable"] + row["why_not_drawn"]
        assert not row["poolable"]


@pytest.mark.parametrize("reading", ["printed", "corrected"])
def test_what_is_drawn_nowhere_is_pooled_nowhere(reading):
    rows = nd.outcomes(reading)
    kept_out = rows[rows["why_not_drawn"] != ""]
    assert {"t4-gupta-hae-pfsmedian", "t4-gupta-hace-pfsmedian", "t1-yao-ablation-osmedian"} <= set(
        kept_out["outcome_id"]
    )
    assert not kept_out["poolable"].any()
    assert (kept_out["discrepancies"] != "").all()


@pytest.mark.parametrize("reading", ["printed", "corrected"])
@pytest.mark.parametrize("study", ["coppa_2001", "grazi_2000"])
def test_two_sizes_that_contradict_each_other_keep_both_rows_out_of_the_pool(reading, study):
    rows = nd.outcomes(reading).query("study_id == @study")
    assert len(rows) >= 3
    assert rows["discrepancies"].str.contains("B2-13").all()
    assert not rows["poolable"].any()


def test_the_printed_cell_and_place_never_change(printed, corrected):
    for column in ("printed", "printed_n", "locator", "table", "footnote"):
        assert printed[column].equals(corrected.loc[printed.index, column])


@pytest.mark.parametrize("reading", ["printed", "corrected"])
def test_what_may_be_pooled_is_decided_row_by_row(reading):
    rows = nd.outcomes(reading=reading)
    assert ((rows["why_not_poolable"] == "") == rows["poolable"]).all()
    free = rows[rows["poolable"]]
    assert set(free["statistic"]) == {"rate"}
    assert free[["n", "value", "horizon_months"]].notna().all().all()
    twice = free[free["cohort"] != ""].duplicated(["cohort", "therapy", "endpoint", "horizon_months"])
    assert not twice.any()
    assert not free.duplicated(["study_id", "therapy", "endpoint", "horizon_months"]).any()
    assert free["value"].between(0, 100).all()


@pytest.mark.parametrize(
    ("cohort", "rows"),
    [("mayo_international_339", 3), ("unos", 4), ("eltr", 5), ("chen_1998", 3), ("grazi_2000", 3), ("coppa_2001", 3)],
)
def test_patients_that_appear_twice_are_named(cohort, rows):
    found = nd.outcomes()[lambda d: d["cohort"] == cohort]
    assert len(found) == rows
    assert found.groupby(["therapy", "endpoint", "horizon_months"])["poolable"].sum().max() <= 1


@pytest.mark.parametrize("reading", ["printed", "corrected"])
def test_series_of_one_axis_that_share_an_author_are_one_cohort_or_a_flagged_suspicion(reading):
    rows = nd.outcomes(reading).dropna(subset=["citation"])
    rows = rows[rows["endpoint"] != "unclear"]
    authors = {
        row.citation: {who.casefold() for who in row.authors.split(", ")} for row in nd.references().itertuples()
    }
    overlaps = {f"B2-{number}" for number in (32, 33, 34, 35)}
    found = set()
    for _, axis in rows.groupby(["therapy", "endpoint", "statistic", "horizon_months"], dropna=False):
        for one, other in itertools.combinations(axis.itertuples(), 2):
            if one.citation == other.citation or not authors[one.citation] & authors[other.citation]:
                continue
            flagged = set(one.discrepancies.split("; ")) & set(other.discrepancies.split("; ")) & overlaps
            same_cohort = one.cohort != "" and one.cohort == other.cohort
            assert flagged or same_cohort, (one.outcome_id, other.outcome_id)
            found |= flagged
    assert found == overlaps


def test_a_suspected_overlap_is_flagged_and_stays_in_the_pool(corrected):
    for outcome, discrepancy in (
        ("t1-scigliano-resection-os60", "B2-32"),
        ("t1-kianmanesh-resection-os60", "B2-32"),
        ("t1-chen-resection-os60", "B2-33"),
        ("t1-mayo-resection-os60", "B2-33"),
    ):
        assert discrepancy in corrected.at[outcome, "discrepancies"].split("; ")
        assert corrected.at[outcome, "poolable"]
        assert outcome in nd.discrepancies().set_index("discrepancy_id").at[discrepancy, "touches"]


@pytest.mark.parametrize("outcome", ["t1-fischer-resection-os60", "t1-mayo2-resection-os60", "t1-chen2-resection-os60"])
def test_rows_that_must_not_be_pooled_say_why(corrected, outcome):
    assert not corrected.at[outcome, "poolable"]
    assert corrected.at[outcome, "why_not_poolable"]


def test_units_and_horizons_fit_the_statistic():
    for reading in ("printed", "corrected"):
        rows = nd.outcomes(reading=reading)
        assert (rows.loc[rows["statistic"] == "rate", "unit"] == "percent").all()
        assert (rows.loc[rows["statistic"] != "rate", "unit"] == "months").all()
        assert rows.loc[rows["statistic"] != "rate", "horizon_months"].isna().all()
        assert rows.loc[rows["not_reached"], "value"].isna().all()


def test_every_study_points_to_its_reference():
    studies, references = nd.studies(), nd.references().set_index("citation")
    for study in studies.dropna(subset=["citation"]).itertuples():
        reference = references.loc[study.citation]
        assert study.author.split()[-1] in reference["authors"].split(",")[0], study.study_id
        if study.study_id not in (
            "taner_2012",
            "paprottka_2011",
            "touzios_2008",
        ):  # B3-08: the table prints another year
            assert study.year == reference["year"], study.study_id


def test_ids_of_discrepancies_exist_and_each_says_what_it_touches():
    known = nd.discrepancies().set_index("discrepancy_id")
    for table in ("outcomes", "criteria", "rule_sets", "references", "claims"):
        for ids in evidence._text(table)["discrepancies"]:
            assert set(filter(None, ids.split("; "))) <= set(known.index)
    assert "t3-akyildiz-osmedian" in known.at["B1-05", "touches"]
    assert "milan_review-age" in known.at["B1-17", "touches"]
    assert "reference 101" in known.at["B3-01", "touches"]


def test_a_reading_that_is_none_is_refused():
    for table in (nd.outcomes, evidence.claims):
        with pytest.raises(ValueError, match="'corrected' or 'printed'"):
            table(reading="right")


def test_tables_are_handed_out_as_copies():
    mine = nd.outcomes()
    mine.loc[:, "value"] = 0.0
    assert len(nd.outcomes()) == 89
    assert nd.outcomes()["value"].max() > 100


def test_a_table_with_other_columns_is_refused():
    with pytest.raises(ValueError, match="expected therapy, label"):
        evidence.with_schema_types(pd.DataFrame({"therapy": ["a"]}), evidence.schema()["therapies"])


def test_names_of_therapies_and_sources():
    assert evidence.therapy_name("prrt") == "PRRT"
    assert "secondary" in evidence.source_name("mazzaferro-2007-page")
    order = evidence.therapies().query("not comparator")["therapy"].tolist()
    assert list(dict.fromkeys(nd.rule_sets()["therapy"])) == order


def test_the_reading_of_any_rows_is_known_by_what_stands_in_them(tmp_path):
    printed, corrected = nd.outcomes("printed"), nd.outcomes()
    printed.to_csv(tmp_path / "printed.csv", index=False)
    assert outcome_rows.reading_of(pd.read_csv(tmp_path / "printed.csv")) == "printed"
    facts = {"therapy", "arm", "population", "n", "endpoint", "statistic", "horizon_months", "value", "unit"}
    fixes = evidence.corrections().query("table == 'outcomes' and printed != corrected")
    touched = set(fixes.loc[fixes["column"].isin(facts), "id"])
    for name in corrected["outcome_id"]:
        assert outcome_rows.reading_of(corrected[corrected["outcome_id"] == name]) == "corrected"
    for name in printed["outcome_id"]:
        one = printed["outcome_id"] == name
        assert outcome_rows.reading_of(printed[one]) == ("printed" if name in touched else "corrected"), name
