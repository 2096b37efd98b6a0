"""A comparison in words and tables: what a terminal shows and what pastes into a proposal. A
`comparison` here is a `Comparison`, which tells itself by this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..errors import counted
from ..parameters.tables import markdown_rows
from ..shown import readable
from .differences import in_words
from .intervals import mean_interval
from .metrics import DEPLETING, METRICS


def by_year_shown(comparison: Any, scenario: str) -> pd.DataFrame:
    """What depletes in a scenario: a row a metric and policy, a column a number of years."""
    table = comparison.by_year()
    own = table[table["scenario"] == scenario]
    texts = [mean_interval(*row) for row in own[["mean", "low", "high"]].to_numpy()]
    cells = own.assign(text=texts).set_index(["metric", "policy", "year"])["text"]
    return pd.DataFrame(
        {"metric": METRICS[name].heading, "policy": policy}
        | {counted(year, "year"): cells[name, policy, year] for year in comparison.years}
        for name in DEPLETING
        for policy in comparison.policies
    )


def means_shown(comparison: Any, scenario: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Means in a scenario, each with its own 95 % interval: a row a metric, a column a policy."""
    means = comparison.means()
    own = means[means["scenario"] == scenario]
    rows = [_row(comparison, name, own, None) for name in metrics]
    return pd.DataFrame(
        [[METRICS[name].heading, *cells] for name, _, *cells in rows],
        columns=["metric", *comparison.policies],
    )


def markdown(comparison: Any) -> str:
    """All tables, each scenario's behind another, in Markdown."""
    means, best = comparison.means(), comparison.best().set_index(["scenario", "metric"])["best"]
    first = (*comparison.notes, *comparison.unmoved(), *comparison.told(), comparison.finding())
    lines = [line for told in first for line in (told, "")]
    for scenario in comparison.scenarios:
        lines += [
            (
                f"Scenario {scenario}, {counted(comparison.sweep.manifest['runs'], 'run')}, seed "
                f"{comparison.sweep.manifest['seed']}; mean [95 % interval, each alone], in bold "
                f"the best where another is worse by more than matters"
            ),
            "",
        ]
        own = means[means["scenario"] == scenario]
        rows = (_row(comparison, n, own, best.get((scenario, n))) for n in comparison.sweep.metrics)
        lines += [
            markdown_rows(
                ["metric", "unit", *comparison.policies],
                rows,
                numbers=range(2, 2 + len(comparison.policies)),
            ),
            "",
        ]
        if comparison.losses(scenario):
            told = (comparison.losses(scenario).capitalize() + ".", *comparison.reasons(scenario))
            lines += [line for one in told for line in (one, "")]
        others = [policy for policy in comparison.policies if policy != comparison.reference]
        lines += [f"Less {comparison.reference}, scenario {scenario}", ""]
        lines += [
            markdown_rows(
                ["metric", "unit", "matters from", *others],
                _gaps(comparison, scenario, others),
                numbers=range(2, 3 + len(others)),
            ),
            "",
        ]
        if comparison.years:
            shown = by_year_shown(comparison, scenario)
            lines += [f"By year, scenario {scenario}; mean [95 % interval]", ""]
            lines += [
                markdown_rows(
                    list(shown),
                    shown.itertuples(index=False),
                    numbers=range(2, 2 + len(comparison.years)),
                ),
                "",
            ]
    return "\n".join(lines)


def _row(comparison: Any, name: str, means: pd.DataFrame, best: str | None) -> list[str]:
    """A metric's row of the table."""
    own = means[means["metric"] == name].set_index("policy").loc[comparison.policies]
    cells = [mean_interval(r["mean"], r["low"], r["high"]) for _, r in own.iterrows()]
    return [
        name,
        METRICS[name].measure,
        *(f"**{c}**" if p == best else c for p, c in zip(comparison.policies, cells, strict=True)),
    ]


def _gaps(comparison: Any, scenario: str, others: list[str]) -> list[list[str]]:
    """Rows of the differences."""
    differences = comparison.differences()
    own = differences[differences["scenario"] == scenario]
    cells = {
        (row.metric, row.policy): (
            f"{mean_interval(row.difference, row.low, row.high)} {in_words(row)}"
        )
        for row in own.itertuples(index=False)
    }
    return [
        [
            name,
            METRICS[name].measure,
            readable(comparison.margins.get(name, 0.0)),
            *(cells[name, policy] for policy in others),
        ]
        for name in comparison.sweep.metrics
    ]
