"""What a metric is, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engines.folds import Fold
from ...errors import ModelError
from ...inputs.arguments import NAMES, TEXT, checked
from ...model.lanes import same_function
from ...model.same_bits import with_our_functions
from ...parameters import Parameters
from ..intervals import UNBOUNDED, Bounds

Paths = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    function: from paths. needs: the variables it is computed from. probability: its value is 0 or 1
    in a run. better: "lower", "higher", or "" where neither is. bounds: between which its value
    lies by definition. fold: of which the function is the form for paths; None where it is no fold.
    """

    name: str
    unit: str
    meaning: str
    function: Callable[[Paths, Parameters], np.ndarray]
    needs: tuple[str, ...]
    probability: bool = False
    better: str = ""
    bounds: Bounds = UNBOUNDED
    fold: Fold | None = None

    @property
    def label(self) -> str:
        """What a reader calls it; `name` is what files and options take."""
        return LABELS.get(self.name, self.name.replace("_", " "))

    @property
    def measure(self) -> str:
        """The unit as a table has it, with what stands for a value that the span cuts off."""
        return self.unit + CUT_OFF.get(self.name, "")

    @property
    def heading(self) -> str:
        """Name and `measure`."""
        return f"{self.name} [{self.measure}]"

    @property
    def axis(self) -> str:
        """Label and unit, as an axis of a figure has them."""
        return f"{self.label} [{self.unit}]"

    @property
    def arrow(self) -> str:
        """Which way it is better, as a title of a table or a figure has it; see `WAYS`."""
        return ARROWS[self.better]

    @property
    def interval(self) -> dict[str, Any]:
        """How `intervals` and `summarise` are to treat its values."""
        return {"probability": self.probability, "bounds": self.bounds}

    def interval_over(self, days: Any) -> dict[str, Any]:
        """`interval` of runs of some days, a number or one a point: what the span cuts off is no
        more than it.
        """
        bounds = (self.bounds[0], days) if self.name in CUT_OFF else self.bounds
        return self.interval | {"bounds": bounds}

    @property
    def gap(self) -> Bounds:
        """Between which the difference of two values lies."""
        low, high = self.bounds
        return low - high, high - low


CUT_OFF = {"treasury_low_day": "; the span where never"}
ARROWS = {"lower": "↓", "higher": "↑", "": ""}
WAYS = "↓ less is better, ↑ more"  # what the arrows say
# where the name with its underscores as spaces would not do
LABELS = {
    "price_volatility": "volatility of the price",
    "factor_share": "market's share of the swings",
    "own_volatility": "volatility of the token's own",
    "max_drawdown": "largest fall of the price",
    "tracking_rms": "tracking error",
    "tracking_iae": "tracking error summed over time",
    "rule_procyclicality": "what the rule takes as fees fall",
    "minted": "tokens minted",
    "treasury_min": "lowest reserve",
    "treasury_final": "reserve at the end",
    "treasury_value": "treasury's worth at the market's price",
    "treasury_value_pool": "treasury's worth if it were sold",
    "treasury_runway": "runway of the reserve",
    "treasury_low": "reserve falls to a tenth",
    "treasury_low_day": "day on which the reserve is a tenth, the span where never",
    "treasury_unpaid": "costs cannot be paid",
    "faker_profit": "profit of faked usage",
    "front_profit": "profit of running ahead",
    "credits_halted": "the sale of credits halts",
    "credits_halted_days": "days without a sale of credits",
    "credits_minted": "tokens minted for credits",
    "served_share": "share of the work served",
    "sla_attainment": "share of answers in time",
    "service_uptime": "share of the work answered in time",
    "cloud_service_uptime": "the same on the cloud",
    "decoupling_index": "mean distance from utility value",
    "decoupling_rms": "distance from utility value",
    "bill_volatility": "volatility of the token bill",
    "velocity_speculative": "speculative velocity",
    "bill_cost_at_risk": "token bill at risk",
    "price_final": "price at the end",
    "bad_share": "share of bad answers",
    "latency_mean": "mean latency",
    "latency_p99": "99th percentile of latency",
    "velocity_usage": "velocity of use",
    "demand_concentration": "concentration of demand",
}
METRICS: dict[str, Metric] = {}
MAIN = (  # what a terminal shows first
    "price_volatility",
    "tracking_rms",
    "control_effort",
    "treasury_min",
    "treasury_low",
    "treasury_unpaid",
    "bill_cost_at_risk",
)
DEPLETING = (  # what a year may not show
    "treasury_low",
    "treasury_unpaid",
    "treasury_value",
    "treasury_runway",
    "treasury_final",
)


def needed(names: Iterable[str]) -> list[str]:
    """The variables that some metrics are computed from."""
    return sorted({variable for name in names for variable in METRICS[name].needs})


@checked(name=TEXT, unit=TEXT, meaning=TEXT, needs=NAMES)
def metric(
    name: str,
    unit: str,
    meaning: str,
    needs: tuple[str, ...],
    *,
    probability: bool = False,
    better: str = "",
    bounds: Bounds = UNBOUNDED,
):
    """Register a function as a metric, as a decorator.

    In a function of a user's own NumPy's elementary functions are this package's, whose bits are
    the same on every processor.

    Parameters
    ----------
    name, unit, meaning : str
        As tables show them.
    needs : tuple of str
        Variables that it reads.
    probability : bool
        Its values are 0 or 1, and the interval of their mean is Wilson's.
    better : {"lower", "higher", ""}
        For comparisons; "" where it depends.
    bounds : (float, float)
        Between which its value lies by definition, in its unit.

    Returns
    -------
    callable
        The decorator of a function `(paths, parameters)`. Its paths have the shape (runs, times),
        its result the shape (runs,).

    Raises
    ------
    ModelError
        Where the name is taken.

    Examples
    --------
    >>> @tk.metric("last_price", "USD/TOK", "price on the last day", ("token_price",))
    ... def last_price(paths, parameters):
    ...     return paths["token_price"][:, -1]
    >>> int(tk.run(days=2, runs=3, engine="ensemble").metrics().loc["last_price", "n"])
    3
    """
    if better not in ("", "lower", "higher"):
        raise ModelError(
            f"metric '{name}': better is '{better}'; expected lower, higher or nothing"
        )

    def register(function):
        known = METRICS.get(name)
        if known and not same_function(known.function, function):
            raise ModelError(f"metric '{name}' exists already")
        ours = with_our_functions(function)
        METRICS[name] = Metric(name, unit, meaning, ours, needs, probability, better, bounds)
        return function

    return register


def folded(
    name: str,
    unit: str,
    meaning: str,
    fold: Fold,
    *,
    probability: bool = False,
    better: str = "",
    bounds: Bounds = UNBOUNDED,
) -> None:
    """Register a fold as a metric; see `metric`."""
    METRICS[name] = Metric(
        name, unit, meaning, fold.over, fold.needs, probability, better, bounds, fold
    )
