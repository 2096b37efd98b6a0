"""Policies at equal cost: each law's strength is chosen so that it costs what a reference does, and
then frozen. Laws that spend more also move the price more; what a law is worth shows where both
cost the same.

One match, without a scenario, on shocks that the comparison does not see: nine strengths over the
law's range, then bisection in the logarithm of the strength. A law whose cost does not reach the
reference's, or does not go one way with its strength, cannot be matched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, nearest
from ..inputs.arguments import many
from ..model import controllers
from ..model.controllers import Strength
from ..parameters import Resolved, called, resolve
from ..parameters.layers import Source, read_layer
from ..parameters.writing import yaml_text
from .evaluate import evaluate
from .plan import Case

COSTS = {
    "spend": "purchases",
    "budget": "treasury_value_pool",
    "emission": "minted",
}  # metric that tells each cost
WORDS = {
    "spend": "USD a day of purchases",
    "budget": "USD that the treasury is worth less than without a controller",
    "emission": "tokens minted",
}
NO_STRENGTH = "it declares no strength"
MATCH_SEED = 2_000_003  # added to the seed of the comparison
POINTS = 9  # strengths over a law's range
CLOSE = 0.005  # of the reference's cost, within which the search ends
HALVINGS = 24
ROUNDING = 1e-9  # of the largest cost, by which it may turn


@dataclass(frozen=True)
class Match:
    """A policy brought to the reference's cost. strength: of `Law.strength`. values: parameters
    that give it, by path. cost: with them. target: the reference's. low, high: of the strengths
    over the law's range. why: it cannot be matched, else empty.
    """

    policy: str
    strength: float
    values: Mapping[str, float]
    cost: float
    target: float
    low: float
    high: float
    why: str = ""


def match(
    params: str,
    policies: Sequence[Source],
    *,
    to: str,
    reference: str,
    runs: int,
    seed: int,
    overlay: str | Sequence[str] = (),
    today: Mapping[str, Any] | Sequence[str] = (),
    sets: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Match]:
    """The policies beside the reference that act, each at its cost.

    to: one of `COSTS`. runs, seed: of the comparison; the match has as many runs of other shocks.
    sets: of the comparison, among them its span. Raises InputError for a reference without cost,
    and for settings of what is matched.
    """
    given, found = sets or {}, []
    shocks = {"runs": np.arange(runs), "seed": seed + MATCH_SEED}

    def network(policy: Source) -> Resolved:
        own = {"overlays": many(overlay), "today": today, "sets": given}
        return resolve(params, policy=policy, **own)

    named = {called("policy", policy): policy for policy in policies}

    own = network(named.get(reference, reference))
    costs = _costs(to, own, shocks)
    target = float(costs(own, None)[0])
    if not target > 0.0:
        raise InputError(
            f"the reference '{reference}' costs {target:.4g} {WORDS[to]}",
            argument="match",
            expected="a reference that costs something",
        )
    for number, (policy, source) in enumerate(named.items()):
        one = network(source)
        if policy != reference and one.values.controller.type != "none":
            strength = strength_of(one)
            _refuse_set(strength, given)
            found.append(_matched(policy, one, strength, costs, target))
        if progress:
            progress(number + 1, len(policies))
    return found


def checked_cost(cost: str, argument: str) -> str:
    """The cost of that name; raises InputError for an unknown one."""
    if cost not in COSTS:
        raise InputError(
            f"'{cost}'",
            argument=argument,
            expected="one of " + ", ".join(COSTS),
            nearest=nearest(cost, COSTS),
        )
    return cost


def strength_of(own: Resolved) -> Strength | None:
    """The strength that a network's law declares. Raises InputError where it is of a parameter that
    the network has not.
    """
    controller = own.values.controller
    strength = controllers.law(controller.type).strength
    for path in strength.paths if strength else ():
        if path not in own.entries:
            raise InputError(
                f"the strength of {controller.type} is {path}, which policy {own.policy} does not "
                "set",
                argument="policies",
                expected="a policy that sets it",
                nearest=nearest(path, own.entries),
            )
    return strength


def grid(strength: Strength) -> list[float]:
    """Strengths over a law's range."""
    return [float(at) for at in np.geomspace(strength.low, strength.high, POINTS)]


def settings(own: Resolved, strength: Strength, at: float) -> dict[str, float]:
    """Parameters that give a network's law a strength, by path."""
    return {
        path: at * own.entries[path].value if strength.factor else at for path in strength.paths
    }


def at_strengths(
    own: Resolved, strengths: Sequence[float] | None, shocks: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Metrics (strengths, runs) of a network whose law has some strengths; as it is for None.
    shocks: of `evaluate`, with the metrics.
    """
    law = controllers.law(own.values.controller.type)
    if strengths is None:
        return evaluate(own, (), [()], **shocks).values
    points = [settings(own, law.strength, at) for at in strengths]
    if not law.designed_from:
        rows = [list(one.values()) for one in points]
        return evaluate(own, law.strength.paths, rows, **shocks).values
    # gains that are computed before a simulation are no points of one
    each = [
        evaluate(own.replace(one, source="strength"), (), [()], **shocks).values for one in points
    ]
    return {name: np.concatenate([one[name] for one in each]) for name in shocks["metrics"]}


Costs = Callable[[Resolved, Sequence[float] | None], np.ndarray]


def _costs(to: str, own: Resolved, shocks: Mapping[str, Any]) -> Costs:
    """The mean costs (strengths,) of a network; NaN where every run fails."""
    metric = COSTS[to]
    shocks = {**shocks, "metrics": [metric]}
    base = None
    if to == "budget":
        none = own.replace({"controller.type": "none"}, source="match")
        base = at_strengths(none, None, shocks)[metric]

    def costs(one: Resolved, strengths: Sequence[float] | None) -> np.ndarray:
        found = at_strengths(one, strengths, shocks)[metric]
        found = found if base is None else base - found
        good = np.isfinite(found)
        with np.errstate(invalid="ignore"):
            return np.where(good, found, 0.0).sum(axis=1) / good.sum(axis=1)

    return costs


def _refuse_set(strength: Strength | None, given: Mapping[str, Any]) -> None:
    clash = [path for path in (strength.paths if strength else ()) if path in given]
    if clash:
        raise InputError(
            f"{clash[0]} is set, and matched",
            argument="match",
            expected="settings of other parameters",
        )


def _matched(
    policy: str,
    own: Resolved,
    strength: Strength | None,
    cost: Costs,
    target: float,
) -> Match:
    if strength is None:
        none = float("nan")
        why = NO_STRENGTH
        return Match(policy, none, {}, none, target, none, none, why)

    tried = grid(strength)
    found = cost(own, tried)
    low, high = float(np.nanmin(found)), float(np.nanmax(found))

    def none(why: str) -> Match:
        return Match(policy, float("nan"), {}, float("nan"), target, low, high, why)

    if np.isnan(found).any():
        return none("every run fails at some strength")
    rounding = ROUNDING * max(abs(low), abs(high))
    if high - low <= rounding:
        return none("its cost does not move with its strength")
    steps = np.diff(found)
    if steps.min() < -rounding and steps.max() > rounding:
        return none("its cost goes up and down with its strength")
    if not low <= target <= high:
        return none("no strength costs as much" if target > high else "every strength costs more")
    above = found >= target
    first = int(np.argmax(above != above[0])) or len(tried) - 1
    left, right = (float(np.log(tried[i])) for i in (first - 1, first))
    rising = found[-1] > found[0]
    at, own_cost = tried[first], float(found[first])
    for _ in range(HALVINGS):
        if abs(own_cost - target) <= CLOSE * target:
            break
        middle = 0.5 * (left + right)
        at = float(np.exp(middle))
        own_cost = float(cost(own, [at])[0])
        left, right = (middle, right) if (own_cost < target) == rising else (left, middle)
    else:
        if not abs(own_cost - target) <= CLOSE * target:
            return none("its cost jumps over the reference's")
    return Match(policy, at, settings(own, strength, at), own_cost, target, low, high)


def at_equal_cost(cases: Sequence[Case], found: Sequence[Match]) -> list[Case]:
    """The cases with their policies as they were matched, without those that could not be."""
    matched = {one.policy: one for one in found}
    return [
        replace(
            case,
            resolved=case.resolved.replace(dict(matched[case.policy].values), source="matched")
            if case.policy in matched
            else case.resolved,
        )
        for case in cases
        if not (case.policy in matched and matched[case.policy].why)
    ]


def write_matched(found: Sequence[Match], folder: Path, to: str, reference: str) -> None:
    """Write a file of each policy at its strength, to be used as any other, into a folder; none of
    those that cannot be matched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        if one.why:
            continue
        _, description, leaves = read_layer("policy", one.policy)
        tree: dict[str, Any] = {"description": description}
        told = f"matched: {one.cost:.5g} {WORDS[to]}, the policy {reference} {one.target:.5g}"
        plain = {
            path: {"value": leaf.value, "unit": leaf.unit, "source": leaf.source}
            for path, leaf in leaves.items()
        }
        for path, value in one.values.items():
            plain[path] = {**plain.get(path, {"unit": None}), "value": value, "source": told}
        for path, leaf in plain.items():
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = {key: value for key, value in leaf.items() if value is not None}
        file = folder / f"{Path(one.policy).stem}.yaml"
        file.write_text(yaml_text(tree), encoding="utf-8")
