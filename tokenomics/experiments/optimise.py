"""Tuning: parameters that minimise one metric under constraints, or the Pareto front of two, on
common random numbers.

The optimiser is pymoo's: differential evolution for one objective, NSGA-II for two or more. A
generation's candidates are the points of one sweep. Sources: Storn and Price (1997), Journal of
Global Optimization 11, 341–359; Deb et al. (2002), IEEE Transactions on Evolutionary Computation 6,
182–197.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import InputError, counted, lettering, missing_extra, nearest, remark
from ..inputs import bounds
from ..inputs.arguments import CALL, NAMES, checked, optional
from ..results.drawing import one_axis, shown
from ..results.metrics import METRICS
from ..results.sweep import Sweep
from ..shown import Shown
from .design import Design, Range
from .design_reading import read_design
from .idle import idle
from .limits import MOST_POINTS
from .plan import make_plan
from .sweep import sweep

BAD = 1e30  # of a candidate that could not be simulated
CONSTRAINT = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([-+.\deE]+)\s*", re.ASCII)
FEWEST = 4  # candidates; a step of differential evolution takes four different ones
MOST_GENERATIONS = 10_000  # assumption: a search that has not ended by then does not end
CHECK_SEED = 1_000_003  # added to the seed for the check on shocks that the search has not seen


@dataclass(frozen=True)
class Constraint:
    """A metric's mean at most, or at least, a limit."""

    metric: str
    sign: float
    limit: float

    def excess(self, mean: np.ndarray) -> np.ndarray:
        """By how much it is broken; negative where it holds."""
        return self.sign * (mean - self.limit)


@dataclass(frozen=True, eq=False, repr=False)
class Optimum(Shown):
    """What `optimise` found.

    Attributes
    ----------
    front : pandas.DataFrame
        The best point, or one row a point of the Pareto front: parameters, and the objectives' and
        constraints' means over cases in the search.
    check : Sweep
        The same points on shocks that the search has not seen, by policy and scenario, with
        intervals.
    objectives : tuple of str
        Metrics.
    generations : tuple of float
        Best objective so far (one objective) or size of the front, by generation.
    candidates : int
        Simulated in the search.
    left_out : int
        Those of them of which a run failed, or that are impossible: they cannot be the best.
    """

    front: pd.DataFrame
    check: Sweep
    objectives: tuple[str, ...]
    generations: tuple[float, ...]
    candidates: int
    left_out: int

    def _essentials(self) -> dict[str, Any]:
        first = self.front.iloc[0]
        return {
            "best": ", ".join(f"{path} {value:.5g}" for path, value in self.best.items()),
            **{name: f"{first[name]:.5g} {METRICS[name].unit}" for name in self.objectives},
            "front": counted(len(self.front), "point"),
            "candidates": f"{self.candidates}, {self.left_out} left out",
        }

    @property
    def best(self) -> dict[str, float]:
        """Parameters of the first row of the front, ready for `sets`."""
        return {path: float(self.front[path].iloc[0]) for path in self.check.paths}

    def _losses(self) -> str:
        failed = int(self.check.table(self.objectives[0])["failed"].sum())
        told = (
            f"\n{self.left_out} of {self.candidates} candidates left out for failed runs"
            if self.left_out
            else ""
        )
        return told + (
            f"\n{failed} runs of the check failed, and are not counted" if failed else ""
        )

    def plot(self, *, ax: Axes | None = None) -> Figure:
        """The Pareto front of two objectives on unseen shocks, or the progress for one.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            An axis to draw on.

        Returns
        -------
        matplotlib.figure.Figure
            The front with 95 % intervals.
        """
        canvas, axis = one_axis(ax, (6.4, 4.4))
        if len(self.objectives) == 1:
            axis.plot(np.arange(1, len(self.generations) + 1), self.generations, marker=".")
            axis.set(xlabel="generation", ylabel=METRICS[self.objectives[0]].axis)
            axis.set_title(
                (
                    f"{METRICS[self.objectives[0]].label} reaches {self.generations[-1]:.4g} "
                    f"in the search{self._losses()}"
                ),
                fontsize=9,
                loc="left",
            )
        else:
            x, y = self.objectives[:2]
            table = self.check.table(x, y)
            for (policy, scenario), own in table.groupby(["policy", "scenario"], sort=False):
                spread = [
                    np.abs(own[[f"{n}_low", f"{n}_high"]].to_numpy().T - own[n].to_numpy())
                    for n in (x, y)
                ]
                label = lettering(f"{policy}, {scenario}")
                axis.errorbar(
                    own[x],
                    own[y],
                    xerr=spread[0],
                    yerr=spread[1],
                    fmt=".",
                    capsize=2,
                    linewidth=0.8,
                    label=label,
                )
            axis.set(xlabel=METRICS[x].axis, ylabel=METRICS[y].axis)
            axis.legend(fontsize=7, frameon=False)
            title = (
                f"Pareto front of {counted(len(self.front), 'point')}, "
                f"{counted(self.check.manifest['runs'], 'unseen run')} each; bars: "
                f"95 %{self._losses()}"
            )
            axis.set_title(title, fontsize=9, loc="left")
        axis.grid(alpha=0.25)
        return shown(canvas)


def _metric(name: str, key: str) -> str:
    if name not in METRICS:
        raise InputError(
            f"unknown metric '{name}'",
            key=key,
            expected="one of " + ", ".join(METRICS),
            nearest=nearest(name, METRICS),
        )
    return name


def constraint(text: str, key: str = "constraints") -> Constraint:
    """A constraint from its text, "metric <= limit". Raises InputError for another form."""
    found = CONSTRAINT.fullmatch(text)
    try:
        if found:
            return Constraint(
                _metric(found[1], key), 1.0 if found[2] == "<=" else -1.0, float(found[3])
            )
    except ValueError:
        pass
    raise InputError(
        f"'{text}'",
        key=key,
        expected="metric <= limit or metric >= limit, for example 'treasury_low <= 0.01'",
    )


def _over_cases(result: Sweep, names: Sequence[str]) -> np.ndarray:
    """Mean over policies and scenarios, (points, names); NaN where a run of a point failed."""
    table = result.table(*names)
    table.loc[(table["failed"] > 0) | (table["error"] != ""), list(names)] = np.nan
    return (
        table.groupby("point")[list(names)].agg(lambda column: column.mean(skipna=False)).to_numpy()
    )


def _pymoo() -> tuple[Any, ...]:
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.algorithms.soo.nonconvex.de import DE
        from pymoo.core.problem import Problem
        from pymoo.optimize import minimize
    except ImportError:
        raise missing_extra("pymoo", "optimise", "optimise") from None
    return Problem, DE, NSGA2, minimize


@checked(
    objectives=NAMES,
    constraints=NAMES,
    progress=optional(CALL),
)
def optimise(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    objectives: str | Sequence[str],
    constraints: str | Sequence[str] = (),
    population: int = 24,
    generations: int = 20,
    check_runs: int | None = None,
    search_seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Optimum:
    """Tune parameters.

    Parameters
    ----------
    design : str, Path, mapping or Design
        As for `sweep`, its parameters given as ranges. Its policies and scenarios count equally,
        its runs and seed are those of every candidate.
    objectives : str or sequence of str
        One metric, or two for a Pareto front, minimised or maximised as its `better` says.
    constraints : str or sequence of str
        On means: "treasury_low <= 0.01".
    population, generations : int
        Size of the search.
    check_runs : int, optional
        Runs of the check on unseen shocks, those of the design by default.
    search_seed : int
        Of the search.
    workers : int, optional
        Threads, one a core by default.
    progress : callable, optional
        Called with generations done and their number.

    Returns
    -------
    Optimum
        The best point or the front, and its check on shocks that the search has not seen.

    Raises
    ------
    InputError
        For a metric that is not better either way, for a bad constraint, where no candidate meets
        the constraints, or without the extra `optimise`.

    References
    ----------
    Storn and Price (1997), Journal of Global Optimization 11, 341-359: one objective.
    Deb et al. (2002), IEEE Transactions on Evolutionary Computation 6, 182-197: two.

    Examples
    --------
    >>> ranges = {"supply.burn_share": {"low": 0.0, "high": 0.5}}
    >>> design = {"parameters": ranges, "set": {"simulation.days": 3}, "runs": 2}
    >>> found = tk.optimise(design, objectives="tracking_rms", population=4, generations=1)
    >>> 0.0 <= found.best["supply.burn_share"] <= 0.5
    True
    """
    bounds.check(search_seed=(search_seed, bounds.SEARCH_SEED))
    bounds.optional(check_runs=(check_runs, bounds.RUNS), workers=(workers, bounds.WORKERS))
    Problem, DE, NSGA2, minimize = _pymoo()
    base = read_design(design)
    goals = objectives
    if not goals or len(set(goals)) < len(goals):
        raise InputError(
            f"{', '.join(goals) or 'none'}",
            key="objectives",
            expected="one metric, or several different ones",
        )
    for name, value, most in (
        ("population", population, MOST_POINTS),
        ("generations", generations, MOST_GENERATIONS),
    ):
        least = FEWEST if name == "population" else 1
        if not isinstance(value, int) or not least <= value <= most:
            raise InputError(
                f"{value}", argument=name, expected=f"a whole number from {least} to {most:,}"
            )
    for name in goals:
        if not METRICS[_metric(name, "objectives")].better:
            raise InputError(
                f"'{name}' is not better either way",
                key="objectives",
                expected="a metric of which lower or higher is better",
            )
    limits = [constraint(text) for text in constraints]
    paths, ranges = list(base.parameters), list(base.parameters.values())
    if not ranges or not all(isinstance(axis, Range) for axis in ranges):
        raise InputError(
            "parameters without ranges",
            key="parameters",
            expected="low and high for every parameter",
        )
    names = list(dict.fromkeys([*goals, *(limit.metric for limit in limits)]))
    base = read_design(base, metrics=names)
    for line in idle(base).lines():
        remark(line)
    cases = make_plan(base).cases
    signs = np.array([1.0 if METRICS[name].better == "lower" else -1.0 for name in goals])

    def points_of(unit: np.ndarray) -> list[dict[str, float]]:
        columns = [axis.at(unit[:, i]) for i, axis in enumerate(ranges)]
        return [
            dict(zip(paths, map(float, row), strict=True)) for row in zip(*columns, strict=True)
        ]

    def simulate(unit: np.ndarray, **changes: Any) -> Sweep:
        listed = {
            "method": "points",
            "points": points_of(unit),
            "parameters": {},
            "count": None,
            "metrics": names,
        }
        return sweep(
            Design.model_validate(base.model_dump(by_alias=True) | listed | changes),
            cases=cases,
            workers=workers,
        )

    class _Search(Problem):
        def __init__(self) -> None:
            super().__init__(
                n_var=len(paths), n_obj=len(goals), n_ieq_constr=len(limits), xl=0.0, xu=1.0
            )

        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *_: Any, **__: Any) -> None:
            means = _over_cases(simulate(x), names)
            columns = {name: means[:, i] for i, name in enumerate(names)}
            bad = np.isnan(means).any(axis=1)
            count[:] = count[0] + len(bad), count[1] + int(bad.sum())
            out["F"] = np.where(
                bad[:, None], BAD, np.stack([columns[name] for name in goals], axis=1) * signs
            )
            if limits:
                excess = np.stack([limit.excess(columns[limit.metric]) for limit in limits], axis=1)
                out["G"] = np.where(bad[:, None], BAD, excess)

    history: list[float] = []
    count = [0, 0]  # candidates, and those left out

    def note(algorithm: Any) -> None:
        best = algorithm.opt.get("F")
        history.append(float(best[0, 0] * signs[0]) if len(goals) == 1 else float(len(best)))
        if progress:
            progress(len(history), generations)

    algorithm = DE(pop_size=population) if len(goals) == 1 else NSGA2(pop_size=population)
    found = minimize(_Search(), algorithm, ("n_gen", generations), seed=search_seed, callback=note)
    if found.X is None or np.all(np.atleast_2d(found.F) >= BAD):
        lost = f"; of {count[0]} candidates {count[1]} had failed runs" if count[1] else ""
        found = f"no candidate meets the constraints{lost}"
        raise InputError(
            found, key="constraints", expected="limits that some point within the ranges can keep"
        )
    unit = np.atleast_2d(found.X)
    unit = unit[np.lexsort(np.atleast_2d(found.F).T[::-1])]
    means = _over_cases(simulate(unit), names)
    front = pd.DataFrame(points_of(unit)).assign(
        **{name: means[:, i] for i, name in enumerate(names)}
    )
    check = simulate(unit, runs=check_runs or base.runs, seed=base.seed + CHECK_SEED)
    return Optimum(front, check, goals, tuple(history), *count)
