"""A network that meets recorded input: sized by a recorded demand, at a recorded price, beside the
recorded market.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, nearest
from ..histories.demand import DemandSeries, mean_rate
from ..histories.prices import PriceHistory, read_prices
from ..model.model import Model
from ..model.steady_state import start_state
from ..parameters import Resolved


def check_alignment(align_choice: str | None) -> None:
    """Refuse a way of aligning demand that there is not."""
    choices = ("start", "repeat", "bootstrap")
    if align_choice is not None and align_choice not in choices:
        raise InputError(
            f"unknown alignment '{align_choice}'",
            argument="demand_align",
            expected="one of " + ", ".join(choices),
            nearest=nearest(align_choice, choices),
        )


def sized_by(resolved: Resolved, series: DemandSeries) -> tuple[Resolved, str]:
    """Parameters whose network has the size of a recorded demand, and a line that says so."""
    replaced = {"demand.request_rate": float(mean_rate(series))}
    if series.prompt_tokens is not None and series.output_tokens is not None:
        replaced |= {
            "demand.prompt_tokens": series.prompt_tokens,
            "demand.output_tokens": series.output_tokens,
        }
    resolved = resolved.replace(replaced, source=f"mean of {series.file}")
    values = resolved.values.demand
    return resolved, (
        f"demand from {series.file}, mean {values.request_rate:.4g} req/s x {values.services:g} "
        f"services, "
        f"{values.prompt_tokens:g} + {values.output_tokens:g} tokens per request"
    )


def at_price(resolved: Resolved, model: Model, price: float, file: str) -> Resolved:
    """The network at a recorded price. A token has no natural unit: in other tokens every USD
    figure is as it was. Stocks that are given are in tokens that there are, and stay.
    """
    given = resolved.today.stocks.given
    if not given:
        own = start_state(resolved.today, model)["token_price"]
        return resolved.in_other_tokens(own / price, f"redenominated to the first price of {file}")
    told = given.get("token_price", price)
    if abs(told / price - 1.0) > 1e-6:
        raise InputError(
            f"{told:.10g} USD/TOK",
            key="stocks.token_price",
            expected=f"{price:.10g}, the first price of {file}, or none",
        )
    return resolved.replace({"stocks.token_price": price}, source=f"first price of {file}")


def market_index(resolved: Resolved, index: str | Path, history: PriceHistory) -> PriceHistory:
    """The market's index over the days of a price history."""
    if resolved.values.market_factor.beta == 0.0:
        raise InputError(
            "an index of which the token takes nothing",
            key="market_factor.beta",
            expected="another number than 0, such as `tokenomics calibrate factor` finds",
        )
    first, last = history.dates[0], history.dates[-1]
    window = "`start` and `days`"
    return read_prices(index, start=first, end=last, window=window)
