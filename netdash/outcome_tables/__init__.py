"""Tables that the pictures of outcomes are drawn from.

Each table is made once. It holds all numbers of its picture, such as intervals and weights. Its methods return the
sentence, the caption, the rows that are left out with their reasons, and a data frame for CSV.
"""

from netdash.outcome_tables.contrasts import ContrastRow, ContrastTable, contrast_table
from netdash.outcome_tables.forest import ForestRow, ForestTable, PooledRate, forest_table
from netdash.outcome_tables.harms import HarmRow, HarmsTable, harms_table
from netdash.outcome_tables.later import LaterRow, LaterTable, later_table
from netdash.outcome_tables.medians import MediansTable, medians_table
from netdash.outcome_tables.refits import RefitRow, RefitTable, cumulative_table, influence_table

__all__ = [
    "ContrastRow",
    "ContrastTable",
    "ForestRow",
    "ForestTable",
    "HarmRow",
    "HarmsTable",
    "LaterRow",
    "LaterTable",
    "MediansTable",
    "PooledRate",
    "RefitRow",
    "RefitTable",
    "contrast_table",
    "cumulative_table",
    "forest_table",
    "harms_table",
    "influence_table",
    "later_table",
    "medians_table",
]
