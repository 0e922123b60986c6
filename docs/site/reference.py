"""The reference: every public name, every field, every table of the data, every command. All is read from the code and the data."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click

import netdash as nd
from netdash.cli import main
from netdash.files import folder

ROOMS = {
    "case": ("One case", "A patient, and the published criteria judged for it."),
    "evidence": ("The evidence", "The tables of the review and of later sources, and where a figure comes from."),
    "pictures": ("Pictures", "Tables in, plotly figures out. The [gallery](../gallery.md) shows them."),
    "statistics": ("Statistics", "Effect sizes, random-effects fits, sensitivity; names and values are metafor's."),
    "registry": ("A registry", "The rules over a data frame. The [how-to](../docs/cohort.md) explains it."),
    "board": ("The board", "The dashboard as a widget."),
}
"""The pages of the public names, and what they begin with."""
MODULES = {
    "figures": "pictures",
    "cohort": "registry",
    "board": "board",
    "effects": "statistics",
    "pooling": "statistics",
    "bayes": "statistics",
    "sensitivity": "statistics",
    "synthesis": "statistics",
    "evidence": "evidence",
    "provenance": "evidence",
}
"""Which page has the names of a module; what is not here is on the page of one case."""


def pages() -> dict[str, str]:
    """Return the text of each page of the reference by its place in the site."""
    names = _by_room()
    return {
        "reference/index.md": _index(names),
        **{f"reference/{room}.md": _room(room, found) for room, found in names.items()},
        "reference/fields.md": _fields(),
        "reference/data.md": _tables(),
        "reference/commands.md": _commands(),
    }


def _by_room() -> dict[str, list[str]]:
    rooms: dict[str, list[str]] = {room: [] for room in ROOMS}
    for name in sorted(nd.__all__, key=str.lower):
        module = getattr(getattr(nd, name), "__module__", "") or ""
        rooms[MODULES.get([*module.split("."), ""][1], "case")].append(f"netdash.{name}")
    if "netdash.Board" not in rooms["board"]:
        rooms["board"].append("netdash.board.Board")
    return rooms


def _index(rooms: Mapping[str, Iterable[str]]) -> str:
    lines = [
        "# Reference\n",
        "Every public name. What is not here is private and may change;",
        "[what a version number promises](../docs/deprecation.md) says how public names change.\n",
    ]
    for room, found in rooms.items():
        title, about = ROOMS[room]
        lines += [f"## {title}\n", f"{about}\n", "| name | what it is |", "|---|---|"]
        lines += [f"| {{py:obj}}`{_short(name)} <{name}>` | {_summary(name)} |" for name in found]
        lines += [""]
    lines += ["## Data and commands\n", "- [Inputs of a case](fields.md)", "- [Tables of the data](data.md)"]
    lines += ["- [Commands](commands.md)"]
    toc = [*(f"{room}" for room in rooms), "fields", "data", "commands"]
    return "\n".join([*lines, "", "```{toctree}\n:hidden:\n", *toc, "```\n"])


def _short(name: str) -> str:
    return name.replace("netdash.board.Board", "Board").replace("netdash.", "nd.")


def _found(name: str) -> Any:
    if name == "netdash.board.Board":
        from netdash.board import Board

        return Board
    return getattr(nd, name.removeprefix("netdash."))


def _summary(name: str) -> str:
    found = _found(name)
    documented = inspect.isclass(found) or callable(found)
    text = inspect.getdoc(found) if documented else ""
    first = re.sub(r":\w+:(?=`)", "", (text or "").split("\n\n")[0])
    return first.replace("\n", " ").replace("|", "\\|").replace("``", "`")


def _room(room: str, names: Iterable[str]) -> str:
    title, about = ROOMS[room]
    return "\n".join([f"# {title}\n", f"{about}\n", *map(_entry, names)])


def _entry(name: str) -> str:
    found = _found(name)
    if inspect.isclass(found):
        widget = issubclass(found, _widget())
        given, members = (_parameters(found), "close") if widget else ("", "")
        directive = f".. autoclass:: {name}{given}\n   :members: {members}\n"
    elif callable(found):
        directive = f".. autofunction:: {name}\n"
    else:
        directive = f".. autodata:: {name}\n"
    return f"## {_short(name)}\n\n```{{eval-rst}}\n{directive}```\n"


def _parameters(found: type) -> str:
    """Return the parameters of a class, which Sphinx does not find behind a class of traitlets."""
    signature = inspect.signature(found)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


def _widget() -> type:
    import ipywidgets

    return ipywidgets.Widget


def _fields() -> str:
    lines = [
        "# Inputs of a case\n",
        "Every input, declared once in `netdash/declarations.py`. The same name is the keyword of `nd.Patient`, the option",
        "of the commands (`--age-years`), the key of a link and the column of a registry. An input that is not entered is",
        "unknown. Numbers can be known in part (`3-20`, `<3`, `>=10`); words can be several (`pancreas|duodenum`).\n",
    ]
    for group, found in nd.Patient.fields().groupby("group", sort=False):
        lines += [f"## {group}\n"]
        for row in found.to_dict("records"):
            lines += [f"`{row['name']}`", f": **{row['label']}**: {_values(row)}. {row['help']}\n"]
    return "\n".join(lines)


def _values(row: Mapping[str, Any]) -> str:
    if row["choices"]:
        return "one of " + ", ".join(f"`{word}`" for word in row["choices"])
    if row["kind"] == "bool":
        return "yes or no"
    bounds = [f"{row[end]:g}" for end in ("minimum", "maximum") if row[end] == row[end] and row[end] is not None]
    return " ".join([row["kind"], "from " * (len(bounds) == 2) + " to ".join(bounds), row["unit"]]).strip()


def _tables() -> str:
    package = json.loads((folder("data") / "datapackage.json").read_text(encoding="utf-8"))
    lines = [
        "# Tables of the data\n",
        f"Version {package['version']} of the data, described by `data/datapackage.json`. [The data](../data/README.md)",
        "says how the tables were made and what is uncertain.\n",
    ]
    for table in package["resources"]:
        rows = [_column(column) for column in table["schema"]["fields"]]
        lines += [f"## {table['name']}\n", f"{table.get('description', '')}\n"]
        lines += [f"File: [{table['path']}](../data/{table['path']})\n", "| column | type | content |", "|---|---|---|"]
        lines += [*rows, ""]
    return "\n".join(lines)


def _column(column: Mapping[str, Any]) -> str:
    limits = column.get("constraints", {})
    said = [column.get("description", "").replace("|", "\\|")]
    if "enum" in limits:
        said += ["One of " + ", ".join(f"`{word}`" for word in limits["enum"]) + "."]
    said += ["Never empty."] if limits.get("required") else []
    kind = column["type"] + (f", {column['unit']}" if column.get("unit") else "")
    return f"| `{column['name']}` | {kind} | {' '.join(filter(None, said))} |"


def _commands() -> str:
    lines = ["# Commands\n", f"{inspect.cleandoc(main.help or '').replace(chr(8), '')}\n"]
    for name, command in main.commands.items():
        context = click.Context(command, info_name=f"netdash {name}")
        usage = " ".join(command.collect_usage_pieces(context))
        lines += [f"## netdash {name}\n", f"```text\nnetdash {name} {usage}\n```\n"]
        lines += [(command.help or "").replace("\b\n", "").replace("\f", ""), ""]
        options = [option for option in command.params if isinstance(option, click.Option)]
        inputs = [option for option in options if option.name in nd.Patient.fields()["name"].to_list()]
        lines += [_option(option) for option in options if option not in inputs]
        lines += ["One option for each [input of a case](fields.md).\n"] if inputs else []
    return "\n".join(lines)


def _option(option: click.Option) -> str:
    flags = ", ".join(f"`{flag}`" for flag in [*option.opts, *option.secondary_opts])
    variable = f" Environment: `{option.envvar}`." if option.envvar else ""
    return f"{flags}\n: {(option.help or '').strip()}{variable}\n"
