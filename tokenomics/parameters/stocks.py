"""Stocks of a network on day 0 that are known and not solved: of a network that is not at rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from .fields import Group, optional
from .reading import Leaf

HELD = ("staked", "treasury_tok", "locked")  # what does not circulate
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
GROUP = "stocks"


class Stocks(Group):
    """What a network has on day 0, as far as it is known. What is not given is solved as if the
    network were at rest with what is.
    """

    ROLE = "start"

    token_price: float | None = optional("USD/TOK", "price in the market", gt=0.0)
    inference_price: float | None = optional("USD/Mtok", "price of the network's work", gt=0.0)
    circulating_supply: float | None = optional(
        "TOK", "tokens that are not staked, locked or in the treasury", gt=0.0
    )
    staked: float | None = optional("TOK", "tokens staked and delegated", ge=0.0)
    treasury_tok: float | None = optional("TOK", "tokens held by the treasury", ge=0.0)
    locked: float | None = optional("TOK", "tokens locked in vesting", ge=0.0)
    treasury_usd: float | None = optional("USD", "treasury's reserve in stablecoin", ge=0.0)
    pool_tok: float | None = optional("TOK", "tokens in the pool, which circulate", gt=0.0)
    customers_tok: float | None = optional("TOK", "customers' tokens, which circulate", ge=0.0)
    operators_tok: float | None = optional(
        "TOK", "unsold tokens of operators, which circulate", ge=0.0
    )
    speculators_tok: float | None = optional("TOK", "speculators' tokens, which circulate", ge=0.0)
    speculators_usd: float | None = optional(
        "USD", "stablecoin with which speculators can buy", ge=0.0
    )
    nodes: dict[str, Annotated[float, Field(ge=0.0)]] = optional(
        "nodes", "nodes that are installed, by accelerator type", default={}
    )

    @property
    def given(self) -> dict[str, Any]:
        """Those that are given, by the name of the state variable."""
        own = {name: value for name, value in dict(self).items() if value is not None}
        return own | {f"nodes_{name}": count for name, count in own.pop("nodes").items()}


def supplies(supply: Any, stocks: Stocks, bond: Any = None) -> dict[str, Any]:
    """Who has what of total supply [TOK]: what is given, and of the rest the shares of the
    parameters, in their proportion where circulating supply is given.

    bond: what is staked where neither that is given nor a share says so; what is left where all
    others are given.
    """
    total, given = supply.total_supply, dict(stocks.given)
    own = {
        "staked": total * supply.staked_share,
        "treasury_tok": total * supply.treasury_share,
        "locked": total * supply.locked_share,
    }
    circulating = stocks.circulating_supply

    def left_over(names: tuple[str, ...]) -> tuple[Any, Any]:
        """Of what does not circulate, beside what is given; and the shares that are not."""
        left, parts = total - circulating, 0.0
        for name in names:
            left = left - given.get(name, 0.0)
            parts = parts + (0.0 if name in given else own[name])
        return left, parts

    if bond is not None and "staked" not in given:
        if circulating is not None:
            room, others = left_over(HELD[1:])
            bond = np.where(others > 0.0, np.minimum(bond, room), room)
        given["staked"] = bond
    if circulating is not None:
        left, parts = left_over(HELD)
        # without parts nothing is left over, or the stocks are refused
        own = {name: part * (left / (parts + (parts == 0.0))) for name, part in own.items()}
    held = {name: given.get(name, own[name]) for name in HELD}
    if circulating is None:
        circulating = total - held["staked"] - held["treasury_tok"] - held["locked"]
    return {"total_supply": total, **held, "circulating_supply": circulating}


def add_up(supply: Any, stocks: Stocks, bond: Any = None) -> Any:
    """Whether the stocks are a split of total supply, elementwise. bond: as of `supplies`."""
    found = supplies(supply, stocks, bond)
    total, least, booked = found.pop("total_supply"), True, 0.0
    for amount in found.values():
        least = least & (amount >= 0.0)
        booked = booked + amount
    return least & (found["circulating_supply"] > 0.0) & (abs(booked - total) <= 1e-9 * total)


def told(supply: Any, stocks: Stocks) -> str:
    """Why they are none."""
    given = {n: v for n, v in stocks.given.items() if n in (*HELD, "circulating_supply")}
    parts = ", ".join(f"{name} {value:.10g}" for name, value in given.items())
    return (
        f"stocks: {parts} of a total supply of {supply.total_supply:.10g}; expected stocks that "
        f"leave nothing over and nothing missing (supply.total_supply is the sum of all)"
    )


def refuse_undated(leaves: Mapping[str, Leaf]) -> None:
    """Raise InputError for a stock of a file without a source and a date."""
    for path, leaf in leaves.items():
        if leaf.line is None or not path.startswith(f"{GROUP}.") or leaf.value == {}:
            continue
        where, dates = DATE.subn("", leaf.source or "")
        if not dates or not where.strip(" ,"):
            raise leaf.error(
                f"source '{leaf.source}'" if leaf.source else "no source",
                expected="`source` with `date`, such as 2026-11-01: where and when it was read",
            )
