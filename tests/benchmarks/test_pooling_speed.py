"""How long a pooled fit takes, alone and beside metafor's ``rma`` on the same studies in the same run.

Nothing here fails by the clock. ``make bench`` shows the times; the ratio is printed and kept in ``extra_info``.
"""

import shutil
import statistics
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from netdash.pooling import pool
from netdash.sensitivity import leave_one_out

EFFECTS = Path(__file__).parents[1] / "reference" / "effects.csv"
FITS = [
    ("rates_resection", "PLO", "REML"),
    ("rates_resection", "PLO", "DL"),
    ("rates_resection", "PLO", "PM"),
    ("rates_forty", "PLO", "REML"),
    ("arms_bcg", "RR", "REML"),
]


# Milliseconds of rma, and of rma with the prediction interval that pool() always gives.
RMA = """
suppressMessages(library(metafor))
a <- commandArgs(trailingOnly = TRUE)
d <- read.csv(a[1]); d <- d[d$dataset == a[2] & d$measure == a[3], ]
fit <- function() rma(yi, vi, data = d, method = a[4], test = "knha")
time <- function(once) {
  for (i in 1:10) once()
  median(sapply(1:12, function(i) system.time(for (j in 1:10) once())[["elapsed"]] * 100))
}
cat(time(fit), time(function() predict(fit())))
"""


@pytest.fixture(scope="module")
def rscript():
    found = shutil.which("Rscript")
    if found is None:
        pytest.skip("no Rscript to compare with")
    if subprocess.run([found, "-e", "library(metafor)"], capture_output=True, check=False).returncode:
        pytest.skip("Rscript is there, the package metafor is not (Debian: r-cran-metafor)")
    return found


def studies(dataset, measure):
    table = pd.read_csv(EFFECTS)
    return table[(table["dataset"] == dataset) & (table["measure"] == measure)].reset_index(drop=True)


def metafor_ms(rscript, dataset, measure, method):
    command = [rscript, "-e", RMA, str(EFFECTS), dataset, measure, method]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(ms) for ms in done.stdout.split()]


def our_ms(effects, method):
    def once():
        start = time.perf_counter()
        pool(effects, method)
        return 1e3 * (time.perf_counter() - start)

    return statistics.median([once() for _ in range(600)][10:])


@pytest.mark.parametrize(("dataset", "measure", "method"), FITS)
def test_a_fit(benchmark, dataset, measure, method):
    effects = studies(dataset, measure)
    fit = benchmark(pool, effects, method)
    assert fit.k == len(effects)


def test_leaving_one_out(benchmark):
    effects = studies("rates_resection", "PLO")
    assert len(benchmark(leave_one_out, effects)) == len(effects)


@pytest.mark.parametrize(("dataset", "measure", "method"), FITS[::2])
def test_a_fit_beside_metafors(benchmark, rscript, capsys, dataset, measure, method):
    effects = studies(dataset, measure)
    ours = our_ms(effects, method)
    rma, both = metafor_ms(rscript, dataset, measure, method)
    benchmark.extra_info |= {"pool_ms": ours, "rma_ms": rma, "rma_predict_ms": both, "times_faster": rma / ours}
    benchmark.pedantic(pool, (effects, method), rounds=60)
    with capsys.disabled():
        print(
            f"\n{dataset} {measure} {method}, {len(effects)} studies: pool {ours:.2f} ms, rma {rma:.2f} ms "
            f"({rma / ours:.0f} x), rma and predict {both:.2f} ms"
        )
