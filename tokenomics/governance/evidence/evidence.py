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
from ...results.intervals import intervals
from ...results.matters import margins
from ...results.metrics import DEPLETING, METRICS
from . import cautions, checks, verdict
from .canonical import FORMAT, evidence_id, results_digest
from .glance import at_a_glance
from .plan import EvidencePlan
from .shipped import deviations
from .statement import FullStatement, Limit
from .structure import CURRENT, PROPOSED, SPAN, span_label
from .sums import add_up
from .unread import UnreadChanges, idle
from .verdict import FAILS, HOLDS, UNCHANGED, UNDECIDED
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

    def front(self, case: int, point: int) -> dict[str, Any]:
        """The first columns of a row: what its scenario and its point are called."""
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
                rows.append(self.front(case, point) | told)
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
        rows = self.means.itertuples(index=False)
        means = {(row.scenario, row.values, row.metric): row for row in rows}
        today = self.plan.points[0].label
        for row in table.itertuples(index=False):
            one = means[row.scenario, today, row.metric]
            two = means[row.scenario, row.values, row.metric]
            if one.n == two.n == row.n and np.isfinite(row.difference):
                scale = max(abs(one.mean), abs(two.mean), 1.0)
                add_up(
                    [one.mean / scale, row.difference / scale],
                    two.mean / scale,
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
        """The limits where one parameter is another; see `checks.varied_checks`."""
        return checks.varied_checks(self)

    @cached_property
    def unstated(self) -> pd.DataFrame:
        """The limits that are stated for some scenarios alone, in the others; see
        `checks.unstated`.
        """
        return checks.unstated(self)

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
                self.front(case, point)
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
        """A limit in a scenario, at a point; see `checks.check`."""
        return checks.check(self, limit, case, point, today)

    @cached_property
    def checks(self) -> pd.DataFrame:
        """Every limit in every scenario where it must hold; see `checks.checks`."""
        return checks.checks(self)

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
        """What a verdict hides; see `cautions.warnings`."""
        return cautions.warnings(self)

    def varied_path(self, point: int) -> str:
        """The parameter that a point of the sensitivity varies."""
        new = self.plan.points[self.points("proposed")[0]].values
        return next(
            path for path, value in self.plan.points[point].values.items() if value != new[path]
        )

    def untested(self) -> list[str]:
        """The proposal's changes on which no metric depends, a line each."""
        return cautions.untested(self)

    def rounded(self) -> list[str]:
        """Values that a contract cannot store as they were simulated, a line each."""
        return cautions.rounded(self)
