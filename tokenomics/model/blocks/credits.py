"""Credits: customers prepay in USD; tokens that are paid for credits go into a vault, out of which
operators are paid (burn-and-mint with a vault, Akash AEP-76; as built, AEP-79).

A credit is a dollar of work. Customers buy it with tokens, at the oracle's price and less a spread,
and hold some days of spending in credits. An operator's due is redeemed at the oracle's price: the
vault pays first, and what it lacks is minted. The oracle's price is the market's, averaged and of
some age: a first-order lag of log price by half the window and the age. Where the vault's worth
falls below a share of the credits outstanding, no credits are sold; they are redeemed all the same,
and who has none left pays in tokens or not at all. Where none are outstanding the sale begins anew.
Units: USD, TOK, USD/day, TOK/day.
"""

import numpy as np

from ..formulas.numerics import in_tokens, positive, relaxation, treasury_share
from ..formulas.payment import (
    NOTHING,
    credits_at_rest,
    in_credits,
    oracle_price,
    spendable,
)
from ..formulas.wash_usage import faked_ratio
from ..variables import Variable, writes


@writes(
    Variable(
        "credits_spent", "USD/day", "what customers pay with credits, faked work too", "fees", 0.0
    ),
    Variable(
        "order_credits_usd",
        "USD/day",
        "customers' purchases of the tokens that they pay for credits",
        "fees",
        0.0,
        buys="vault",
    ),
    Variable(
        "order_direct_usd",
        "USD/day",
        "purchases of tokens that are paid to operators at once, where no credits are sold",
        "fees",
        0.0,
        buys="customers",
    ),
)
def policy_paid_with_credits(params, substep, state_history, state):
    """What is paid with credits, and what for tokens [USD/day]: for credits of what is spent and of
    what the stock lacks, or for the operators, where no credits are sold and none are left.
    """
    if not in_credits(params):
        return {
            name: 0.0 * state[name]
            for name in ("credits_spent", "order_credits_usd", "order_direct_usd")
        }
    payment, supply, dt = params["payment"], params["supply"], params["time_step"]
    kept, open_ = 1.0 - treasury_share(params), 1.0 - state["halted"]
    paid = kept * state["served"] * state["inference_price"]
    faked = paid * faked_ratio(params, state)
    gap = supply.customer_days * paid - state["credits"]
    refill = gap * relaxation(dt, supply.customer_time) / dt
    wanted = positive(paid + refill) + faked
    spent = np.where(open_ > 0.0, paid + faked, np.minimum(paid, spendable(params, state, paid)))
    price = state["token_price"]
    tokens = wanted / ((1.0 - payment.mint_spread) * oracle_price(params, state, price))
    return {
        "credits_spent": spent,
        "order_credits_usd": open_ * tokens * price,
        "order_direct_usd": positive(paid + faked - spent),
    }


def oracle_at_rest(params, rest):
    """What it has long measured."""
    return rest["token_price"]


@writes(
    Variable(
        "credit_oracle",
        "USD/TOK",
        "averaged and late price of tokens at which credits are sold and redeemed",
        None,
        0.0,
        start=oracle_at_rest,
    ),
    Variable(
        "credits",
        "USD",
        "credits outstanding, each good for a dollar of work",
        "pool_usd",
        0.0,
        start=credits_at_rest,
    ),
    Variable("redeemed_tok", "TOK/day", "tokens for which credits are redeemed", "pool_tok", 0.0),
    Variable("vault_paid", "TOK/day", "tokens of these that the vault pays", "pool_tok", 0.0),
    Variable(
        "minted_for_credits",
        "TOK/day",
        "tokens of these that are minted, the vault being empty",
        "pool_tok",
        0.0,
    ),
    Variable(
        "collateral_ratio",
        "1",
        "worth of the vault over the credits outstanding; 1 where there are none, 0 where nobody "
        "pays with credits",
        1.0,
        0.0,
    ),
    Variable("warned", "1", "1 where that is below the warning's", 1.0, 0.0),
    Variable("halted", "1", "1 where no credits are sold in the next step", 1.0, 0.0, start=0.0),
)
def policy_credits(params, substep, state_history, state):
    """Credits sold for the tokens that were bought, credits redeemed, and whether the vault is
    worth enough for the next step's sale.
    """
    if not in_credits(params):
        idle = ("redeemed_tok", "vault_paid", "minted_for_credits", "collateral_ratio", "warned")
        return {"credits": state["credits"], "credit_oracle": state["settlement_price"]} | {
            name: 0.0 * state[name] for name in (*idle, "halted")
        }
    payment, dt, settled = params["payment"], params["time_step"], state["settlement_price"]
    price = oracle_price(params, state, settled)
    deposited = in_tokens(params["orders"].purchases(state, "vault"), settled)
    sold = deposited * price * (1.0 - payment.mint_spread)
    due = np.minimum(state["credits_spent"], state["credits"] / dt + sold)
    redeemed = in_tokens(due, price)
    paid = np.minimum(redeemed, state["vault_tok"] / dt + deposited)
    credits = positive(state["credits"] + (sold - due) * dt)
    vault = positive(state["vault_tok"] + (deposited - paid) * dt)
    there = credits > NOTHING
    ratio = np.where(there, vault * price / np.where(there, credits, 1.0), 1.0)
    return {
        "credit_oracle": price,
        "credits": credits,
        "redeemed_tok": redeemed,
        "vault_paid": paid,
        "minted_for_credits": redeemed - paid,
        "collateral_ratio": ratio,
        "warned": np.where(ratio < payment.warning_ratio, 1.0, 0.0),
        "halted": np.where(ratio < payment.halt_ratio, 1.0, 0.0),
    }
