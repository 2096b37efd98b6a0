"""Metrics of the token's price."""

from __future__ import annotations

import numpy as np

from ...model.formulas.numerics import DAYS_PER_YEAR
from ..folds import (
    drawdown_of,
    market_part,
    volatility_of,
)
from ..intervals import SHARE, SIZE
from .declaration import folded

folded(
    "price_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of daily log returns",
    volatility_of("token_price"),
    better="lower",
    bounds=SIZE,
)
folded(
    "factor_share",
    "1",
    "share of the variance of daily log returns that the market's moves account for, 0 where none "
    "reach the token",
    market_part(
        lambda returns, market, both, p, count: np.minimum(
            both * both / np.where(returns * market > 0.0, returns * market, 1.0), 1.0
        )
    ),
    bounds=SHARE,
)
folded(
    "own_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of daily log returns less the market's part in them: what a "
    "policy can act on",
    market_part(
        lambda returns, market, both, p, count: (
            np.sqrt(np.maximum(returns - 2.0 * both + market, 0.0) / (count - 1))
            * np.sqrt(DAYS_PER_YEAR / p.simulation.time_step)
        )
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "max_drawdown",
    "1",
    "largest fall of the daily price from an earlier high",
    drawdown_of("token_price"),
    better="lower",
    bounds=SHARE,
)
