"""What a replay of a deployed rule and a counterfactual say on the terminal."""

from __future__ import annotations

from typing import Any

from .output import say, show_table

NONE = "-"


def told_number(value: Any) -> str:
    """A number in digits, or where it is long in six of them; a dash for none."""
    if value is None:
        return NONE
    if isinstance(value, int) and abs(value) >= 10**16:
        return f"{float(value):.6g}"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def tell_counterfactual(found: Any) -> None:
    from ..calibration.bonding.figures import finding

    say(finding(found))
    told = ("recorded", "held", "low", "median", "high")
    rows = [
        (f"{quantity} [{at['unit']}]", *(f"{at[which]:,.6g}" for which in told))
        for quantity, at in found.plain()["end"].items()
    ]
    columns = ["at the end", "recorded", "bonding as it was", "5 %", "median", "95 %"]
    show_table("", columns, rows)
    say(
        f"the band: {found.runs:,} draws of how bonding follows its yield, fitted on the first "
        f"{found.fitted:,} rounds; in {100.0 * found.no_effect:.0f} % of them holders do not "
        "respond, and bonding is as it was",
        *_doubts(found),
        "share: bonded, of supply; minted_share: minted since the start, of supply then; recorded: "
        "at the recorded rate of each round, whether or not every reward was called for",
        "as recorded: the rounds of each row, what moved bonding beside its yield, and what "
        "supply changed by beside inflation",
    )


def _doubts(found: Any) -> list[str]:
    """What the band does not hold."""
    lines = [
        f"rows {found.clock[0]:,} to {found.clock[-1]:,} of the clock; it is on another rule's "
        "record: what else holders and prices would have done is not known"
    ]
    if found.no_effect > UNTOLD:
        lines.append("the response is not told from none, so that the band is narrower than doubt")
    return lines


UNTOLD = 0.05  # of draws without a response, from which the fit does not tell that there is one
MOST_TOLD = 10  # unexplained steps that are told one by one


def tell_replay(found: Any) -> None:
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
    others = sum(found.readings.values())
    say(
        f"in all: {found.exact:,} exact, {others:,} by another reading of the row, "
        f"{len(found.unexplained):,} not explained"
    )
    before = ", ".join(
        f"{field} {told_number(value)}" for field, value in first.before._asdict().items()
    )
    say(
        f"first divergence: line {first.line}, clock {first.clock:,}: the rule gives "
        f"{first.predicted:,}, recorded is {first.recorded:,} [{unit}]; before it {before}; "
        + (f"it agrees if read as {first.reading}" if first.reading else "nothing explains it")
    )
    rows = [(count, reading) for reading, count in found.readings.items()]
    if found.unexplained:
        rows.append((len(found.unexplained), "not explained"))
    show_table("", ["steps", "agree if the row is read as"], rows)
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
    show_table("", columns, rows)
    say(
        "share: of the squares of what is recorded, what the reading takes away; error: the "
        "median, as a share of the median move"
    )
