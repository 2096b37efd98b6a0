"""What a controller would have done to a recorded history, by the model: both arms meet the same
news, only one has the controller.

Without it the history comes out again, by construction of the news. With it the price deviates as
the model says; the history holds no trace of the controller, so that nothing here is checked by
data. What the closes do not show (demand, the oracle's errors) is drawn, run by run, and the news
is inferred anew in each, so that the spread over runs tells what the closes leave open.
Speculators' noise is zero, as in the replay: what moved the price is in the news already, and noise
beside it would be cancelled by the news in the arm without the controller and not in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..engines import ensemble
from ..engines.trajectories import Trajectories
from ..experiments.history import REACHED, infer_news, undisturbed, without_noise_orders
from ..model.formulas.liquidity import depth
from ..model.model import Model, bind
from ..model.shocks import sample
from ..model.steady_state import steady_state
from ..model.variables import as_arrays
from ..parameters import Parameters, put
from ..results.evaluation import evaluate_metrics
from ..results.intervals import SIZE, UNBOUNDED, Bounds, summarise
from ..results.metrics import METRICS, needed
from ..results.returns import autocorrelation
from .replay import Replayed, redenominated
from .scores import mean

UNCHECKED = (
    "The counterfactual is the model's: the history had no such controller, and no data check its "
    "effect."
)

CHOSEN = (
    "price_volatility",
    "max_drawdown",
    "decoupling_index",
    "price_final",
    "treasury_final",
    "treasury_min",
    "treasury_low",
    "treasury_value",
)
CHOSEN += ("control_effort", "inflation", "served_share", "bill_volatility")
MORE = (
    "burned",
    "minted",
    "control_output",
    "utility_value",
    "news",
)  # recorded for what is measured below, beside what metrics need
NEEDS = tuple(dict.fromkeys([*needed(CHOSEN), *MORE]))


@dataclass(frozen=True, eq=False)
class Arms:
    """Both arms: paths (runs, days) by variable. parameters: of the arm with the controller.
    recorded: closes (days,) [USD/TOK].
    """

    without: Trajectories
    controlled: Trajectories
    parameters: Parameters
    recorded: np.ndarray

    @property
    def missed(self) -> np.ndarray:
        """Log price of the arm without the controller above the record (runs, days), 0 where it is
        reached.
        """
        gap = np.log(self.without.values["token_price"] / self.recorded)
        return np.where(np.abs(gap) > 2.0 * REACHED, gap, 0.0)


def counterfactual(
    parameters: Parameters,
    replayed: Replayed,
    day: int,
    prices: np.ndarray,
    *,
    runs: int,
    seed: int,
    model: Model,
    rates: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
    when: Callable[[float], str] = "day {:g}".format,
) -> Arms:
    """Both arms from the replayed state of a day to the history's end.

    parameters: with the policy; its scenario is left out. prices: closes from the day on (days,)
    [USD/TOK]. rates: recorded demand (days − 1, runs) [req/s]. when: days from the start in words,
    for an error. A close that the market cannot reach is followed as far as inventories go: both
    arms then meet the news that brings the undisturbed model as near to it as it gets. The policy
    is set up on the day: the depth of the market and the price that it
    starts from are those of the day, and what the undisturbed model lacks of its state is at rest.
    """
    calm = undisturbed(parameters).model_copy(update={"controller": parameters.controller})
    calm = put(calm, {"simulation.days": float(len(prices) - 1)})
    start: dict[str, Any] = replayed.recorded(day, model, calm)
    deep = depth(parameters.market, start["pool_usd"])
    start |= {"initial_price": start["token_price"], "reference_depth": deep}
    table = without_noise_orders(
        sample(calm, np.arange(runs), seed, extra=model.processes(calm)).starting(start["step"])
    )
    if rates is not None:
        table = table.replace(recorded_rate=rates)
    quiet = bind(undisturbed(calm), table, model)
    table = table.replace(
        recorded_news=infer_news(
            model.bound(quiet), quiet, as_arrays(start, runs), prices, progress, when, nearest=True
        )
    )

    def arm(chosen: Parameters, begin: Mapping[str, Any]) -> Trajectories:
        params = bind(chosen, table, model)
        return ensemble.simulate(
            model.bound(params),
            params,
            begin,
            runs=np.arange(runs),
            steps=len(prices) - 1,
            record=NEEDS,
        )

    rest = steady_state(redenominated(calm, prices[0], model), model).state
    return Arms(arm(undisturbed(calm), start), arm(calm, rest | start), calm, prices)


def _measures(
    arm: Trajectories, parameters: Parameters
) -> dict[str, tuple[str, str, np.ndarray, Bounds, bool]]:
    """Unit, meaning, value (runs,), bounds and whether it is a probability, by name."""
    paths, dt = arm.values, parameters.simulation.time_step
    values = evaluate_metrics(CHOSEN, paths, parameters)
    found = {
        n: (
            METRICS[n].unit,
            METRICS[n].meaning,
            values[n],
            METRICS[n].bounds,
            METRICS[n].probability,
        )
        for n in CHOSEN
    }
    gap = np.log(paths["token_price"] / paths["utility_value"])[:, 1:]
    flows = {name: np.sum(paths[name][:, 1:], axis=1) * dt for name in ("burned", "minted")}
    spent = np.sum(np.maximum(paths["control_output"][:, 1:], 0.0), axis=1) * dt
    sold = np.sum(np.maximum(-paths["control_output"][:, 1:], 0.0), axis=1) * dt
    return found | {
        "tracking_utility": (
            "1",
            "root mean square of ln(price / utility value)",
            np.sqrt(np.mean(gap**2, axis=1)),
            SIZE,
            False,
        ),
        "burned": ("TOK", "all tokens burned", flows["burned"], SIZE, False),
        "minted": ("TOK", "all tokens minted", flows["minted"], SIZE, False),
        "bought_back": ("USD", "all that the controller bought", spent, SIZE, False),
        "sold": ("USD", "all that the controller sold", sold, SIZE, False),
    }


def needed_news(arms: Mapping[str, Arms]) -> pd.DataFrame:
    """The news with which the undisturbed model follows the history as far as it can, beside the
    returns: mean with its 95 % interval, deviation, autocorrelation.

    The model's own news has no mean: what is needed makes up for a drift that the history did not
    have.
    """

    def moments(name: str, daily: np.ndarray) -> dict[str, Any]:
        found, lag = mean(daily, 1), float(autocorrelation(daily, 1))
        return {
            "daily": name,
            "mean": found.value,
            "low": found.low,
            "high": found.high,
            "deviation": float(np.std(daily, ddof=1)),
            "lag 1": lag,
        }

    first = next(iter(arms.values()))
    rows = [moments("returns", np.diff(np.log(first.recorded)))]
    return pd.DataFrame(
        rows
        + [
            moments(f"news, {name}", np.mean(one.without.values["news"][:, 1:], axis=0))
            for name, one in arms.items()
        ]
    )


def outcome(arms: Arms) -> pd.DataFrame:
    """Measures without and with the controller, and their paired difference with its 95 % interval
    over what the closes leave open.
    """
    without, controlled = (
        _measures(arm, arms.parameters) for arm in (arms.without, arms.controlled)
    )
    rows = []
    for name, (unit, meaning, before, bounds, probability) in without.items():
        after = controlled[name][2]
        one, two = (summarise(v, probability=probability, bounds=bounds) for v in (before, after))
        gap = summarise(after - before, bounds=UNBOUNDED)
        numbers = {
            "without": one.mean,
            "with": two.mean,
            "difference": gap.mean,
            "low": gap.low,
            "high": gap.high,
        }
        rows.append({"measure": name, "unit": unit, **numbers, "meaning": meaning})
    return pd.DataFrame(rows)
