"""The commands of ``netdash``."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from netdash.fields import Choice, Field, YesNo, in_part
from netdash.patient import FIELDS, Patient
from netdash.server.settings import OPTIONS, Option, ServeError, Settings
from netdash.wording import number_of


class FieldType(click.ParamType[Any]):
    """The type of an option for a field of a patient; the field reads and refuses the value."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.name = "|".join(field.choices) if isinstance(field, Choice) else field.unit or field.kind
        if isinstance(field, YesNo):
            self.name = "yes|no"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value written in the option's text."""
        try:
            return self.field.parse_entry(value)
        except ValueError as error:
            return self.fail(str(error), param, ctx)


def patient_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add one option per field of a patient to a command."""
    for name, field in reversed(list(FIELDS.items())):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, type=FieldType(field), help=f"{field.label}. {field.help}")(command)
    return command


@click.group()
@click.version_option(package_name="netdash")
def main() -> None:
    """Show published criteria and outcomes for neuroendocrine liver metastases.

    For health professionals; not a medical device; does not rank or recommend.
    """


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option per setting of the server; each can also be an environment variable."""
    for setting in reversed(dataclasses.fields(Settings)):
        found = OPTIONS[setting.name]
        if not found.flag:
            continue
        flag = f"--{found.flag}/--no-{found.flag}" if isinstance(setting.default, bool) else f"--{found.flag}"
        command = click.option(
            flag,
            setting.name,
            default=None if setting.default == () else setting.default,
            type=_type_of(setting.default, found),
            multiple=setting.default == (),
            help=found.help,
            envvar=found.variable,
            show_envvar=True,
            show_default=setting.default not in ("", (), None),
        )(command)
    return command


def _type_of(default: Any, found: Option) -> click.ParamType[Any]:
    """Return the type of an option on the command line."""
    if isinstance(default, bool):
        return click.BOOL
    if isinstance(default, int):
        return click.IntRange(found.least, found.most)
    if isinstance(default, float):
        return click.FloatRange(found.above, min_open=True)
    return click.Path(path_type=Path) if default is None else click.STRING


@main.command()
@server_options
@click.pass_context
def serve(context: click.Context, /, **options: Any) -> None:
    """Serve the board; prints its address."""
    from netdash.serve import serve as serve_board

    if options["token"] and context.get_parameter_source("token") is click.core.ParameterSource.COMMANDLINE:
        click.echo("Warning: --token: every user of this machine can read it; set NETDASH_TOKEN instead.", err=True)
    try:
        serve_board(**options)
    except ServeError as error:
        raise click.ClickException(str(error)) from None


criteria_option = click.option(
    "--criteria", type=click.Path(exists=True, dir_okay=False), help="CSV file of your own criteria; see netdash lint."
)
"""The option of the commands that judge by own criteria too."""


@main.command()
@patient_options
@criteria_option
@click.option("--therapy", "therapies", multiple=True, help="Only this therapy; may be given more than once.")
@click.option("--json", "as_json", is_flag=True, help="Print verdicts and findings as JSON.")
def assess(therapies: tuple[str, ...], as_json: bool, criteria: str | None, **values: Any) -> None:
    """Judge one patient by the published criteria. Fields that are not given are unknown.

    A number may be a range (3-20, "<3", ">=10", 90+), a choice several words ("pancreas|duodenum").
    """
    from netdash import own_criteria, rule_tables
    from netdash.assessment import assess as assess_patient

    try:
        own = own_criteria.read(criteria) if criteria else None
        wanted = [name for therapy in therapies for name in rule_tables.of_therapy(therapy)]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    wanted += [found.name for found in (own.rule_sets if own else ()) if found.therapy in therapies]
    assessment = assess_patient(Patient.from_dict(values), wanted or None, own)
    if not as_json:
        click.echo(str(assessment))
        return
    findings = assessment.findings.reset_index()
    quantities = [f.criterion.quantity for j in assessment.judgements for f in j.findings]
    # JSON has no intervals and no sets: write their text.
    findings["observed"] = [
        quantity.text(value) if in_part(value) else value
        for quantity, value in zip(quantities, findings["observed"], strict=True)
    ]
    found = {
        **({"criteria": {"file": own.name, "sha256": own.digest}} if own else {}),
        "patient": assessment.patient.to_dict(),
        "conflicts": list(assessment.conflicts),
        "verdicts": json.loads(assessment.verdicts.to_json(orient="records")),
        "findings": json.loads(findings.to_json(orient="records")),
    }
    click.echo(json.dumps(found, indent=2))


@main.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False))
@click.option(
    "--map", "mapping", type=click.Path(exists=True, dir_okay=False), help="A mapping; netdash map makes one."
)
@click.option("--id", "id_", help="The column of identifiers: copied to the rejects, and checked for repetition.")
@click.option("--encoding", help="Of text files, such as cp1252; found from the file when not given.")
@click.option("--delimiter", help="Between cells, such as ';' or 'tab'; found from the file when not given.")
@click.option(
    "--missing", multiple=True, metavar="[FIELD=]TEXT", help="Text that means unknown, such as NA; repeatable."
)
@click.option(
    "--ignore", multiple=True, metavar="COLUMN", help="A column that resembles a field and is none; repeatable."
)
@criteria_option
@click.option("--strict", is_flag=True, help="Leave rows with a refused value out.")
@click.option("--reasons", is_flag=True, help="Add columns with the criteria missed and open.")
@click.option("--rule-sets", default="", help="Identifiers joined by commas; all of them when not given.")
@click.option(
    "--attrition", is_flag=True, help="Count how many remain after each criterion; also to OUT.attrition.csv."
)
def cohort(
    sources: tuple[str, ...], target: str, id_: str | None, delimiter: str | None, rule_sets: str, **options: Any
) -> None:
    """Judge every patient of one or several files by the published criteria.

    IN: CSV, TSV, TXT (also .gz of them), Parquet or XLSX. OUT: CSV or Parquet; it gets the columns of IN, then one
    column per rule set: met, not_met or unknown. Cautions do not decide and are not in OUT. A value that a field
    refuses is unknown; it is listed with row, column and reason in OUT.rejects.csv.

    Exit codes: 0 every value was read, 1 some values or rows were refused, 2 wrong use.
    """
    from netdash.cohort.files import assess_file

    wanted = [name.strip() for name in rule_sets.split(",") if name.strip()] or None
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter or "", delimiter)
    try:
        with click.progressbar(length=1000, label="Judging", file=sys.stderr) as bar:
            done = assess_file(
                sources,
                target,
                wanted,
                id=id_,
                delimiter=delimiter,
                progress=lambda share: bar.update(round(1000 * share) - bar.pos),
                **options,
            )
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        raise click.UsageError(str(error)) from None
    _print_run(done)
    if done.rejects is not None:
        raise SystemExit(1)


def _print_run(done: Any) -> None:
    """Print what became of a registry: what was read, the verdicts counted, and the attrition."""
    from netdash.cohort.attritions import joined
    from netdash.figures.bars import attrition_text

    click.echo(str(done))
    click.echo(f"\n{done.verdicts.to_string(index=False)}")
    if not done.attrition:
        return
    for name, table in done.attrition.items():
        click.echo(f"\n{name}\n{table.to_string(index=False)}\n{attrition_text(table)}")
    path = f"{done.target}.attrition.csv"
    joined(done.attrition).to_csv(path, index=False)
    click.echo(f"\n{path}")


@main.command(name="map")
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False))
@click.option("--to", "target", default="MAP.csv", show_default=True, help="The file of the proposed mapping.")
@click.option("--encoding", help="Of a text file; found from the file when not given.")
@click.option("--delimiter", help="Between cells; found from the file when not given.")
def map_(source: str, target: str, **options: Any) -> None:
    """Propose how the columns of a registry become fields, from the names and values in IN.

    Correct the file, then say: netdash cohort IN OUT --map MAP.csv
    """
    from netdash.cohort.files import read_whole
    from netdash.cohort.proposals import propose_mapping

    if Path(target).exists():
        raise click.UsageError(f"{target} is there already; move it, or name another file with --to")
    try:
        proposed = propose_mapping(read_whole(source, **options))
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        raise click.UsageError(str(error)) from None
    proposed.write(target)
    click.echo(f"{proposed}\n{target}")


@main.command()
@patient_options
@criteria_option
@click.argument("target", type=click.Path(dir_okay=False))
def report(target: str, criteria: str | None, **values: Any) -> None:
    """Write one case to TARGET as an HTML page that needs no network. Fields that are not given are unknown."""
    from netdash.case_report import report as page_of

    try:
        page = page_of(Patient.from_dict(values), criteria=criteria)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    Path(target).write_text(page, encoding="utf-8")
    click.echo(target)


@main.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--template", is_flag=True, help="Print a file to start from, with one made-up rule set.")
def lint(file: str | None, template: bool) -> None:
    """Check FILE of your own criteria; print each as a sentence with the verdicts at its bound.

    Exit codes: 0 the file can be used, 1 it is refused as a whole, 2 wrong use.
    """
    from netdash import own_criteria

    if template:
        click.echo(own_criteria.template().read_text(encoding="utf-8"), nl=False)
        return
    if file is None:
        raise click.UsageError("give a FILE, or --template")
    try:
        own = own_criteria.read(file)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{own}: {number_of(len(own.rule_sets), 'rule set')}. Nothing in it is refused.")
    for line in own.sentences():
        click.echo(line)
