"""How customers pay, declared as everything else is; see `fields`."""

from __future__ import annotations

from typing import Literal

from .fields import Group, parameter, share


class Payment(Group):
    """How customers pay, and what the burn share of fees in stablecoin is spent on."""

    mode: Literal["tokens", "stablecoin"] = parameter(
        "-",
        "customers pay in tokens, of which the burn share is burned, or in stablecoin, of which "
        "the burn share buys tokens back in the market",
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
