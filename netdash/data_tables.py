"""The files of ``data/`` as typed tables, and what ``data/datapackage.json`` says of them. Each file is read once."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netdash.files import folder

if TYPE_CHECKING:
    import pandas as pd


def read_up_to() -> str:
    """Return the date up to which evidence was read: "2026-11-26"."""
    return str(_package()["read_up_to"])


def data_version() -> str:
    """Return the version of the data package."""
    return str(_package()["version"])


@functools.cache
def _package() -> Mapping[str, Any]:
    text = (folder("data") / "datapackage.json").read_text(encoding="utf-8")
    package: Mapping[str, Any] = json.loads(text)
    return package


@functools.cache
def schema() -> Mapping[str, Mapping[str, Any]]:
    """Return the Frictionless table schema of each table by name."""
    return {resource["name"]: resource["schema"] for resource in _package()["resources"]}


def key_of(table: str) -> str:
    """Return the column that identifies a row of a table."""
    return str(schema()[table]["primaryKey"])


@functools.cache
def table_of_text(table: str) -> pd.DataFrame:
    """Return a table as it stands in its file, every cell as text. The result is cached: copy it before changing it."""
    import pandas as pd

    return pd.read_csv(folder("data") / f"{table}.csv", dtype=str, keep_default_na=False, encoding="utf-8")


@functools.cache
def read_table(name: str, corrected: bool = False) -> pd.DataFrame:
    """Return a table of ``data/``. The result is cached: copy it before changing it."""
    text = table_of_text(name)
    if corrected:
        text = text.set_index(key_of(name))
        for fix in table_of_text("corrections").to_dict("records"):
            if fix["table"] == name:
                text.loc[fix["id"], fix["column"]] = fix["corrected"]
        text = text.reset_index()[list(table_of_text(name))]
    return with_schema_types(text, schema()[name])


def with_schema_types(text: pd.DataFrame, table_schema: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of text with the column types of its schema; an empty number is missing, an empty text is "".

    Raises
    ------
    ValueError
        When the columns differ from those of the schema, or a cell does not have its column's type.
    """
    import pandas as pd

    kinds = {field["name"]: field["type"] for field in table_schema["fields"]}
    given = [str(column) for column in text.columns]
    if given != list(kinds):
        raise ValueError(f"columns: given {', '.join(given)}; expected {', '.join(kinds)}")
    columns = {}
    for name, kind in kinds.items():
        if kind == "boolean":
            columns[name] = text[name].map({"yes": True, "no": False}).astype(bool)
        elif kind == "integer":
            columns[name] = pd.to_numeric(text[name].replace("", None)).astype("Int64")
        elif kind == "number":
            columns[name] = pd.to_numeric(text[name].replace("", None)).astype("float64")
        else:
            columns[name] = text[name]
    return pd.DataFrame(columns)
