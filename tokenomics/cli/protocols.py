"""`tokenomics protocols`: rules that networks run on chain, replayed exactly, and searched for
states that trap them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe
from .help import Sentences
from .history_options import Sheet
from .numbers import number
from .options import Form, Json, Markdown, NoFigures, Tables
from .output import deliver, json_text, print_json, progress_bar, say, show_table
from .protocol_texts import tell_counterfactual, tell_replay, told_number

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, show and replay the rules that networks run on chain.",
)
Named = Annotated[
    str, typer.Argument(help="A rule, or NAME@VERSION; see `protocols list`.", metavar="NAME")
]


@app.command("list", epilog="Example: tokenomics protocols list")
def list_(markdown: Markdown = False, as_json: Json = False) -> None:
    """List the rules, the version of each that is deployed now, and how many others there are."""
    from ..parameters.tables import markdown_rows
    from ..protocols.catalogue import RULES

    if as_json:
        print_json([_row(rule) for rule in RULES.values()])
        return
    rows = [(rule.name, _versions(rule), rule.about) for rule in RULES.values()]
    columns = ("rule", "deployed now", "what it does")
    if markdown:
        typer.echo(markdown_rows(columns, rows))
    else:
        show_table("", columns, rows)


def _versions(rule: Any) -> str:
    of = f" (of {len(rule.versions)})" if len(rule.versions) > 1 else ""
    return f"{rule.version().name}{of}"


def _row(rule: Any) -> dict[str, Any]:
    versions = [
        {
            "name": version.name,
            "status": version.status,
            "since": version.since,
            "date": version.date,
            "parameters": version.parameters._asdict(),
            "source": version.source,
        }
        for version in rule.versions
    ]
    return {
        "name": rule.name,
        "about": rule.about,
        "clock": rule.clock,
        "versions": versions,
        "sources": list(rule.sources),
        "unknown": list(rule.unknown),
        "histories": [form.name for form in rule.layouts],
    }


@app.command(epilog="Example: tokenomics protocols show livepeer@LIP-107")
def show(name: Named, as_json: Json = False) -> None:
    """Show a rule: what it remembers, reads and is set to, with units and bounds, its sources, and
    what could not be found out.
    """
    from ..protocols.catalogue import named

    rule, version = named(name)
    parts = {
        part: {
            field: {"unit": q.unit, "about": q.about, "lower": q.lower, "upper": q.upper}
            for field, (_, q) in fields.items()
        }
        for part, fields in rule.quantities.items()
    }
    if as_json:
        print_json(_row(rule) | {"version": version.name} | parts)
        return
    say(f"{rule.name}: {rule.about}", f"a step is one {rule.clock}")
    say(f"version {_version(version)}")
    set_to = version.parameters._asdict()
    rows: list[tuple] = []
    for part, fields in parts.items():
        rows.append((part,))
        for field, about in fields.items():
            value = set_to.get(field) if part == "parameters" else None
            bounds = f"{told_number(about['lower'])} to {told_number(about['upper'])}"
            rows.append((field, told_number(value), about["unit"], bounds, about["about"]))
    show_table("", ["name", "set to", "unit", "bounds", "what it is"], rows)
    say(*(f"other version {_version(v)}" for v in rule.versions if v is not version))
    say(*(f"source: {source}" for source in rule.sources))
    say(*(f"history: {form.name}. {form.about}" for form in rule.layouts))
    say(*(f"not known: {text}" for text in rule.unknown))


def _version(version: Any) -> str:
    date = f", {version.date}" if version.date else ""
    return f"{version.name} ({version.status}{date}): {version.source}"


@app.command(
    epilog="Examples: tokenomics protocols replay livepeer --history rounds.csv | tokenomics "
    "protocols replay livepeer@LIP-107 --history rounds.csv --column clock=round --out replayed | "
    "tokenomics protocols replay livepeer --history rounds.csv --rule livepeer@LIP-107 --from 1"
)
def replay(
    name: Named,
    history: Annotated[
        list[Path],
        typer.Option(
            help="The recorded history; several are joined by the clock's column. Repeatable.",
            metavar="FILE",
        ),
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="FIELD=NAME, which column is which, where names are other ones. Repeatable.",
            metavar="FIELD=NAME",
        ),
    ] = None,
    sheet: Sheet = None,
    other: Annotated[
        str | None,
        typer.Option(
            "--rule",
            help="Step this instead, from a row's recorded state on, and tell what it would have "
            "done: another version, cosmos, or constant_emission with or without @SHARE a year.",
            metavar="NAME@VERSION",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="With --rule: position of the clock, or its date where it has dates; by "
            "default the first row.",
            metavar="ROW",
        ),
    ] = None,
    runs: Annotated[
        int | None, number("With --rule: draws of the response of bonding.", bounds.PATHS)
    ] = None,
    seed: Annotated[int | None, number("With --rule: seed of the draws.", bounds.SEED)] = None,
    out: Tables = None,
    no_figures: NoFigures = False,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Step a rule on its recorded history: steps that agree to the last digit, the direction of
    moves, the first divergence, and the readings of rows that explain the rest. With --rule: what
    another version or policy would have done on the recorded inputs, beside the record.
    """
    from ..experiments.replays import replay as replayed

    probe(out)
    drawn = None if no_figures else form
    if other is not None:
        chosen = {"start": start, "runs": runs, "seed": seed, "column": column, "sheet": sheet}
        given = {name: value for name, value in chosen.items() if value is not None}
        _counterfactual(name, history, other, given, out, drawn, as_json)
        return
    for argument, value in (("start", start), ("runs", runs), ("seed", seed)):
        if value is not None:
            raise InputError(str(value), argument=argument, expected="--rule beside it")
    with progress_bar("replaying", not as_json) as update:
        found = replayed(name, *history, column=column, sheet=sheet, progress=update)
    _deliver(found, tell_replay, found.plot, ("replay", "steps"), out, drawn, as_json)


def _deliver(
    found: Any,
    tell: Callable[[Any], None],
    draw: Callable[[], Any],
    names: tuple[str, str],
    out: Path | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Write what was found and tell it. names: of JSON and figure, and of the table. form: of the
    figure; None for no figure.
    """
    from ..protocols.gaps import gaps_told

    name, table = names

    def fill(folder: Path) -> None:
        found.table().to_csv(folder / f"{table}.csv", index=False)
        (folder / f"{name}.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
        if form:
            from ..results.drawing import save

            save(draw(), folder, name, form, 150)

    def told(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        tell(found)
        say(*gaps_told(found.gaps))
        if written:
            say(f"written to {out}")

    deliver(out, fill, told)


def _counterfactual(
    name: str,
    history: list[Path],
    other: str,
    given: dict[str, Any],
    out: Path | None,
    form: str | None,
    as_json: bool,
) -> None:
    from ..calibration.bonding.counterfactual import counterfactual

    with progress_bar("stepping", not as_json) as update:
        found = counterfactual(name, *history, other=other, progress=update, **given)

    def draw() -> Any:
        from ..calibration.bonding.figures import draw_counterfactual

        return draw_counterfactual(found)

    names = ("counterfactual", "counterfactual")
    _deliver(found, tell_counterfactual, draw, names, out, form, as_json)


@app.command(epilog="Example: tokenomics protocols absorb livepeer@LIP-100 --json")
def absorb(name: Named, as_json: Json = False) -> None:
    """Find where a rule traps itself: states that no input leaves, sets that are never left once
    entered, and cycles under constant input, within the range that the rule declares.
    """
    from ..experiments.replays import absorb as searched
    from ..protocols.traps import number as told

    with progress_bar("searching", not as_json) as update:
        found = searched(name, progress=update)
    if as_json:
        print_json(found.plain())
        return
    say(*found.lines())
    rows = [
        (
            c.input,
            *map(told, (c.period, c.count)),
            f"{told(c.lowest)} to {told(c.highest)}",
            told(c.ends),
        )
        for c in found.cycles
    ]
    within = f"within [{found.unit}]" if found.unit else "within"
    columns = ["constant input", "period", "cycles", within, "states that end there"]
    show_table("", columns, rows)
