"""Checks: a proposal's limits held against its runs, at the proposed values, the others and the
varied ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ...results.intervals import FEWEST_EQUAL, LEVEL, Intervals, intervals, paired_intervals
from ...results.metrics import METRICS
from .plan import EvidencePlan
from .statement import FullStatement, Limit
from .unread import UnreadChanges
from .verdict import FAILS, HOLDS, UNDECIDED


class HasRuns(Protocol):
    """What limits are held against: `Evidence`, which has runs."""

    plan: EvidencePlan

    @property
    def claim(self) -> FullStatement | None: ...
    @property
    def values(self) -> Mapping[tuple[int, int], np.ndarray]: ...
    @property
    def counterfactuals(self) -> Mapping[int, int]: ...
    @property
    def idle(self) -> UnreadChanges: ...
    @property
    def checked_at_once(self) -> int: ...
    def points(self, *roles: str) -> list[int]: ...
    def row(self, metric: str) -> int: ...
    def front(self, case: int, point: int) -> dict[str, Any]: ...


def check(evidence: HasRuns, limit: Limit, case: int, point: int, today: int = 0) -> dict[str, Any]:
    """A limit in a scenario, at a point: estimate with its own 95 % interval and that for all
    checks at once (low_at_once, high_at_once), and whether it holds, fails or is undecided.

    It holds where all of its own interval does: that all limits hold is told by each at its
    own level (Berger 1982, Technometrics 24, 295-300). It fails where nothing of its interval
    simultaneous over all checks of one set of values holds, for one failure of many may be
    chance; other sets of values, varied ones and worlds, are not counted with it. Between it
    is undecided; where a run failed it cannot hold.
    today: the point that a change is measured from.
    """
    rule, row = limit.constraint, evidence.row(limit.constraint.metric)
    chosen = METRICS[rule.metric]
    mine = evidence.values[case, point][row]
    other = evidence.values[case, today][row] if limit.of == "change" else None

    def interval(level: float) -> Intervals:
        if other is None:
            return intervals(mine[None, :], **chosen.interval, level=level)
        common = min(len(mine), len(other))
        sides = (side[None, :common] for side in (mine, other))
        return paired_intervals(*sides, [chosen.probability], chosen.gap, level)

    s, wide = interval(LEVEL), interval(1.0 - (1.0 - LEVEL) / evidence.checked_at_once)
    low, high, n = float(s.low[0]), float(s.high[0]), int(s.n[0])
    worst = max(float(rule.excess(end)) for end in (low, high))
    ends = {"low_at_once": float(wide.low[0]), "high_at_once": float(wide.high[0])}
    best = min(float(rule.excess(end)) for end in ends.values())
    failed = len(mine) - n
    verdict = UNDECIDED
    if n > 1 and (low < high or n >= FEWEST_EQUAL):  # the same number in few runs proves nothing
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
        evidence.front(case, point)
        | told
        | ends
        | {"n": n, "failed": failed, "unit": chosen.unit, "verdict": verdict}
    )


def checks(evidence: HasRuns) -> pd.DataFrame:
    """Every limit in every scenario where it must hold, at the proposed values and at the
    others.
    """
    if evidence.claim is None:
        return pd.DataFrame()
    labels, rows = evidence.plan.labels, []
    for number, limit in enumerate(evidence.claim.limits, 1):
        for name in limit.scenarios or labels:
            for point in evidence.points(
                "proposed", "alternative", *(() if limit.of == "change" else ("current",))
            ):
                rows.append({"number": number} | check(evidence, limit, labels.index(name), point))
    return pd.DataFrame(rows)


def unstated(evidence: HasRuns) -> pd.DataFrame:
    """The limits that are stated for some scenarios alone, at the proposed values in the
    others; as `checks`.
    """
    proposed, rows = evidence.points("proposed"), []
    for number, limit in enumerate(evidence.claim.limits if evidence.claim else [], 1):
        for name in evidence.plan.labels if limit.scenarios else []:
            if name not in limit.scenarios:
                rows.append(
                    {"number": number}
                    | check(evidence, limit, evidence.plan.labels.index(name), proposed[0])
                )
    return pd.DataFrame(rows)


def varied_checks(evidence: HasRuns) -> pd.DataFrame:
    """The limits where one parameter is another: as `checks`, at the varied proposal, a change
    against today's values varied alike.

    today, today_low, today_high: of a limit on a value, today's values varied alike. What
    nothing reads is not among them: it cannot fail.
    """
    rows = []
    for number, limit in enumerate(evidence.claim.limits if evidence.claim else [], 1):
        for name in limit.scenarios or evidence.plan.labels:
            for point in evidence.points("sensitivity"):
                case, today = (
                    evidence.plan.labels.index(name),
                    evidence.counterfactuals.get(point, 0),
                )
                beside = check(evidence, limit, case, today) if limit.of == "value" else {}
                told = {
                    name: beside.get(of, np.nan)
                    for name, of in (
                        ("today", "estimate"),
                        ("today_low", "low"),
                        ("today_high", "high"),
                    )
                }
                counted = (case, point) not in evidence.idle.varied
                rows.append(
                    {"counted": counted, "number": number}
                    | check(evidence, limit, case, point, today)
                    | told
                )
    return (
        pd.DataFrame(rows)[lambda table: table["counted"]].drop(columns="counted")
        if rows
        else pd.DataFrame()
    )
