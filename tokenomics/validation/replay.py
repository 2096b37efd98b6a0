"""The model's state on every day of a recorded price history.

The undisturbed model starts in its steady state and follows the closes by inferred news. What the
closes do not show of the state (trend, profits, shares of the two groups, customers' estimate of
the variance) is then what the model makes of the returns up to that day. All noise is zero on the
way: noise orders earn nothing, so that the groups' profits and shares follow from the realised
returns, which are the recorded ones whatever noise and news brought them about.

A fall may need more sales than there are tokens: passive holders have sold all that they can, and
no news moves the price further. The network is then put anew into its steady state at the close of
the day before, with what speculators and customers made of the returns so far, and goes on from
there: no token is left out because it fell. How often that was needed is told beside every score.

Where the replay starts, the price is taken for the utility value: closes alone cannot tell the two
apart. `settled` draws what they do not show from the model's own runs instead, `pinned` takes each
day's close for the utility value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..calibration.economy.moments import BURN_IN
from ..engines import ensemble
from ..errors import ModelError
from ..experiments.history import REACHED, follow, undisturbed
from ..model.model import Model, bind
from ..model.shocks import NORMALS, UNIFORMS, ShockTable, sample
from ..model.steady_state import steady_state
from ..model.variables import SHARED, as_arrays
from ..parameters import Parameters, put
from ..parameters.units import in_other_tokens

REPLAYED, SETTLED, PINNED = "model, replayed", "model, settled", "model, pinned"

Progress = Callable[[int, int], None]
SEED_SETTLED = 1_000_003  # added to the seed of the forecasts
RETURNS = (
    "trend",
    "position_chartist",
    "fitness_chartist",
    "price_variance",
)  # what follows from the returns alone, whatever the utility value


@dataclass(frozen=True, eq=False)
class Replayed:
    """States on some days of a history. state: every variable (days,), the clock too. day: (days,)
    days since the history's first date.

    worth: (days,) record's price of a token of the state's, in its own price: 1 before the first
    restart, which is in other tokens, for a token has no natural unit. restarts: days at whose
    close the network was put anew into its steady state. missed: (days,) log price of the state
    above the record's, 0 where it was reached.
    """

    state: dict[str, np.ndarray]
    day: np.ndarray
    worth: np.ndarray
    restarts: tuple[int, ...]
    missed: np.ndarray

    def recorded(self, day: int, model: Model, parameters: Parameters) -> dict[str, Any]:
        """As `at`, in the record's tokens. parameters: on which it depends what variables there
        are.
        """
        state, factor = self.at(day), float(self.worth[np.searchsorted(self.day, day)])
        if factor == 1.0:
            return state
        variables = model.variables(parameters)
        logs = {"oracle_log_price"}  # and what starts from it: logs of prices, whose unit is 1
        while more := {n for n, one in variables.items() if one.start in logs} - logs:
            logs |= more
        for name in state.keys() & variables.keys():
            over, _, under = variables[name].unit.partition("/")
            if "TOK" in (over, under):
                state[name] *= 1.0 / factor if over == "TOK" else factor
            if name in logs:
                state[name] += float(np.log(factor))
        return state

    def at(self, day: int) -> dict[str, Any]:
        """The state on a day, numbers by name."""
        row = int(np.searchsorted(self.day, day))
        return {
            name: int(series[row]) if name == "step" else float(series[row])
            for name, series in self.state.items()
        }


def redenominated(parameters: Parameters, price: float, model: Model) -> Parameters:
    """The same network with so many tokens that its steady state has this price [USD/TOK]: a token
    has no natural unit.
    """
    found = steady_state(parameters, model).state["token_price"]
    return put(parameters, in_other_tokens(parameters, found / price))


def _calm(model: Model, steps: int, runs: int) -> ShockTable:
    return ShockTable(
        {name: np.zeros((steps, runs)) for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)}
    )


def replay(
    parameters: Parameters,
    prices: np.ndarray,
    model: Model,
    progress: Progress | None = None,
    when: Callable[[float], str] = "day {:g}".format,
) -> Replayed:
    """The state on every day of the closes `prices` (days,) [USD/TOK], from the steady state at the
    first of them, and again from it wherever the market cannot reach a close.

    parameters: redenominated to the first close; a controller and scenario are left out. A move of
    a day that is out of reach from the steady state, too, is followed as far as inventories go.
    when: a day in words, for the InputError that is raised where news do not move the price.
    """
    quiet, steps = undisturbed(parameters), len(prices) - 1
    rest = as_arrays(steady_state(quiet, model).state, 1)
    now, states, worth = rest, [rest], np.ones(steps + 1)
    missed, restarts, begun, factor = np.zeros(steps + 1), [], 0, 1.0
    while len(states) <= steps:
        table = _calm(model.acting(quiet), steps - begun, 1).starting(begun)
        params, path = bind(quiet, table, model), prices[begun:] / factor
        told = partial(_shifted, when, begun)
        following = follow(model.bound(params), params, now, path, None, told, nearest=True)
        for target, (_, state) in zip(path[1:], following, strict=True):
            day = len(states)
            gap = float(np.log(state["token_price"][0] / target))
            if abs(gap) > REACHED and day - 1 > begun:
                begun = day - 1
                kept = {name: states[-1][name] for name in (*RETURNS, *SHARED)}
                now, factor = rest | kept, float(prices[begun] / rest["token_price"][0])
                restarts.append(begun)
                break
            states.append(state)
            worth[day], missed[day] = factor, gap if abs(gap) > REACHED else 0.0
            if progress:
                progress(day, steps)
    return Replayed(
        {name: np.array([np.ravel(s[name])[0] for s in states]) for name in states[0]},
        np.arange(len(prices)),
        worth,
        tuple(restarts),
        missed,
    )


def _shifted(when: Callable[[float], str], begun: int, day: float) -> str:
    return when(begun + day)


def pinned(replayed: Replayed, parameters: Parameters, model: Model) -> Replayed:
    """The same days with the utility value pinned to each day's close.

    A day's state is the steady state at its close, but for what speculators and customers made of
    the returns up to it. Its price is the model's own steady price: a token has no natural unit.
    """
    start, count = steady_state(undisturbed(parameters), model).state, len(replayed.day)
    kept = {name: replayed.state[name] for name in (*RETURNS, *SHARED)}
    return replace(
        replayed,
        state={name: np.full(count, value) for name, value in start.items()} | kept,
        worth=np.ones(count),
    )


@dataclass(frozen=True, eq=False)
class Settled:
    """Many possible states on each day. state: of simulated runs (runs,). replayed: what follows
    from the returns up to a day.
    """

    state: dict[str, np.ndarray]
    replayed: Replayed

    def at(self, day: int) -> dict[str, Any]:
        """States on a day, numbers or (runs,) by name."""
        known = self.replayed.at(day)
        return self.state | {name: known[name] for name in (*RETURNS, *SHARED)}


def settled(
    replayed: Replayed, parameters: Parameters, model: Model, runs: int, seed: int
) -> Settled:
    """The same days with what closes do not show drawn from the model's own runs: mispricing,
    fundamentalists' profit, ledgers.

    Each draw is a run of the undisturbed model BURN_IN days after its steady state, and no more
    than that: the spread of the gap between price and utility value goes on growing slowly for
    years. All days start from the same draws. Trend, chartists' profit and the variance are those
    of the returns up to the day. Its price is the model's own: a token has no natural unit.
    """
    quiet = put(undisturbed(parameters), {"simulation.days": float(BURN_IN)})
    indices = np.arange(runs)
    params = bind(
        quiet, sample(quiet, indices, seed + SEED_SETTLED, extra=model.processes(quiet)), model
    )
    start = steady_state(quiet, model).state
    paths = ensemble.simulate(
        model.bound(params), params, start, runs=indices, steps=BURN_IN, every=BURN_IN
    )
    good = np.isfinite(paths.values["token_price"][:, -1])
    if not good.any():
        raise ModelError("all runs of the undisturbed model break a check before they have settled")
    chosen = np.resize(np.flatnonzero(good), runs)
    return Settled(
        {name: series[chosen, -1] for name, series in paths.values.items() if name not in SHARED},
        replayed,
    )
