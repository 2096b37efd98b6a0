"""Policies compared on the same shocks: which is best by each metric, by how much the others differ
from one of them, and what depletes by year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..errors import InputError, counted, lettering, nearest
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..parameters.tables import markdown_rows
from ..shown import Shown, readable
from .differences import LARGER, Paired, family, in_words, table
from .drawing import Drawing, shown
from .intervals import mean_interval
from .matters import FEWEST, runs_needed
from .metrics import DEPLETING, METRICS, WAYS
from .sweep import Sweep
from .sweep_rows import Summaries

SHADES = {"better": "#A6CEE3", "best": "#0B4F8A", "worse": "#F4C28F", "": "#F2F2F2"}
LETTERS, LINE = 15, 0.14  # of a title: letters an inch, and height of a line [inches]
NAMES = 3.4  # inches for the names of metrics
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
            name: moments.intervals(**METRICS[name].interval)
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
        own = self._by_year[self._by_year["scenario"] == scenario]
        texts = [mean_interval(*row) for row in own[["mean", "low", "high"]].to_numpy()]
        cells = own.assign(text=texts).set_index(["metric", "policy", "year"])["text"]
        return pd.DataFrame(
            {"metric": f"{name} [{METRICS[name].unit}]", "policy": policy}
            | {counted(year, "year"): cells[name, policy, year] for year in self.years}
            for name in DEPLETING
            for policy in self.policies
        )

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
        own = self._means[self._means["scenario"] == scenario]
        rows = [self._row(name, own, None) for name in metrics]
        return pd.DataFrame(
            [[f"{name} [{unit}]", *cells] for name, unit, *cells in rows],
            columns=["metric", *self.policies],
        )

    def markdown(self) -> str:
        """A table that pastes into a proposal.

        Returns
        -------
        str
            Mean of every policy with its interval, in bold where it is `best`.
        """
        means, best = self._means, self._best.set_index(["scenario", "metric"])["best"]
        first = (*self.notes, *self.unmoved(), *self.told())
        lines = [line for told in first for line in (told, "")]
        for scenario in self.scenarios:
            lines += [
                (
                    f"Scenario {scenario}, {counted(self.sweep.manifest['runs'], 'run')}, seed "
                    f"{self.sweep.manifest['seed']}; mean [95 % interval, each alone], in bold the "
                    f"best where another is worse by more than matters"
                ),
                "",
            ]
            own = means[means["scenario"] == scenario]
            rows = (self._row(n, own, best.get((scenario, n))) for n in self.sweep.metrics)
            lines += [
                markdown_rows(
                    ["metric", "unit", *self.policies],
                    rows,
                    numbers=range(2, 2 + len(self.policies)),
                ),
                "",
            ]
            if self.losses(scenario):
                told = (self.losses(scenario).capitalize() + ".", *self.reasons(scenario))
                lines += [line for one in told for line in (one, "")]
            others = [policy for policy in self.policies if policy != self.reference]
            lines += [f"Less {self.reference}, scenario {scenario}", ""]
            lines += [
                markdown_rows(
                    ["metric", "unit", "matters from", *others],
                    self._gaps(scenario, others),
                    numbers=range(2, 3 + len(others)),
                ),
                "",
            ]
            if self.years:
                shown = self.by_year_shown(scenario)
                lines += [f"By year, scenario {scenario}; mean [95 % interval]", ""]
                lines += [
                    markdown_rows(
                        list(shown),
                        shown.itertuples(index=False),
                        numbers=range(2, 2 + len(self.years)),
                    ),
                    "",
                ]
        return "\n".join(lines)

    def _row(self, name: str, means: pd.DataFrame, best: str | None) -> list[str]:
        """A metric's row of the table in Markdown."""
        own = means[means["metric"] == name].set_index("policy").loc[self.policies]
        cells = [mean_interval(r["mean"], r["low"], r["high"]) for _, r in own.iterrows()]
        return [
            name,
            METRICS[name].unit,
            *(f"**{c}**" if p == best else c for p, c in zip(self.policies, cells, strict=True)),
        ]

    def _gaps(self, scenario: str, others: list[str]) -> list[list[str]]:
        """Rows of the differences in Markdown."""
        own = self._differences[self._differences["scenario"] == scenario]
        cells = {
            (row.metric, row.policy): (
                f"{mean_interval(row.difference, row.low, row.high)} {in_words(row)}"
            )
            for row in own.itertuples(index=False)
        }
        return [
            [
                name,
                METRICS[name].unit,
                readable(self.margins.get(name, 0.0)),
                *(cells[name, policy] for policy in others),
            ]
            for name in self.sweep.metrics
        ]

    def plot(self) -> Figure:
        """The best and the better policies by metric.

        Returns
        -------
        matplotlib.figure.Figure
            One panel a scenario, one row a metric, one column a policy: the best is dark, those
            that are better than the reference are light. A metric that is the same under every
            policy is left out.
        """
        judged = [n for n in self.sweep.metrics if METRICS[n].better]
        moved = (
            self._means.groupby(["metric", "scenario"])["mean"].nunique().groupby("metric").max()
            > 1
        )
        names = [n for n in judged if moved.get(n, False)] or judged
        width = NAMES + 1.0 * len(self.policies) * len(self.scenarios)
        lines = self._title(int(width * LETTERS), len(judged) - len(names))
        canvas = Drawing(
            figsize=(width, 1.2 + LINE * len(lines) + 0.3 * len(names)), layout="constrained"
        )
        axes = canvas.subplots(1, len(self.scenarios), squeeze=False, sharey=True)[0]
        keys = ["scenario", "metric", "policy"]
        means, best = self._means.set_index(keys)["mean"], self._best.set_index(keys[:2])
        readings = self._differences.set_index(keys)["reading"]
        for axis, scenario in zip(axes, self.scenarios, strict=True):
            for row, name in enumerate(names):
                alone = (scenario, name) in best.index and not best.at[(scenario, name), "equal"]
                for column, policy in enumerate(self.policies):
                    mean = means[scenario, name, policy]
                    shade = SHADES[readings.get((scenario, name, policy), "")]
                    first = alone and policy == best.at[(scenario, name), "best"]
                    colour = SHADES["best"] if first else shade
                    axis.add_patch(
                        Rectangle(
                            (column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white"
                        )
                    )
                    axis.text(
                        column,
                        row,
                        readable(mean),
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="white" if first else "black",
                        in_layout=False,  # it is within its cell
                    )
            axis.set(
                xlim=(-0.5, len(self.policies) - 0.5),
                ylim=(max(len(names), 1) - 0.5, -0.5),
            )
            axis.set_title(
                "no scenario" if scenario == "none" else lettering(scenario), fontsize=9, loc="left"
            )
            axis.set_xticks(
                range(len(self.policies)), map(lettering, self.policies), fontsize=8, rotation=20
            )
            axis.set_yticks(
                range(len(names)),
                [
                    f"{lettering(METRICS[n].label)} [{METRICS[n].unit}] {METRICS[n].arrow}"
                    for n in names
                ],
                fontsize=7.5,
            )
            axis.tick_params(length=0)
        canvas.suptitle(lettering("\n".join(lines)), fontsize=8, x=0.01, ha="left")
        return shown(canvas)

    def _title(self, letters: int, alike: int) -> list[str]:
        """The lines of the figure's title, none longer than some letters. alike: metrics that are
        the same under every policy.
        """
        lost = [f"{s}: {self.losses(s)}" for s in self.scenarios if self.losses(s)]
        shades = (
            f"dark blue: best of all, light blue: better than {self.reference}, orange: worse, "
            f"grey: no more than matters, or undecided (simultaneous 95 %)"
        )
        told = f"{counted(alike, 'metric')} that no policy moves left out; " if alike else ""
        runs = (
            f"mean of {self.sweep.manifest['runs']} runs on common shocks; {WAYS}; {told}{shades}"
        )
        return [line for text in (self._finding(), runs, *lost) for line in wrap(text, letters)]

    def _finding(self) -> str:
        sole = self._best[self._best["equal"].str.len() == 0]
        counts = ", ".join(f"{p} {int((sole['best'] == p).sum())}" for p in self.policies)
        return f"Best by a clear margin, times of {len(self._best)}: {counts}"
