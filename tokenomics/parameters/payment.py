"""How customers pay, declared as everything else is; see `fields`."""

from __future__ import annotations

from typing import Literal

from .fields import Rule, Ruled, parameter, share


class Payment(Ruled):
    """How customers pay, what the burn share of fees in stablecoin buys, and what credits stand
    on.
    """

    RULES = (
        Rule(
            lambda p: p.halt_ratio <= p.warning_ratio,
            lambda p: (
                f"payment.halt_ratio: {p.halt_ratio:g}; expected at most payment.warning_ratio, "
                f"{p.warning_ratio:g}"
            ),
        ),
    )

    mode: Literal["tokens", "stablecoin", "credits"] = parameter(
        "-",
        "customers pay in tokens, of which the burn share is burned; in stablecoin, of which the "
        "burn share buys tokens back in the market; or with credits in USD, bought for tokens that "
        "go into a vault, out of which operators are paid",
        role="lever",
    )
    exposed_share: float = share(
        "share of customers who carry the token's price risk between quote and payment, mode tokens"
    )
    buyback_to: Literal["burned", "kept", "stakers"] = parameter(
        "-",
        "tokens that are bought back are burned, the treasury's, or the stakers': operators' where "
        "nodes bond, passive holders' in bonding mode yield",
        role="lever",
    )
    stablecoin_weight: float = parameter(
        "1",
        "share of fees in stablecoin that counts as fiat throughput in the utility value",
        gt=0.0,
        le=1.0,
    )
    vault_ratio: float = parameter(
        "1",
        "vault at the start, as a multiple of the credits outstanding, mode credits",
        ge=0.0,
        le=10.0,
        role="start",
    )
    warning_ratio: float = share(
        "vault over credits outstanding below which the protocol warns, mode credits", role="lever"
    )
    halt_ratio: float = share(
        "vault over credits outstanding below which no credits are sold, mode credits", role="lever"
    )
    mint_spread: float = parameter(
        "1",
        "share of the tokens paid for credits for which none are given, mode credits",
        ge=0.0,
        le=0.1,
        role="lever",
    )
    oracle_window: float = parameter(
        "days",
        "time over which the price of tokens for credits is averaged, mode credits",
        ge=0.0,
        role="lever",
    )
    price_age: float = parameter(
        "days", "age of the prices that go into that average, mode credits", ge=0.0
    )
    direct_share: float = share(
        "share of customers who pay in tokens where they have no credits and none are sold"
    )
    idle_share: float = share(
        "share of the credits that customers hold which lies idle where none are sold, mode credits"
    )
