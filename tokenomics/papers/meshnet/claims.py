"""What becomes of the paper's claims: each verdict is read off the tables, by the rule that stands
beside it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..reproduction import Claim, Verdict, verdict
from .economy import Values
from .trials import (
    EQUAL,
    MEAN,
    MILLION,
    RULES,
    SPREAD,
    STRESSED,
    TAIL,
    THOUSAND,
    Bootstrap,
    Found,
    fifth,
    spread,
)

SHOCK = "competitor"
NARROW = 0.5  # assumption: share of a claimed number above which an interval must lie
MORE_NODES, LESS_VARIED = 8.5, 6.0  # times, as the paper words its two claims on the PID's worth


def row_of(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row of a table with these values."""
    for name, value in where.items():
        table = table[table[name] == value]
    return table.iloc[0]


def told(row: pd.Series, name: str) -> str:
    """A number of a row: whole nodes, or a coefficient of variation."""
    whole = row["quantity"] != SPREAD
    return f"{THOUSAND * row[name]:,.0f}" if whole else f"{row[name]:.3f}"


def gap(row: pd.Series) -> str:
    """A difference of a row with its interval, where it has one."""
    value, low, high = (told(row, name) for name in ("PID − other", "low", "high"))
    return value if np.isnan(row["low"]) else f"{value} [{low}, {high}]"


def span(value: float, low: float, high: float) -> str:
    """A value with its interval, where it has one."""
    return f"{value:.3g}" if np.isnan(low) else f"{value:.3g} [{low:.3g}, {high:.3g}]"


def signed(low: float, high: float) -> Verdict:
    """Confirmed where the whole interval of a difference is above zero, refuted where it is below;
    undecided where it holds zero or is not there.
    """
    return verdict(low > 0.0) if low > 0.0 or high < 0.0 else "undecided"


def as_many_times(low: float, high: float, claimed: float) -> Verdict:
    """On a claim that something is so many times as large: confirmed where the interval of the
    ratio is above half of the number and holds it or is above it, direction only where it is above
    1 alone; refuted below 1; undecided where it holds 1 or is not there. Half is an assumption: an
    interval that few runs make wide confirms no number.
    """
    if low > 1.0 and (high < claimed or low < NARROW * claimed):
        return "direction only"
    return signed(low - 1.0, high - 1.0)


def none_outside(outside: bool) -> Verdict:
    """Of a claim that nothing differs, which an interval can refute and not confirm."""
    return "refuted" if outside else "undecided"


def as_published(v: Values, found: Found, frame: pd.DataFrame, bootstrap: Bootstrap) -> list[Claim]:
    """The claims as they stand, each rule with what it emits."""
    pid, fixed = (found[SHOCK, rule].nodes[-1] for rule in RULES)
    tail = bootstrap.interval(lambda one, two: fifth(one) / fifth(two), pid, fixed)
    varied = bootstrap.interval(lambda one, two: spread(two) / spread(one), pid, fixed)
    row = row_of(frame, scenario=SHOCK, quantity=SPREAD)
    paper = [v[f"published.{SHOCK}.{rule}"] for rule in RULES]
    cv = [one[1] / one[0] for one in paper]
    means = [row_of(frame, scenario=s, quantity=MEAN) for s in STRESSED]
    better = [row for row in means if row["low"] > 0.0]
    bull = [np.mean(found["bull", rule].nodes[-1]) for rule in RULES]
    tails = "; ".join(
        f"{s} {gap(row_of(frame, scenario=s, quantity=TAIL))}" for s in STRESSED if s != SHOCK
    )
    return [
        Claim(
            f"Under a competitor's shock the worst 5 % of paths keep {paper[0][2]:,} nodes with "
            f"the PID and {paper[1][2]:,} with the static schedule, {MORE_NODES:g} times as many "
            "(abstract).",
            as_many_times(*tail[1:], MORE_NODES),
            f"Ours {span(*tail)} times, published {paper[0][2] / paper[1][2]:.3g} from the second "
            f"and third lowest of 30 seeds; PID − static in the other scenarios: {tails}. The PID "
            "emits more here: see the claims at equal emission.",
        ),
        Claim(
            "The PID makes nodes vary six times less under a competitor's shock (coefficient of "
            f"variation {cv[1]:.3f} to {cv[0]:.3f}, section 8.1).",
            as_many_times(*varied[1:], LESS_VARIED),
            f"Ours {span(*varied)} times less, {told(row, 'other')} to {told(row, 'PID')}, "
            f"difference {gap(row)}.",
        ),
        Claim(
            "The PID does not improve the average size of the network (abstract).",
            none_outside(bool(better)),
            "Mean nodes, PID − static: "
            + "; ".join(f"{row['scenario']} {gap(row)}" for row in means)
            + ". The published seeds have no shocks in common between the rules.",
        ),
        Claim(
            "In a bull market both rules end at the same nodes (section 8.1).",
            verdict(abs(bull[0] - bull[1]) <= 1.0),
            f"{bull[0]:,.1f} with the PID, {bull[1]:,.1f} with the static schedule: entry ends "
            "near 1.2 times the target whatever is emitted.",
        ),
        Claim(
            "What takes tokens out of circulation is slashing, not burning (abstract).",
            verdict(all(np.all(paths.slashed > paths.burned) for paths in found.values())),
            "; ".join(
                f"{s} {np.mean(one.slashed) / MILLION:.0f} M slashed and "
                f"{np.mean(one.burned) / MILLION:.2f} M burned of "
                f"{np.mean(np.sum(one.emission, axis=0)) / MILLION:.0f} M emitted"
                for s in STRESSED
                for one in [found[s, "pid"]]
            )
            + ", with the PID; in every run of every rule and scenario.",
        ),
    ]


def on_emission(budget: pd.DataFrame) -> list[Claim]:
    """Whether the rules cost the same."""
    parts = []
    for scenario in STRESSED:
        row = row_of(budget, scenario=scenario)
        ours = span(row["ratio, ours"], row["low"], row["high"])
        parts.append(f"{scenario} {ours} times, published {row['ratio, published']:.3f}")
    rows = budget[budget["scenario"].isin(STRESSED)]
    return [
        Claim(
            "The static schedule emits as much as the PID ('same total tokens', a comment of its "
            "code; its tables do not tell).",
            none_outside(bool(np.any((rows["low"] > 1.0) | (rows["high"] < 1.0)))),
            "The PID emits " + "; ".join(parts) + " what the static schedule does.",
        )
    ]


def at_equal_emission(frame: pd.DataFrame) -> list[Claim]:
    """What is left of the worst 5 %, the variation and the mean when both emit the same."""
    claims = []
    for quantity, text, more in (
        (TAIL, "the worst 5 % of paths keep more nodes", True),
        (SPREAD, "nodes vary less", False),
        (MEAN, "there are more nodes in the mean", True),
    ):
        for scenario in STRESSED:
            rows = {
                against: row_of(frame, scenario=scenario, against=against, quantity=quantity)
                for against in EQUAL
            }
            # at the PID's total and at the static total
            found = {
                signed(low, high) if more else signed(-high, -low)
                for low, high in (rows[level][["low", "high"]] for level in (EQUAL[0], EQUAL[2]))
            }
            parts = [
                f"{against}: {told(row, 'PID')} against {told(row, 'other')}, "
                f"{row['PID'] / row['other']:.3g} times, difference {gap(row)}"
                for against, row in rows.items()
            ]
            claims.append(
                Claim(
                    f"At equal emission {text} with the PID than with a static schedule: "
                    f"{scenario}.",
                    found.pop() if len(found) == 1 else "undecided",
                    ". ".join(parts) + ". The verdict is that of the first and the last, undecided "
                    "where they disagree.",
                )
            )
    return claims
