"""RAI's law: the redemption rate follows the error of redemption price less market price.

The rate per second is 1 + Kp × error + Ki × the error's leaky integral, in the integers of the
contract.

Source: reflexer-labs/geb-rrfm-calculators 56c709d, src/calculator/PIRawPerSecondCalculator.sol
(with Ki = 0 the same rates as PRawPerSecondCalculator.sol); geb-rrfm-rate-setter 31e5c9c,
src/PIRateSetter.sol; the redemption price of src/test/utils/mock/MockOracleRelayer.sol.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import RAY, WAD, power, truncated
from .rule import OnChain

LOWEST = -(RAY - 1)
WORD = 2**255 - 1  # the largest signed integer of the chain


class RaiState(NamedTuple):
    """Between updates. The integral leaks before an update adds to it."""

    rate: Annotated[int, OnChain("1e-27/s", "redemption rate, a factor per second", 1, RAY * WAD)]
    price: Annotated[int, OnChain("1e-27 USD", "redemption price when it was last set", 1, WORD)]
    priced: Annotated[int, OnChain("s", "time at which it was set", 0)]
    proportional: Annotated[int, OnChain("1e-27 USD", "error at the last update", -WORD, WORD)] = 0
    integral: Annotated[int, OnChain("1e-27 USD s", "the error's integral", -WORD, WORD)] = 0
    updated: Annotated[int, OnChain("s", "time of the last update, 0 for none", 0)] = 0


class RaiInputs(NamedTuple):
    """Read at an update."""

    now: Annotated[int, OnChain("s", "time since 1970", 0)]
    market: Annotated[int, OnChain("1e-18 USD", "market price of the feed", 1, WORD // 10**9)]


class RaiParameters(NamedTuple):
    """Set by governance."""

    kp: Annotated[int, OnChain("1e-18/(USD s)", "gain of the error", -WAD, WAD)]
    ki: Annotated[int, OnChain("1e-18/(USD s2)", "gain of the integral", -WAD, WAD)] = 0
    leak: Annotated[int, OnChain("1e-27/s", "share of the integral kept", 0, RAY)] = RAY
    period: Annotated[int, OnChain("s", "shortest time between updates", 1)] = 14_400
    barrier: Annotated[int, OnChain("1e-18", "noise barrier, 1 acts on any error", 1, WAD)] = WAD
    upper: Annotated[int, OnChain("1e-27/s", "upper bound of the output", 1)] = RAY * WAD
    lower: Annotated[int, OnChain("1e-27/s", "lower bound of the output", LOWEST, -1)] = LOWEST
    fastest: Annotated[int, OnChain("1e-27/s", "upper bound of the rate", RAY + 1)] = RAY * WAD
    slowest: Annotated[int, OnChain("1e-27/s", "lower bound of the rate", 1, RAY - 1)] = 1


def redemption_price(state: RaiState, now: int) -> int:
    """The redemption price at a time [1e-27 USD], rounded down and never 0."""
    if now <= state.priced:
        return state.price
    return power(state.rate, now - state.priced, RAY) * state.price // RAY or 1


def bounded(output: int, parameters: RaiParameters) -> int:
    """The rate of an output within its bounds (getBoundedRedemptionRate). An output of -1 or less
    gives RAY - 1, which is almost no change: the contract's bounds do not let it be reached.
    """
    output = min(max(output, parameters.lower), parameters.upper)
    return RAY - 1 if output <= -RAY else RAY + output


def step(state: RaiState, inputs: RaiInputs, parameters: RaiParameters) -> RaiState:
    """The state after an update; unchanged where the contract refuses one so early."""
    now = inputs.now
    elapsed = now - state.updated if state.updated else 0
    if state.updated and elapsed < parameters.period:
        return state
    price = redemption_price(state, now)
    error = price - inputs.market * 10**9
    kept = truncated(power(parameters.leak, elapsed, RAY) * state.integral, RAY)
    integral = kept + truncated(error + state.proportional, 2) * elapsed
    output = truncated(error * parameters.kp, WAD) + truncated(integral * parameters.ki, WAD)
    threshold = price * (2 * WAD - parameters.barrier) // WAD - price
    rate = bounded(output, parameters) if output and abs(output) >= threshold else RAY
    rate = min(max(rate, parameters.slowest), parameters.fastest)
    return RaiState(rate, price, max(now, state.priced), error, integral, now)
