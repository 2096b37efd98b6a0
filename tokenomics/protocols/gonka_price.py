"""Gonka: the price of a token of one model follows the use of its capacity.

Inside a zone of utilisation the price stays; outside it moves in proportion to the distance, at
most as far as idle or full capacity would move it. The new price is cut to whole units.

Source: gonka-ai/gonka, inference-chain/x/inference/keeper/dynamic_pricing.go (UpdateDynamicPricing,
CalculateModelDynamicPrice, handleGracePeriod), at 312044d2 in binary and at 0aeedbd2 in decimal
numbers.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import WAD
from .rule import PROPOSED, DeployedRule, OnChain, Search, Version

LARGEST_PRICE = 2**63 - 1  # decimal.IntPart is a signed 64-bit number
DIVISION_DIGITS = 10**16  # shopspring/decimal keeps 16 digits of a quotient
MOST_PRICE = 3_000  # of the search; three times the base price of the v1.18 upgrade


class GonkaPriceState(NamedTuple):
    """Of one model, between blocks."""

    price: Annotated[int, OnChain("ngonka/token", "price of a token", 0, LARGEST_PRICE)]


class GonkaPriceInputs(NamedTuple):
    """Read when a block begins."""

    used: Annotated[int, OnChain("token", "used in the window", 0, 2**63 - 1)]
    capacity: Annotated[int, OnChain("token/s", "capacity: weight of the model's nodes", 0)]
    epoch: Annotated[int, OnChain("epoch", "effective epoch", 0)] = 10**9


class GonkaPriceParameters(NamedTuple):
    """Set by governance; the last two by the code."""

    lower: Annotated[int, OnChain("1e-18", "utilisation where the zone begins", 0, WAD)]
    upper: Annotated[int, OnChain("1e-18", "utilisation where the zone ends", 0, WAD)]
    elasticity: Annotated[int, OnChain("1e-18", "change of price to distance", 0, WAD)]
    window: Annotated[int, OnChain("s", "window of utilisation", 1, 3600)]
    floor: Annotated[int, OnChain("ngonka/token", "lowest price", 1)]
    base: Annotated[int, OnChain("ngonka/token", "price when the grace period ends", 1)]
    grace_end: Annotated[int, OnChain("epoch", "last epoch of the grace period", 0)]
    grace_price: Annotated[int, OnChain("ngonka/token", "price in the grace period", 0)]
    binary: Annotated[int, OnChain("0 or 1", "64-bit floats in place of decimals", 0, 1)] = 0
    up: Annotated[int, OnChain("0 or 1", "a rise is rounded up", 0, 1)] = 0


def utilisation(inputs: GonkaPriceInputs, parameters: GonkaPriceParameters) -> int:
    """Use of capacity in the window [1e-18], to 16 digits, a half away from zero."""
    capacity = inputs.capacity * parameters.window
    if not capacity:
        return 0
    scale = WAD // DIVISION_DIGITS
    return (2 * inputs.used * DIVISION_DIGITS + capacity) // (2 * capacity) * scale


def _decimal(price: int, inputs: GonkaPriceInputs, p: GonkaPriceParameters) -> int:
    """The price moved and cut in decimal numbers, which are exact but for the utilisation."""
    used, unit = utilisation(inputs, p), WAD * WAD
    if p.lower <= used <= p.upper:
        return price
    if used < p.lower:
        factor = unit - (p.lower - used) * p.elasticity
        return price * max(factor, unit - p.lower * p.elasticity, 0) // unit
    factor = min(unit + (used - p.upper) * p.elasticity, unit + (WAD - p.upper) * p.elasticity)
    return -(-price * factor // unit) if p.up else price * factor // unit


def _binary(price: int, inputs: GonkaPriceInputs, p: GonkaPriceParameters) -> int:
    """The price moved and cut in 64-bit floats, each operation rounded."""
    lower, upper, elasticity = (value / WAD for value in (p.lower, p.upper, p.elasticity))
    used = 0.0
    if inputs.capacity > 0:
        used = float(inputs.used) / (float(inputs.capacity) * float(p.window))
    if lower <= used <= upper:
        return price
    if used < lower:
        factor = max(1.0 - (lower - used) * elasticity, 0.0)
        factor = max(factor, 1.0 - (lower - 0.0) * elasticity)
    else:
        factor = min(1.0 + (used - upper) * elasticity, 1.0 + (1.0 - upper) * elasticity)
    return int(float(price) * factor)


def step(
    state: GonkaPriceState, inputs: GonkaPriceInputs, parameters: GonkaPriceParameters
) -> GonkaPriceState:
    """The price after a block begins. In the last epoch of the grace period it is the base price,
    before it the grace period's.
    """
    if inputs.epoch < parameters.grace_end:
        return GonkaPriceState(parameters.grace_price)
    if inputs.epoch == parameters.grace_end:
        return GonkaPriceState(parameters.base)
    move = _binary if parameters.binary else _decimal
    return GonkaPriceState(max(move(state.price, inputs, parameters), parameters.floor))


def _kinds(p: GonkaPriceParameters) -> dict[str, GonkaPriceInputs]:
    def use(share: int) -> GonkaPriceInputs:
        capacity = 10**9
        return GonkaPriceInputs(share * capacity * p.window // WAD, capacity)

    return {
        "idle": use(0),
        "half of the zone's lower end": use(p.lower // 2),
        "just below the zone": use(p.lower - WAD // 10**6),
        "inside the zone": use((p.lower + p.upper) // 2),
        "just above the zone": use(p.upper + WAD // 10**6),
        "midway to full": use((p.upper + WAD) // 2),
        "full": use(WAD),
        "twice the capacity": use(2 * WAD),
    }


SEARCH = Search(
    states=lambda p: [GonkaPriceState(price) for price in range(p.floor, MOST_PRICE + 1)],
    by="price",
    inputs=_kinds,
    exhaustive=True,
    about=f"every price from the floor to {MOST_PRICE:,} ngonka a token; utilisation from idle to "
    "twice the capacity, after the grace period",
)

ZONE = (40 * WAD // 100, 60 * WAD // 100, 5 * WAD // 100)
GONKA_PRICE = DeployedRule(
    name="gonka_price",
    about="Gonka: a model's price follows the use of its capacity",
    clock="block",
    state=GonkaPriceState,
    inputs=GonkaPriceInputs,
    parameters=GonkaPriceParameters,
    step=step,
    decides=("price",),
    versions=(
        Version(
            "genesis",
            GonkaPriceParameters(*ZONE, 60, 1, 100, 90, 0, binary=1),
            "gonka-ai/gonka 312044d2 of 2025-08-24: genesis/genesis.json and the code beside it",
            date="2025-08",
        ),
        Version(
            "v0.2.13",
            GonkaPriceParameters(*ZONE, 60, 1, 100, 90, 0),
            "gonka-ai/gonka 0aeedbd2 (decimal numbers); issue #1450 of 2026-07-14 read "
            "release/v0.2.13 and the chain: every price stood at the floor of 1",
            date="2026",
        ),
        Version(
            "PR-1451",
            GonkaPriceParameters(*ZONE, 60, 1, 100, 90, 0, up=1),
            "gonka-ai/gonka pull request #1451 of 2026-07-14, open: a rise is rounded up",
            date="2026-07-14",
            status=PROPOSED,
        ),
    ),
    sources=(
        "gonka-ai/gonka 312044d2, 0aeedbd2: inference-chain/x/inference/keeper/dynamic_pricing.go",
        "gonka-ai/gonka 312044d2: genesis/genesis.json, proposals/tokenomics-v2/dynamic-pricing.md",
        "gonka-ai/gonka issue #1450, pull request #1451",
    ),
    search=SEARCH,
    unknown=(
        "the block from which decimals replaced floats",
        "whether a node of another processor fuses a float's product and sum into one rounding",
        "the use of capacity by a rolling average over blocks, to which later code turned: only "
        "its tests were read (09c0f8d2); they agree with this step",
        "the grace period's price on the chain after genesis",
    ),
)
