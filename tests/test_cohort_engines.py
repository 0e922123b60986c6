"""The engines that hold data outside pandas, run for real; every one must count the same."""

import importlib.util
import os
import shutil

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cohorts import LIMITED, arrow, assessed, limits, pandas_inferred, pandas_nullable, registry

from netdash import rule_tables
from netdash.assessment import assess
from netdash.cohort import Mapping, assess_cohort, attrition, cohort_report, invalid_values
from netdash.cohort.mapping import Entry
from netdash.patient import FIELDS, Patient

SETS = list(rule_tables.load())
ENGINES = ("duckdb", "dask", "pyspark")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Dask support is moving out of Narwhals:FutureWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


def needs(what, there, cure):
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is not installed: {cure}")


@pytest.fixture(scope="module")
def duckdb_of():
    needs("DuckDB", importlib.util.find_spec("duckdb"), "pip install duckdb")
    import duckdb

    return duckdb.from_arrow


@pytest.fixture(scope="module")
def dask_of():
    needs("Dask", importlib.util.find_spec("dask"), "pip install 'dask[dataframe]'")
    import dask.dataframe

    # Two partitions: what holds within one need not hold across them.
    return lambda table: dask.dataframe.from_pandas(table.to_pandas(types_mapper=_NULLABLE.get), npartitions=2)


_NULLABLE = {
    pa.float64(): pd.Float64Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


@pytest.fixture(scope="module")
def spark():
    needs("PySpark", importlib.util.find_spec("pyspark"), "pip install pyspark")
    needs("Java", os.environ.get("JAVA_HOME") or shutil.which("java"), "PySpark needs Java 17 or later")
    from pyspark.sql import SparkSession

    settings = {"ui.enabled": "false", "sql.shuffle.partitions": "2", "driver.bindAddress": "127.0.0.1"}
    settings |= {"driver.host": "127.0.0.1", "ui.showConsoleProgress": "false"}
    # A Java machine that lives half a minute spends most of it on compiling well what runs once.
    settings |= {"driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    builder = SparkSession.builder.master("local[1]").appName("netdash")
    for name, value in settings.items():
        builder = builder.config(f"spark.{name}", value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def pyspark_of(spark):
    return spark.createDataFrame


@pytest.fixture(scope="module")
def random_registry():
    """A thousand patients, some of them with values that a patient would refuse."""
    table = registry(1000, seed=7).to_pylist()
    for row in table[::50]:
        row |= {"age_years": 300.0, "ki67_percent": float("nan"), "primary_site": "brain", "lesion_count": 0}
    return pa.Table.from_pylist(table, schema=registry(1).schema)


@pytest.fixture(scope="module")
def expected(random_registry):
    """The verdicts of the registry's patients, assessed one by one, without the values that a patient refuses."""
    group = []
    for row in random_registry.to_pylist():
        refused = {"age_years", "ki67_percent", "primary_site", "lesion_count"} if row["age_years"] == 300 else set()
        group.append(Patient(**{name: row[name] for name in FIELDS if name not in refused}))
    return assessed(group)


def collected(frame):
    """The rows of a frame of any of the engines, in the order of the column "row"."""
    if hasattr(frame, "toArrow"):
        rows = frame.toArrow().to_pylist()
    elif hasattr(frame, "compute"):
        rows = frame.compute().to_dict("records")
    else:
        rows = frame.to_arrow_table().to_pylist() if hasattr(frame, "to_arrow_table") else frame.to_dicts()
    return sorted(rows, key=lambda row: row["row"])


@pytest.mark.untraced
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_gives_every_patient_the_verdicts_of_assess(engine, random_registry, expected, request):
    frame = request.getfixturevalue(f"{engine}_of")(random_registry)
    result = assess_cohort(frame)
    assert type(result) is type(frame)
    rows = collected(result)
    assert [row["row"] for row in rows] == list(range(1000))
    assert [{name: row[name] for name in SETS} for row in rows] == expected


@pytest.mark.untraced
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_reads_two_columns_of_limits_as_an_interval(engine, request):
    table, wanted = limits()
    rows = collected(assess_cohort(request.getfixturevalue(f"{engine}_of")(table.to_arrow()), LIMITED))
    assert [{name: row[name] for name in LIMITED} for row in rows] == wanted


OWN = (
    b"rule_set,therapy,group,alternative,field,operator,value,source,locator\n"
    b"ours,prrt,,,age_years,<=,70,Our protocol,Page 1\n"
    b"ours,prrt,either,a,ki67_percent,<,10,Our protocol,Page 1\n"
    b"ours,prrt,either,b,grade,one of,G1|G2,Our protocol,Page 1\n"
)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_judges_every_patient_by_own_criteria_as_assess_does(engine, request):
    table = registry(200, seed=11)
    frame = request.getfixturevalue(f"{engine}_of")(table)
    judged = collected(assess_cohort(frame, ["ours"], criteria=OWN))
    patients = [Patient(**{name: row[name] for name in FIELDS}) for row in table.to_pylist()]
    assert [row["ours"] for row in judged] == [assess(p, criteria=OWN)["ours"].verdict.value for p in patients]
    assert len({row["ours"] for row in judged}) == 3


@pytest.mark.untraced
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_counts_as_polars_does(engine, random_registry, request):
    frame, reference = request.getfixturevalue(f"{engine}_of")(random_registry), pl.from_arrow(random_registry)
    # Numbers, grades, words and truths; each further rule set costs DuckDB seconds of rewriting expressions.
    names = ["milan_2007", "radioembolization_review", "ssa_symptoms_review"]
    pd.testing.assert_frame_equal(attrition(frame, names), attrition(reference, names))
    counted, others = (invalid_values(found).set_index("column").n_invalid for found in (frame, reference))
    assert counted.drop("ki67_percent").equals(others.drop("ki67_percent"))
    # Not-a-number becomes a missing value on the way into pandas, and so into Dask.
    assert (others.age_years, others.ki67_percent, counted.ki67_percent) == (20, 20, 0 if engine == "dask" else 20)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_refuses_a_wrong_type_and_a_slip_before_any_work(engine, request):
    make = request.getfixturevalue(f"{engine}_of")
    for columns in ({"age_years": [True]}, {"primary_site": [1.5]}):
        with pytest.raises(TypeError, match=f"column '{next(iter(columns))}'"):
            assess_cohort(make(pa.table(columns)))
    with pytest.raises(ValueError, match="nearly 'age_years'"):
        assess_cohort(make(pa.table({"Age_Years": [48.0]})))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_takes_a_frame_without_rows_and_a_frame_without_fields(engine, request):
    make = request.getfixturevalue(f"{engine}_of")
    empty = make(arrow([Patient()])).filter("age_years = 1") if engine != "dask" else make(arrow([Patient()])).head(0)
    n_clauses = len(rule_tables.get("radioembolization_review").clauses)
    assert attrition(empty, "radioembolization_review").n_before.tolist() == [0] * n_clauses
    (row,) = collected(assess_cohort(make(pa.table({"row": [1], "hospital": ["x"]}))))
    assert {row[name] for name in SETS} == {"unknown"}


def test_columns_of_nulls_alone_are_unknown(duckdb_of, pyspark_of, spark):
    import duckdb

    query = "select 1 as row, null as age_years, null as sstr_positive, null as primary_site, null as lesion_count"
    for frame in (duckdb.sql(query), spark.sql(query)):
        (row,) = collected(assess_cohort(frame))
        assert {row[name] for name in SETS} == {"unknown"}
        assert invalid_values(frame).n_invalid.tolist() == [0] * 4


def test_categories_and_short_numbers_of_duckdb(duckdb_of):
    import duckdb

    frame = duckdb.sql(
        "select 1 as row, 48::tinyint as age_years, 4::decimal(4, 1) as ki67_percent, 35::float as "
        "liver_involvement_percent, 'none'::enum('none', 'brain') as extrahepatic_disease, "
        "true as primary_portal_drained"
    )
    assert collected(assess_cohort(frame, ["milan_review"]))[0]["milan_review"] == "met"


# --- Lazy stays lazy ---------------------------------------------------------------------------------------------


def test_duckdb_computes_nothing_until_it_is_asked(duckdb_of):
    import duckdb

    frame = duckdb.sql("select range as row, error('computed')::double as age_years from range(3)")
    result = assess_cohort(frame)
    with pytest.raises(duckdb.Error, match="computed"):
        result.fetchall()


def test_dask_computes_nothing_until_it_is_asked(dask_of):
    import dask

    def refuse(*_, **__):
        raise AssertionError("the frame was computed")

    frame = dask_of(registry(30))
    with dask.config.set(scheduler=refuse):
        result = assess_cohort(frame, LIMITED)
        with pytest.raises(AssertionError, match="computed"):
            result.compute()
    assert len(result.compute()) == 30


def test_spark_runs_no_job_until_it_is_asked_and_one_for_the_counts(spark, pyspark_of):
    frame, context = pyspark_of(registry(30)), spark.sparkContext

    def jobs():
        return len(context.statusTracker().getJobIdsForGroup("netdash"))

    context.setJobGroup("netdash", "what assess_cohort starts")
    try:
        result = assess_cohort(frame, LIMITED)
        assert jobs() == 0
        attrition(frame, "radioembolization_review")
        # One query; adaptive execution runs its stages as jobs of their own.
        assert 1 <= jobs() <= 2
        assert result.count() == 30
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)


# --- What Dask makes of pandas' object columns -------------------------------------------------------------------


def test_dask_reads_the_text_it_makes_of_booleans_with_missing_values(dask_of):
    import dask.dataframe

    group = [Patient(sstr_positive=True), Patient(sstr_positive=False), Patient(primary_site="lung"), Patient()]
    pandas = pandas_inferred(group)
    assert pandas.sstr_positive.dtype == object
    frame = dask.dataframe.from_pandas(pandas, npartitions=2)
    rows = collected(assess_cohort(frame))
    assert [{name: row[name] for name in SETS} for row in rows] == assessed(group)
    for cells, n in ((["yes", "maybe", None], 1), (["true", "2", "False"], 1)):
        frame = dask.dataframe.from_pandas(pd.DataFrame({"sstr_positive": cells}), npartitions=1)
        assert invalid_values(frame).n_invalid.tolist() == [n]


def test_dask_refuses_objects_whose_type_only_computing_would_tell(dask_of):
    import dask.dataframe

    with dask.config.set({"dataframe.convert-string": False}):
        frame = dask.dataframe.from_pandas(pd.DataFrame({"sstr_positive": [True, None]}, dtype=object), npartitions=1)
        with pytest.raises(TypeError, match=r"sstr_positive.*objects"):
            assess_cohort(frame)


@pytest.mark.untraced
def test_dask_takes_nullable_columns_across_partitions(dask_of):
    import dask.dataframe

    group = [Patient(age_years=90)] * 5 + [Patient()] * 5
    frame = dask.dataframe.from_pandas(pandas_nullable(group), npartitions=4)
    asking = [name for name, found in rule_tables.load().items() if "age_years" in found.inputs]
    rows = collected(assess_cohort(frame, asking))
    assert [{name: row[name] for name in asking} for row in rows] == assessed(group, asking)
    assert {row["milan_review"] for row in rows} == {"not_met", "unknown"}


# --- Texts, ranges and mappings ----------------------------------------------------------------------------------

TEXTS = {
    "row": list(range(8)),
    "ki67_percent": ["4", "4,5", " 8 %", "<3%", "3–20", "≥20", "20+", "G2"],
    "primary_site": ["Pancreas", "small intestine", "COLON ", "pancreas|colon", "pancreas|lung", "moon", "", None],
    "sstr_positive": ["yes", "Y", "1", "TRUE", "no", "f", "0", "maybe"],
    "Alter": ["48", "NA", "90+", "<55", "54", "55", "999", "57 years"],
}
"""Texts as a registry has them."""


BIRTHS = {
    "row": list(range(8)),
    "born": ["1969-02-30", "1969-06-30", "31.12.1969", "1969", "UNK", "", "29.02.1968", "x"],
    "ki67_percent_low": ["1", "", "x", "<3", "5", "12", "3", "4"],
    "ki67_percent_high": ["5", "9", "9", "4", "", "20", "2", "4"],
}
"""Dates of birth, and limits in two columns of text."""


@pytest.mark.untraced
@pytest.mark.parametrize("engine", ENGINES)
def test_births_and_limits_in_two_columns_mean_the_same_on_every_engine(engine, request):
    mapping = Mapping((Entry("born", "age_years", unit="date of birth at 2024-06-30", missing=("UNK",)),))
    names = ["milan_review", "milan_review__missed", "milan_review__open"]
    frame = request.getfixturevalue(f"{engine}_of")(pa.table(BIRTHS))
    rows = collected(assess_cohort(frame, "milan_review", mapping=mapping, reasons=True))
    reference = assess_cohort(pl.DataFrame(BIRTHS), "milan_review", mapping=mapping, reasons=True).to_dicts()
    assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in reference]
    table = cohort_report(frame, "milan_review", mapping=mapping).set_index("field")
    assert table.loc["age_years", ["n_known", "n_partial", "n_refused"]].tolist() == [4, 1, 2]
    assert table.loc["ki67_percent", ["n_known", "n_partial", "n_refused"]].tolist() == [5, 4, 3]


@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow", *ENGINES])
def test_texts_mean_the_same_on_every_engine(engine, request):
    make = {"pandas": pa.Table.to_pandas, "polars": pl.from_arrow, "pyarrow": lambda table: table}.get(engine)
    frame = (make or request.getfixturevalue(f"{engine}_of"))(pa.table(TEXTS))
    mapping = Mapping((Entry("Alter", "age_years", missing=("NA", "999")),))
    sets = ["milan_review", "prrt_label", "milan_2007"]
    reference = assess_cohort(pl.DataFrame(TEXTS), sets, mapping=mapping, reasons=True).to_dicts()
    result = assess_cohort(frame, sets, mapping=mapping, reasons=True)
    rows = (
        result.to_pylist()
        if isinstance(result, pa.Table)
        else result.to_dict("records")
        if engine == "pandas"
        else None
    )
    assert [row["milan_review__missed"] for row in rows or collected(result)] == [
        row["milan_review__missed"] for row in reference
    ]
    for name in sets:
        assert [row[name] for row in rows or collected(result)] == [row[name] for row in reference]
    table = cohort_report(frame, sets, mapping=mapping).set_index("field")
    assert table.n_refused["ki67_percent"] == 1
    assert table.n_partial["ki67_percent"] == 4
    assert table.n_refused["primary_site"] == 1
    assert table.n_unknown["age_years"] == 2
    pd.testing.assert_frame_equal(
        attrition(frame, sets, mapping=mapping, strict=True),
        attrition(pl.DataFrame(TEXTS), sets, mapping=mapping, strict=True),
    )
