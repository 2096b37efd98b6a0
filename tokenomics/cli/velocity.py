"""`tokenomics velocity`: is a rise of a token's velocity usage or speculation?"""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InputError
from ..shown import readable
from .history_options import DateFormat, Decimal, Duplicates, Keep, Sheet, Unsorted, given
from .options import Json
from .output import print_json, say, show_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog=(
        "Examples: tokenomics velocity my_token.csv | tokenomics velocity my_token.csv --from "
        "2024-03-01 --to 2024-03-30 --json"
    )
)
def velocity(
    file: Annotated[
        str,
        typer.Argument(
            help="Days: date, price, volume, fees, burned [USD/TOK, TOK/day, USD/day, TOK/day].",
            metavar="FILE",
        ),
    ],
    start: Annotated[
        str | None, typer.Option("--from", help="First day of the window, YYYY-MM-DD.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", help="Last day of the window; by default the window is the last 30 days."
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="A column called otherwise, as in volume=Vol. Repeatable.", metavar="ROLE=NAME"
        ),
    ] = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Keep = None,
    detector: Annotated[str, typer.Option(help="A shipped detector or a YAML file.")] = "velocity",
    as_json: Json = False,
) -> None:
    """Tell usage from speculation behind a rise of velocity. A window is held against the 60 days
    before it.
    """
    from ..histories.activity import read_activity
    from ..histories.times import as_date
    from ..velocity.detector import FEATURES, Series, decomposition, features, rose
    from ..velocity.detector import detector as load

    chosen = load(detector)
    choices = given(
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        duplicates=duplicates,
        unsorted=unsorted,
        absurd=absurd,
    )
    days = read_activity(
        file, chosen.before, chosen.after, as_date(start, "start"), as_date(end, "end"), choices
    )
    series, before = Series(**days.values), chosen.before
    try:
        found = features(series, before)
    except InputError as error:
        raise InputError(error.found, file=file, key=error.key, expected=error.expected) from None
    probability = float(chosen.probability(found))
    verdict = str(chosen.verdict(probability)) if rose(found) else "undecided"
    parts = decomposition(series, before)
    added = {name: float(value) for name, value in chosen.contributions(found).items()}
    length = len(days.dates) - before
    notes = ["; ".join(days.notes)]
    if not rose(found):
        notes.append(
            "the traded volume did not rise: there is no rise of velocity to explain, and no "
            "verdict"
        )
    if verdict == "speculation":
        notes.append(
            "speculation is trade that use does not account for, whoever trades: sales of unlocked "
            "tokens or a fall of demand read the same"
        )
    if length != chosen.after:
        notes.append(
            f"the weights are estimated for a window of {chosen.after} days; this one has {length}"
        )
    if as_json:
        content = {
            "verdict": verdict,
            "probability_of_usage": probability,
            "undecided": chosen.undecided,
            "window": {"from": str(days.dates[before]), "to": str(days.dates[-1]), "days": length},
            "before": {"from": str(days.dates[0]), "days": before},
            "intercept": chosen.intercept.weight,
            "features": {
                n: {
                    "value": float(found[n]),
                    "weight": chosen.features[n].weight,
                    "log_odds": added[n],
                }
                for n in FEATURES
            },
            "volume_tok_per_day": {
                when: {k: float(v) for k, v in part.items()} for when, part in parts.items()
            },
            "notes": notes,
            "detector": {"name": detector, "source": chosen.source, "command": chosen.command},
        }
        print_json(content)
        return
    low, high = chosen.undecided
    say(
        f"{file}: {days.dates[before]} to {days.dates[-1]} ({length} days) against the {before} "
        f"days before"
    )
    say(
        f"verdict: {verdict}; probability of usage {probability:.3f} (undecided from {low:g} to "
        f"{high:g})"
    )
    odds = [
        (
            n,
            f"{float(found[n]):+.3f}",
            f"{chosen.features[n].weight:+.3g}",
            f"{added[n]:+.2f}",
            meaning,
        )
        for n, meaning in FEATURES.items()
    ]
    first_row = ("intercept", "", "", f"{chosen.intercept.weight:+.2f}", "")
    last_row = ("sum", "", "", f"{chosen.intercept.weight + sum(added.values()):+.2f}", "")
    show_table(
        "Log odds of usage",
        ("feature", "value", "weight", "log odds", "what it is"),
        (first_row, *odds, last_row),
    )
    labels = {
        "volume": "all",
        "use": "use: tokens paid, bought and sold on once",
        "rest": "rest: trade of those who do not pay for the service",
    }
    rows = []
    for key, label in labels.items():
        old, new = (float(parts[when][key]) for when in ("before", "window"))
        rows.append(
            (
                label,
                readable(old),
                readable(new),
                f"{(new - old) / float(parts['before']['volume']):+.1%}",
            )
        )
    show_table(
        "Traded volume, TOK/day", ("", "before", "window", "change, of the volume before"), rows
    )
    say(*(f"note: {note}" for note in notes))
