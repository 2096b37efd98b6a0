"""The steady state: where every flow balances, which pins the token price at its utility value.

One unknown, the network's price per Mtok, solves target utilisation × capacity(price) =
demand(price); all else follows in closed form from the blocks' own functions. The residual is
measured with the model's own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elementary import exp, log
from ..errors import BlockError, InputError, ModelError
from ..inputs.arguments import checked, of, optional
from ..parameters import Parameters, put, substitute
from ..parameters.stocks import Stocks
from ..shown import Shown
from .at_rest import Rest
from .constants import CUSTOMERS
from .formulas.numerics import news_variance
from .formulas.root import roots
from .keeping import kept
from .model import MODEL, Model
from .shocks import NORMALS, UNIFORMS, ShockTable
from .variables import SHARED, Variable, as_numbers, scale, unsigned

PRICE_BRACKET = (1e-9, 1e6)  # USD/Mtok
LEAST_UTILISATION = 1e-9
TOLD = ("token_price", "inference_price", "nodes", "total_supply")  # where it is shown
FOREVER = 1e15  # days; customers keep the variance that they expect
SETTLING_STEPS = 3  # steps after which every flow has its value while the stocks are held


@dataclass(frozen=True, repr=False)
class SteadyState(Shown):
    """A network at rest, as `steady_state` returns it.

    Attributes
    ----------
    state : dict of float
        Every variable's value, in its unit.
    residual : float
        Largest change in one step, in units of each variable's scale.
    worst : str
        The variable with that change.
    params : mapping
        What the blocks see of the stationary form, without shocks.
    model : Model
        The block list.
    """

    state: dict[str, float]
    residual: float
    worst: str
    params: Mapping[str, Any]
    model: Model

    def _essentials(self) -> dict[str, Any]:
        table = self.model.variables(self.params)
        told = {name: f"{self.state[name]:.5g} {table[name].unit}" for name in TOLD}
        return told | {"residual": f"{self.residual:.2g}, of {self.worst}"}

    def jacobian(self, relative: float = 1e-6) -> tuple[np.ndarray, list[str]]:
        """Jacobian of the step map in scaled variables.

        Parameters
        ----------
        relative : float
            Half the width of the central differences along the run axis, in units of each variable;
            one-sided where it stands on its lower bound.

        Returns
        -------
        (numpy.ndarray, list of str)
            Of shape (n, n), and the variables' names.
        """
        names = [n for n in self.state if n not in ("time", "step")]
        table = self.model.variables(self.params)
        sizes = np.array([float(scale(table[n], self.state)) for n in names])
        columns = len(names)
        start = {n: np.full(2 * columns, self.state[n]) for n in names}
        width = np.empty(columns)
        for i, n in enumerate(names):
            low = self.state[n] - relative * sizes[i]
            if table[n].lower is not None:
                low = max(low, table[n].lower)
            start[n][i] += relative * sizes[i]
            start[n][columns + i] = low
            width[i] = start[n][i] - low
        after = self.model.step(self.params, {**start, "time": 0.0, "step": 0})
        rows = [np.broadcast_to(after[n], 2 * columns) for n in names]
        slopes = np.array([r[:columns] - r[columns:] for r in rows]) / width
        return slopes * sizes / sizes[:, None], names

    def rank(self, tolerance: float = 1e-5) -> tuple[int, int]:
        """Rank of (Jacobian − 1), and the number of variables.

        Those are the derived constants, the reserves without a target, and the split of tokens
        between holders.

        Parameters
        ----------
        tolerance : float
            Singular values above it count.

        Returns
        -------
        (int, int)
            Their difference counts the directions that stay put.
        """
        jacobian, names = self.jacobian()
        values = np.linalg.svd(jacobian - np.eye(len(names)), compute_uv=False)
        return int(np.sum(values > tolerance)), len(names)


# settings by path with which no event of a scenario happens, no attacker trades and nobody fakes
# usage
UNEVENTFUL: Mapping[str, Any] = {"events": {}} | dict.fromkeys(
    ("attack.size", "attack.position", "wash_usage.size", "wash_usage.holding"), 0.0
)


# settings by path with which a network goes nowhere by itself, its emission that which balances the
# burns and its price the market's
TRENDLESS: Mapping[str, Any] = {
    "demand.growth_rate": 0.0,
    "emission.mode": "balance_at_start",
    "emission.schedule": "constant",
    "emission.capped": False,
    "emission.floor": 0.0,
    "pricing.mode": "market",
    "supply.vesting": False,
}


def stationary(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The same network without growth, season, vesting, events or shocks."""
    still = {
        "demand.weekly_amplitude": 0.0,
        "shocks.enabled": False,
        "venues.variance_memory": FOREVER,
    }
    return substitute(groups, {**UNEVENTFUL, **TRENDLESS, **still})


# groups and parameters that a network has none of before day 0
LATER = (*UNEVENTFUL, *TRENDLESS, "bank_run.enabled")


def moves(path: str) -> bool:
    """Whether a parameter does something from day 0 on alone."""
    return path.startswith(tuple(f"{later}." for later in LATER)) or path in LATER


def unmoved(parameters: Parameters) -> Parameters:
    """The same network, its shocks and season among it, without growth, vesting or events."""
    calm = {**UNEVENTFUL, **TRENDLESS, "bank_run.enabled": False}
    if parameters.emission.mode == "balance_daily":
        del calm["emission.mode"]
    return put(parameters, calm)


def _balance(
    params,
    table: Mapping[str, Variable],
    swept: Mapping[str, np.ndarray],
    points: int,
    constants: Mapping[str, float],
) -> dict[str, Any]:
    """What is known of the start, by variable: the stocks and constants that are given, the
    variance of the price and, where it is not given, the price per Mtok at which demand is the
    target share of capacity; where it is, the utilisation with which demand meets capacity. NaN
    where there is none.
    """

    variance = news_variance(substitute(params, swept))
    variance = np.broadcast_to(variance, points).astype(float)

    def known(point) -> tuple[dict[str, Any], dict[str, Any]]:
        mine = substitute(params, {path: values[point] for path, values in swept.items()})
        given = {
            name: np.broadcast_to(np.asarray(value, dtype=float), len(point))
            for name, value in {**constants, **mine["stocks"].given}.items()
        }
        return stationary(mine), {**given, "price_variance": variance[point]}

    every = known(np.arange(points))
    given = every[1]
    unknown = "utilisation" if "inference_price" in given else "inference_price"

    def excess_supply(logarithm, point):
        calm, stocks = every if len(point) == points else known(point)
        rest = Rest(calm, table, stocks | {unknown: exp(logarithm)})
        return log(rest["utilisation"] * rest["capacity"] + 1e-300) - log(rest["demand"] + 1e-300)

    low, high = PRICE_BRACKET
    if unknown == "utilisation":
        low, high = LEAST_UTILISATION, params["capacity"].admission_limit
    found = roots(excess_supply, *(np.broadcast_to(log(end), points) for end in (low, high)))
    return given | {unknown: exp(found)}


def _step(model: Model, params, state: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return model.step(params, state)
    except BlockError as error:
        told = ModelError(f"in the steady state: {error}")
        raise told.at(error.file and (error.file, error.line), error.expected) from error


def steady_states(
    params: Mapping[str, Any],
    model: Model,
    swept: Mapping[str, np.ndarray],
    points: int,
    constants: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """The steady state of many parameter points at once: every variable, (points,); NaN where a
    point has none. Stocks that are given have no part in it.

    params: groups of parameters. swept: by path, (points,). A point's numbers do not depend on the
    points beside it. constants: of a start, by name, which are kept: where a network comes to rest
    whose customers are those of another start. By default each point is a network of its own today.
    """
    return starts({**params, "stocks": Stocks()}, model, _without_stocks(swept), points, constants)


def customers(state: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What the customers of a start are like, by variable; see `CUSTOMERS`. params: its groups."""
    return {v.name: state[v.name] for declared in CUSTOMERS for v in declared.one_each(params)}


def customers_of(today: Parameters, model: Model = MODEL) -> dict[str, Any]:
    """`customers` of a network at rest. Raises InputError where it has no steady state."""
    return customers(start_state(put(today, {"stocks": Stocks()}), model), dict(today))


def _without_stocks(swept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {path: values for path, values in swept.items() if not path.startswith("stocks.")}


def starts(
    params: Mapping[str, Any],
    model: Model,
    swept: Mapping[str, np.ndarray],
    points: int,
    constants: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Where simulations of many parameter points start: the stocks that are given, and all else as
    if the network were at rest with them; without any, its steady state. See `steady_states`.
    """
    model = model.acting(params)
    with np.errstate(all="ignore"):
        calm = {
            **stationary(substitute(params, swept)),
            "time_step": params["simulation"].time_step,
            "orders": model.orders,
        }
        still = np.zeros((1, points))
        calm["shock_table"] = ShockTable(
            {name: still for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)}
        )
        table = model.variables(params)
        held = dict(Rest(calm, table, _balance(params, table, swept, points, constants or {})))
        held = {name: np.broadcast_to(value, points).astype(float) for name, value in held.items()}
        held["time"], held["step"] = 0.0, 0
        state: dict[str, Any] = {name: np.zeros(points) for name in table} | held
        for _ in range(SETTLING_STEPS):
            state = {
                name: np.broadcast_to(value, points)
                for name, value in _step(model, calm, state).items()
                if name in table  # a name that no block declares is refused with its block
            } | held
        none = ~np.isfinite(state["token_price"] + state["inference_price"])
        none = none | (state["holders_tok"] <= 0.0)
        return {
            name: value if name in SHARED else unsigned(np.where(none, np.nan, value))
            for name, value in state.items()
        }


@kept
def start_of(
    parameters: Parameters, model: Model = MODEL, constants: tuple[tuple[str, float], ...] = ()
) -> dict[str, np.ndarray]:
    """`starts` of one network, (1,) by variable, which nobody can change. constants: by name."""
    return unchanging(starts(dict(parameters), model, {}, 1, dict(constants)))


def unchanging(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same state, whose arrays nobody can change."""
    for value in state.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return state


def start_state(
    parameters: Parameters, model: Model = MODEL, constants: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Where a simulation starts, by variable; see `starts`. Raises InputError where it cannot."""
    found = start_of(parameters, model, tuple((constants or {}).items()))
    if not np.isfinite(found["token_price"][0]):
        raise no_starts(dict(parameters), model, {}, 1, constants)[0]
    return as_numbers(found) | {"time": 0.0, "step": 0}


def no_starts(
    params: Mapping[str, Any],
    model: Model,
    swept: Mapping[str, np.ndarray],
    points: int,
    constants: Mapping[str, float] | None = None,
) -> list[InputError]:
    """Why each of some points has no start. params, swept, points, constants: as of `starts`, of
    which all found none.
    """
    with np.errstate(all="ignore"):
        mine, table = substitute(params, swept), model.variables(params)
        known = _balance(params, table, swept, points, constants or {})
        rest = Rest(stationary(mine), table, known)
        held = np.broadcast_to(1 - rest["holders_tok"] / rest["circulating_supply"], points)
        found = np.broadcast_to(np.isfinite(known["inference_price"] + rest["utilisation"]), points)
    return [
        _no_start(share, balanced, mine["stocks"].given)
        for share, balanced in zip(held, found, strict=True)
    ]


def _no_start(share: float, balanced: bool, given: Mapping[str, Any]) -> InputError:
    """Why there is none. share: of circulating supply that others hold than passive holders.
    balanced: whether demand meets supply.
    """
    if balanced:
        stocks = ", a stock that is given" if given else ""
        return InputError(
            f"pool, customers, operators and speculators hold {share:.3f} of circulating supply",
            key="supply",
            expected=(
                "less than 1 (lower supply.speculator_share, supply.customer_days, "
                f"market.pool_share, operators.inventory_days{stocks})"
            ),
        )
    if "inference_price" in given:
        return InputError(
            f"no start: at {float(np.ravel(given['inference_price'])[0]):g} USD/Mtok customers ask "
            f"for more than the fleet can serve",
            key="stocks.inference_price",
            expected="a price, nodes and workloads that go together",
        )
    return InputError(
        "no steady state: demand never meets the fleet's supply",
        key="fleet",
        expected=(
            "nodes that can serve what workloads.*.network_share say is on the network today, or "
            "supply and demand curves that cross"
        ),
    )


@checked(
    parameters=of(Parameters, expected="Parameters, such as resolve(...).values"),
    model=of(Model, expected="a Model"),
    today=optional(of(Parameters, expected="Parameters, such as resolve(...).today")),
)
def steady_state(
    parameters: Parameters, model: Model = MODEL, today: Parameters | None = None
) -> SteadyState:
    """The steady state of a network's stationary form, risk-adjusted where shocks are on.

    Stocks that are given have no part in it. With shocks on, customers expect the variance of the
    news from the start. The residual is that of the stationary form; a controller that has none of
    its own shows there.

    Parameters
    ----------
    parameters : Parameters
        Of the network.
    model : Model
        The block list.
    today : Parameters, optional
        Of the network as it is today, where `parameters` are what it becomes: its customers remain
        what they are then. By default `parameters` are of today, with the shares and elasticities
        that they name.

    Returns
    -------
    SteadyState
        Every variable's value, in its unit.

    Raises
    ------
    InputError
        Where no steady state exists.

    Examples
    --------
    >>> found = tk.steady_state(tk.resolve("baseline").values)
    >>> found.residual < 1e-9
    True
    >>> found.state["token_price"] == found.state["utility_value"]
    True
    """
    groups = {**dict(parameters), "stocks": Stocks()}
    model = model.acting(parameters)
    own = None if today is None else customers_of(today, model)
    state = start_state(put(parameters, {"stocks": Stocks()}), model, own)
    table = ShockTable(
        {name: np.zeros((1, 1)) for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)}
    )
    params = {
        **stationary(groups),
        "time_step": parameters.simulation.time_step,
        "shock_table": table,
        "orders": model.orders,
    }
    with np.errstate(all="ignore"):
        after = as_numbers(_step(model, params, state))
    sizes = model.variables(params)
    change = {
        name: abs(after[name] - state[name]) / float(scale(sizes[name], state))
        for name in sizes
        if name not in SHARED
    }
    worst = max(change, key=change.get)
    return SteadyState(state, change[worst], worst, params, model)
