"""A measured frontier in the place of the roofline's: interpolated between its points, never beyond
them.

Between the measured concurrencies TPOT, TTFT and the rate are monotone (PCHIP, as the roofline's
frontier is): where a point lies below the one before it, for noise, the larger one stands, since a
server can always take fewer requests.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .frontier import NAMES, Frontier, LatencyLimits
from .measured_sweep import MeasuredSweep, SweepPoint, measured_sweep
from .reach import Request

FEWEST = 2  # points that an interpolation goes between
ALIKE = 0.1  # relative; lengths further off are another workload


def answer(
    file: str, work: Request, limits: LatencyLimits
) -> tuple[MeasuredSweep, Frontier, list[str]]:
    """What a file of `tokenomics capacity import` says of limits: the sweep, its frontier, and
    what a reader must know. Raises InputError for limits that were not reached in it.
    """
    sweep = measured_sweep(file)
    curve = measured_frontier(sweep, file)
    _refuse_below(curve, file, limits)
    batch = curve.batch_within(limits)
    return sweep, curve, _beyond(curve, work, batch)


def measured_frontier(sweep: MeasuredSweep, file: str) -> Frontier:
    """The frontier of a sweep. file: for errors. Raises InputError for fewer than two points, and
    for a format without times.
    """
    points = sweep.points
    if len(points) < FEWEST:
        raise InputError(
            "one point", file=file, key="points", expected=f"at least {FEWEST} to go between"
        )
    if any(None in _times(point) for point in points):
        raise InputError(
            "a point without times", file=file, key="points", expected="TTFT and TPOT of each"
        )
    names = ("output_rate", "tpot_mean", "ttft_mean", "tpot_p99", "ttft_p99")
    columns = ([getattr(point, name) for point in points] for name in names)
    return Frontier(
        Request(sweep.prompt_tokens, sweep.output_tokens),
        np.array([point.concurrency for point in points]),
        *(np.maximum.accumulate(column) for column in columns),
    )


def _times(point: SweepPoint) -> tuple[float | None, ...]:
    return point.ttft_mean, point.tpot_mean, point.ttft_p99, point.tpot_p99


def _refuse_below(curve: Frontier, file: str, limits: LatencyLimits) -> None:
    """Raise InputError for a limit that the fewest measured requests break already."""
    for name, words in NAMES.items():
        limit, first = getattr(limits, name), getattr(curve, name)[0]
        if limit < first:
            raise InputError(
                f"{limit:g} s",
                file=file,
                key=words,
                expected=f"at least {first:.3g} s, measured with {curve.batch[0]:g} requests "
                "in flight; nothing is told beyond what was measured",
            )


def _beyond(curve: Frontier, work: Request, batch: float) -> list[str]:
    """What a reader must know of an answer from a measured frontier: that it lies at its end, or
    that other lengths were measured.
    """
    notes = []
    if batch >= curve.batch[-1]:
        notes.append(
            f"the limits would let in more than the {curve.batch[-1]:g} requests that were "
            "measured at most: it may deliver more"
        )
    own = curve.work
    pairs = ((own.prompt, work.prompt), (own.output, work.output))
    if any(abs(asked - seen) > ALIKE * seen for seen, asked in pairs):
        notes.append(
            f"measured with {own.prompt:.0f} prompt and {own.output:.0f} output tokens, not "
            f"{work.prompt:.0f} and {work.output:.0f}: the numbers are those of its own lengths"
        )
    return notes
