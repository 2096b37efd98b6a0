"""Evidence: a plan and its simulated runs, and what follows from the two alone: means, paired
differences, limits, failures, the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ... import __version__
from ...errors import ModelError, counted
from ...parameters import NONE
from ...results.comparison import paired
from ...results.intervals import FEWEST_EQUAL, intervals, paired_intervals
from ...results.metrics import DEPLETING, METRICS
from .canonical import FORMAT, evidence_id, results_digest
from .plan import EvidencePlan
from .shipped import deviations
from .statement import LEAST_ROUNDING, FullStatement, Limit
from .structure import CURRENT, PROPOSED, SPAN, span_label
from .unread import UnreadChanges, idle
from .worlds_record import WORLDS

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
UNCHANGED = "unchanged"  # of a proposal that moves no number in any run
SAME = 1e-9  # relative; sums that differ by less add up


def add_up(parts: Sequence[float], total: float, what: str) -> None:
    """Raise ModelError where parts of a table do not add up to their total."""
    found = float(np.sum(parts))
    if not abs(found - total) <= SAME * max(abs(total), 1.0):
        raise ModelError(
            f"{what}: {' + '.join(f'{part:.10g}' for part in parts)} = {found:.10g}, not "
            f"{total:.10g}"
        )


@dataclass(frozen=True)
class Evidence:
    """plan: what was simulated. runs: `simulate`'s table. version: of the package that simulated
    it. bundle_format: from which its identifier is computed.
    """

    plan: EvidencePlan
    runs: pd.DataFrame
    version: str = __version__
    bundle_format: int = FORMAT

    @cached_property
    def id(self) -> str:
        """The content identifier."""
        results = results_digest(self.runs, list(self.plan.metrics))
        return evidence_id(self.plan.plain(), results, self.version, self.bundle_format)

    @cached_property
    def claim(self) -> FullStatement | None:
        """What the proposal says; None for a run or a sweep."""
        return (
            FullStatement.model_validate(dict(self.plan.statement))
            if self.plan.kind == "proposal"
            else None
        )

    @cached_property
    def values(self) -> dict[tuple[int, int], np.ndarray]:
        """Values (metrics, runs) by case and point; NaN for a failed run."""
        groups = self.runs.groupby(["case", "point"], sort=False)
        return {key: own[list(self.plan.metrics)].to_numpy(dtype=float).T for key, own in groups}

    @cached_property
    def outside(self) -> pd.DataFrame:
        """The runs that are in no world of the proposal's."""
        return self.runs[~self.runs["point"].isin(self.points(*WORLDS))]

    def points(self, *roles: str) -> list[int]:
        """Numbers of the points of some roles."""
        return [i for i, point in enumerate(self.plan.points) if point.role in roles]

    def row(self, metric: str) -> int:
        """A metric's row in `values`."""
        return self.plan.metrics.index(metric)

    def _front(self, case: int, point: int) -> dict[str, Any]:
        return {"scenario": self.plan.labels[case], "values": self.plan.points[point].label}

    @cached_property
    def means(self) -> pd.DataFrame:
        """Mean and 95 % interval of every metric, one row a scenario, point and metric: scenario,
        values, metric, mean, low, high, n, unit.
        """
        rows = []
        for (case, point), own in self.values.items():
            if self.plan.points[point].role in WORLDS:
                continue
            for name, values in zip(self.plan.metrics, own, strict=True):
                s = intervals(values[None, :], **METRICS[name].interval)
                told = {
                    "metric": name,
                    "mean": s.mean[0],
                    "low": s.low[0],
                    "high": s.high[0],
                    "n": int(s.n[0]),
                    "unit": METRICS[name].unit,
                }
                rows.append(self._front(case, point) | told)
        return pd.DataFrame(rows)

    @cached_property
    def by_span(self) -> pd.DataFrame:
        """What depletes, today and under the proposal, over the plan's own span and the others: as
        `means`, with days; empty where there is one span alone.
        """
        if not self.points("span"):
            return pd.DataFrame()
        over = {}
        for number in self.points("current", "proposed", "span"):
            point = self.plan.points[number]
            days = float(point.values[SPAN])
            base = next(
                label
                for label in (CURRENT, PROPOSED)
                if point.label in (label, span_label(label, days))
            )
            over[point.label] = (days, base)
        own = self.means[self.means["values"].isin(over) & self.means["metric"].isin(DEPLETING)]
        days, bases = zip(*own["values"].map(over), strict=True)
        own = own.assign(days=days, values=bases)
        places = {
            "scenario": self.plan.labels.index,
            "metric": DEPLETING.index,
            "values": (CURRENT, PROPOSED).index,
        }
        return own.sort_values(
            ["scenario", "metric", "days", "values"],
            kind="stable",
            ignore_index=True,
            key=lambda column: column.map(places[column.name]) if column.name in places else column,
        )

    def paired_rows(self, case: int, point: int, base: tuple[int, int]) -> list[dict[str, Any]]:
        """Paired difference of every metric, (case, point) less `base`, over the runs that both
        have.
        """
        mine, other = self.values[case, point], self.values[base]
        common = min(mine.shape[1], other.shape[1])
        rows = []
        for name, found in zip(
            self.plan.metrics,
            paired(self.plan.metrics, mine[:, :common], other[:, :common]),
            strict=True,
        ):
            names = ("difference", "low", "high", "n", "win_rate", "verdict")
            rows.append(
                self._front(case, point)
                | {"metric": name}
                | dict(zip(names, found, strict=True))
                | {"unit": METRICS[name].unit}
            )
        return rows

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences with 95 % intervals: of a proposal's points to its current values in
        each scenario, of several runs to the first.

        Columns scenario, values, metric, difference, low, high, n, win_rate, verdict (better,
        worse, same), unit.
        """
        rows = []
        if self.plan.kind == "proposal":
            for case in range(len(self.plan.cases)):
                for point in self.points("proposed", "alternative"):
                    rows += self.paired_rows(case, point, (case, 0))
        elif self.plan.kind == "run":
            for case in range(1, len(self.plan.cases)):
                rows += self.paired_rows(case, 0, (0, 0))
        table = pd.DataFrame(rows)
        self._check_differences(table)
        return table

    def _check_differences(self, table: pd.DataFrame) -> None:
        """The difference of means is the mean difference where the same runs count."""
        if self.plan.kind != "proposal":
            return
        means = self.means.set_index(["scenario", "values", "metric"])
        today = self.plan.points[0].label
        for row in table.itertuples(index=False):
            one, two = (
                means.loc[(row.scenario, today, row.metric)],
                means.loc[(row.scenario, row.values, row.metric)],
            )
            if one["n"] == two["n"] == row.n and np.isfinite(row.difference):
                scale = max(abs(one["mean"]), abs(two["mean"]), 1.0)
                add_up(
                    [one["mean"] / scale, row.difference / scale],
                    two["mean"] / scale,
                    f"{row.metric}, {row.values}, {row.scenario}",
                )

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """Paired differences of the varied proposal to the proposal, on the runs that were varied;
        as `differences`.
        """
        base = self.points("proposed")
        rows = [
            row
            for c in range(len(self.plan.cases))
            for p in self.points("sensitivity")
            for row in self.paired_rows(c, p, (c, base[0]))
        ]
        return pd.DataFrame(rows)

    @cached_property
    def counterfactuals(self) -> dict[int, int]:
        """Today's values with the same assumption changed, by the number of the varied proposal;
        none where its own parameter is varied.
        """
        numbers = {self.plan.points[i].label: i for i in self.points("counterfactual")}
        pairs = [
            (i, numbers.get(f"{CURRENT}, {self.plan.points[i].label}"))
            for i in self.points("sensitivity")
        ]
        return {i: other for i, other in pairs if other is not None}

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """The proposal's effect under other assumptions: paired differences to today's values, both
        with one assumption changed.
        """
        found = self.counterfactuals.items()
        return pd.DataFrame(
            [
                row
                for c in range(len(self.plan.cases))
                for i, other in found
                for row in self.paired_rows(c, i, (c, other))
            ]
        )

    @cached_property
    def varied_checks(self) -> pd.DataFrame:
        """The limits where one parameter is another: as `checks`, at the varied proposal, a change
        against today's values varied alike.

        today, today_low, today_high: of a limit on a value, today's values varied alike. What
        nothing reads is not among them: it cannot fail.
        """
        rows = []
        for number, limit in enumerate(self.claim.limits if self.claim else [], 1):
            for name in limit.scenarios or self.plan.labels:
                for point in self.points("sensitivity"):
                    case, today = self.plan.labels.index(name), self.counterfactuals.get(point, 0)
                    beside = self.check(limit, case, today) if limit.of == "value" else {}
                    told = {
                        name: beside.get(of, np.nan)
                        for name, of in (
                            ("today", "estimate"),
                            ("today_low", "low"),
                            ("today_high", "high"),
                        )
                    }
                    counted = (case, point) not in self.idle.varied
                    rows.append(
                        {"counted": counted, "number": number}
                        | self.check(limit, case, point, today)
                        | told
                    )
        return (
            pd.DataFrame(rows)[lambda table: table["counted"]].drop(columns="counted")
            if rows
            else pd.DataFrame()
        )

    @cached_property
    def unstated(self) -> pd.DataFrame:
        """The limits that are stated for some scenarios alone, at the proposed values in the
        others; as `checks`.
        """
        proposed, rows = self.points("proposed"), []
        for number, limit in enumerate(self.claim.limits if self.claim else [], 1):
            for name in self.plan.labels if limit.scenarios else []:
                if name not in limit.scenarios:
                    rows.append(
                        {"number": number}
                        | self.check(limit, self.plan.labels.index(name), proposed[0])
                    )
        return pd.DataFrame(rows)

    @cached_property
    def idle(self) -> UnreadChanges:
        """What of the proposal no metric depends on."""
        return idle(self.plan)

    def equal(self, case: int, point: int, base: tuple[int, int]) -> bool:
        """Whether two points have the same numbers, to the last bit, in all runs that both have."""
        mine, other = self.values[case, point], self.values[base]
        common = min(mine.shape[1], other.shape[1])
        return np.array_equal(mine[:, :common], other[:, :common], equal_nan=True)

    @cached_property
    def unmoved(self) -> list[str]:
        """Scenarios in which the proposal has today's numbers in every run."""
        proposed = self.points("proposed")[0]
        return [
            label
            for case, label in enumerate(self.plan.labels)
            if self.equal(case, proposed, (case, 0))
        ]

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Runs by scenario and point, worlds left out: scenario, values, runs, finished, failed
        (stopped inside), invalid (could not start).
        """
        rows = []
        for (case, point), own in self.outside.groupby(["case", "point"], sort=False):
            failed, invalid = int(own["failed_day"].notna().sum()), int((own["error"] != "").sum())
            finished = int((own["failed_day"].isna() & (own["error"] == "")).sum())
            add_up(
                [finished, failed, invalid],
                self.plan.points[point].runs,
                f"runs of {self.plan.points[point].label}",
            )
            rows.append(
                self._front(case, point)
                | {"runs": len(own), "finished": finished, "failed": failed, "invalid": invalid}
            )
        return pd.DataFrame(rows)

    def check(self, limit: Limit, case: int, point: int, today: int = 0) -> dict[str, Any]:
        """A limit in a scenario, at a point: estimate with its 95 % interval, and whether it holds,
        fails or is undecided.

        It holds where the whole interval does, fails where none of it does, and is undecided
        between; where a run failed it cannot hold.
        today: the point that a change is measured from.
        """
        rule, row = limit.constraint, self.row(limit.constraint.metric)
        chosen = METRICS[rule.metric]
        mine = self.values[case, point][row]
        if limit.of == "change":
            other = self.values[case, today][row]
            common = min(len(mine), len(other))
            sides = (side[None, :common] for side in (mine, other))
            s = paired_intervals(*sides, [chosen.probability], chosen.gap)
        else:
            s = intervals(mine[None, :], **chosen.interval)
        low, high, n = float(s.low[0]), float(s.high[0]), int(s.n[0])
        worst, best = sorted((float(rule.excess(low)), float(rule.excess(high))), reverse=True)
        failed = len(mine) - n
        verdict = UNDECIDED
        if n > 1 and (
            low < high or n >= FEWEST_EQUAL
        ):  # the same number in few runs proves nothing
            verdict = FAILS if best > 0.0 else HOLDS if worst <= 0.0 and not failed else UNDECIDED
        told = {
            "limit": limit.limit,
            "of": limit.of,
            "metric": rule.metric,
            "estimate": float(s.mean[0]),
            "low": low,
            "high": high,
        }
        return (
            self._front(case, point)
            | told
            | {"n": n, "failed": failed, "unit": chosen.unit, "verdict": verdict}
        )

    @cached_property
    def checks(self) -> pd.DataFrame:
        """Every limit in every scenario where it must hold, at the proposed values and at the
        others.
        """
        if self.claim is None:
            return pd.DataFrame()
        labels, rows = self.plan.labels, []
        for number, limit in enumerate(self.claim.limits, 1):
            for name in limit.scenarios or labels:
                for point in self.points(
                    "proposed", "alternative", *(() if limit.of == "change" else ("current",))
                ):
                    rows.append({"number": number} | self.check(limit, labels.index(name), point))
        return pd.DataFrame(rows)

    def own_checks(self, role: str = "proposed") -> pd.DataFrame:
        """The checks at the points of a role."""
        wanted = [self.plan.points[i].label for i in self.points(role)]
        return self.checks[self.checks["values"].isin(wanted)]

    @property
    def outcome(self) -> str:
        """holds, fails or undecided, over all checks of the proposal; unchanged where no number
        moves; empty for a run or a sweep.
        """
        if self.claim is None:
            return ""
        if len(self.unmoved) == len(self.plan.cases):
            return UNCHANGED
        found = set(self.own_checks()["verdict"])
        return FAILS if FAILS in found else UNDECIDED if UNDECIDED in found else HOLDS

    def verdict(self) -> str:
        """One sentence: the outcome against the stated limits, or what was simulated."""
        points, cases = self.plan.points, self.plan.cases
        if self.claim is None:
            size = f"{len(points)} parameter points, " if len(points) > 1 else ""
            lost = int(self.failures[["failed", "invalid"]].to_numpy().sum())
            told = (
                f"{size}{counted(len(cases), 'case')}, {counted(self.plan.runs, 'run')} each, seed "
                f"{self.plan.seed}"
            )
            same = (
                [
                    label
                    for case, label in enumerate(self.plan.labels)
                    if case and self.equal(case, 0, (0, 0))
                ]
                if self.plan.kind == "run"
                else []
            )
            equal = (
                (
                    f"Nothing differs between {self.plan.labels[0]} and {', '.join(same)}: the "
                    f"same numbers in all runs. "
                )
                if same
                else ""
            )
            return f"{equal}{told}; {lost} of {len(self.outside)} runs failed."
        own = self.own_checks()
        count = {word: int((own["verdict"] == word).sum()) for word in (HOLDS, FAILS, UNDECIDED)}
        add_up(list(count.values()), len(own), "checks of the proposal")
        stated = counted(len(self.claim.limits), "stated limit")
        basis = (
            f"{points[self.points('proposed')[0]].runs} runs in each of "
            f"{counted(len(cases), 'scenario')}"
        )
        if self.outcome == UNCHANGED:
            return (
                f"Nothing changed: today's values and the proposed ones give the same numbers in "
                f"all runs ({basis}), so that no limit was tested."
            )
        silent = self.idle.everywhere(self.plan.labels)
        proposal = (
            f"The proposal without {', '.join(silent)}, on which no metric depends,"
            if silent
            else "The proposal"
        )
        if self.outcome == HOLDS:
            return (
                f"{proposal} meets its {stated} in all {len(own)} checks ({basis}, 95 % intervals)."
            )
        wrong = own[own["verdict"] == self.outcome]
        rest = ", ".join(
            f"{count[word]} {word}"
            for word in (HOLDS, FAILS, UNDECIDED)
            if word != self.outcome and count[word]
        )
        word = "fails" if self.outcome == FAILS else "is undecided in"
        return (
            f"{proposal} {word} {count[self.outcome]} of {len(own)} checks of its {stated} "
            f"({rest or 'no other'}; {basis}): {listed(wrong)}."
        )

    @cached_property
    def deviations(self) -> list[str]:
        """What stands under a shipped name otherwise than shipped; see `shipped.deviations`."""
        return deviations(self.plan)

    def warnings(self) -> list[str]:
        """What a verdict hides: what nothing reads, limits not stated where they would fail, checks
        that fail where one parameter is another.
        """
        told, beside, varied = (
            [*self.untested(), *self.rounded(), *self._equal()],
            self.unstated,
            self.varied_checks,
        )
        if len(beside) and (beside["verdict"] == FAILS).any():
            wrong = beside[beside["verdict"] == FAILS]
            told.append(
                f"Not counted, for its limits are stated for some scenarios alone, it would fail: "
                f"{listed(wrong)}."
            )
        if len(varied):
            wrong = varied[varied["verdict"] == FAILS]
            what = (
                f"With one parameter changed at a time, {len(wrong) or 'none'} of {len(varied)} "
                f"checks fail{'s' * (len(wrong) < 2)}"
            )
            rest = int((varied["verdict"] == UNDECIDED).sum())
            left = (
                f" {rest} of them are undecided."
                if rest > 1
                else " 1 of them is undecided."
                if rest
                else ""
            )
            told.append((f"{what}: {listed(wrong, at=True)}." if len(wrong) else f"{what}.") + left)
        paths = dict.fromkeys(self.varied_path(point) for _, point in sorted(self.idle.varied))
        for path in paths:
            told.append(f"Not counted with one parameter changed: {self.idle.told[path]}.")
        return told

    def varied_path(self, point: int) -> str:
        """The parameter that a point of the sensitivity varies."""
        new = self.plan.points[self.points("proposed")[0]].values
        return next(
            path for path, value in self.plan.points[point].values.items() if value != new[path]
        )

    def untested(self) -> list[str]:
        """The proposal's changes on which no metric depends, a line each."""
        labels = self.plan.labels
        where = {
            path: "" if len(places) == len(labels) else f" in {', '.join(places)}"
            for path, places in self.idle.changed.items()
        }
        return [f"Not tested{where[path]}: {self.idle.told[path]}." for path in self.idle.changed]

    def rounded(self) -> list[str]:
        """Values that a contract cannot store as they were simulated, a line each."""
        points, told = (
            [self.plan.points[i] for i in self.points("current", "proposed", "alternative")],
            {},
        )
        for path, rule in (self.claim.on_chain if self.claim else {}).items():
            for value in (float(point.values[path]) for point in points):
                if rule.rounding(value) > LEAST_ROUNDING:
                    stored, meant = rule.raw(value)
                    told[path, value] = (
                        f"Rounded on chain: {path} {value:.10g} was simulated and is stored as "
                        f"{stored}, which stands for {float(meant):.10g}."
                    )
        return list(told.values())

    def _equal(self) -> list[str]:
        """Scenarios and alternatives in which every run has today's numbers."""
        told, cases = [], range(len(self.plan.cases))
        if self.unmoved and len(self.unmoved) < len(cases):
            told.append(
                f"In {', '.join(self.unmoved)} the proposal changes nothing: it has today's "
                f"numbers in every run."
            )
        for point in self.points("alternative"):
            if all(self.equal(case, point, (case, 0)) for case in cases):
                told.append(
                    f"The alternative '{self.plan.points[point].label}' changes nothing: it has "
                    f"today's numbers in every run."
                )
        return told


def stated(limit: str, of: str) -> str:
    """A limit in words."""
    return f"{'change of ' * (of == 'change')}{limit}"


def listed(checks: pd.DataFrame, at: bool = False) -> str:
    """Checks in words: each limit with its scenarios. at: with the values at which they were
    made.
    """
    places = checks["scenario"].replace(NONE, f"scenario {NONE}") + (
        " at " + checks["values"] if at else ""
    )
    groups = checks.assign(place=places).groupby(["number", "limit", "of"], sort=False)
    return "; ".join(
        f"{stated(limit, of)} ({', '.join(rows['place'])})" for (_, limit, of), rows in groups
    )
