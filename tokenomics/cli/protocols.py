"""`tokenomics protocols`: rules that networks run on chain, replayed exactly, and searched for
states that trap them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe
from .history_options import Sheet
from .numbers import number
from .options import Json, NoFigures, Tables
from .output import deliver, json_text, print_json, progress_bar, say, show_table, wide_console

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Rules that networks run on chain: list, show, replay on their history, and find where "
    "they trap themselves.",
)
Named = Annotated[
    str, typer.Argument(help="A rule, or NAME@VERSION; see `protocols list`.", metavar="NAME")
]
NONE = "-"


@app.command("list", epilog="Example: tokenomics protocols list")
def list_(as_json: Json = False) -> None:
    """List the rules, the version of each that is deployed now, and how many others there are."""
    from ..parameters.tables import markdown_rows
    from ..protocols.catalogue import RULES

    if as_json:
        print_json([_row(rule) for rule in RULES.values()])
        return
    rows = [(rule.name, _versions(rule), rule.about) for rule in RULES.values()]
    typer.echo(markdown_rows(["rule", "deployed now", "what it does"], rows))


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
            bounds = f"{_number(about['lower'])} to {_number(about['upper'])}"
            rows.append((field, _number(value), about["unit"], bounds, about["about"]))
    show_table("", ["name", "set to", "unit", "bounds", "what it is"], rows, console=wide_console())
    say(*(f"other version {_version(v)}" for v in rule.versions if v is not version))
    say(*(f"source: {source}" for source in rule.sources))
    say(*(f"history: {form.name}. {form.about}" for form in rule.layouts))
    say(*(f"not known: {text}" for text in rule.unknown))


def _version(version: Any) -> str:
    date = f", {version.date}" if version.date else ""
    return f"{version.name} ({version.status}{date}): {version.source}"


def _number(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, int) and abs(value) >= 10**16:
        return f"{float(value):.6g}"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


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
            help="With --rule: position of the clock, or date; by default the first row.",
            metavar="ROW",
        ),
    ] = None,
    runs: Annotated[
        int | None, number("With --rule: draws of the response of bonding.", bounds.PATHS)
    ] = None,
    seed: Annotated[int | None, number("With --rule: seed of the draws.", bounds.SEED)] = None,
    out: Tables = None,
    no_figures: NoFigures = False,
    as_json: Json = False,
) -> None:
    """Step a rule on its recorded history: steps that agree to the last digit, the direction of
    moves, the first divergence, and the readings of rows that explain the rest. With --rule: what
    another version or policy would have done on the recorded inputs, beside the record.
    """
    from ..experiments.replays import replay as replayed

    probe(out)
    if other is not None:
        chosen = {"start": start, "runs": runs, "seed": seed, "column": column, "sheet": sheet}
        given = {name: value for name, value in chosen.items() if value is not None}
        _counterfactual(name, history, other, given, out, no_figures, as_json)
        return
    for argument, value in (("start", start), ("runs", runs), ("seed", seed)):
        if value is not None:
            raise InputError(str(value), argument=argument, expected="--rule beside it")
    with progress_bar("replaying", not as_json) as update:
        found = replayed(name, *history, column=column, sheet=sheet, progress=update)

    def fill(folder: Path) -> None:
        found.table().to_csv(folder / "steps.csv", index=False)
        (folder / "replay.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
        if not no_figures:
            from ..results.figures import save
            from ..results.replay_figure import draw_replay

            save(draw_replay(found), folder / "replay.png", 150)

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        _tell(found)
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)


def _counterfactual(
    name: str,
    history: list[Path],
    other: str,
    given: dict[str, Any],
    out: Path | None,
    no_figures: bool,
    as_json: bool,
) -> None:
    from ..calibration.bonding.counterfactual import counterfactual
    from ..calibration.bonding.figures import draw_counterfactual, finding

    with progress_bar("stepping", not as_json) as update:
        found = counterfactual(name, *history, other=other, progress=update, **given)

    def fill(folder: Path) -> None:
        found.table().to_csv(folder / "counterfactual.csv", index=False)
        (folder / "counterfactual.json").write_text(
            json_text(found.plain()) + "\n", encoding="utf-8"
        )
        if not no_figures:
            from ..results.figures import save

            save(draw_counterfactual(found), folder / "counterfactual.png", 150)

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        say(finding(found))
        told = ("recorded", "held", "low", "median", "high")
        rows = [
            (f"{quantity} [{at['unit']}]", *(f"{at[which]:,.6g}" for which in told))
            for quantity, at in found.plain()["end"].items()
        ]
        columns = ["at the end", "recorded", "bonding as it was", "5 %", "median", "95 %"]
        show_table("", columns, rows, console=wide_console())
        say(
            f"the band: {found.runs:,} draws of how bonding follows its yield, fitted on the first "
            f"{found.fitted:,} rounds; in {100.0 * found.no_effect:.0f} % of them holders do not "
            "respond, and bonding is as it was",
            "share: bonded, of supply; minted_share: minted since the start, of supply then",
            "as recorded: the rounds of each row, what moved bonding beside its yield, and what "
            "supply changed by beside inflation",
        )
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)


MOST_TOLD = 10  # unexplained steps that are told one by one


def _tell(found: Any) -> None:
    say(repr(found))
    rule = found.rule
    unit = rule.quantities["state"][rule.decides[0]][1].unit
    if found.scores:
        _tell_scores(found)
        return
    first = found.first
    if first is None:
        return
    (move, alike), (turned, right) = found.common, found.turns
    say(
        f"beside it: a move of {move:+,} at every step is exact in {alike:,}; of {turned:,} turns "
        f"of direction the rule gives {right:,}"
    )
    before = ", ".join(
        f"{field} {_number(value)}" for field, value in first.before._asdict().items()
    )
    say(
        f"first divergence: line {first.line}, clock {first.clock:,}: the rule gives "
        f"{first.predicted:,}, recorded is {first.recorded:,} [{unit}]; before it {before}"
    )
    rows = [(count, reading) for reading, count in found.readings.items()]
    if found.unexplained:
        rows.append((len(found.unexplained), "not explained"))
    show_table("", ["steps", "agree if the row is read as"], rows, console=wide_console())
    for step in found.unexplained[:MOST_TOLD]:
        say(
            f"not explained: line {step.line}, clock {step.clock:,}: the rule gives "
            f"{step.predicted:,}, recorded is {step.recorded:,}"
        )


def _tell_scores(found: Any) -> None:
    """Of a rule whose record is not exact: how each reading of the rows does."""
    rows = [
        (
            one.reading,
            f"{one.steps:,}",
            f"{one.right:,} of {one.moved:,}",
            *(NONE if value is None else f"{value:.3f}" for value in one[4:]),
        )
        for one in found.scores
    ]
    columns = ["rows read as", "steps", "direction right", "slope", "correlation"]
    columns += ["share of moves", "first half", "second half", "share of values", "error"]
    show_table("", columns, rows, console=wide_console())
    say(
        "share: of the squares of what is recorded, what the reading takes away; error: the "
        "median, as a share of the median move"
    )


@app.command(epilog="Examples: tokenomics protocols absorb livepeer@LIP-100 --json")
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
    columns = ["constant input", "period", "cycles", "within", "states that end there"]
    show_table("", columns, rows, console=wide_console())
