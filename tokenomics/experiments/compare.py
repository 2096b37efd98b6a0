"""Policies compared on common random numbers, in one or several scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, counted
from ..inputs import bounds
from ..inputs.arguments import CALL, FILE, FILES, NAMES, PATH, SETS, TEXT, checked, many, optional
from ..parameters import NONE, assignments
from ..results.comparison import Comparison
from .design import Design
from .design_reading import read_design
from .sweep import sweep


def comparison_design(
    params: str = "baseline",
    *,
    policies: str | Sequence[str],
    scenarios: str | Sequence[str] = (NONE,),
    overlay: str | Sequence[str] = (),
    today: Mapping[str, Any] | str | Sequence[str] | None = None,
    sets: Mapping[str, Any] | str | Sequence[str] | None = None,
    runs: int = 100,
    seed: int = 0,
    days: float | None = None,
    metrics: str | Sequence[str] = (),
) -> Design:
    """The sweep of one point that a comparison is. Raises InputError for unknown names, and for
    what is there twice.
    """
    bounds.check(runs=(runs, bounds.RUNS), seed=(seed, bounds.SEED))
    bounds.optional(days=(days, bounds.DAYS))
    settings = assignments(sets)
    if days is not None and "simulation.days" in settings:
        raise InputError(
            f"{days:g}, where simulation.days is set, too",
            argument="days",
            expected="the span once, here or under `sets`",
        )
    given = {"policies": policies, "scenarios": scenarios, "overlays": overlay, "metrics": metrics}
    named = {key: [str(name) for name in many(names)] for key, names in given.items()}
    if len(named["policies"]) < 2:
        raise InputError(
            counted(len(named["policies"]), "policy", "policies"),
            argument="policies",
            expected="two or more",
        )
    settings |= {} if days is None else {"simulation.days": days}
    try:
        given = {key: names for key, names in named.items() if names or key == "scenarios"}
        return read_design(
            {
                "base": str(params),
                "today": assignments(today),
                "set": settings,
                "runs": runs,
                "seed": seed,
            }
            | given
        )
    except InputError as error:
        if error.key not in named:
            raise
        # the design is ours: what is wrong in it is an argument of the call
        argument = "overlay" if error.key == "overlays" else error.key
        raise InputError(
            error.found, argument=argument, expected=error.expected, nearest=error.nearest
        ) from None


@checked(
    params=FILE,
    policies=FILES,
    scenarios=FILES,
    reference=optional(TEXT),
    overlay=FILES,
    today=SETS,
    sets=SETS,
    metrics=NAMES,
    out=optional(PATH),
    progress=optional(CALL),
)
def compare(
    params: str = "baseline",
    *,
    policies: str | Sequence[str],
    scenarios: str | Sequence[str] = (NONE,),
    reference: str | None = None,
    overlay: str | Sequence[str] = (),
    today: Mapping[str, Any] | str | Sequence[str] | None = None,
    sets: Mapping[str, Any] | str | Sequence[str] | None = None,
    runs: int = 100,
    seed: int = 0,
    days: float | None = None,
    metrics: str | Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: Any | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate several policies on the same shocks.

    policies, scenarios, params, overlay: shipped names or YAML files; "none" is no scenario; one or
    several of each. reference: the policy the others are compared with, the first by default.
    today, sets: {path: value}, or "path=value" texts, of the network as it is and of its changes.
    runs: of each policy and scenario. seed: of the shocks. days: simulated span. metrics: names,
    all by default. out, workers, scheduler, progress: as in `sweep`. Raises InputError for bad
    input.
    """
    design = comparison_design(
        params,
        policies=policies,
        scenarios=scenarios,
        overlay=overlay,
        today=today,
        sets=sets,
        runs=runs,
        seed=seed,
        days=days,
        metrics=metrics,
    )
    return Comparison(
        sweep(design, out=out, workers=workers, scheduler=scheduler, progress=progress),
        reference or design.policies[0],
    )
