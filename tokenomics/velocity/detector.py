"""Is a rise of a token's velocity usage or speculation? A judgement from what anybody can see:
daily price, traded volume, fees, burned tokens.

Velocity, volume over supply, is also what speculators make. The detector is a logistic regression
on features without a unit, of a window against the days before it, estimated on simulated episodes
whose cause was put there (`velocity_episodes`); its weights are in
`params/detectors/velocity.yaml`. It knows two causes: its "speculation" is trade that use does not
account for, whoever trades. Units: USD/TOK, TOK/day, USD/day, days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.special import expit
from scipy.stats import rankdata

from ..errors import InputError, nearest, suggestion
from ..model.model import MODEL
from ..parameters.documents import Strict, read_record

BEFORE, AFTER = (
    60,
    30,
)  # days before the window, and of the window, for which the shipped weights are estimated
SHORTEST, LONGEST = (
    15,
    60,
)  # days of a window for which error rates were measured (tests/benchmarks/VELOCITY.md)

BOUGHT, SOLD = (
    [name for names in of.values() for name in names]
    for of in (MODEL.orders.bought, MODEL.orders.sold)
)
SOLD = (*SOLD, "arbitrage_tok")  # either way
OBSERVED = (
    "token_price",
    "settlement_price",
    "fees",
    "burned",
    "control_output",
    *BOUGHT,
    *SOLD,
)  # what `observed` takes

FEATURES = {
    "fees": "log change of mean fees in USD",
    "turnover": (
        "log change of mean traded volume in TOK: of velocity, where supply hardly changes in the "
        "days compared"
    ),
    "comovement": "rank correlation of daily volume in USD and daily fees, over both windows",
    "drift": (
        "trend of fees before the window, as the share of their mean by which it would change them "
        "from window to window"
    ),
}
# log change of the volume; the means of a constant series differ by less, through rounding
LEAST_RISE = 1e-9
Verdict = Literal["usage", "speculation", "undecided"]


@dataclass(frozen=True, eq=False)
class Series:
    """What can be observed, (..., days): price [USD/TOK], traded volume [TOK/day], fees [USD/day],
    burned tokens [TOK/day].
    """

    price: np.ndarray
    volume: np.ndarray
    fees: np.ndarray
    burned: np.ndarray

    def __getitem__(self, chosen) -> Series:
        return Series(
            self.price[chosen], self.volume[chosen], self.fees[chosen], self.burned[chosen]
        )


def traded_volume(paths: Mapping[str, np.ndarray]) -> np.ndarray:
    """Volume that an exchange reports [TOK/day]: every order that met in the market, whoever gave
    it, and arbitrage.

    Each order is a trade with the pool, so that purchases and sales both count; what was ordered in
    USD counts at the price at which it was filled.
    """
    bought = np.maximum(paths["control_output"], 0.0)
    for name in BOUGHT:
        bought = bought + paths[name]
    volume = bought / paths["settlement_price"]
    for name in SOLD:
        volume = volume + np.abs(paths[name])
    return volume


def observed(paths: Mapping[str, np.ndarray]) -> Series:
    """The observables of simulated paths of the variables OBSERVED, (..., days)."""
    return Series(paths["token_price"], traded_volume(paths), paths["fees"], paths["burned"])


def features(series: Series, before: int) -> dict[str, np.ndarray]:
    """Features (...) by name, in the order of FEATURES, of the days from `before` on against the
    `before` days ahead of them.

    Raises InputError where one of both is shorter than SHORTEST or longer than LONGEST, or has no
    volume or no fees at all.
    """
    for name, days in (
        ("before the window", before),
        ("in the window", series.price.shape[-1] - before),
    ):
        if not SHORTEST <= days <= LONGEST:
            raise InputError(
                f"{days} days {name}",
                key="window",
                expected=f"{SHORTEST} to {LONGEST}, for which error rates were measured",
            )
    for name in ("fees", "volume"):
        values = getattr(series, name)
        for part, days in (
            ("before the window", values[..., :before]),
            ("in the window", values[..., before:]),
        ):
            if not np.all(days.mean(axis=-1) > 0.0):
                raise InputError(
                    f"no {name} at all {part}",
                    key=name,
                    expected="a day above 0: the change is a ratio",
                )
    day = np.arange(before) - (before - 1) / 2.0
    past, apart = _scaled(series.fees)[..., :before], series.price.shape[-1] / 2.0
    slope = np.sum(past * day, axis=-1) / np.sum(day * day)
    return {
        "fees": _log_change(series.fees, before),
        "turnover": _log_change(series.volume, before),
        "comovement": _rank_correlation(
            _scaled(series.volume) * _scaled(series.price), series.fees
        ),
        "drift": slope * apart / past.mean(axis=-1),
    }


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values over the largest of their series, so that neither sums nor products of them leave the
    range of numbers.
    """
    return values / values.max(axis=-1, keepdims=True)


def _log_change(values: np.ndarray, before: int) -> np.ndarray:
    values = _scaled(values)
    return np.log(values[..., before:].mean(axis=-1) / values[..., :before].mean(axis=-1))


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis; 0 where one of both never changes."""
    a, b = (rankdata(x, axis=-1) - (x.shape[-1] + 1) / 2.0 for x in (a, b))
    size = np.sqrt(np.sum(a * a, axis=-1) * np.sum(b * b, axis=-1))
    return np.sum(a * b, axis=-1) / np.where(size > 0.0, size, 1.0)


class Weight(Strict):
    """Log odds of usage per unit of a feature, with the standard error of its estimate."""

    weight: float
    error: float = Field(ge=0.0)


class Detector(Strict):
    """A logistic regression of usage against speculation. before, after: days of both windows for
    which it was estimated.

    source: what it was estimated on; command: what does it again. undecided: probabilities of usage
    between which no verdict is given.
    """

    description: str
    source: str = Field(min_length=1)
    command: str = Field(min_length=1)
    episodes: int = Field(ge=2)
    seed: int = Field(ge=0)
    before: int = Field(ge=SHORTEST, le=LONGEST)
    after: int = Field(ge=SHORTEST, le=LONGEST)
    undecided: Annotated[list[float], Field(min_length=2, max_length=2)]
    intercept: Weight
    features: dict[str, Weight]

    @model_validator(mode="after")
    def _complete(self) -> Detector:
        for name in self.features:
            if name not in FEATURES:
                near = suggestion(nearest(name, FEATURES))
                raise ValueError(f"unknown feature '{name}'; expected {', '.join(FEATURES)}{near}")
        for name in FEATURES:
            if name not in self.features:
                raise ValueError(
                    f"no weight of the feature '{name}'; expected all of " + ", ".join(FEATURES)
                )
        low, high = self.undecided
        if not 0.0 < low <= high < 1.0:
            raise ValueError(
                f"undecided from {low:g} to {high:g}; expected two increasing probabilities "
                f"between 0 and 1"
            )
        return self

    def contributions(self, found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Log odds of usage that each feature adds, (...) by name; with the intercept they make up
        the whole.
        """
        return {name: self.features[name].weight * found[name] for name in FEATURES}

    def probability(self, found: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probability of usage (...), where usage and speculation are the only causes and equally
        likely.
        """
        return expit(self.intercept.weight + sum(self.contributions(found).values()))

    def verdict(self, probability: np.ndarray) -> np.ndarray:
        """A `Verdict` (...) for each probability, whether or not the volume rose."""
        low, high = self.undecided
        return np.where(
            probability > high, "usage", np.where(probability < low, "speculation", "undecided")
        )


def rose(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether the traded volume rose (...): where it did not there is no cause to tell."""
    return found["turnover"] > LEAST_RISE


def detector(name: str = "velocity") -> Detector:
    """A shipped detector or that of a YAML file. Raises InputError with file and line."""
    return read_record(Detector, "detector", name)[0]


def decomposition(series: Series, before: int) -> dict[str, dict[str, np.ndarray]]:
    """Mean traded volume before and in the window, and what use can explain of it [TOK/day].

    paid: tokens that customers spend, fees over price. use: each bought once, and sold once by
    those who received it unless it was burned; at most the whole volume. rest: the volume beyond,
    trade of those who do not pay for the service. Emission and slashing are not observed.
    """
    parts = {}
    for name, days in (("before", slice(None, before)), ("window", slice(before, None))):
        one = series[..., days]
        volume, paid = one.volume.mean(axis=-1), np.mean(one.fees / one.price, axis=-1)
        use = np.minimum(np.maximum(2.0 * paid - one.burned.mean(axis=-1), paid), volume)
        parts[name] = {"volume": volume, "paid": paid, "use": use, "rest": volume - use}
    return parts
