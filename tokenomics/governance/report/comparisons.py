"""Tables that compare: means by scenario, paired differences, what moves the limits; for runs and
sweeps their own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...results.differences import LARGER, in_words
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.statement import CalibrationRecord
from ..evidence.structure import COMPARED, span_text
from ..evidence.sums import add_up
from ..evidence.verdict import FAILS, HOLDS, UNDECIDED, stated
from .document import ReportTable, gap, with_interval

MAIN = (
    "price_volatility",
    "tracking_rms",
    "treasury_min",
    "treasury_low",
    "treasury_unpaid",
    "served_share",
    "inflation",
    "bill_cost_at_risk",
)
VERDICTS = (HOLDS, FAILS, UNDECIDED)
MOST_ROWS = 60  # of a table in the text; a longer one has its total there, and all in its CSV


def key_metrics(evidence: Evidence) -> list[str]:
    """Metrics of the limits, or the main ones that were measured."""
    if evidence.claim is not None:
        return list(dict.fromkeys(limit.constraint.metric for limit in evidence.claim.limits))
    return [name for name in MAIN if name in evidence.plan.metrics] or list(
        evidence.plan.metrics[:8]
    )


def _labelled(name: str) -> str:
    return METRICS[name].heading


def means(evidence: Evidence) -> ReportTable:
    """Key metrics of today, the proposal and its alternatives by scenario: one column each."""
    plan, frame = evidence.plan, evidence.means
    wanted = [point.label for point in plan.points if point.role in COMPARED]
    cells = {
        (r.scenario, r.metric, r.values): with_interval(r.mean, r.low, r.high)
        for r in frame.itertuples(index=False)
    }
    rows = []
    for scenario in plan.labels:
        for name in key_metrics(evidence):
            rows.append(
                {"scenario": scenario, "metric": _labelled(name)}
                | {label: cells[scenario, name, label] for label in wanted}
            )
    return ReportTable("means", "Mean over runs [95 % interval]", frame, pd.DataFrame(rows))


def by_year(evidence: Evidence) -> ReportTable:
    """What depletes, today and under the proposal, by scenario and span."""
    frame, rows = evidence.by_span, []
    for (scenario, name, days), own in frame.groupby(["scenario", "metric", "days"], sort=False):
        told = {
            r["values"]: with_interval(r["mean"], r["low"], r["high"]) for _, r in own.iterrows()
        }
        front = {"scenario": scenario, "metric": _labelled(name), "after": span_text(days)}
        rows.append(front | told)
    caption = "By year: mean over runs [95 % interval]"
    return ReportTable("by_year", caption, frame, pd.DataFrame(rows))


def differences(evidence: Evidence) -> tuple[ReportTable, ReportTable]:
    """The proposal's paired differences: those of its limits' metrics with all that get worse, and
    all that are larger than matters.
    """
    frame = evidence.differences
    own = frame[frame["values"] == evidence.plan.points[evidence.points("proposed")[0]].label]
    first = own[(own["reading"] == "worse") | own["metric"].isin(key_metrics(evidence))]
    told = own[own["verdict"] == LARGER]
    count = len(frame) // max(len(evidence.plan.labels), 1)
    captions = (
        f"Proposed less today, on the same shocks: the limits' metrics, and all that get worse. "
        f"{_family(count)}",
        "Proposed less today: all metrics that differ by more than matters",
    )
    return tuple(
        ReportTable("differences", caption, frame, _difference_text(rows))
        for caption, rows in zip(captions, (first, told), strict=True)
    )


def _family(count: int) -> str:
    """What a table of differences rests on. count: differences in a family."""
    return (
        f"Intervals hold for all {count} differences of a scenario at once. More than "
        f"matters: the whole interval is beyond the smallest difference that does; less: within "
        f"it. p: of no difference, by Holm."
    )


def _difference_text(frame: pd.DataFrame, first: str = "scenario") -> pd.DataFrame:
    return pd.DataFrame(
        {
            first: frame[first],
            "metric": [_labelled(name) for name in frame["metric"]],
            "difference [95 %, all at once]": [
                gap(r.difference, r.low, r.high) for r in frame.itertuples(index=False)
            ],
            "matters from": frame["matters"],
            "reading": [in_words(r) for r in frame.itertuples(index=False)],
            "p": frame["p"],
            "runs": frame["n"],
            "runs better": ["" if np.isnan(w) else f"{100.0 * w:.3g} %" for w in frame["win_rate"]],
        }
    )


def _extreme(frame: pd.DataFrame, name: str, changed: str, worst: bool) -> str:
    """A metric's difference at a changed value, in the scenario where it is largest, or worst by
    the metric's own direction.
    """
    own = frame[(frame["metric"] == name) & (frame["values"] == changed)].dropna(
        subset="difference"
    )
    if own.empty:
        return ""
    signed = own["difference"] * {"lower": 1.0, "higher": -1.0, "": 1.0}[METRICS[name].better]
    r = own.loc[signed.idxmax() if worst else own["difference"].abs().idxmax()]
    told = gap(r["difference"], r["low"], r["high"])
    if not own["difference"].any():
        return told
    return f"{told}{',' * told.endswith('every run')} {r['scenario']}"


def _by_change(evidence: Evidence, frame: pd.DataFrame, worst: bool) -> pd.DataFrame:
    names, changed = key_metrics(evidence), list(frame["values"].unique())
    frame = frame.assign(scenario=frame["scenario"].map(evidence.plan.shown))
    columns = {
        _labelled(name): [_extreme(frame, name, one, worst) for one in changed] for name in names
    }
    return pd.DataFrame({"changed to": changed} | columns)


def sensitivity(evidence: Evidence) -> ReportTable:
    """What a change of one parameter does to each limit's metric, in the scenario where it does
    most.
    """
    frame = evidence.sensitivity
    caption = (
        "The proposal with one parameter changed, less the proposal: largest mean difference [95 "
        "%, all of a scenario at once], and its scenario"
    )
    return ReportTable("sensitivity", caption, frame, _by_change(evidence, frame, worst=False))


def robustness(evidence: Evidence) -> ReportTable | None:
    """The proposal's effect where an assumption is another, in the scenario where it is worst."""
    frame = evidence.robustness
    if frame.empty:
        return None
    caption = (
        "The proposal less today, both with one assumption changed: worst mean difference [95 %, "
        "all of a scenario at once], and its scenario"
    )
    return ReportTable("robustness", caption, frame, _by_change(evidence, frame, worst=True))


def varied_checks(evidence: Evidence) -> ReportTable:
    """The stated limits where one parameter is another: how many hold, and which fail."""
    frame, rows = evidence.varied_checks, []
    for point in evidence.points("sensitivity"):
        changed = evidence.plan.points[point].label
        own = frame[frame["values"] == changed]
        count = {word: int((own["verdict"] == word).sum()) for word in VERDICTS}
        told = []
        for r in own[own["verdict"] == FAILS].itertuples(index=False):
            text = (
                f"{stated(r.limit, r.of)} in {evidence.plan.shown[r.scenario]}: "
                f"{with_interval(r.estimate, r.low, r.high)}"
            )
            told.append(
                text
                + (
                    f", with today's values {with_interval(r.today, r.today_low, r.today_high)}"
                    if r.of == "value"
                    else ""
                )
            )
        if any(one == point for _, one in evidence.idle.varied):
            told.append(
                f"not counted{' everywhere' * (len(own) > 0)}: "
                f"{evidence.idle.told[evidence.varied_path(point)].found}"
            )
        rows.append(
            {"changed to": changed} | count | {"checks": len(own), "which fail": "; ".join(told)}
        )
    return ReportTable(
        "varied",
        "The stated limits against the proposal with one parameter changed, each set of values "
        "judged by itself",
        frame,
        pd.DataFrame(rows),
    )


def failures(evidence: Evidence) -> ReportTable:
    """Runs by set of values, over all scenarios, and in all."""
    columns = ["runs", "finished", "failed", "invalid"]
    shown = evidence.failures.groupby("values", sort=False)[columns].sum().reset_index()
    total = pd.DataFrame([{"values": "all"} | {name: int(shown[name].sum()) for name in columns}])
    add_up(total.loc[0, columns[1:]].to_list(), len(evidence.outside), "runs")
    return ReportTable(
        "failures",
        "Runs over all scenarios",
        evidence.failures,
        pd.concat([shown if len(shown) <= MOST_ROWS else shown[:0], total]),
    )


def alternative_checks(evidence: Evidence) -> ReportTable:
    """How many of the limits' checks today's values and each alternative hold, fail, or leave
    undecided.
    """
    table = evidence.checks
    counts = table.pivot_table(
        index="values",
        columns="verdict",
        values="number",
        aggfunc="count",
        fill_value=0,
        sort=False,
    )
    counts = counts.reindex(columns=VERDICTS, fill_value=0).reset_index()
    counts["checks"] = counts[list(VERDICTS)].sum(axis=1)
    order = {point.label: i for i, point in enumerate(evidence.plan.points)}
    counts = counts.sort_values("values", key=lambda column: column.map(order), ignore_index=True)
    counts.columns.name = None
    caption = (
        "The stated limits against the proposal, its alternatives, and today's values, which have "
        "no change to be checked"
    )
    return ReportTable("alternatives", caption, counts.rename_axis(None))


def run_means(evidence: Evidence) -> ReportTable:
    """Every metric of every run directory."""
    frame = evidence.means.drop(columns="values")
    shown = pd.DataFrame(
        {
            "case": frame["scenario"],
            "metric": [_labelled(name) for name in frame["metric"]],
            "mean [95 %]": [
                with_interval(r.mean, r.low, r.high) for r in frame.itertuples(index=False)
            ],
            "runs": frame["n"],
        }
    )
    return ReportTable("means", "Mean over runs [95 % interval]", frame, shown)


def run_differences(evidence: Evidence) -> ReportTable:
    """Paired differences of the other runs to the first."""
    frame = evidence.differences
    return ReportTable(
        "differences",
        f"Less {evidence.plan.shown[evidence.plan.labels[0]]}, on the same shocks. "
        f"{_family(len(frame))}",
        frame,
        _difference_text(frame),
    )


def sweep_extremes(evidence: Evidence) -> ReportTable:
    """For each key metric the points with the lowest and the highest mean, by case; all points are
    in the CSV.
    """
    frame, rows = evidence.means, []
    for scenario in evidence.plan.labels:
        for name in key_metrics(evidence):
            own = frame[(frame["scenario"] == scenario) & (frame["metric"] == name)].dropna(
                subset="mean"
            )
            for word, at in (
                (("lowest", own["mean"].idxmin()), ("highest", own["mean"].idxmax()))
                if len(own)
                else ()
            ):
                r = own.loc[at]
                told = {
                    "mean [95 %]": with_interval(r["mean"], r["low"], r["high"]),
                    "at": r["values"],
                    "runs": r["n"],
                }
                rows.append({"case": scenario, "metric": _labelled(name), "": word} | told)
    return ReportTable(
        "means", "Lowest and highest mean over the points", frame, pd.DataFrame(rows)
    )


def estimates(record: CalibrationRecord) -> pd.DataFrame:
    """A calibration's estimates, one row each."""
    return pd.DataFrame(record.estimates)
