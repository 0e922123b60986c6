"""Patients as data frames of every kind, and random registries."""

import functools
import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from netdash import rule_tables
from netdash.assessment import assess
from netdash.intervals import Interval
from netdash.patient import FIELDS, Patient

_PANDAS = {"number": "Float64", "integer": "Int64", "choice": "string", "bool": "boolean"}
_POLARS = {"number": pl.Float64, "integer": pl.Int64, "choice": pl.String, "bool": pl.Boolean}
_ARROW = {"number": pa.float64(), "integer": pa.int64(), "choice": pa.string(), "bool": pa.bool_()}

SCHEMA = pa.schema([("row", pa.int64()), *((name, _ARROW[field.kind]) for name, field in FIELDS.items())])


def rows(patients):
    """Each patient as a row with every field, None where unknown."""
    return [{"row": i} | dict.fromkeys(FIELDS) | patient.to_dict() for i, patient in enumerate(patients)]


def arrow(patients):
    return pa.Table.from_pylist(rows(patients), schema=SCHEMA)


def pandas_inferred(patients):
    """What pandas makes of the patients by itself: NaN for missing numbers, object for True, False and NaN."""
    return pd.DataFrame([{"row": i} | patient.to_dict() for i, patient in enumerate(patients)])


def pandas_nullable(patients):
    frame = pd.DataFrame(rows(patients))
    return frame.astype({name: _PANDAS[field.kind] for name, field in FIELDS.items()})


def pandas_object(patients):
    return pd.DataFrame(rows(patients), dtype=object)


def pandas_arrow(patients):
    return arrow(patients).to_pandas(types_mapper=pd.ArrowDtype)


def pandas_category(patients):
    words = [name for name, field in FIELDS.items() if field.kind == "choice"]
    return pandas_nullable(patients).astype(dict.fromkeys(words, "category"))


def polars_typed(patients):
    schema = {"row": pl.Int64} | {name: _POLARS[field.kind] for name, field in FIELDS.items()}
    return pl.DataFrame(rows(patients), schema=schema)


def polars_lazy(patients):
    return polars_typed(patients).lazy()


def polars_lazy_inferred(patients):
    """Columns without a value have the type Null."""
    return pl.LazyFrame(rows(patients), infer_schema_length=None)


def polars_enum(patients):
    words = {name: pl.Enum(field.choices) for name, field in FIELDS.items() if field.kind == "choice"}
    return polars_typed(patients).cast(words)


def arrow_inferred(patients):
    return pa.Table.from_pylist(rows(patients))


KINDS = (
    pandas_inferred,
    pandas_nullable,
    pandas_object,
    pandas_arrow,
    pandas_category,
    polars_typed,
    polars_lazy,
    polars_lazy_inferred,
    polars_enum,
    arrow,
    arrow_inferred,
)

INFERRED = (pandas_inferred, pandas_object, polars_lazy_inferred, arrow_inferred)
"""The kinds whose columns have the type that the library finds."""


def assessed(patients, rule_sets=None):
    """The verdicts of each patient, assessed one by one."""

    @functools.cache
    def of(patient):
        return {judged.rule_set.name: judged.verdict.value for judged in assess(patient, rule_sets).judgements}

    return [of(patient) for patient in patients]


def differing(found, expected, group):
    """The first verdicts that differ, each with its row and patient; empty when all are equal."""
    assert len(found) == len(expected) == len(group)
    return [
        f"row {i}: {name} is {row.get(name)}, expected {wanted[name]}, of {patient!r}"
        for i, (row, wanted, patient) in enumerate(zip(found, expected, group, strict=True))
        for name in wanted
        if row.get(name) != wanted[name]
    ][:3]


def registry(n, seed=0, fields=FIELDS, unknown=0.15):
    """A random registry as an arrow table: every field, each cell unknown with a probability; bounds come up often."""
    random = np.random.default_rng(seed)

    def column(field):
        if field.kind == "bool":
            cells = random.random(n) < 0.5
        elif field.kind == "choice":
            cells = np.asarray(field.choices)[random.integers(0, len(field.choices), n)]
        elif field.kind == "integer":
            cells = random.integers(int(field.minimum), int(field.maximum) + 1, n)
        else:
            cells = random.uniform(field.minimum, min(field.maximum, 100), n)
            cells = np.where(random.random(n) < 0.7, cells.round(), cells)
        return pa.array(cells, _ARROW[field.kind], mask=random.random(n) < unknown)

    columns = {"row": pa.array(range(n), pa.int64())} | {name: column(FIELDS[name]) for name in fields}
    return pa.table(columns)


ENDS = (None, 0, 2.9, 3, 3.1, 19.9, 20, 20.1, 100, 101)
LIMITED = [name for name, found in rule_tables.load().items() if found.clauses and "ki67_percent" in found.inputs]
"""The rule sets that depend on the columns of `limits`."""


@functools.cache
def limits():
    """Limits of Ki-67 in two columns beside what else tells a grade, and the verdicts of the patient of each row."""
    found, group = [], []
    for low, high in itertools.product(ENDS, repeat=2):
        try:
            index = None if low is high is None else Interval(low, high)
            Patient(ki67_percent=index)
        except ValueError:
            index = None
        for reported in (None, "G1", "G2", "G3", "NEC", "G1|G2", "G3|NEC"):
            for word in (None, "well", "poor", "well|poor"):
                found.append((len(found), low, high, reported, word))
                group.append(Patient(ki67_percent=index, grade_reported=reported, differentiation=word))
    types = {"row": pl.Int64, "ki67_percent_low": pl.Float64, "ki67_percent_high": pl.Float64}
    types |= dict.fromkeys(("grade_reported", "differentiation"), pl.String)
    return pl.DataFrame(found, schema=types, orient="row"), assessed(group, LIMITED)
