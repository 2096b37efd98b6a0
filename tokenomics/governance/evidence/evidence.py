"""Evidence: a plan and its simulated runs, and what follows from the two alone: means, paired
differences, limits, failures, the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ... import __version__
from ...errors import InputError
from ...model.steady_state import start_state
from ...results.differences import Paired, family, table
from ...results.intervals import (
    FEWEST_EQUAL,
    LEVEL,
    Intervals,
    intervals,
    paired_intervals,
)
from ...results.matters import margins
from ...results.metrics import DEPLETING, METRICS
from . import verdict
from .canonical import FORMAT, evidence_id, results_digest
from .glance import at_a_glance
from .plan import EvidencePlan
from .shipped import deviations
from .statement import LEAST_ROUNDING, FullStatement, Limit
from .structure import CURRENT, PROPOSED, SPAN, span_label
from .sums import add_up
from .unread import UnreadChanges, idle
from .verdict import FAILS, HOLDS, UNCHANGED, UNDECIDED, listed, tallied
from .worlds import InWorlds
from .worlds_record import WORLDS


@dataclass(frozen=True, eq=False)
class Evidence:
    """plan: what was simulated. runs: `simulate`'s table. version: of the package that simulated
    it. bundle_format: from which its identifier is computed. over_time: what a proposal forecasts,
    the table of `over_time.over_time`; empty where it was not simulated.
    """

    plan: EvidencePlan
    runs: pd.DataFrame
    version: str = __version__
    bundle_format: int = FORMAT
    over_time: pd.DataFrame = field(default_factory=pd.DataFrame)

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

    def _paired(self, case: int, point: int, base: tuple[int, int]) -> Paired:
        """Paired differences, (case, point) less `base`, over the runs that both have."""
        mine, other = self.values[case, point], self.values[base]
        common = min(mine.shape[1], other.shape[1])
        return Paired.of(self.plan.metrics, mine[:, :common], other[:, :common])

    @cached_property
    def margins(self) -> dict[str, float]:
        """The smallest difference that matters, by metric, with the first case's start."""
        first = self.plan.cases[0].resolved
        try:
            start = start_state(first.today)
        except InputError:
            start = {}  # no run has one either
        given = self.claim.matters if self.claim else {}
        return margins(self.plan.metrics, start, given, first.values.simulation.days)

    def _families(self, pairs: Mapping[tuple[int, int], tuple[int, int]]) -> pd.DataFrame:
        """Differences of points to others, a family a case; `results.differences.family` has the
        columns. pairs: (case, point), and what it is compared with.
        """
        rows = []
        for case, label in enumerate(self.plan.labels):
            own = {
                self.plan.points[point].label: self._paired(case, point, base)
                for (where, point), base in pairs.items()
                if where == case
            }
            rows += [{"scenario": label} | row for row in family(own, self.margins, "values")]
        return table(rows, "scenario", "values", "metric") if rows else pd.DataFrame()

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences: of a proposal's points to its current values in each scenario, of
        several runs to the first; columns of `results.differences.family`, of which a scenario, or
        all runs, are one.
        """
        cases = range(len(self.plan.cases))
        if self.plan.kind == "proposal":
            moved = self.points("proposed", "alternative")
            found = self._families({(c, point): (c, 0) for c in cases for point in moved})
            self._check_differences(found)
            return found
        if self.plan.kind == "run" and len(cases) > 1:
            own = {self.plan.labels[c]: self._paired(c, 0, (0, 0)) for c in cases[1:]}
            label = self.plan.points[0].label
            rows = [{"values": label} | row for row in family(own, self.margins, "scenario")]
            return table(rows, "scenario", "values", "metric")
        return pd.DataFrame()

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
        base, cases = self.points("proposed"), range(len(self.plan.cases))
        return self._families(
            {(c, p): (c, base[0]) for c in cases for p in self.points("sensitivity")}
        )

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
        found, cases = self.counterfactuals.items(), range(len(self.plan.cases))
        return self._families({(c, i): (c, other) for c in cases for i, other in found})

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
    def in_worlds(self) -> InWorlds:
        """The limits in the worlds of the proposal."""
        return InWorlds(self)

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

    @property
    def checked_at_once(self) -> int:
        """Checks of the stated limits at one set of values, as a verdict is drawn from: each limit
        in each scenario that it is stated for.
        """
        limits = self.claim.limits if self.claim else []
        return sum(len(limit.scenarios) or len(self.plan.labels) for limit in limits)

    def check(self, limit: Limit, case: int, point: int, today: int = 0) -> dict[str, Any]:
        """A limit in a scenario, at a point: estimate with its 95 % interval, and whether it holds,
        fails or is undecided.

        It holds where all of its own interval does: that all limits hold is told by each at its
        own level (Berger 1982, Technometrics 24, 295-300). It fails where nothing of its interval
        simultaneous over all checks of one set of values holds, for one failure of many may be
        chance; other sets of values, varied ones and worlds, are not counted with it. Between it
        is undecided; where a run failed it cannot hold.
        today: the point that a change is measured from.
        """
        rule, row = limit.constraint, self.row(limit.constraint.metric)
        chosen = METRICS[rule.metric]
        mine = self.values[case, point][row]
        other = self.values[case, today][row] if limit.of == "change" else None

        def interval(level: float) -> Intervals:
            if other is None:
                return intervals(mine[None, :], **chosen.interval, level=level)
            common = min(len(mine), len(other))
            sides = (side[None, :common] for side in (mine, other))
            return paired_intervals(*sides, [chosen.probability], chosen.gap, level)

        s, wide = interval(LEVEL), interval(1.0 - (1.0 - LEVEL) / self.checked_at_once)
        low, high, n = float(s.low[0]), float(s.high[0]), int(s.n[0])
        worst = max(float(rule.excess(end)) for end in (low, high))
        best = min(float(rule.excess(end[0])) for end in (wide.low, wide.high))
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
        """Two sentences: the outcome against the stated limits, and how sure it is or where it
        fails; of a run or a sweep, what was simulated.
        """
        return verdict.verdict(self)

    def details(self) -> list[str]:
        """What the verdict is counted from, a paragraph each."""
        return verdict.details(self)

    def glance(self) -> list[str]:
        """Every limit in a line: found, scenarios, worlds."""
        return at_a_glance(self)

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
                f"{listed(wrong, self)}."
            )
        if len(varied):
            wrong = varied[varied["verdict"] == FAILS]
            what = (
                f"With one parameter changed at a time, {len(wrong) or 'none'} of {len(varied)} "
                f"checks fail{'s' * (len(wrong) < 2)}"
            )
            rest = int((varied["verdict"] == UNDECIDED).sum())
            left = (
                f" {rest} others are undecided."
                if rest > 1
                else " 1 other is undecided."
                if rest
                else ""
            )
            told.append((f"{what}: {tallied(wrong, varied)}." if len(wrong) else f"{what}.") + left)
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
        shown = self.plan.shown
        where = {
            path: ""
            if len(places) == len(shown)
            else f" in {', '.join(shown[place] for place in places)}"
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
        told, cases, shown = [], range(len(self.plan.cases)), self.plan.shown
        if self.unmoved and len(self.unmoved) < len(cases):
            where = ", ".join(shown[label] for label in self.unmoved)
            told.append(
                f"In {where} the proposal changes nothing: it has today's numbers in every run."
            )
        for point in self.points("alternative"):
            if all(self.equal(case, point, (case, 0)) for case in cases):
                told.append(
                    f"The alternative '{self.plan.points[point].label}' changes nothing: it has "
                    f"today's numbers in every run."
                )
        return told
