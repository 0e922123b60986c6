"""Speed of the core, as ratios within one run where there is something to compare with."""

import json
import subprocess
import sys

import pytest
from test_figures import DICTS, FIGURES, figures_and_arguments

import netdash as nd
from netdash import evidence
from netdash.board import Board
from netdash.board.state import examples
from netdash.synthesis import outcome_effects, rows_to_pool

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
            evidence.read_table.cache_clear()
            evidence.read_table(name)

    benchmark(load)


@pytest.fixture(scope="module")
def drawings():
    outcomes = nd.outcomes()
    effects = outcome_effects(rows_to_pool(outcomes[outcomes["therapy"] == "resection"], "overall_survival", 60))
    return figures_and_arguments(outcomes, effects)


@pytest.mark.parametrize("plain", [False, True], ids=["plotly", "plain"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_as_json(benchmark, drawings, name, plain):
    """By plotly's own classes, as a notebook has it, and as the plain dictionary that the board sends."""
    figure, given = drawings[name]
    benchmark((lambda: json.dumps(DICTS[name](*given))) if plain else (lambda: figure(*given).to_json()))


def test_a_slider_move_of_the_whole_board(benchmark):
    board = Board(CASE)
    slider = board.controls._controls["age_years"].slider
    ages = iter(range(10**9))
    benchmark(lambda: setattr(slider, "value", 30 + next(ages) % 50))


@pytest.mark.parametrize("module", ["pandas", "netdash"])
def test_import(benchmark, module):
    """`import netdash` alone, and `import pandas` to compare with."""
    benchmark(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))
