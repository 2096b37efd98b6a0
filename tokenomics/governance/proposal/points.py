"""The points of parameters at which a proposal's evidence is simulated."""

from __future__ import annotations

from ...errors import InputError, nearest
from ...experiments.spans import days_of
from ...model import controllers
from ...parameters import Resolved, fits, place
from ..evidence.plan import Point
from ..evidence.structure import (
    CURRENT,
    PROPOSED,
    SPAN,
    changed_label,
    counterfactual_label,
    span_label,
)
from .stated import Proposal, Reader, numeric

# Worlds in which every verdict is asked for, between these ends where a proposal names no others:
# what a purchase leaves in the price decides what buy-backs are worth, and no study of a token
# tells it. From a third to that of square-root impact (Farmer and others 2013).
ALWAYS = {"market.permanent_impact": (0.33, 0.67)}


def points_of(proposal: Proposal, today: Resolved, at: Reader) -> tuple[Point, ...]:
    """Today, the proposal, its alternatives, its parameters and worlds varied one at a time, those
    of `ALWAYS` too, and today and the proposal over other spans; all with the same paths.

    today: parameters of the network. Raises InputError, with the line in `at`, for values that
    cannot be.
    """
    ranges = proposal.sensitivity
    varied = {
        path: ends
        for path, ends in ALWAYS.items()
        if today.values.market.enabled and path not in proposal.proposed
    } | ranges.paths
    spans = [
        days
        for days in map(days_of, sorted(set(proposal.years)))
        if days != today.entries[SPAN].value
    ]
    paths = dict.fromkeys(
        [
            *proposal.proposed,
            *(p for values in proposal.alternatives.values() for p in values),
            *varied,
            *([SPAN] if spans else ()),
        ]
    )
    for path in ranges.paths:
        if path not in today.entries or place(path).kind is not float:
            near = nearest(path, today.entries)
            raise at.error(
                "unknown parameter",
                "sensitivity",
                "paths",
                path,
                expected="the path of a number",
                nearest=near,
            )
    now = {path: today.entries[path].value for path in paths} | {
        p: numeric(p, v) for p, v in proposal.current.items()
    }
    new = now | {path: numeric(path, value) for path, value in proposal.proposed.items()}
    if new == now:
        raise at.error("the values of today", "proposed", expected="a change")
    found = [
        Point(CURRENT, "current", now, proposal.runs),
        Point(PROPOSED, "proposed", new, proposal.runs),
    ]
    for name, values in proposal.alternatives.items():
        other = Point(
            name, "alternative", now | {p: numeric(p, v) for p, v in values.items()}, proposal.runs
        )
        same = next((point.label for point in found[1:] if point.values == other.values), None)
        if same is not None:
            raise at.error(
                f"the values of '{same}'",
                "alternatives",
                name,
                expected="other values than are simulated already",
            )
        found.append(other)
    _possible(found, today, at)
    few = min(ranges.runs, proposal.runs)
    for path in dict.fromkeys([*(p for p in proposal.proposed if place(p).kind is float), *varied]):
        value = new[path]
        ends = varied.get(path) or sorted(
            (value * (1.0 - ranges.step), value * (1.0 + ranges.step))
        )
        if ends[0] == ends[1]:
            raise at.error(
                f"{path} is 0, which has no relative step",
                "sensitivity",
                expected=f"paths: {{{path}: [low, high]}}",
            )
        for end in ends:
            wanted = fits(path, end)
            if wanted:
                raise at.error(
                    f"{path} would be {end:g}",
                    "sensitivity",
                    expected=f"{wanted}; state its range under sensitivity.paths",
                )
            found.append(
                Point(changed_label(path, end), "sensitivity", new | {path: float(end)}, few)
            )
            if path not in proposal.proposed:
                found.append(
                    Point(
                        counterfactual_label(path, end),
                        "counterfactual",
                        now | {path: float(end)},
                        few,
                    )
                )
    over = [
        Point(span_label(base.label, days), "span", {**base.values, SPAN: days}, proposal.runs)
        for days in spans
        for base in found[:2]
    ]
    return (*found, *over)


def _possible(points: list[Point], today: Resolved, at: Reader) -> None:
    """Values that are each allowed may not be possible: shares that add up to more than one, a
    controller that there is not.
    """
    for point in points:
        try:
            controllers.law(
                today.replace(dict(point.values), source=point.label).values.controller.type
            )
        except InputError as error:
            keys = (
                (point.label,)
                if point.label in (CURRENT, PROPOSED)
                else ("alternatives", point.label)
            )
            raise at.error(
                error.found, *keys, expected=error.expected, nearest=error.nearest
            ) from None
