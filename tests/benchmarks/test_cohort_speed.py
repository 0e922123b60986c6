"""Speed of a whole registry, as ratios within one run: nothing here fails for being slow."""

import time

import polars as pl
import pytest
from cohorts import registry

from netdash.assessment import assess
from netdash.cohort import assess_cohort
from netdash.cohort.files import assess_file
from netdash.patient import FIELDS, Patient

SETS = ["milan_review", "review_conclusion", "milan_2007", "milan_2019", "milan_2023"]
MILLION = 1_000_000
SITES = ["pancreas", "stomach", "duodenum", "small_intestine", "appendix", "colon"]


def by_hand(frame):
    """The same five rule sets as one would write them in polars, with its own three-valued logic."""
    col = pl.col
    by_site = pl.when(col("primary_site").is_in(SITES)).then(pl.lit(value=True))
    drained = pl.coalesce(
        "primary_portal_drained", by_site.when(col("primary_site") == "lung").then(pl.lit(value=False))
    )
    well = (col("differentiation") == "well") & col("ki67_percent").is_not_null()
    low_grade = (
        pl.when(col("differentiation") == "poor").then(pl.lit(value=False)).when(well).then(col("ki67_percent") <= 20)
    )
    age, ki67, liver = col("age_years"), col("ki67_percent"), col("liver_involvement_percent")
    stable, confined = col("stable_months"), col("extrahepatic_disease") == "none"
    resected = col("primary_status") == "resected"

    def verdict(*criteria):
        met = pl.all_horizontal(*criteria)
        return pl.when(met).then(pl.lit("met")).when(~met).then(pl.lit("not_met")).otherwise(pl.lit("unknown"))

    return frame.with_columns(
        milan_review=verdict(age < 55, ki67 < 10, drained, confined, liver <= 50),
        review_conclusion=verdict(drained, resected, liver < 50, confined, stable > 0),
        milan_2007=verdict(
            low_grade, drained, resected, liver <= 50, stable >= 6, age <= 55, ~col("serious_comorbidity")
        ),
        milan_2019=verdict(low_grade, drained, resected, stable >= 6, liver < 50, age <= 60),
        milan_2023=verdict(low_grade | (ki67 < 10), drained, resected, stable >= 3),
    )


@pytest.fixture(scope="module")
def million():
    return registry(MILLION)


def seconds(call, rounds=5):
    def once():
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return min(once() for _ in range(rounds))


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
def test_polars_against_the_same_query_by_hand(benchmark, million, lazy):
    eager = pl.from_arrow(million)
    assert by_hand(eager).equals(assess_cohort(eager, SETS))
    frame, done = (eager.lazy(), pl.LazyFrame.collect) if lazy else (eager, lambda found: found)
    benchmark.pedantic(lambda: done(assess_cohort(frame, SETS)), rounds=7, warmup_rounds=1)
    hand = seconds(lambda: done(by_hand(frame)), rounds=7)
    benchmark.extra_info |= {"by_hand_s": hand, "times_by_hand": benchmark.stats.stats.min / hand}


@pytest.mark.parametrize("dtypes", ["numpy", "nullable"])
def test_pandas_against_a_loop_over_assess(benchmark, million, dtypes):
    frame = million.to_pandas()
    if dtypes == "nullable":
        frame = frame.convert_dtypes()
    benchmark.pedantic(lambda: assess_cohort(frame, SETS), rounds=3, warmup_rounds=1)
    sample = [Patient(**{name: row[name] for name in FIELDS}) for row in million.slice(0, 500).to_pylist()]
    # Without the making of the patients, and of the verdicts only the word.
    loop = seconds(lambda: [[j.verdict for j in assess(patient, SETS).judgements] for patient in sample])
    looped = loop / len(sample) * MILLION
    benchmark.extra_info |= {"loop_s": looped, "times_faster": looped / benchmark.stats.stats.min}


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
@pytest.mark.parametrize("n", [10_000, 100_000, MILLION, 10 * MILLION])
def test_cost_grows_with_the_rows(benchmark, engine, n):
    if n > MILLION and engine != "polars":
        pytest.skip("ten million rows of every field take too much memory here in this engine's form")
    fields = ["age_years", "ki67_percent", "liver_involvement_percent", "extrahepatic_disease", "primary_site"]
    fields += ["primary_portal_drained", "primary_status", "differentiation", "stable_months", "serious_comorbidity"]
    table = registry(n, fields=fields)
    frame, run = {
        "polars": lambda: (pl.from_arrow(table), lambda found: found),
        "pandas": lambda: (table.to_pandas(), lambda found: found),
        "pyarrow": lambda: (table, lambda found: found),
        "duckdb": lambda: (duckdb_of(table), lambda found: found.to_arrow_table()),
    }[engine]()
    benchmark.pedantic(lambda: run(assess_cohort(frame, SETS)), rounds=3, warmup_rounds=1)
    benchmark.extra_info["microseconds_per_row"] = benchmark.stats.stats.min / n * 1e6


@pytest.mark.parametrize("engine", ["dask", "pyspark"])
def test_a_cluster_engine_against_polars(benchmark, engine):
    n = MILLION // 10
    fields = ["age_years", "ki67_percent", "liver_involvement_percent", "extrahepatic_disease", "primary_site"]
    table = registry(n, fields=fields)
    frame, run = {"dask": dask_of, "pyspark": spark_of}[engine](table)
    benchmark.pedantic(lambda: run(assess_cohort(frame, SETS)), rounds=3, warmup_rounds=1)
    eager = pl.from_arrow(table)
    alone = seconds(lambda: assess_cohort(eager, SETS))
    loaded = seconds(lambda: run(frame), rounds=3)
    benchmark.extra_info |= {"times_polars": benchmark.stats.stats.min / alone, "without_verdicts_s": loaded}


def dask_of(table):
    dask = pytest.importorskip("dask.dataframe", reason="Dask is not installed: pip install 'dask[dataframe]'")
    return dask.from_pandas(table.to_pandas().convert_dtypes(), npartitions=2), lambda found: found.compute()


def spark_of(table):
    spark = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: pip install pyspark").SparkSession
    session = spark.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session.createDataFrame(table).cache(), lambda found: found.write.format("noop").mode("overwrite").save()


def duckdb_of(table):
    return pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install duckdb").from_arrow(table)


@pytest.mark.parametrize("n", [100_000, MILLION])
def test_a_csv_file(benchmark, tmp_path, n):
    import pyarrow.csv as pacsv

    pacsv.write_csv(registry(n), tmp_path / "in.csv")
    benchmark.pedantic(lambda: assess_file(tmp_path / "in.csv", tmp_path / "out.parquet", SETS), rounds=1)
    benchmark.extra_info["microseconds_per_row"] = benchmark.stats.stats.min / n * 1e6
