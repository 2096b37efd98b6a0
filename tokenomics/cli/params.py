"""`tokenomics params`: list, show, check, compare and tabulate parameters."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from ..errors import InputError, nearest
from ..parameters import as_history, resolve, tables
from ..parameters.checking import refuse_mistakes
from ..parameters.kinds import BASE, BEFORE
from ..parameters.layers import read_layer
from ..parameters.loading import lacking
from ..parameters.locate import KINDS, find
from ..parameters.parts import WHOLE, ShippedPart, every_name, is_parameter, kind_and_name, part_of
from .help import Sentences
from .options import (
    Changes,
    File,
    Json,
    Markdown,
    Overlay,
    Policy,
    Scenario,
    Set,
    Today,
    resolved_from,
)
from .output import print_json, say, show_table

# kinds of files that are one record, with its class, which is imported when it is asked for
RECORDS = {
    "architecture": "capacity.architectures.Architecture",
    "changes": "parameters.changes.Schedule",
    "detector": "velocity.detector.Detector",
    "fleet": "capacity.supply.FleetFile",
    "hardware": "capacity.hardware.Hardware",
    "model": "capacity.shapes.Shape",
    "proposal": "governance.proposal.proposal.Proposal",
    "published": "venues.report.PublishedFile",
    "sweep": "experiments.design.Design",
    "workload": "venues.workload.WorkloadFile",
}
PARAMETERS = "parameters"
SAID = ("value", "default", "unit", "bounds", "role", "source", "description")  # of a parameter
SCHEMAS = (PARAMETERS, *RECORDS)

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, show, check, compare and tabulate parameters.",
)


@app.command("list", epilog="Examples: tokenomics params list | tokenomics params list scenario")
def list_shipped(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="Of this kind alone.",
            metavar="[KIND]",
            autocompletion=lambda incomplete: [k for k in KINDS if k.startswith(incomplete)],
        ),
    ] = None,
    markdown: Markdown = False,
    as_json: Json = False,
) -> None:
    """List what is shipped, by kind: the names that other commands take."""
    rows = tables.shipped(kind)
    if as_json:
        print_json([dict(zip(("kind", "name", "description"), row, strict=True)) for row in rows])
    elif markdown:
        marked = [(kind, f"`{name}`", text) for kind, name, text in rows]
        typer.echo(tables.markdown_rows(("kind", "name", "what it is"), marked))
    else:
        shown: list[tuple[str, ...]] = []
        for number, (found, name, text) in enumerate(rows):
            if number == 0 or rows[number - 1][0] != found:
                shown.append((found.upper(),))
            shown.append((name, text))
        show_table("", ("name", "what it is"), shown)


@app.command(
    epilog="Examples: tokenomics params show baseline --policy pid --set supply.burn_share=0.4 | "
    "tokenomics params show token_crash | tokenomics params show supply.burn_share"
)
def show(
    file: Annotated[
        str,
        typer.Argument(
            help="A shipped name, KIND/NAME where several kinds have it, a YAML file of a whole "
            "parameter set, or the path of one parameter.",
            metavar="[NAME]",
            autocompletion=lambda incomplete: [n for n in every_name() if n.startswith(incomplete)],
        ),
    ] = "baseline",
    policy: Policy = None,
    scenario: Scenario = None,
    overlay: Overlay = None,
    today: Today = None,
    sets: Set = None,
    changes: Changes = None,
    as_json: Json = False,
) -> None:
    """Print a parameter set, one parameter, or what a shipped policy, scenario or other file sets.

    Of a parameter set it prints the resolved tree with units and sources, and what its levers were
    before they changed; first what demand and price answer, measured on the model.
    """
    if is_parameter(file):
        layers = (policy, scenario, overlay, sets, today, changes)
        _show_parameter(tables.one(resolved_from("baseline", *layers), file), as_json)
        return
    kind, name = kind_and_name(file) or ("base", file)
    if kind not in WHOLE:
        if any((policy, scenario, overlay, today, sets, changes)):
            raise InputError(
                f"'{file}' is a {kind}",
                expected="a parameter set before policies, scenarios, settings and the like",
            )
        _show_part(part_of(kind, name), as_json)
        return
    resolved = resolved_from(name, policy, scenario, overlay, sets, today, changes)
    # the model, which files alone do not need
    from ..model.drift import SPANS, drift
    from ..model.elasticities import elasticities

    moving = drift(resolved.today) if resolved.today.stocks.given else None
    try:
        answers, none = elasticities(resolved.today), ""
    except InputError as error:  # the tree is shown all the same
        answers, none = None, str(error)
    if as_json:
        entries = {
            e.path: {"value": e.value, "unit": e.unit, "source": e.source}
            for e in resolved.entries.values()
        }
        past = as_history(resolved.before)
        told = {"sha256": resolved.hash, "parameters": entries, "before": past}
        if resolved.parent:
            told |= {"inherits": resolved.parent, "own": list(resolved.own)}
        told["elasticities"] = answers.by_name() if answers else None
        if moving:
            told["drift"] = {
                one.name: {
                    "value": one.start,
                    "unit": one.unit,
                    "change per day": one.rate,
                    **{f"after {days:g} days": v for days, v in zip(SPANS, one.after, strict=True)},
                }
                for one in moving.stocks
            }
        print_json(told)
    else:
        typer.echo(f"# SHA-256 of the values: {resolved.hash}")
        if resolved.parent:
            typer.echo(f"# {resolved.origin}")
            typer.echo(f"# own: {', '.join(resolved.own)}")
        for line in answers.lines() if answers else (f"no elasticities: {none}",):
            typer.echo(f"# {line}")
        if moving:
            typer.echo(f"# {moving.told()}")
        typer.echo(resolved.to_yaml(), nl=False)


def _show_parameter(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    if told["value"] is None:
        told = told | {"value": tables.NOT_GIVEN}
    rows = [(name, tables.text(told[name])) for name in SAID if told[name] not in ("", None)]
    show_table(told["name"], ("", ""), rows, spare=("",))


def _show_part(part: ShippedPart, as_json: bool) -> None:
    if as_json:
        print_json(vars(part) | {"settings": [vars(one) for one in part.settings]})
        return
    rows = [
        (
            one.name,
            ", ".join(map(tables.text, one.value))
            if isinstance(one.value, list)
            else tables.text(one.value),
            one.unit,
            one.source,
            one.meaning,
        )
        for one in part.settings
    ]
    columns = ("what it sets", "value", "unit", "source", "meaning")
    # a column without a word has no place
    kept = [i for i in range(len(columns)) if i < 2 or any(row[i] for row in rows)]
    cut = [[row[i] for i in kept] for row in rows]
    title = f"{part.kind} {part.name}: {part.description}"
    show_table(title, [columns[i] for i in kept], cut, spare=columns[-1:])
    say(f"file: {part.file}")


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of files, one of `SCHEMAS`. Raises InputError for another."""
    from ..parameters.json_schema import parameters_schema, record_schema

    if kind == PARAMETERS:
        return parameters_schema()
    if kind not in RECORDS:
        raise InputError(
            f"no schema of '{kind}'",
            argument="schema",
            expected="one of " + ", ".join(SCHEMAS),
            nearest=nearest(kind, SCHEMAS),
        )
    module, _, name = RECORDS[kind].rpartition(".")
    return record_schema(getattr(import_module(f"...{module}", __name__), name))


@app.command(
    epilog="Examples: tokenomics params check my_network.yaml | tokenomics params check --schema "
    "sweep > sweep.json"
)
def check(
    file: File = "baseline",
    policy: Policy = None,
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    schema: Annotated[
        str | None,
        typer.Option(
            help="Print the JSON Schema with which an editor checks files of this kind instead: "
            + ", ".join(SCHEMAS)
            + ".",
            metavar="KIND",
            autocompletion=lambda incomplete: [k for k in SCHEMAS if k.startswith(incomplete)],
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Validate a parameter file: a whole set, or some parameters (a policy, scenario or overlay),
    which are checked on top of the baseline. Tells every value that is wrong by itself.
    """
    if schema is not None:
        print_json(json_schema(schema))
        return
    path = find("base", file)
    _, _, leaves = read_layer("base", str(path))
    refuse_mistakes(leaf for leaf in leaves.values() if leaf.path not in (BASE, BEFORE))
    partial = BASE not in leaves and lacking(leaves) is not None
    layers = ("baseline", policy, scenario, (str(path), *(overlay or ())), sets)
    resolved = (
        resolved_from(*layers)
        if partial
        else resolved_from(str(path), policy, scenario, overlay, sets)
    )
    missing = [p for p in tables.unsourced(resolved) if p in leaves]
    if as_json:
        print_json(
            {
                "file": str(path),
                "ok": True,
                "sha256": resolved.hash,
                "parameters": len(resolved.own or leaves),
                "unsourced": missing,
            }
        )
        return
    kind = "partial: the rest is the baseline's" if partial else resolved.origin or "complete"
    own = resolved.own or leaves
    say(f"{path}: OK, {len(own)} parameters ({kind}), SHA-256 {resolved.hash[:16]}")
    say(*(f"{path}: {parameter}: no source" for parameter in missing))


@app.command(epilog="Example: tokenomics params diff baseline runs/first/params.yaml")
def diff(
    a: Annotated[str, typer.Argument(help="A shipped name or a file.")],
    b: Annotated[str, typer.Argument(help="A shipped name or a file.")],
    as_json: Json = False,
) -> None:
    """Compare two parameter sets."""
    rows = tables.diff(resolve(a), resolve(b))
    if as_json:
        print_json([dict(zip(("path", "a", "b", "unit"), row, strict=True)) for row in rows])
        return
    if rows:
        show_table("", ("parameter", a, b, "unit"), rows)
    else:
        say("no difference")


@app.command(epilog="Example: tokenomics params table baseline --policy pid > parameters.md")
def table(
    file: File = "baseline",
    policy: Policy = None,
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    as_json: Json = False,
) -> None:
    """Print the parameter table in Markdown: name, role, value, unit, bounds, source, meaning."""
    resolved = resolved_from(file, policy, scenario, overlay, sets)
    if as_json:
        print_json([tables.by_column(tables.row(one)) for one in resolved.entries.values()])
    else:
        typer.echo(tables.markdown(resolved))
