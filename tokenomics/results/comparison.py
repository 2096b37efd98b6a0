"""Policies compared on the same shocks: which is best by each metric, by how much the others differ
from one of them, and what depletes by year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..errors import InputError, counted, nearest
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..shown import Shown
from . import comparison_figure, comparison_text
from .differences import LARGER, Paired, family, table
from .matters import FEWEST, runs_needed
from .metrics import DEPLETING, METRICS
from .sweep import Sweep
from .sweep_rows import Summaries

ONE_RUN = (
    f"One run tells no interval, no p and no verdict: differences below are of that run alone. "
    f"They are told from {FEWEST} runs on (--runs)."
)


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Policies of one parameter point, in some scenarios, as `compare` returns them.

    Attributes
    ----------
    sweep : Sweep
        Their runs.
    reference : str
        The policy that the others are compared with.
    years : tuple of int
        After which what depletes is shown.
    spans : Sweep, optional
        The same runs over the days of those years that are not the sweep's own.
    notes : tuple of str
        What a reader of the tables must know.
    margins : mapping of str to float
        The smallest difference that matters by metric [its unit], each that there is where it is
        left out.
    """

    sweep: Sweep
    reference: str
    years: tuple[int, ...] = ()
    spans: Sweep | None = None
    notes: tuple[str, ...] = ()
    margins: Mapping[str, float] = field(default_factory=dict)

    def _essentials(self) -> dict[str, Any]:
        return {
            "policies": ", ".join(self.policies),
            "reference": self.reference,
            "scenarios": ", ".join(self.scenarios),
            "runs": f"{self.sweep.manifest['runs']} each, {sum(self.failed.values())} failed",
        }

    def __post_init__(self) -> None:
        if self.reference not in self.policies:
            valid = self.policies
            raise InputError(
                f"the reference '{self.reference}' is not among the policies",
                expected="one of " + ", ".join(valid),
                nearest=nearest(self.reference, valid),
            )

    @cached_property
    def policies(self) -> list[str]:
        """Names of the policies."""
        return list(self.sweep.cases["policy"].unique())

    @cached_property
    def scenarios(self) -> list[str]:
        """Names of the scenarios."""
        return list(self.sweep.cases["scenario"].unique())

    @cached_property
    def _summaries(self) -> Summaries:
        return self.sweep.summaries()

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], int]:
        """Number of the case by scenario and policy."""
        return {(one["scenario"], one["policy"]): n for n, one in self.sweep.cases.iterrows()}

    @cached_property
    def failed(self) -> dict[tuple[str, str], int]:
        """Runs that failed or could not start, by scenario and policy: no number counts them."""
        return {case: int(self._summaries.lost[n]) for case, n in self._numbers.items()}

    def losses(self, scenario: str) -> str:
        """Which policies' runs failed in a scenario, in words.

        Parameters
        ----------
        scenario : str
            Its name.

        Returns
        -------
        str
            Empty where none did.
        """
        told = [
            f"{policy} {self.failed[scenario, policy]}"
            for policy in self.policies
            if self.failed[scenario, policy]
        ]
        return (
            (
                f"failed runs, of {self.sweep.manifest['runs']} each, which no mean counts: "
                f"{', '.join(told)}"
            )
            if told
            else ""
        )

    def failures(self) -> list[dict[str, Any]]:
        """Why runs failed or could not start.

        Returns
        -------
        list of dict
            scenario, policy, runs and the first reason of each case of which some did.
        """
        errors, days = self._summaries.errors, self._summaries.days
        return [
            {
                "scenario": scenario,
                "policy": policy,
                "runs": lost,
                "reason": errors[n]
                or f"a variable beyond its bounds or not finite, first on day {days[n]:g}",
            }
            for (scenario, policy), n in self._numbers.items()
            if (lost := self.failed[scenario, policy])
        ]

    def reasons(self, scenario: str) -> list[str]:
        """Why runs failed or could not start in a scenario, in words.

        Parameters
        ----------
        scenario : str
            Its name.

        Returns
        -------
        list of str
            A line a policy of which some did.
        """
        return [
            f"{one['policy']} fails: {one['reason']}"
            for one in self.failures()
            if one["scenario"] == scenario
        ]

    @cached_property
    def _against(self) -> dict[str, dict[tuple[str, str], Paired]]:
        """By reference, that of this comparison and what is `_first` by a metric, the differences
        by scenario and other policy: of all of them at once, for every row is read.
        """
        references = dict.fromkeys((self.reference, *self._first.values()))
        found = {
            reference: {
                (scenario, policy): Paired(self.sweep.metrics)
                for scenario in self.scenarios
                for policy in self.policies
                if policy != reference
            }
            for reference in references
        }
        for block in self.sweep.side_by_side():
            for reference, others in found.items():
                for (scenario, policy), one in others.items():
                    mine, base = (self._numbers[scenario, p] for p in (policy, reference))
                    one.add(block[mine], block[base])
        return found

    def unmoved(self) -> list[str]:
        """Which policies have the reference's numbers, to the last bit, in every run.

        Returns
        -------
        list of str
            A line a scenario.
        """
        lines = []
        for scenario in self.scenarios:
            alike = [
                policy
                for (where, policy), found in self._against[self.reference].items()
                if where == scenario and found.equal
            ]
            if alike:
                told = (
                    f"{self.reference} and {', '.join(alike)} are the same numbers in all "
                    f"{self.sweep.manifest['runs']} runs"
                )
                lines.append(f"Nothing differs in scenario {scenario}: {told}.")
        return lines

    def means(self) -> pd.DataFrame:
        """Mean and 95 % interval of every metric over n runs, without those that failed.

        Returns
        -------
        pandas.DataFrame
            One row a scenario, metric and policy.
        """
        return self._means.copy()

    @cached_property
    def _means(self) -> pd.DataFrame:
        found = {
            name: moments.intervals(**METRICS[name].interval_over(self.sweep.spans))
            for name, moments in self._summaries.moments.items()
        }
        rows = [
            (
                scenario,
                name,
                policy,
                *(some[n] for some in (s.mean, s.low, s.high)),
                int(s.n[n]),
                self.failed[scenario, policy],
                METRICS[name].unit,
            )
            for (scenario, policy), n in self._numbers.items()
            for name, s in found.items()
        ]
        return pd.DataFrame(
            rows,
            columns=["scenario", "metric", "policy", "mean", "low", "high", "n", "failed", "unit"],
        )

    @property
    def family(self) -> int:
        """Differences to the reference in a scenario."""
        return len(self.sweep.metrics) * (len(self.policies) - 1)

    def differences(self) -> pd.DataFrame:
        """Paired differences to the reference.

        Returns
        -------
        pandas.DataFrame
            One row a scenario, metric and other policy; columns of `results.differences.family`, of
            which a scenario is one: intervals are simultaneous over its metrics and policies.
        """
        return self._differences.copy()

    @cached_property
    def _differences(self) -> pd.DataFrame:
        return self._table(self.reference, self.family)

    def _table(self, reference: str, size: int) -> pd.DataFrame:
        rows = []
        for scenario in self.scenarios:
            own = {
                policy: found
                for (where, policy), found in self._against[reference].items()
                if where == scenario
            }
            rows += [
                {"scenario": scenario} | row for row in family(own, self.margins, "policy", size)
            ]
        return table(rows, "scenario", "metric", "policy")

    def best(self) -> pd.DataFrame:
        """Best policy by each metric with a direction.

        Which mean is best is seen in the same runs, so that intervals are simultaneous over all
        pairs of policies.

        Returns
        -------
        pandas.DataFrame
            scenario, metric, best, equal. best: the one with the best mean, missing where no other
            is worse by more than matters: then nobody wins. equal: those that are not told worse,
            all where nobody wins.
        """
        return self._best.copy()

    def finding(self) -> str:
        """How often each policy is best, in words.

        Returns
        -------
        str
            Over all scenarios and metrics with a direction. One run tells no best policy.
        """
        if self.sweep.manifest["runs"] < FEWEST:
            return f"One run tells no best policy; {FEWEST} or more may"
        best = self._best
        sole = best[best["equal"].str.len() == 0]
        counts = ", ".join(f"{p} {int((sole['best'] == p).sum())}" for p in self.policies)
        return f"Best by a clear margin, times of {len(best)}: {counts}"

    @cached_property
    def _first(self) -> dict[tuple[str, str], str]:
        """By scenario and metric, where there is a mean and a direction: whose mean is best."""
        cells = self._means.groupby(["scenario", "metric"], sort=False)
        found = {}
        for (scenario, name), one in cells:
            own, better = one.set_index("policy")["mean"], METRICS[name].better
            if better and not own.isna().all():
                found[scenario, name] = str(own.idxmin() if better == "lower" else own.idxmax())
        return found

    @cached_property
    def _best(self) -> pd.DataFrame:
        rows = []
        # no fewer than `family`, so that this table never tells what the differences leave open
        size = len(self.policies) * self.family // 2
        larger: dict[str, set[tuple[str, str, str]]] = {}
        for scenario in self.scenarios:
            for name in self.sweep.metrics:
                first = self._first.get((scenario, name))
                if first is None:
                    continue
                if first not in larger:
                    found = self._table(first, size)
                    found = found[found["verdict"] == LARGER]
                    keys = ("scenario", "metric", "policy")
                    larger[first] = set(zip(*(found[key] for key in keys), strict=True))
                equal = tuple(
                    policy
                    for policy in self.policies
                    if policy != first and (scenario, name, policy) not in larger[first]
                )
                alone = len(equal) < len(self.policies) - 1
                told = (first, equal) if alone else (None, tuple(self.policies))
                rows.append((scenario, name, *told))
        return pd.DataFrame(rows, columns=["scenario", "metric", "best", "equal"])

    def told(self) -> tuple[str, ...]:
        """How the differences' words come about, and which metrics need more runs for them.

        Returns
        -------
        tuple of str
            Lines.
        """
        runs, lines = self.sweep.manifest["runs"], []
        if runs < FEWEST:
            return (ONE_RUN,)
        lines.append(
            f"Differences to {self.reference}: simultaneous 95 % intervals of a scenario's "
            f"{self.family}, metrics times policies. More than matters: the whole interval is "
            f"beyond the smallest difference that does (tokenomics model matters); less: within "
            f"it; else undecided. p: of no difference, by Holm."
        )
        needed = {
            name: runs_needed(self.margins[name], self.family)
            for name in self.sweep.metrics
            if METRICS[name].probability and self.margins.get(name)
        }
        few = {name: most for name, most in needed.items() if most > runs}
        if few:
            lines.append(
                f"{counted(max(few.values()), 'run')} are needed before {', '.join(few)} can be "
                f"told to differ by less."
            )
        return tuple(lines)

    @cached_property
    def _by_span(self) -> dict[float, pd.DataFrame]:
        """What depletes by policy and scenario, by days."""
        spans = pd.DataFrame() if self.spans is None else self.spans.table(*DEPLETING)
        return dict(iter(spans.groupby("simulation.days"))) if len(spans) else {}

    def by_year(self) -> pd.DataFrame:
        """What depletes, after each number of `years`.

        Returns
        -------
        pandas.DataFrame
            Mean and 95 % interval of a few metrics of the treasury over n runs, one row a scenario,
            year, metric and policy.
        """
        return self._by_year.copy()

    @cached_property
    def _by_year(self) -> pd.DataFrame:
        rows = []
        for year in self.years:
            # the sweep's own span is not simulated twice
            table = self._by_span.get(DAYS_PER_YEAR * year)
            table = self.sweep.table(*DEPLETING) if table is None else table
            for _, one in table.iterrows():
                lost = one["n"] if one["error"] else one["failed"]
                for name in DEPLETING:
                    told = [one[f"{name}{end}"] for end in ("", "_low", "_high")]
                    front = (one["scenario"], year, name, one["policy"])
                    rows.append((*front, *told, one["n"] - lost, lost, METRICS[name].unit))
        ends = ["mean", "low", "high", "n", "failed", "unit"]
        table = pd.DataFrame(rows, columns=["scenario", "year", "metric", "policy", *ends])
        return table.sort_values(
            "scenario", kind="stable", key=lambda c: c.map(self.scenarios.index)
        )

    def by_year_shown(self, scenario: str) -> pd.DataFrame:
        """What depletes in a scenario, as text.

        Parameters
        ----------
        scenario : str
            Its name.

        Returns
        -------
        pandas.DataFrame
            A row a metric and policy, a column a number of years.
        """
        return comparison_text.by_year_shown(self, scenario)

    def means_shown(self, scenario: str, metrics: Sequence[str]) -> pd.DataFrame:
        """Means in a scenario, each with its own 95 % interval, as text.

        Parameters
        ----------
        scenario : str
            Its name.
        metrics : sequence of str
            Their names.

        Returns
        -------
        pandas.DataFrame
            A row a metric, a column a policy.
        """
        return comparison_text.means_shown(self, scenario, metrics)

    def markdown(self) -> str:
        """A table that pastes into a proposal.

        Returns
        -------
        str
            Mean of every policy with its interval, in bold where it is `best`.
        """
        return comparison_text.markdown(self)

    def plot(self) -> Figure:
        """The best and the better policies by metric.

        Returns
        -------
        matplotlib.figure.Figure
            One panel a scenario, one row a metric, one column a policy: the best is dark, those
            that are better than the reference are light. A metric that is the same under every
            policy is left out.
        """
        return comparison_figure.figure(self)
