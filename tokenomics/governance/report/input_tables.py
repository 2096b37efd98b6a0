"""The tables of what was simulated: changes, points, parameters with their sources, scenarios, what
each metric is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from ...parameters.tables import text
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.statement import StoredAs
from ..evidence.sums import add_up
from ..evidence.worlds_record import WORLDS
from .document import ReportTable

KINDS = (
    "assumption",
    "calibrated",
    "derived",
    "scenario definition",
    "policy definition",
    "by definition",
)
OTHER = "published or measured"
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
