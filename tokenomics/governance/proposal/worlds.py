"""Which worlds a proposal's limits are judged in: the parameters of the world that matter to them,
found by Morris's screening, at both ends and in a Latin hypercube of their ranges.

`ranges` has what is screened, and over which ranges.

Source: Morris (1991), Technometrics 33, 161-174; McKay and others (1979), Technometrics 21,
239-245. The trajectories are drawn here and not by SALib, whose versions draw others: whoever has
the plan finds the same choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...experiments.design import Design
from ...experiments.sampling import LEVELS
from ...experiments.sweep import Progress, sweep
from ..evidence.plan import EvidencePlan, Point, portable
from ..evidence.worlds import limits_of, scales
from ..evidence.worlds_record import (
    MOST_CHOSEN,
    TODAY_IN_WORLD,
    WORLD,
    WORLDS,
    WorldsAsked,
    WorldsRecord,
    ends_of,
    label_of,
    today_in,
)
from .ranges import ranges_of, starting

TRAJECTORIES, RUNS = 4, 16  # of the screening; assumption: its ranking moves little with more
SPARE = (
    4  # times as many trajectories are drawn, of which those with the fewest lost steps are taken
)
LEAST = 0.05  # strength of a parameter that matters; assumption


def in_worlds(
    plan: EvidencePlan,
    asked: WorldsAsked,
    step: float,
    *,
    workers: int | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> EvidencePlan:
    """The plan with its worlds. asked: what the proposal asks for. step: relative, where no range
    is stated. out: folder in which the screening is kept. workers, progress: as of `sweep`.

    Raises InputError for paths that are no parameters of the world.
    """
    if not asked.count:
        return plan
    base = replace(
        plan, worlds=None, points=tuple(one for one in plan.points if one.role not in WORLDS)
    )
    _known(asked, base)
    ranges, held = ranges_of(base, asked, step)
    strengths, lost, runs = {}, 0.0, min(RUNS, base.points[0].runs)
    if ranges:
        units = _trajectories(base, ranges)
        strengths, lost = _strengths(base, ranges, units, runs, workers, out, progress)
    strong = sorted((p for p in strengths if strengths[p] >= LEAST), key=lambda p: -strengths[p])
    record = WorldsRecord(
        asked=asked,
        step=step,
        ranges={path: list(ends) for path, ends in ranges.items()},
        strengths={path: strengths[path] for path in strong[:MOST_CHOSEN]},
        held=held,
        trajectories=TRAJECTORIES,
        runs=runs,
        lost=lost,
    )
    return portable(replace(base, worlds=record, points=(*base.points, *_points(base, record))))


def most(plan: EvidencePlan, asked: WorldsAsked) -> int:
    """How many simulations the choice and the worlds take at most, to tell of progress."""
    if not asked.count:
        return 0
    chosen = min(_screened(plan, asked), MOST_CHOSEN)
    worlds = (asked.count + 2 * chosen) * min(asked.runs, plan.points[0].runs)
    return 2 * (screening(plan, asked) + worlds)


def screening(plan: EvidencePlan, asked: WorldsAsked) -> int:
    """How many simulations the screening takes at most of today's values, and as many again of
    the proposed.
    """
    return (TRAJECTORIES * (_screened(plan, asked) + 1) + 1) * min(RUNS, plan.points[0].runs)


def _screened(plan: EvidencePlan, asked: WorldsAsked) -> int:
    own = plan.cases[0].resolved.entries.values()
    return len(asked.paths) or sum(entry.role == "world" for entry in own)


def _known(asked: WorldsAsked, plan: EvidencePlan) -> None:
    entries = plan.cases[0].resolved.entries
    for path in asked.paths:
        if path not in entries or entries[path].role != "world":
            raise InputError(
                f"{path} is no parameter of the world",
                key="worlds.paths",
                expected="paths whose role is world, as 'tokenomics params show' prints them",
            )


def trajectories(parameters: int, count: int, seed: int) -> np.ndarray:
    """Morris's trajectories in the unit cube (count, parameters + 1, parameters): each step moves
    one parameter by more than half of its range.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    move = LEVELS / (2.0 * (LEVELS - 1.0))
    found = np.empty((count, parameters + 1, parameters))
    for one in found:
        low = np.floor(rng.random(parameters) * (LEVELS // 2)) / (LEVELS - 1.0)
        up = rng.random(parameters) < 0.5
        ends = np.stack([np.where(up, low, low + move), np.where(up, low + move, low)])
        order = np.argsort(rng.random(parameters), kind="stable")
        for number, row in enumerate(one):
            moved = np.zeros(parameters, dtype=bool)
            moved[order[:number]] = True
            row[:] = np.where(moved, ends[1], ends[0])
    return found


def effects(units: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Mean absolute elementary effect of every parameter over its whole range, (parameters,); NaN
    where every step of it is lost. units: of `trajectories`. output: (count, parameters + 1), NaN
    where it is lost.
    """
    steps = np.diff(units, axis=1)
    moved = np.argmax(np.abs(steps), axis=2)
    size = np.take_along_axis(steps, moved[..., None], axis=2)[..., 0]
    effect = np.abs(np.diff(output, axis=1) / size)
    found = np.full(units.shape[2], np.nan)
    for parameter in range(len(found)):
        own = effect[moved == parameter]
        own = own[np.isfinite(own)]
        if len(own):
            found[parameter] = own.mean()
    return found


def _trajectories(plan: EvidencePlan, ranges: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """The trajectories of the screening: of those that are drawn, the ones that lose the fewest
    steps to worlds without a start.
    """
    units = trajectories(len(ranges), SPARE * TRAJECTORIES, plan.seed)
    points = _at(ranges, units.reshape(-1, len(ranges)))
    good = starting(plan.resolved(0, 1), list(ranges), points).reshape(len(units), -1)
    lost = (~(good[:, 1:] & good[:, :-1])).sum(axis=1)
    return units[np.sort(np.argsort(lost, kind="stable")[:TRAJECTORIES])]


def _at(ranges: Mapping[str, tuple[float, float]], units: np.ndarray) -> np.ndarray:
    low, high = (np.array(ends) for ends in zip(*ranges.values(), strict=True))
    # both ends as they are stated
    return np.where(units == 1.0, high, low + units * (high - low))


def _strengths(
    plan: EvidencePlan,
    ranges: Mapping[str, tuple[float, float]],
    units: np.ndarray,
    runs: int,
    workers: int | None,
    out: Path | None,
    progress: Progress | None,
) -> tuple[dict[str, float], float]:
    """How strongly each parameter moves the limits, by path, and the share of steps that are lost.

    Of a limit it is the mean effect beside the largest effect and the limit's distance from what
    the network has: 0 of what moves nothing, near 1 of what alone decides whether it holds. A
    parameter has that of the limit it moves most.
    """
    points = _at(ranges, units.reshape(-1, len(ranges)))
    sides = [
        [dict(base.values) | dict(zip(ranges, map(float, row), strict=True)) for row in points]
        for base in plan.points[:2]
    ]
    proposal = plan.resolved(0, 1)
    own = {path: float(proposal.entries[path].value) for path in ranges}
    asked = [limit for _, limit in limits_of(plan)]
    if not asked:
        return dict.fromkeys(ranges, 0.0), 0.0
    metrics = tuple(dict.fromkeys(one.constraint.metric for one in asked))
    design = Design(
        method="points",
        points=[*sides[0], *sides[1], *(dict(base.values) | own for base in plan.points[:2])],
        runs=runs,
        seed=plan.seed,
        metrics=metrics,
    )
    found = sweep(design, cases=plan.cases[:1], workers=workers, out=out, progress=progress)
    table = found.columns(*metrics)
    strengths, lost = np.zeros(len(ranges)), 0.0
    for one in asked:
        every = np.asarray(table[one.constraint.metric], dtype=float).reshape(-1, runs)
        today, proposed = every[: len(points)], every[len(points) : -2]
        change, base = one.of == "change", every[-1] - (every[-2] if one.of == "change" else 0.0)
        output = (proposed - today if change else proposed).mean(axis=1)
        # what is scaled in a world is the limit; its metric over that scale tells the same
        output = output / scales(one.constraint.metric, proposal, list(ranges), points)
        output = output.reshape(len(units), -1)
        effect = effects(units, output)
        distance = abs(float(one.constraint.excess(base.mean())))
        scale = np.nanmax(effect, initial=0.0) + (distance if np.isfinite(distance) else 0.0)
        if scale > 0.0:
            strengths = np.fmax(strengths, effect / scale)
        lost = max(lost, float(np.mean(~np.isfinite(np.diff(output, axis=1)))))
    return dict(zip(ranges, map(float, strengths), strict=True)), lost


def _points(plan: EvidencePlan, record: WorldsRecord) -> list[Point]:
    """The points of the worlds, the proposed and today's values in each, the box before the
    ends.
    """
    chosen = record.chosen
    if not chosen:
        return []
    box = Design(
        method="latin_hypercube",
        parameters={path: {"low": 0.0, "high": 1.0} for path in chosen},
        count=record.asked.count,
        design_seed=plan.seed,
    ).unit()
    rows = _at({path: tuple(record.ranges[path]) for path in chosen}, box)
    worlds = [
        (label_of(i), dict(zip(chosen, map(float, row), strict=True))) for i, row in enumerate(rows)
    ]
    entries = plan.resolved(0, 1).entries
    own = {path: entries[path].value for path in chosen}
    runs = min(record.asked.runs, plan.points[0].runs)
    today, proposed = (dict(point.values) for point in plan.points[:2])
    return [
        point
        for label, values in (*worlds, *ends_of(record, own))
        for point in (
            Point(label, WORLD, proposed | values, runs),
            Point(today_in(label), TODAY_IN_WORLD, today | values, runs),
        )
    ]
