"""The tables of what was found, each a data frame computed from the evidence alone; what should add
up is checked to add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from ...errors import InputError, ModelError
from ...loop.analyse import UNITS, Analysis, analyse
from ...loop.margins import Margins
from ...model.formulas.payment import in_stablecoin
from ...model.steady_state import start_state
from ...parameters import Parameters
from ...results.intervals import quantile_interval
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.structure import COMPARED
from ..evidence.sums import add_up, written
from .document import ReportTable, cell, interval, with_interval
from .marks import marked

FEW = "too few runs for this quantile"


def fee_split(evidence: Evidence) -> ReportTable:
    """Where fees go, at each point at rest; the parts are checked to add up to one."""
    rows = []
    for number, point in enumerate(evidence.plan.points):
        if point.role not in COMPARED:
            continue
        p: Parameters = evidence.plan.resolved(0, number).values
        burn, treasury = (
            (p.supply.burn_share if p.supply.enabled else 0.0),
            (p.treasury.fee_share if p.treasury.enabled else 0.0),
        )
        operators = 1.0 - burn - treasury
        add_up([burn, treasury, operators], 1.0, f"fees at {point.label}")
        rows.append(
            {
                "values": point.label,
                "bought back" if in_stablecoin(dict(p)) else "burned": burn,
                "treasury": treasury,
                "operators": operators,
                "sum": burn + treasury + operators,
            }
        )
    frame = pd.DataFrame(rows).fillna(0.0)
    parts = [name for name in frame if name not in ("values", "sum")]
    return ReportTable(
        "fees",
        "Where a unit of fees goes; the controller may move the burned share",
        frame,
        _added(frame, parts, "sum"),
    )


def supply_split(evidence: Evidence) -> ReportTable:
    """Who holds the tokens at the start; the parts are checked to add up to the total."""
    rows, names = [], ["staked", "treasury", "locked", "circulating"]
    for label, case in zip(evidence.plan.labels, evidence.plan.cases, strict=True):
        found = start_state(case.resolved.today)
        parts = [found[name] for name in ("staked", "treasury_tok", "locked", "circulating_supply")]
        add_up(parts, found["total_supply"], f"supply in {label}")
        rows.append(
            {"scenario": label}
            | dict(zip(names, parts, strict=True))
            | {"total": found["total_supply"], "unit": "TOK"}
        )
    frame = pd.DataFrame(rows)
    return ReportTable("supply", "Token supply at the start", frame, _added(frame, names, "total"))


def _added(frame: pd.DataFrame, parts: list[str], total: str) -> pd.DataFrame:
    """A table whose parts add up in every row as they are printed."""
    columns = [*parts, total]
    cells = [written(row[:-1], row[-1]) for row in frame[columns].to_numpy(dtype=float).tolist()]
    return frame.assign(**dict(zip(columns, zip(*cells, strict=True), strict=True)))


def limits(evidence: Evidence) -> ReportTable:
    """The checks of the proposal: limit, scenario, estimate with interval, verdict."""
    assert evidence.claim is not None
    frame = evidence.own_checks()
    reasons = {i: one.reason for i, one in enumerate(evidence.claim.limits, 1)}
    shown = pd.DataFrame(
        {
            "limit": [
                f"{row.limit}{' (change)' * (row.of == 'change')}" for row in frame.itertuples()
            ],
            "scenario": frame["scenario"],
            "verdict": frame["verdict"],
            "estimate [95 %]": [
                with_interval(row.estimate, row.low, row.high) for row in frame.itertuples()
            ],
            "[95 %, all at once]": [
                interval(row.low_at_once, row.high_at_once) for row in frame.itertuples()
            ],
            "unit": frame["unit"],
            "runs": frame["n"],
        }
    )
    whole = evidence.checks.assign(reason=evidence.checks["number"].map(reasons))
    caption = (
        f"Stated limits against the proposal. Each holds by its own 95 % interval, so that all "
        f"hold needs no correction; one fails only where its interval for all "
        f"{evidence.checked_at_once} checks of one set of values at once is beyond the limit"
    )
    return ReportTable("checks", caption, whole, shown)


def margins(evidence: Evidence) -> tuple[ReportTable | None, dict[str, str]]:
    """Linear stability margins of the loop today, proposed and of each alternative, and what else
    must be known, by point.
    """
    names = [
        name
        for name in UNITS
        if name
        not in ("disk_gain", "disk_phase", "complementary", "phase_crossover", "delay_crossover")
    ]
    rows, notes = [], {}
    for number, point in enumerate(evidence.plan.points):
        if point.role not in COMPARED:
            continue
        try:
            case = evidence.plan.resolved(0, number)
            found: Analysis = analyse(case.values, case.today)
        except (InputError, ModelError) as error:
            notes[point.label] = f"not analysed: {getattr(error, 'found', error)}"
            continue
        own = {
            f"{name.replace('_', ' ')} [{UNITS[name]}]": getattr(found.margins, name)
            for name in names
        }
        thin = {
            f"peak sensitivity, pool at {share:.0%} [1]": m.sensitivity
            for share, m in found.liquidity.items()
        }
        rows.append({"values": point.label, "stable": found.margins.stable} | own | thin)
        notes[point.label] = " ".join([marked(_Scaled(found.margins).reading), *found.notes()])
    frame = pd.DataFrame(rows)
    if frame.empty:
        return None, notes
    numbers = frame.columns[2:]
    first = evidence.plan.shown[evidence.plan.labels[0]]
    caption = f"Linear margins, scenario {first}, at the steady state"
    full, short = (
        frame.assign(**{name: [_linear(value, write) for value in frame[name]] for name in numbers})
        for write in (_six, cell)
    )
    return ReportTable("margins", caption, full, short), notes


@dataclass(frozen=True)
class _Scaled:
    """Margins, and what is said of them were they a little larger or smaller."""

    margins: Margins

    def reading(self, factor: float) -> str:
        told = {f.name: getattr(self.margins, f.name) for f in fields(self.margins)}
        return replace(
            self.margins, **{name: v * factor for name, v in told.items() if isinstance(v, float)}
        ).reading()


def _linear(value: float, write: Callable[[float], str]) -> str:
    """A number of the linear analysis, marked."""
    return marked(lambda factor: write(value * factor))


def _six(value: float) -> str:
    """Six digits of a number, nothing where it is missing."""
    return "" if np.isnan(value) else repr(float(f"{value:.6g}"))


def reached(runs: int, quantile: float) -> bool:
    """Whether so many runs have one beyond a quantile on average: with fewer it is near their
    largest or smallest, whatever is asked for.
    """
    return (
        runs * min(quantile, 1.0 - quantile) >= 1.0 - 1e-9
    )  # 10 · (1 − 0.9) is a little less than 1


def watch(evidence: Evidence) -> ReportTable:
    """Metrics to watch, with the trigger: a quantile of the runs under the proposal, and between
    which of the runs it lies.
    """
    assert evidence.claim is not None
    rows, labels = [], evidence.plan.labels
    point = evidence.points("proposed")[0]
    for one in evidence.claim.watch:
        name = one.scenario or labels[0]
        values = evidence.values[labels.index(name), point][evidence.row(one.metric)]
        good = values[np.isfinite(values)]
        trigger = float(np.quantile(good, one.quantile)) if len(good) else np.nan
        low, high = quantile_interval(good, one.quantile)
        above = one.quantile > 0.5
        rows.append(
            {
                "metric": one.metric,
                "roll back where it is": "above" if above else "below",
                "trigger": trigger,
                "95 % from": low,
                "to": high,
                "unit": METRICS[one.metric].unit,
                "quantile of runs": one.quantile,
                "scenario": name,
                "runs": len(good),
                "note": "; ".join(
                    filter(None, ("" if reached(len(good), one.quantile) else FEW, one.note))
                ),
            }
        )
    span = evidence.plan.cases[0].resolved.values.simulation.days
    return ReportTable(
        "watch",
        f"After adoption, each measured over {span:g} days as in the simulation",
        pd.DataFrame(rows),
    )
