"""The report's section on worlds: counts of each limit's outcomes, where it flips, and how the
worlds were chosen.
"""

from __future__ import annotations

import pandas as pd

from ...errors import counted
from ..evidence.evidence import Evidence
from ..evidence.verdict import stated
from ..evidence.worlds import NO_PROBABILITY, OUTCOMES, InWorlds
from .document import ReportTable, Section

NONE_TRIED = (
    "No worlds were tried: its maker left them out. Whether the limits hold where the facts of the "
    "world are others is told by the sensitivity alone."
)


def worlds_section(evidence: Evidence) -> list[Section]:
    """The section; where its maker left worlds out, it says so."""
    if evidence.plan.worlds is None:
        return [Section("Over worlds", (NONE_TRIED,))]
    found = evidence.in_worlds
    chosen = ReportTable("worlds_parameters", "The parameters of the worlds", _parameters(evidence))
    tables = (_counts(found), chosen) if len(found.table) else ()
    return [
        Section(
            "Over worlds",
            (_how(found), NO_PROBABILITY),
            tuple([*found.flips(), *_held(evidence)]),
            tables,
            folded=(_every(found),) if len(found.table) else (),
        )
    ]


def _how(found: InWorlds) -> str:
    record = found.evidence.plan.worlds
    assert record is not None
    screened = counted(len(record.ranges), "parameter")
    return (
        f"A world is a set of values of what no vote sets. Morris's method screened {screened} of "
        f"the world ({record.trajectories} trajectories, {record.runs} runs, "
        f"{100 * record.lost:.0f} % of the steps lost to networks without a start). The "
        f"{len(record.chosen)} that move the limits most are varied, each at both ends of its "
        f"range and all together in a Latin hypercube; today's and the proposed values are "
        f"simulated in each world on the same shocks, in the scenario {found.shown}. "
        f"Limits in USD are scaled by what their metric is in that world on day 0, beside the "
        f"network's own; of a metric that is 0 at rest, such as purchases, by what customers "
        f"spend. Each world is judged by itself, by the same intervals as the network: in some of "
        f"many worlds a limit may fail by chance."
    )


def _held(evidence: Evidence) -> list[str]:
    record = evidence.plan.worlds
    assert record is not None
    return [
        f"not screened: {counted(count, 'parameter')} ({reason})"
        for reason, count in record.held.items()
    ]


def _counts(found: InWorlds) -> ReportTable:
    frame = found.counts
    shown = pd.DataFrame(
        {
            "limit": [stated(*pair) for pair in zip(frame["limit"], frame["of"], strict=True)],
            "here": frame["here"],
            **{word: frame[word] for word in OUTCOMES},
            "worlds": frame["worlds"],
        }
    )
    return ReportTable("worlds_counts", "In how many worlds each limit holds", frame, shown)


def _parameters(evidence: Evidence) -> pd.DataFrame:
    record, entries = evidence.plan.worlds, evidence.plan.resolved(0, 1).entries
    assert record is not None
    return pd.DataFrame(
        [
            {
                "parameter": path,
                "value": float(entries[path].value),
                "low": record.ranges[path][0],
                "high": record.ranges[path][1],
                "unit": entries[path].unit,
                "strength": strength,
            }
            for path, strength in record.strengths.items()
        ]
    )


def _every(found: InWorlds) -> ReportTable:
    frame = found.table
    shown = frame[["world", "limit", "of", "allowed", "estimate", "low", "high", "verdict"]]
    few = shown[frame["verdict"] != frame["number"].map(_here(found))]
    return ReportTable(
        "worlds", "Worlds in which a limit has another outcome than here", frame, few
    )


def _here(found: InWorlds) -> dict[int, str]:
    return dict(zip(found.counts["number"], found.counts["here"], strict=True))
