"""Pictures on pages of the site: plotly.js draws them; the sentence and the table stand beside each."""

from __future__ import annotations

import doctest
import inspect
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netdash as nd

if TYPE_CHECKING:
    import nbformat

SCRIPTS = """
```{raw} html
<script src="_static/plotly-cartesian.min.js"></script>
<script src="_static/pictures.js"></script>
```
"""
"""What a page needs once, at its end, to draw its pictures."""

WIDE = "---\nhide-toc: true\n---\n\n"
"""The head of a page whose pictures need the place of the list of headings."""

CASE = """patient = nd.Patient(
    age_years=55, ki67_percent=8, liver_involvement_percent=50, extrahepatic_disease="none",
    primary_site="pancreas", primary_status="resected", differentiation="well", stable_months=6,
)"""
RESECTION = """rows = nd.outcomes().query(
    "therapy == 'resection' and poolable and horizon_months == 60 and endpoint == 'overall_survival'"
)
effects = nd.outcome_effects(rows)"""
EXAMPLES = {
    "forest": f"{CASE}\noutcomes = nd.outcomes()\nnd.forest(outcomes, nd.pool_by_therapy(outcomes))",
    "medians": "nd.medians(nd.outcomes())",
    "eligibility_map": f"{CASE}\n"
    'nd.eligibility_map(patient, "age_years", "liver_involvement_percent", ["milan_review", "milan_2007", "milan_2019"])',
    "verdict_strip": f'{CASE}\nnd.verdict_strip(patient, "age_years")',
    "influence": f"{RESECTION}\n"
    'nd.influence(nd.leave_one_out(effects), nd.pool(effects), what="Resection: 5-year overall survival")',
    "cumulative_forest": f"{RESECTION}\n"
    'nd.cumulative_forest(nd.cumulative(effects), nd.pool(effects), what="Resection: 5-year overall survival")',
}
"""Code of a picture that shows more than the example of its docstring."""


def public_pictures() -> list[str]:
    """Return the public functions that return a plotly figure."""
    functions = {name: getattr(nd, name) for name in nd.__all__}
    return [
        name
        for name, found in functions.items()
        if inspect.isfunction(found) and str(found.__annotations__.get("return", "")).endswith("Figure")
    ]


def gallery() -> str:
    """Return the page with every picture, the code that makes it and what it says."""
    names = public_pictures()
    lines = [
        f"{WIDE}# Gallery\n",
        "Every picture of netdash. Each has a sentence, which a screen reader reads, and a table of its numbers",
        "(`nd.drawn`). `nd.save` writes one HTML file with all three.\n",
        " · ".join(f"[{name}](#{name})" for name in names) + "\n",
    ]
    for name in names:
        code, figure = example(name)
        summary = inspect.getdoc(getattr(nd, name)).splitlines()[0]
        lines += [f"## {name}\n", f"{summary} Its parameters: {{py:obj}}`nd.{name} <netdash.{name}>`.\n"]
        lines += [f"```python\nimport netdash as nd\n\n{code}\n```\n", raw(as_html(figure.to_plotly_json(), name))]
    return "\n".join([*lines, SCRIPTS])


def example(name: str) -> tuple[str, Any]:
    """Return the code of one picture, and the picture that the code makes."""
    if name in EXAMPLES:
        *before, last = re.split(r"\n(?=nd\.)", EXAMPLES[name])
        return EXAMPLES[name], _value("\n".join(before), last)
    found = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(nd, name)) or "")
    code = [re.sub(r"\)\.layout\.[\w.]+$", ")", e.source.strip()) for e in found]
    code = [source for source in code if source != "import netdash as nd"]
    at = next((i for i, source in enumerate(code) if re.search(rf"nd\.{name}\(", source)), None)
    if at is None:
        message = f"The docstring of nd.{name} has no example that draws it; add one, or one to EXAMPLES in {__file__}."
        raise ValueError(message)
    last = re.sub(r"^\w+ = ", "", code[at])
    return "\n".join([*code[:at], last]), _value("\n".join(code[:at]), last)


def _value(before: str, last: str) -> Any:
    names: dict[str, Any] = {"nd": nd}
    exec(before, names)  # noqa: S102 - code of this project
    return eval(last, names)  # noqa: S307 - code of this project


def as_html(figure: dict[str, Any], name: str) -> str:
    """Return one figure as HTML: the place of the picture, its sentence and its numbers."""
    import plotly.graph_objects as go
    from plotly.io.json import to_json_plotly

    said = escape(str(figure["layout"].get("meta", {}).get("text", "")))
    numbers = nd.drawn(go.Figure(figure))
    content = re.sub("</", r"<\\/", to_json_plotly(figure))
    return (
        f'<figure class="nd-figure" id="picture-{escape(name)}">'
        f'<div class="nd-scroll" tabindex="0" role="group" aria-label="Picture">'
        f'<div class="nd-picture" role="img" aria-label="{said}"></div></div>'
        f'<script type="application/json">{content}</script>'
        f"<figcaption>{said}"
        f"<details><summary>The numbers as a table</summary>{table(numbers.to_html(index=False, na_rep='', border=0))}"
        f"</details></figcaption></figure>"
    )


def table(html: str) -> str:
    """Return a table of HTML in a box that scrolls, which the keyboard reaches too."""
    return f'<div class="nd-scroll" tabindex="0" role="group" aria-label="Table">{html}</div>'


def raw(html: str) -> str:
    """Return HTML as a block of a MyST page; empty lines would end it."""
    return "```````{raw} html\n" + re.sub(r"\n\s*\n", "\n", html) + "\n```````\n"


def tutorial(path: Path) -> str:
    """Run a notebook and return it as a page, with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return "\n".join([WIDE, *map(_cell, range(len(notebook.cells)), notebook.cells), SCRIPTS])


def _cell(place: int, cell: nbformat.NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return f"{cell.source}\n"
    shown = [_output(f"{place}-{n}", output) for n, output in enumerate(cell.outputs)]
    return "\n".join([f"```python\n{cell.source}\n```\n", *shown])


def _output(name: str, output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        raise RuntimeError(f"The notebook failed: {output.ename}: {output.evalue}")
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "application/vnd.plotly.v1+json" in data:
        content = data["application/vnd.plotly.v1+json"]
        return raw(as_html({"data": content["data"], "layout": content["layout"]}, name))
    if "text/html" in data:
        return raw(table(_unstyled(data["text/html"])))
    return f"```text\n{data['text/plain'].strip()}\n```\n"


def _unstyled(html: str) -> str:
    """Return the HTML of an output without style sheets and scripts of its own."""
    return re.sub(r"<(style|script)\b.*?</\1>", "", html, flags=re.DOTALL)
