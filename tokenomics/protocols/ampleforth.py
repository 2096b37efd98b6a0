"""Ampleforth's rebase: supply follows the distance of the price from its target, once a day.

Within a band around the target nothing happens. Outside it supply changed in proportion to the
distance, divided by a lag; since AIP-5 along a sigmoid. Divisions cut towards zero.

Source: ampleforth/ampleforth-contracts 701eee2 (in 2021: 4aefc98, in 2022: 3cca866),
contracts/UFragmentsPolicy.sol (rebase, computeSupplyDelta, computeRebasePercentage),
contracts/lib/SafeMathInt.sol (twoPower), contracts/UFragments.sol (rebase).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import WAD, truncated
from .rule import PROPOSED, DeployedRule, IntervalSearch, OnChain, Version

MAX_RATE = 10**6 * WAD
POLICY_SUPPLY = (2**255 - 1) // MAX_RATE  # largest of the policy, with which no product overflows
TOKEN_SUPPLY = 2**128 - 1  # largest of the token, which cuts what is above
MOST_EXPONENT = 100 * WAD
# 2^(1/2), 2^(1/4), ... 2^(1/32), in 1e-18
ROOTS = (
    1414213562373095049,
    1189207115002721067,
    1090507732665257659,
    1044273782427413840,
    1021897148654116678,
)


class AmpleforthState(NamedTuple):
    """Between rebases."""

    supply: Annotated[int, OnChain("1e-9 AMPL", "total supply", 0, TOKEN_SUPPLY)]


class AmpleforthInputs(NamedTuple):
    """Read from the oracles at a rebase."""

    rate: Annotated[int, OnChain("1e-18 USD/AMPL", "price, volume-weighted over a day", 0)]
    target: Annotated[int, OnChain("1e-18 USD/AMPL", "target of the price", 1)]
    valid: Annotated[int, OnChain("0 or 1", "both oracles have fresh reports", 0, 1)] = 1


class AmpleforthParameters(NamedTuple):
    """Set by governance. A lag makes the rule linear; without one a curve acts, above the target
    the first, below it the second.
    """

    threshold: Annotated[int, OnChain("1e-18", "distance within which nothing happens", 0)]
    lag: Annotated[int, OnChain("1", "divides the change; 0 for a curve", 0)]
    lower_above: Annotated[int, OnChain("1e-18", "lower end of the first curve", None, 0)] = 0
    upper_above: Annotated[int, OnChain("1e-18", "upper end of the first curve", 0)] = 0
    growth_above: Annotated[int, OnChain("1e-18", "steepness of the first curve", 0)] = 0
    lower_below: Annotated[int, OnChain("1e-18", "lower end of the second curve", None, 0)] = 0
    upper_below: Annotated[int, OnChain("1e-18", "upper end of the second curve", 0)] = 0
    growth_below: Annotated[int, OnChain("1e-18", "steepness of the second curve", 0)] = 0


def two_power(exponent: int, one: int) -> int:
    """2^exponent, cut to a 32nd of the exponent. exponent, result: in units of 1/one, up to 100."""
    whole, rest = divmod(abs(exponent), one)
    result, part = (1 << whole) * one, one // 2
    for root in ROOTS:
        if rest >= part:
            rest -= part
            result = result * root // WAD
        part //= 2
    return one * one // result if exponent < 0 else result


def rebase_share(rate: int, lower: int, upper: int, growth: int) -> int:
    """Change of supply [1e-18] along the sigmoid from lower to upper. rate: of price to target
    [1e-18].
    """
    exponent = truncated(growth * (rate - WAD), WAD)
    power = two_power(max(min(exponent, MOST_EXPONENT), -MOST_EXPONENT), WAD)
    if power == 0:
        return lower
    bent = truncated(truncated(upper * WAD, lower) * WAD, power)
    return truncated((upper - lower) * WAD, WAD - bent) + lower


def change_of_supply(
    supply: int, inputs: AmpleforthInputs, parameters: AmpleforthParameters
) -> int:
    """What the policy asks of the token [1e-9 AMPL]."""
    p, target = parameters, inputs.target
    rate = min(inputs.rate, MAX_RATE)
    if not inputs.valid or abs(rate - target) < target * p.threshold // WAD:
        return 0
    if p.lag:
        change = truncated(truncated(supply * (rate - target), target), p.lag)
    else:
        normal = rate * WAD // target
        curve = p[2:5] if normal >= WAD else p[5:8]
        change = truncated(supply * rebase_share(normal, *curve), WAD)
    return min(change, POLICY_SUPPLY - supply) if change > 0 else change


def step(
    state: AmpleforthState, inputs: AmpleforthInputs, parameters: AmpleforthParameters
) -> AmpleforthState:
    """The supply after a rebase. Without fresh reports it stays, as it did while the contract
    refused such a rebase (until 2024).
    """
    supply = state.supply + change_of_supply(state.supply, inputs, parameters)
    return AmpleforthState(min(supply, TOKEN_SUPPLY))


def _kinds(p: AmpleforthParameters) -> dict[str, AmpleforthInputs]:
    rates = {
        "a price of nought": 0,
        "half of the target": WAD // 2,
        "the band's lower end": WAD - p.threshold,
        "just inside the band, below": WAD - p.threshold + 1,
        "at the target": WAD,
        "just inside the band, above": WAD + p.threshold - 1,
        "the band's upper end": WAD + p.threshold,
        "twice the target": 2 * WAD,
        "the highest price": MAX_RATE,
    }
    kinds = {label: AmpleforthInputs(rate, WAD) for label, rate in rates.items()}
    return kinds | {"stale reports": AmpleforthInputs(2 * WAD, WAD, 0)}


SEARCH = IntervalSearch(
    span=lambda p: (0, TOKEN_SUPPLY),
    lowest=lambda supply, p: AmpleforthState(supply),
    by="supply",
    inputs=_kinds,
    about="every supply from 0 to the token's largest; prices from nought to the highest at a "
    "target of 1",
    steady=True,
)


def _curve(lower: int, upper: int, growth: int) -> tuple[int, int, int]:
    """lower, upper: [1e-3]. growth: [1]."""
    return lower * WAD // 1000, upper * WAD // 1000, growth * WAD


BAND, NARROW = 5 * WAD // 100, 25 * WAD // 1000
REPOSITORY = "ampleforth/ampleforth-contracts "
AMPLEFORTH = DeployedRule(
    name="ampleforth",
    about="Ampleforth: supply grows above the target price, falls below",
    clock="rebase (a day)",
    dated=True,
    state=AmpleforthState,
    inputs=AmpleforthInputs,
    parameters=AmpleforthParameters,
    step=step,
    decides=("supply",),
    versions=(
        Version(
            "lag-30",
            AmpleforthParameters(BAND, 30),
            REPOSITORY + "4aefc98 (initialize); first rebase 2019-06-30",
            date="2019-06-30",
        ),
        Version(
            "lag-10",
            AmpleforthParameters(BAND, 10),
            "the project's announcement of 2019-10-23: a lag of 10 from 2019-10-30",
            date="2019-10-30",
        ),
        Version(
            "AIP-5",
            AmpleforthParameters(BAND, 0, *2 * _curve(-100, 100, 3)),
            REPOSITORY + "3cca866 of 2022-03-11 (initialize); AIP-5 is implemented",
            date="2022",
        ),
        Version(
            "proposal-32",
            AmpleforthParameters(NARROW, 0, *2 * _curve(-77, 50, 45)),
            "governance proposal 32 of 2024-08-29, executed, sets both ends, growth and threshold; "
            "numbers of " + REPOSITORY + "fd13c8b",
            date="2024-09",
        ),
        Version(
            "two-curves",
            AmpleforthParameters(NARROW, 0, *_curve(-50, 50, 45), *_curve(-77, 77, 45)),
            REPOSITORY + "0e7f9d1 of 2025-04-01 (initialize)",
            date="2025-04-01",
            status=PROPOSED,
        ),
    ),
    sources=(
        REPOSITORY + "701eee2, 3cca866, 4aefc98: contracts/UFragmentsPolicy.sol, UFragments.sol, "
        "lib/SafeMathInt.sol",
        "ampleforth/AIPs: AIP-5",
    ),
    search=SEARCH,
    unknown=(
        "the rebase with which each version began",
        "upper end and growth in the text of proposal 32, of which only the lower end could be "
        "read (-0.077, as in the commit)",
        "whether the two curves of 2025 are deployed: the repository records no deployment of them",
    ),
)
