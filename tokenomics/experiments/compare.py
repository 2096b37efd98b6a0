"""Policies compared on common random numbers, in one or several scenarios, and what depletes after
some years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, counted
from ..inputs import bounds
from ..inputs.arguments import (
    CALL,
    FILE,
    NAMES,
    PATH,
    SETS,
    SOURCE,
    TEXT,
    checked,
    many,
    optional,
    several,
)
from ..model.model import expect_actuators, silenced
from ..model.steady_state import start_state
from ..parameters import NONE, assignments
from ..parameters.layers import Source
from ..results.comparison import Comparison
from ..results.matters import checked_matters, margins, too_few
from ..results.metrics import DEPLETING, METRICS
from .design import Design
from .design_reading import read_design
from .plan import Case, make_plan
from .spans import VOTED, YEARS, checked_years, days_of
from .sweep import sweep

OWN_AIM = ("tracking_rms", "tracking_iae")  # metrics of each policy's own reference


def comparison_design(
    params: str = "baseline",
    *,
    policies: Source | Sequence[Source],
    scenarios: Source | Sequence[Source] = (NONE,),
    overlay: Source | Sequence[Source] = (),
    today: Mapping[str, Any] | str | Sequence[str] | None = None,
    sets: Mapping[str, Any] | str | Sequence[str] | None = None,
    runs: int = 100,
    seed: int = 0,
    days: float | None = None,
    metrics: str | Sequence[str] = (),
) -> Design:
    """The sweep of one point that a comparison is, over three years where no span is given.

    Raises InputError for unknown names, and for what is there twice.
    """
    bounds.check(runs=(runs, bounds.RUNS), seed=(seed, bounds.SEED))
    bounds.optional(days=(days, bounds.DAYS))
    settings, as_it_is = assignments(sets), assignments(today)
    if days is not None and "simulation.days" in settings:
        raise InputError(
            f"{days:g}, where simulation.days is set, too",
            argument="days",
            expected="the span once, here or under `sets`",
        )
    given = {"policies": policies, "scenarios": scenarios, "overlays": overlay, "metrics": metrics}
    named = {
        key: [one if isinstance(one, Mapping) else str(one) for one in many(several)]
        for key, several in given.items()
    }
    if len(named["policies"]) < 2:
        raise InputError(
            counted(len(named["policies"]), "policy", "policies"),
            argument="policies",
            expected="two or more",
        )
    if "simulation.days" not in settings | as_it_is or days is not None:
        settings |= {"simulation.days": VOTED if days is None else days}
    try:
        given = {key: names for key, names in named.items() if names or key == "scenarios"}
        return read_design(
            {
                "base": str(params),
                "today": as_it_is,
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


def compare_design(
    design: Design,
    reference: str | None = None,
    years: int | Sequence[int] = YEARS,
    *,
    out: Path | None = None,
    workers: int | None = None,
    scheduler: Any | None = None,
    progress: Callable[[int, int], None] | None = None,
    cases: Sequence[Case] | None = None,
    matters: Mapping[str, float] | None = None,
) -> Comparison:
    """Simulate what `comparison_design` gave, and over other numbers of years what depletes alone,
    on the same shocks.

    A run's first years are the same whatever follows, so that the tables are of the same runs.
    cases: policies and scenarios in place of the design's, such as policies at equal cost. matters:
    smallest differences that matter, by metric, in place of the declared ones. Raises InputError
    for one of a probability that so few runs cannot tell.
    """
    years = checked_years(years)
    # of the design's own cases a sweep remarks on what none of them reads
    given, cases = cases, tuple(make_plan(design).cases if cases is None else cases)
    for case in cases:
        expect_actuators(case.resolved.values)
    least = _margins(design, cases, matters or {})
    measured = set(DEPLETING) <= set(design.metrics or METRICS)
    own = cases[0].resolved.values.simulation.days if measured else None
    spans = [days_of(number) for number in years if days_of(number) != own]
    runs = len(cases) * design.runs

    def tell(before: int) -> Callable[[int, int], None]:
        return lambda done, _: progress and progress(before + done, runs * (1 + len(spans)))

    more = {"workers": workers, "scheduler": scheduler}
    found = sweep(design, cases=given, out=out, progress=tell(0), **more)
    other = None
    if spans:
        points = tuple({"simulation.days": span} for span in spans)
        told = {"method": "points", "points": points, "metrics": DEPLETING}
        folder = out and out / f"days-{'-'.join(f'{span:g}' for span in spans)}"
        other = sweep(
            design.model_copy(update=told), cases=cases, out=folder, progress=tell(runs), **more
        )
    chosen = reference or design.policy_names[0]
    unheard = dict.fromkeys(
        f"{case.policy}: {line}." for case in cases for line in silenced(case.resolved.values)
    )
    notes = (*_apart(cases, found.metrics), *unheard)
    return Comparison(found, chosen, years, other, notes, least)


def _margins(design: Design, cases: Sequence[Case], given: Mapping[str, float]) -> dict[str, float]:
    """The smallest difference that matters, by metric."""
    names = list(design.metrics or METRICS)
    given = checked_matters(given)
    for name in given:
        if name not in names:
            raise InputError(
                f"{name}, which is not compared",
                argument="matters",
                expected="one of " + ", ".join(names),
            )
    policies = len({case.policy for case in cases})
    if few := too_few(given, design.runs, len(names) * (policies - 1)):
        name, size, runs = few
        raise InputError(
            f"{name}: {size:g}, with {counted(design.runs, 'run')}",
            argument="matters",
            expected=f"at least {counted(runs, 'run')} for so small a difference of a probability",
        )
    first = cases[0].resolved
    return margins(names, start_state(first.today), given, first.values.simulation.days)


def _apart(cases: Sequence[Case], metrics: Sequence[str]) -> tuple[str, ...]:
    """That policies aim at different prices, where a metric is of each policy's own aim."""
    aims: dict[str, list[str]] = {}
    for case in cases:
        control = case.resolved.values.controller
        if control.type != "none" and case.policy not in aims.get(control.reference, []):
            aims.setdefault(control.reference, []).append(case.policy)
    own = [name for name in OWN_AIM if name in metrics]
    if len(aims) < 2 or not own:
        return ()
    told = "; ".join(f"{', '.join(names)}: {aim}" for aim, names in aims.items())
    return (
        f"{' and '.join(own)}: of each policy's own reference ({told}); decoupling_rms is of the "
        f"utility value for all.",
    )


@checked(
    params=FILE,
    policies=several(SOURCE),
    scenarios=several(SOURCE),
    reference=optional(TEXT),
    overlay=several(SOURCE),
    today=SETS,
    sets=SETS,
    metrics=NAMES,
    out=optional(PATH),
    progress=optional(CALL),
)
def compare(
    params: str = "baseline",
    *,
    policies: Source | Sequence[Source],
    scenarios: Source | Sequence[Source] = (NONE,),
    reference: str | None = None,
    overlay: Source | Sequence[Source] = (),
    today: Mapping[str, Any] | str | Sequence[str] | None = None,
    sets: Mapping[str, Any] | str | Sequence[str] | None = None,
    runs: int = 100,
    seed: int = 0,
    days: float | None = None,
    metrics: str | Sequence[str] = (),
    years: int | Sequence[int] = YEARS,
    matters: Mapping[str, float] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: Any | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate several policies on the same shocks.

    Parameters
    ----------
    params : str or Path
        The network: a shipped name or a YAML file.
    policies, scenarios : str, mapping, or sequence of them
        Shipped or registered names, YAML files, or mappings with a `name` of their own, one or
        several; "none" is no scenario.
    reference : str, optional
        The policy the others are compared with, the first by default.
    overlay : str, mapping, or sequence of them
        As the policies.
    today, sets : mapping of path to value, or "path=value" texts
        Of the network as it is, and of its changes.
    runs : int
        Of each policy and scenario.
    seed : int
        Of the shocks.
    days : float, optional
        Simulated span [days], three years by default.
    metrics : str or sequence of str
        Names, all by default.
    years : int or sequence of int
        After which `by_year` shows what depletes [years].
    matters : mapping, optional
        The smallest difference that matters by metric [its unit], in place of the declared ones.
    out, workers, scheduler, progress
        As in `sweep`.

    Returns
    -------
    Comparison
        Means, paired differences and the best policy by metric.

    Raises
    ------
    InputError
        For bad input.

    Examples
    --------
    >>> small = {"runs": 2, "days": 3, "years": [], "metrics": "tracking_rms"}
    >>> found = tk.compare(policies=["none", "static"], **small)
    >>> found.policies
    ['none', 'static']
    >>> found.differences()[["metric", "policy"]].values.tolist()
    [['tracking_rms', 'static']]
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
    return compare_design(
        design,
        reference,
        years,
        out=None if out is None else Path(out),
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        matters=matters,
    )
