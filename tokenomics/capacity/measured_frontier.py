"""A measured frontier in the place of the roofline's: interpolated between its points, never beyond
them.

Between the measured concurrencies TPOT, TTFT and the rate are monotone (PCHIP, as the roofline's
frontier is): where a point lies below the one before it, for noise, the larger one stands, since a
server can always take fewer requests.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .frontier import Frontier
from .measured_sweep import MeasuredSweep, measured_sweep
from .roofline import Request

FEWEST = 2  # points that an interpolation goes between
ALIKE = 0.1  # relative; lengths further off are another workload


def answer(
    file: str, work: Request, time_per_token: float, time_to_first_token: float
) -> tuple[MeasuredSweep, Frontier, list[str]]:
    """What a file of `tokenomics capacity import` says of limits [s]: the sweep, its frontier, and
    what a reader must know. Raises InputError for limits that were not reached in it.
    """
    sweep = measured_sweep(file)
    curve = measured_frontier(sweep, file)
    _refuse_below(curve, file, tpot=time_per_token, ttft=time_to_first_token)
    batch = curve.batch_within(time_per_token, time_to_first_token)
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
    if any(point.ttft_mean is None or point.tpot_mean is None for point in points):
        raise InputError(
            "a point without times", file=file, key="points", expected="TTFT and TPOT of each"
        )
    columns = (
        [point.output_rate for point in points],
        [point.tpot_mean for point in points],
        [point.ttft_mean for point in points],
    )
    return Frontier(
        Request(sweep.prompt_tokens, sweep.output_tokens),
        np.array([point.concurrency for point in points]),
        *(np.maximum.accumulate(column) for column in columns),
    )


def _refuse_below(curve: Frontier, file: str, **limits: float) -> None:
    """Raise InputError for a limit that the fewest measured requests break already. limits: tpot,
    ttft [s].
    """
    first = {"tpot": curve.time_per_token[0], "ttft": curve.time_to_first_token[0]}
    for name, limit in limits.items():
        if limit < first[name]:
            raise InputError(
                f"{limit:g} s",
                file=file,
                key=name.upper(),
                expected=f"at least {first[name]:.3g} s, measured with {curve.batch[0]:g} requests "
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
