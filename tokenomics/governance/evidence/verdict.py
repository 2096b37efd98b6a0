"""What was found, in two sentences that a voter reads at once: what the proposal does against its
limits, and how sure that is or where it fails. What they are counted from follows below them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import pandas as pd

from ...errors import counted
from ...parameters import NONE
from ...results.metrics import METRICS
from ...shown import GROUPED
from .plan import CALM, EvidencePlan
from .statement import FullStatement, Limit
from .unread import UnreadChanges

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
UNCHANGED = "unchanged"  # of a proposal that moves no number in any run
NAMED = 2  # limits that a sentence names; the table below has all
EVENT = "probability that "  # how the meaning of a metric begins that counts runs
NOTHING = "no scenario's events"  # what happens in a calm network


class HasVerdict(Protocol):
    """What a verdict is drawn from: `Evidence`, which has one."""

    plan: EvidencePlan
    runs: pd.DataFrame

    @property
    def claim(self) -> FullStatement | None: ...
    @property
    def outcome(self) -> str: ...
    @property
    def unstated(self) -> pd.DataFrame: ...
    @property
    def varied_checks(self) -> pd.DataFrame: ...
    @property
    def failures(self) -> pd.DataFrame: ...
    @property
    def idle(self) -> UnreadChanges: ...
    def points(self, *roles: str) -> list[int]: ...
    def own_checks(self, role: str = "proposed") -> pd.DataFrame: ...
    def equal(self, case: int, point: int, base: tuple[int, int]) -> bool: ...


def verdict(evidence: HasVerdict) -> str:
    """Two sentences: the outcome, and how sure it is or where it fails. Of a run or a sweep, what
    was simulated.
    """
    if evidence.claim is None:
        return _simulated(evidence)
    say = {HOLDS: _holds, FAILS: _fails, UNDECIDED: _undecided, UNCHANGED: _unchanged}
    return " ".join(say[evidence.outcome](evidence))


def details(evidence: HasVerdict) -> list[str]:
    """What the two sentences are counted from: scenarios, runs, checks, and today's values against
    the same limits.
    """
    shown = evidence.plan.shown
    names = [shown[label] for label in evidence.plan.labels]
    if evidence.claim is None:
        quiet = any(case.scenario == NONE for case in evidence.plan.cases)
        return [f"{CALM}: {NOTHING}."] if quiet and CALM in " ".join(names) else []
    own, today = evidence.own_checks(), evidence.own_checks("current")
    told = ", ".join(f"{name} ({NOTHING})" if name == CALM else name for name in names)
    lines = [
        f"{counted(_runs(evidence), 'run')} in each of {counted(len(names), 'scenario')}: {told}. "
        f"{counted(len(own), 'check')} of {counted(len(evidence.claim.limits), 'limit')}: "
        f"{_counts(own)}."
    ]
    if len(today):
        lines[0] += (
            f" Today's values against the same limits, but for those on a change: {_counts(today)}."
        )
    return lines


def listed(checks: pd.DataFrame, evidence: HasVerdict) -> str:
    """Checks in words: each limit with its scenarios."""
    places = checks["scenario"].map(evidence.plan.shown)
    groups = checks.assign(place=places).groupby(["number", "limit", "of"], sort=False)
    return "; ".join(
        f"{stated(limit, of)} ({', '.join(rows['place'])})" for (_, limit, of), rows in groups
    )


def tallied(checks: pd.DataFrame, among: pd.DataFrame) -> str:
    """Checks in words: each limit with how many of its checks they are. among: all checks."""
    groups = checks.groupby(["number", "limit", "of"], sort=False)
    return ", ".join(
        f"{stated(limit, of)} in {len(rows)} of {int((among['number'] == number).sum())}"
        for (number, limit, of), rows in groups
    )


def stated(limit: str, of: str) -> str:
    """A limit as it is written."""
    return f"{'change of ' * (of == 'change')}{limit}"


def _simulated(evidence: HasVerdict) -> str:
    points, plan = evidence.plan.points, evidence.plan
    names = [plan.shown[label] for label in plan.labels]
    size = f"{len(points)} parameter points, " if len(points) > 1 else ""
    lost = int(evidence.failures[["failed", "invalid"]].to_numpy().sum())
    same = [
        name
        for case, name in enumerate(names)
        if plan.kind == "run" and case and evidence.equal(case, 0, (0, 0))
    ]
    equal = (
        f"Nothing differs between {names[0]} and {', '.join(same)}: the same numbers in all runs. "
        if same
        else ""
    )
    return (
        f"{equal}{size}{counted(len(plan.cases), 'case')}, {counted(plan.runs, 'run')} each, seed "
        f"{plan.seed}. {lost or 'None'} of {counted(len(evidence.outside), 'run')} failed."
    )


def _unchanged(evidence: HasVerdict) -> tuple[str, str]:
    cases = counted(len(evidence.plan.cases), "scenario")
    return (
        "Nothing changed: today's values and the proposed ones give the same numbers in all runs.",
        f"So no limit was tested, in {counted(_runs(evidence), 'run')} of each of {cases}.",
    )


def _holds(evidence: HasVerdict) -> tuple[str, str]:
    limits = len(evidence.claim.limits)
    which = f"all {limits} of its limits" if limits > 1 else "its one limit"
    parts = [f"Every 95 % interval over {counted(_runs(evidence), 'run')} is within its limit"]
    beside, varied = evidence.unstated, evidence.varied_checks
    if len(beside) and (beside["verdict"] == FAILS).any():
        failing = _places(evidence, beside[beside["verdict"] == FAILS])
        parts.append(f"in {failing}, for which it is not stated, a limit would fail")
    if len(varied):
        wrong = int((varied["verdict"] == FAILS).sum())
        parts.append(
            f"with one parameter changed at a time, {wrong or 'none'} of {len(varied)} checks "
            f"fail{'s' * (wrong < 2)}"
        )
    return f"{_proposal(evidence)} meets {which}{_everywhere(evidence)}.", f"{'; '.join(parts)}."


def _fails(evidence: HasVerdict) -> tuple[str, str]:
    own = evidence.own_checks()
    wrong = own[own["verdict"] == FAILS]
    parts = [
        f"It fails in {_places(evidence, wrong)} by more than chance explains (95 % intervals for "
        f"all checks at once, {counted(_runs(evidence), 'run')})"
    ]
    varied = evidence.varied_checks
    if len(varied):
        same = varied[varied["number"].isin(wrong["number"])]
        failing = same.loc[same["verdict"] == FAILS, "values"].nunique()
        tried = counted(varied["values"].nunique(), "variation")
        parts.append(
            f"and still does in {failing} of {tried} of one parameter, each judged by itself"
            if failing
            else f"and with no one of {tried} of one parameter is that certain"
        )
    limits = len(evidence.claim.limits)
    which = f"{wrong['number'].nunique()} of its {limits} limits" if limits > 1 else "its one limit"
    return (
        f"{_proposal(evidence)} fails {which}: {_found(evidence, wrong)}.",
        f"{', '.join(parts)}.",
    )


def _undecided(evidence: HasVerdict) -> tuple[str, str]:
    own = evidence.own_checks()
    wrong = own[own["verdict"] == UNDECIDED]
    where, runs = _places(evidence, wrong), counted(_runs(evidence), "run")
    why = (
        f"In {where} a limit lies within the 95 % interval over {runs}, or is too near for so few"
        if not wrong["failed"].any()
        else f"In {where} some of {runs} failed or cannot tell, and where one failed no limit holds"
    )
    numbers, limits = wrong["number"].nunique(), len(evidence.claim.limits)
    which = f"{numbers} of its {limits}" if limits > 1 else "its one limit"
    verb = "is" if numbers == 1 else "are"
    return (
        f"{_proposal(evidence)} fails no limit, but {which} {verb} undecided: "
        f"{_found(evidence, wrong)}.",
        f"{why}.",
    )


def _proposal(evidence: HasVerdict) -> str:
    silent = evidence.idle.everywhere(evidence.plan.labels)
    if not silent:
        return "The proposal"
    return f"The proposal without {', '.join(silent)}, on which no metric depends,"


def _runs(evidence: HasVerdict) -> int:
    return evidence.plan.points[evidence.points("proposed")[0]].runs


def _counts(checks: pd.DataFrame) -> str:
    count = {word: int((checks["verdict"] == word).sum()) for word in (HOLDS, FAILS, UNDECIDED)}
    hold, fail, open_ = count.values()
    return (
        f"{hold} hold{'s' * (hold == 1)}, {fail} fail{'s' * (fail == 1)}"
        f"{f', {open_} undecided' * (open_ > 0)}"
    )


def _everywhere(evidence: HasVerdict) -> str:
    """Where limits are checked, where that is everywhere."""
    cases = len(evidence.plan.cases)
    own = evidence.own_checks()
    if (own.groupby("number")["scenario"].nunique() < cases).any():
        return ", each in the scenarios that it is stated for"
    return " in every scenario" if cases > 1 else ""


def _places(evidence: HasVerdict, checks: pd.DataFrame) -> str:
    """The scenarios of some checks, in words."""
    found = set(checks["scenario"])
    if len(found) == len(evidence.plan.labels) > 1:
        return "every scenario"
    names = [evidence.plan.shown[label] for label in evidence.plan.labels if label in found]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _found(evidence: HasVerdict, checks: pd.DataFrame) -> str:
    """Limits, with what was found against each: `checks` of the proposal."""
    limits = evidence.claim.limits
    numbers = list(dict.fromkeys(checks["number"]))
    told = [measured(limits[n - 1], checks[checks["number"] == n]) for n in numbers[:NAMED]]
    more = len(numbers) - NAMED
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def measured(limit: Limit, checks: pd.DataFrame) -> str:
    """What was found against a limit, in words. checks: of the limit, a row a scenario."""
    rule, chosen = limit.constraint, METRICS[limit.constraint.metric]
    ends = checks["estimate"].min(), checks["estimate"].max()
    side = "at most" if rule.sign > 0 else "at least"
    if chosen.probability and limit.of == "value":
        found = _range(100.0 * end for end in ends)
        event = chosen.meaning.removeprefix(EVENT) if EVENT in chosen.meaning else chosen.label
        return f"{event} in {found} % of the runs (limit: {side} {_number(100.0 * rule.limit)} %)"
    how = "is" if limit.of == "value" else "changes by"
    found, where = _range(ends), ", by scenario" if ends[0] != ends[1] else ""
    unit = "" if chosen.unit in ("1", "-") else " " + chosen.unit.replace("1/", "per ", 1)
    allowed = f"limit: {side} {_number(rule.limit, 10)}"
    return f"{chosen.label} {how} {found}{unit}{where} ({allowed})"


def _range(ends: Iterable[float]) -> str:
    return " to ".join(dict.fromkeys(map(_number, ends)))


def _number(value: float, digits: int = 3) -> str:
    return f"{value:,.0f}" if abs(value) >= GROUPED else f"{value:.{digits}g}"
