"""The state variables that no block writes: they are set in the steady state, and stay."""

from __future__ import annotations

from .formulas.choice import solved
from .formulas.rest import depth_at_rest, emission_at_rest
from .variables import Variable

CUSTOMERS = (  # what the customers of today are like, set in the steady state
    *(
        Variable(
            f"price_today_{seller}",
            "USD/Mtok",
            f"price per Mtok of {whose} at the start, against which customers weigh what they do "
            f"not pay",
            None,
            0.0,
            start=start,
        )
        for seller, whose, start in (
            ("network", "the network", "inference_price"),
            ("sellers", "other sellers", lambda params, rest: params["api"].price),
            ("cloud", "the cloud", lambda params, rest: params["cloud"].price),
        )
    ),
    Variable(
        "choice_within",
        "1",
        "scale of the choice between the network and other sellers of the same model",
        None,
        0.0,
        start=solved,
    ),
    Variable(
        "choice_between",
        "1",
        "scale of the choice between these and the cloud",
        None,
        0.0,
        start=solved,
    ),
    *(
        Variable(
            f"wedge_{seller}_<workload>",
            "1",
            f"log effective price of {whose} for <workload> work relative to its mean cost today, "
            f"as far as price, failures, lateness and exposure do not account for it",
            1.0,
            start=solved,
        )
        for seller, whose in (
            ("network", "the network"),
            ("sellers", "other sellers"),
            ("cloud", "the cloud"),
        )
    ),
)
CONSTANTS = (  # set in the steady state, written by no block
    *CUSTOMERS,
    Variable(
        "emission_rate",
        "TOK/day",
        "number that mode balance_at_start emits",
        "pool_tok",
        0.0,
        start=emission_at_rest,
    ),
    Variable(
        "balancing_cost",
        "USD/day",
        "operating cost that balances the treasury's income at the start",
        "pool_usd",
        0.0,
        start="treasury_income",
    ),
    Variable(
        "reference_depth",
        "USD",
        "USD on the market's bid side at the start, pool and book: the unit of the controller's "
        "output",
        None,
        0.0,
        start=depth_at_rest,
    ),
    Variable(
        "initial_price",
        "USD/TOK",
        "price at the start, for paths and pegs",
        None,
        0.0,
        start="token_price",
    ),
    Variable(
        "initial_circulating",
        "TOK",
        "circulating supply at the start, for holdings",
        None,
        0.0,
        start="circulating_supply",
    ),
    Variable(
        "initial_reserve",
        "USD",
        "treasury's USD at the start, for runs on it",
        "pool_usd",
        0.0,
        start="treasury_usd",
    ),
    Variable(
        "initial_demand",
        "Mtok/day",
        "potential demand at the start, for bills",
        None,
        0.0,
        start="potential_demand",
    ),
)
