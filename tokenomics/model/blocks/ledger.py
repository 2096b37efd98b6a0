"""The books: every token that moved in the step is booked once, at the settlement price, and the books must balance.

Δtotal = minted − burned; total = circulating + staked + treasury + locked. Utility value, decoupling and the two
velocities follow from the books. Units: TOK, USD, TOK/day.
"""

import numpy as np

from ..formulas.numerics import burned_share, relaxation, treasury_share

CIRCULATING = ("pool_tok", "customers_tok", "operators_tok", "speculators_tok", "attacker_tok", "holders_tok")


def policy_settlement(params, substep, state_history, state):
    """Book the step on every ledger."""
    s, dt, price = state, params["time_step"], state["settlement_price"]
    spent = (1.0 - treasury_share(params)) * s["fees"] / price
    fee_burn = burned_share(params, s) * s["fees"] / price
    buyback_usd = np.maximum(s["control_output"], 0.0)
    buyback = buyback_usd / price
    minted = s["emitted"] + s["order_mint_tok"]
    burned = fee_burn + s["slashed"] + buyback
    released = s["vested"] + s["unlock_rate"]
    sold_usd = (s["order_treasury_tok"] + s["order_mint_tok"]) * price
    flows = {
        "customers_tok": s["order_customers_usd"] / price - s["order_customers_tok"] - spent,
        "operators_tok": spent - fee_burn + s["emitted"] - s["stake_flow"] - s["order_operators_tok"],
        "speculators_tok": (s["order_speculators_usd"] + s["order_front_usd"]) / price - s["order_speculators_tok"] - s["order_front_tok"],
        "speculators_usd": (s["order_speculators_tok"] + s["order_front_tok"]) * price - s["order_speculators_usd"] - s["order_front_usd"],
        "attacker_tok": s["order_attacker_usd"] / price - s["order_attacker_tok"],
        "attacker_usd": s["order_attacker_tok"] * price - s["order_attacker_usd"],
        "holders_tok": released - s["order_holders_tok"] - s["order_run_tok"] - s["delegated"] - s["liquidity_flow"],
        "staked": s["stake_flow"] + s["delegated"] - s["slashed"],
        "treasury_tok": -s["order_treasury_tok"],
        "locked": -released,
        "treasury_usd": s["treasury_income"] - s["cost_paid"] - buyback_usd + sold_usd,
        "total_supply": minted - burned,
    }
    return {"minted": minted, "burned": burned} | {name: s[name] + flow * dt for name, flow in flows.items()}


def policy_accounts(params, substep, state_history, state):
    """Circulating supply, utility value, decoupling, velocities, and by how much the books fail to balance."""
    supply, dt, price = params["supply"], params["time_step"], state["token_price"]
    circulating = 0.0
    for name in CIRCULATING:
        circulating = circulating + state[name]
    booked = circulating + state["staked"] + state["treasury_tok"] + state["locked"]
    throughput = state["throughput"] + (state["fees"] - state["throughput"]) * relaxation(dt, supply.throughput_memory)
    utility = throughput * supply.holding_time / circulating
    bought = state["order_speculators_usd"] + state["order_front_usd"] + state["order_attacker_usd"]
    sold = state["order_speculators_tok"] + state["order_front_tok"] + state["order_attacker_tok"]
    speculative = bought / state["settlement_price"] + sold
    return {
        "circulating_supply": circulating,
        "conservation_error": (state["total_supply"] - booked) / state["total_supply"],
        "throughput": throughput,
        "utility_value": utility,
        "decoupling": np.log(price / utility),
        "velocity_usage": state["fees"] / state["settlement_price"] / circulating,
        "velocity_speculative": (speculative + state["arbitrage_tok"]) / circulating,
    }
