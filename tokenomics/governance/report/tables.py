"""The tables of a report, each a data frame computed from the evidence alone; what should add up is
checked to add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError, ModelError
from ...loop.analyse import UNITS, Analysis, analyse
from ...loop.margins import Margins
from ...model.formulas.payment import in_stablecoin
from ...model.steady_state import start_state
from ...parameters import Parameters
from ...parameters.tables import text
from ...results.intervals import quantile_interval
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.statement import StoredAs
from ..evidence.structure import COMPARED
from ..evidence.sums import add_up
from ..evidence.worlds_record import WORLDS
from .document import ReportTable, cell, with_interval
from .marks import marked

KINDS = (
    "assumption",
    "calibrated",
    "derived",
    "scenario definition",
    "policy definition",
    "by definition",
)
OTHER = "published or measured"
FEW = "too few runs for this quantile"
DIGITS = 30  # of the value that a stored number stands for


def exact(value: Fraction, digits: int = DIGITS) -> str:
    """A fraction as a decimal number: whole where it ends within so many places, else cut off and
    marked.
    """
    sign, value = ("-" if value < 0 else ""), abs(value)
    scaled = value * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    body = str(whole).rjust(digits + 1, "0")
    short = f"{body[:-digits]}.{body[-digits:]}".rstrip("0").rstrip(".")
    return sign + short + ("…" if rest else "")


def _stored(rule: StoredAs | None, value: Any) -> tuple[str, str, str]:
    """Stored number, the value that it stands for, and the relative error of rounding; as text."""
    if rule is None:
        return "", "", ""
    raw, back = rule.raw(value)
    error = rule.rounding(value)
    return str(raw), exact(back), f"{error:.1e}" if error else "0"


def changes(evidence: Evidence) -> ReportTable:
    """Before and after: human value and unit, the contract's number with its decimals, the
    conversion.
    """
    claim, plan = evidence.claim, evidence.plan
    assert claim is not None
    now, new = (plan.points[evidence.points(role)[0]].values for role in ("current", "proposed"))
    entries, rows = plan.cases[0].resolved.entries, []
    for path in now:
        if now[path] == new[path]:
            continue
        rule = claim.on_chain.get(path)
        before, after = _stored(rule, now[path]), _stored(rule, new[path])
        rows.append(
            {
                "parameter": path,
                "today": text(now[path]),
                "proposed": text(new[path]),
                "unit": entries[path].unit,
                "today on chain": before[0],
                "proposed on chain": after[0],
                "on-chain unit": rule.unit if rule else "",
                "decimals": str(rule.decimals) if rule else "",
                "conversion": rule.conversion() if rule else "not stated",
                "proposed on chain stands for": after[1],
                "rounding (relative)": after[2],
                "meaning": entries[path].doc,
            }
        )
    frame = pd.DataFrame(rows, dtype=str)
    shown = frame.drop(columns=["proposed on chain stands for", "meaning"])
    return ReportTable(
        "changes", "What changes, as people read it and as the contract stores it", frame, shown
    )


def points_table(evidence: Evidence) -> ReportTable:
    """Every parameter point with its values."""
    frame = pd.DataFrame(
        [
            {"values": p.label, "role": p.role, "runs": p.runs}
            | {path: text(v) for path, v in p.values.items()}
            for p in evidence.plan.points
            if p.role not in WORLDS
        ]
    )
    return ReportTable("points", "Parameter values that were simulated", frame)


def kind_of(source: str) -> str:
    """What kind of source a number has."""
    return next((kind for kind in KINDS if source.startswith(kind)), OTHER if source else "none")


def parameters(evidence: Evidence) -> ReportTable:
    """Every parameter of every case with its source."""
    rows = []
    for label, case in zip(evidence.plan.labels, evidence.plan.cases, strict=True):
        for e in case.resolved.entries.values():
            if e.value != {}:
                told = {
                    "scenario": label,
                    "parameter": e.path,
                    "value": text(e.value),
                    "unit": e.unit,
                }
                rows.append(
                    told | {"source kind": kind_of(e.source), "source": e.source, "meaning": e.doc}
                )
    return ReportTable("parameters", "All parameters of all scenarios", pd.DataFrame(rows))


def source_counts(evidence: Evidence) -> ReportTable:
    """How many numbers rest on what, in the first case."""
    entries = [e for e in evidence.plan.cases[0].resolved.entries.values() if e.value != {}]
    count = {
        kind: sum(kind_of(e.source) == kind for e in entries) for kind in (*KINDS, OTHER, "none")
    }
    add_up(list(count.values()), len(entries), "parameters by source")
    rows = [{"source": kind, "parameters": n} for kind, n in count.items() if n] + [
        {"source": "all", "parameters": len(entries)}
    ]
    return ReportTable(
        "sources",
        f"What the parameters rest on, scenario {evidence.plan.shown[evidence.plan.labels[0]]}",
        pd.DataFrame(rows),
    )


def assumptions(evidence: Evidence) -> ReportTable:
    """Assumed numbers in the groups that the points change: what this result rests on most
    directly.
    """
    parents = [path.rpartition(".")[0] for path in evidence.plan.paths]
    # a group and those around it: the gains of a law, and what all laws share
    groups = {
        parent[:end]
        for parent in parents
        for end in [*(i for i, c in enumerate(parent) if c == "."), len(parent)]
    } | {"market"}
    rows = []
    for e in evidence.plan.cases[0].resolved.entries.values():
        if e.path.rpartition(".")[0] in groups and kind_of(e.source) == "assumption":
            rows.append(
                {
                    "parameter": e.path,
                    "value": text(e.value),
                    "unit": e.unit,
                    "source": e.source,
                    "meaning": e.doc,
                }
            )
    frame = pd.DataFrame(rows, columns=["parameter", "value", "unit", "source", "meaning"])
    return ReportTable(
        "assumptions", f"Assumed numbers in the groups {', '.join(sorted(groups))}", frame
    )


def scenario_table(evidence: Evidence) -> ReportTable:
    """What each scenario does: the parameters in which it differs from the first case."""
    base, rows = evidence.plan.cases[0].resolved.entries, []
    for label, case in zip(evidence.plan.labels, evidence.plan.cases, strict=True):
        different = {
            p: e
            for p, e in case.resolved.entries.items()
            if p not in base or e.value != base[p].value
        }
        if (
            case is evidence.plan.cases[0]
        ):  # it differs from the parameters without a scenario in what its scenario sets
            different = {
                p: e
                for p, e in case.resolved.entries.items()
                if kind_of(e.source) == "scenario definition"
            }
        lines = [
            f"{path} = {text(e.value)} {e.unit}".removesuffix(" -").removesuffix(" 1")
            for path, e in different.items()
        ]
        told = {
            "description": case.resolved.descriptions.get(case.scenario, ""),
            "differs from the first in": "; ".join(lines) or "nothing",
        }
        rows.append({"scenario": label} | told | {"sha256": case.resolved.hash})
    frame = pd.DataFrame(rows)
    return ReportTable("scenarios", "Scenarios", frame, frame.drop(columns="sha256"))


def definitions(evidence: Evidence) -> ReportTable:
    """What each metric is."""
    rows = [
        {
            "metric": name,
            "unit": METRICS[name].unit,
            "definition": METRICS[name].meaning,
            "better": METRICS[name].better or "neither",
        }
        for name in evidence.plan.metrics
    ]
    return ReportTable(
        "metrics",
        "Metrics: each is one number a run; the tables give means over runs",
        pd.DataFrame(rows),
    )


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
    return ReportTable(
        "fees",
        "Where a unit of fees goes; the controller may move the burned share",
        pd.DataFrame(rows).fillna(0.0),
    )


def supply_split(evidence: Evidence) -> ReportTable:
    """Who holds the tokens at the start; the parts are checked to add up to the total."""
    rows = []
    for label, case in zip(evidence.plan.labels, evidence.plan.cases, strict=True):
        found = start_state(case.resolved.today)
        parts = [found[name] for name in ("staked", "treasury_tok", "locked", "circulating_supply")]
        add_up(parts, found["total_supply"], f"supply in {label}")
        names = ("staked", "treasury", "locked", "circulating")
        rows.append(
            {"scenario": label}
            | dict(zip(names, parts, strict=True))
            | {"total": found["total_supply"], "unit": "TOK"}
        )
    return ReportTable("supply", "Token supply at the start", pd.DataFrame(rows))


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
