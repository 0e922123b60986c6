"""Speed of the core, as ratios within one run where there is something to compare with."""

import subprocess
import sys

import pytest

import netdash as nd
from netdash import evidence
from netdash.board import Board
from netdash.board.state import examples

CASE = next(iter(examples().values()))


def test_assess_all_rule_sets(benchmark):
    benchmark(nd.assess, CASE)


def test_verdicts_as_a_table(benchmark):
    benchmark(lambda: nd.assess(CASE).verdicts)


def test_all_tables_load(benchmark):
    """Once per process, after pandas is imported."""

    def load():
        for name in evidence.schema():
            evidence._text.cache_clear()
            evidence._read.cache_clear()
            evidence._read(name)

    benchmark(load)


def test_a_forest(benchmark):
    outcomes = nd.outcomes()
    pooled = nd.pool_by_therapy(outcomes)
    benchmark(lambda: nd.forest(outcomes, pooled).to_json())


def test_an_eligibility_map(benchmark):
    benchmark(lambda: nd.eligibility_map(CASE, "age_years", "liver_involvement_percent").to_json())


def test_a_slider_move_of_the_whole_board(benchmark):
    board = Board(CASE)
    slider = board.controls._controls["age_years"].slider
    ages = iter(range(10**9))
    benchmark(lambda: setattr(slider, "value", 30 + next(ages) % 50))


@pytest.mark.parametrize("module", ["pandas", "netdash"])
def test_import(benchmark, module):
    """`import netdash` alone, and `import pandas` to compare with."""
    benchmark(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))
