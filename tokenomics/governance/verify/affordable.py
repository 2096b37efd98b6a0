"""Whether the runs of an untrusted plan can be simulated again: how many steps they have, and how
many at once.
"""

from __future__ import annotations

from typing import Any

from ...errors import InputError
from ...experiments.worlds import AT_ONCE
from ..evidence.plan import EvidencePlan
from ..evidence.structure import CURRENT, PROPOSED
from ..proposal.worlds import screening

MOST_STEPS = 20_000_000  # of the runs that are simulated at once: their shocks are then about 2 GB
# steps of all runs with the engine cadcad, which takes a millisecond for one: half an hour
MOST_SLOW = 2_000_000
# steps of all runs with the ensemble: an hour or two; those of a forecast, less than a tenth of
# that, are not counted
MOST_IN_ALL = 2_000_000_000
MOST_DELAY = 1_000  # steps of the oracle's delay, each of which is a variable of the state
SPAN = (
    "simulation.days",
    "simulation.time_step",
    "oracle.delay",
    "oracle.enabled",
)  # what decides how much there is to simulate
SCREENED = (CURRENT, PROPOSED)  # the first points of a proposal, of which both are screened


def affordable(plan: EvidencePlan, sample: float | None) -> str | None:
    """Why the runs are too many to be simulated again; None where they are not. Raises InputError
    where they could not even be begun.
    """
    total = 0
    # worlds are screened again, but where only a sample of the runs is simulated
    record = plan.worlds if sample is None else None
    again = screening(plan, record.asked) if record else 0
    for steps, delay, runs in _spans(plan, again):
        together = plan.runs if plan.kind == "run" else min(plan.runs, AT_ONCE)
        if steps * together > MOST_STEPS:
            raise InputError(
                f"{steps} steps a run",
                key="plan",
                expected=f"at most {MOST_STEPS} steps of the runs that are simulated at once",
            )
        if delay > MOST_DELAY:
            raise InputError(
                f"{delay} steps", key="plan: oracle.delay", expected=f"at most {MOST_DELAY}"
            )
        total += steps * runs
    slow = plan.engine == "cadcad" and plan.kind == "run"
    # a run's directory is simulated up to the last run of a sample
    share = 1.0 if sample is None or plan.kind == "run" else sample
    most = MOST_SLOW if slow else MOST_IN_ALL
    if total * share <= most:
        return None
    advice = (
        "the runs of a directory are simulated together"
        if plan.kind == "run"
        else f"--sample {most / total / 2.0:.1g} takes a share of them"
    )
    return (
        f"its {plan.simulations} runs{' and the screening of its worlds' * (again > 0)} have "
        f"{total} steps in all, of which {most} at most are "
        f"simulated{' by cadcad' * slow}: {advice}"
    )


def _spans(plan: EvidencePlan, again: int) -> list[tuple[int, int, int]]:
    """Steps of a run, steps of the oracle's delay and number of runs, for every case and every span
    that points have. again: runs of a screening, which is in the first case and like each of the
    first two points.

    A point that cannot be simulated, as a sweep may have some, counts with what of it is possible:
    it fails before its first step.
    """
    found = []
    for number, case in enumerate(plan.cases):
        counts: dict[tuple[Any, ...], int] = {}
        for place, point in enumerate(plan.points):
            own = tuple(point.values.get(path) for path in SPAN)
            runs = point.runs * (number < len(plan.cases_of(point)))
            screened = again * (number == 0 and place < len(SCREENED))
            counts[own] = counts.get(own, 0) + runs + screened
        values = case.resolved.values
        usual = (
            values.simulation.days,
            values.simulation.time_step,
            values.oracle.delay,
            values.oracle.enabled,
        )
        for own, runs in counts.items():
            days, step, delay, enabled = (
                mine if other is None else other for mine, other in zip(usual, own, strict=True)
            )
            step = step if 0.0 < step <= 1.0 else usual[1]
            most = 10.0 * MOST_STEPS  # a quotient can be beyond all numbers
            found.append(
                (
                    max(1, round(min(days / step, most))),
                    round(min(delay / step, most)) if enabled else 0,
                    runs,
                )
            )
    return found
