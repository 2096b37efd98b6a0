"""The controller: error against the reference, the law's decision, and what the actuators can do.

Actuators: treasury buy-back-and-burn bounded by solvency, and where the controller has both sides
the sale of treasury tokens, then of a bounded mint, into the pool; burn share of fees, between none
and all that is not the treasury's; emission, between bounds of its own. The law's signal is bounded
where the last of the actuators in use is, and each stands at its own bound until then. Deployed
rules have actuators of their own: they mint, set the network's price or rebase balances. Laws in
`model/controllers/`. Units: USD/day; the signal is in reference depths (the pool's USD at the
start) a day.
"""

import numpy as np

from ...elementary import exp, log
from ...errors import ModelError
from .. import controllers
from ..contract import is_number, placed
from ..controllers import BURNT, Command
from ..formulas.numerics import (
    CLOCK_TOLERANCE,
    DAYS_PER_YEAR,
    below_cap,
    cost_due,
    in_tokens,
    positive,
    relaxation,
    treasury_share,
)
from ..variables import Variable, writes


def reference_price(params, state):
    """Price that the controller aims at [USD/TOK]."""
    controller = params["controller"]
    if controller.reference == "utility":
        return state["utility_value"]
    if controller.reference == "average":
        return exp(state["average_log_price"])
    if controller.reference == "path":
        return state["initial_price"] * exp(
            controller.reference_growth / DAYS_PER_YEAR * state["time"]
        )
    return state["initial_price"] * controller.peg


def bounds(params, state):
    """Largest buy-back, sale out of the treasury and mint [USD/day, TOK/day, TOK/day]; the last two
    where the controller has both sides.
    """
    controller, dt = params["controller"], params["time_step"]
    solvent = positive(state["treasury_usd"] / dt - cost_due(params, state))
    spend = np.minimum(controller.spend_limit * state["treasury_usd"], solvent)
    minted = controller.mint_limit * state["total_supply"]
    if params["emission"].capped:
        minted = np.minimum(minted, below_cap(params, state))
    return spend, state["treasury_tok"] / dt, minted


def most_burned(params):
    """Largest burn share of fees: what is not the treasury's."""
    return 1.0 - treasury_share(params)


def reach(params, low, high):
    """Bounds of the law's signal [reference depths a day]: the widest of those of the actuators in
    use. low, high: those of the market's.
    """
    controller, burned = params["controller"], params["supply"].burn_share
    for gain, least, most in (
        (controller.burn_share_gain, burned, most_burned(params) - burned),
        (
            controller.emission_gain,
            controller.emission_most - 1.0,
            1.0 - controller.emission_least,
        ),
    ):
        used = np.greater(gain, 0.0)
        per_unit = 1.0 / np.where(used, gain, 1.0)
        low = np.where(used, np.minimum(low, -least * per_unit), low)
        high = np.where(used, np.maximum(high, most * per_unit), high)
    return low, high


def _expect_command(name, law, command):
    """Refuse what a law must not give back. name: its own."""
    if not isinstance(command, Command):
        raise ModelError(
            f"controller '{name}' gave a {type(command).__name__}; expected a "
            "tokenomics.Command, such as Command(0.05 * error)"
        )
    kept = {f"memory '{one.name}'" for one in law.memory}
    for what, value in {
        "signal": command.signal,
        **{f"memory '{one}'": value for one, value in command.memory.items()},
    }.items():
        if what != "signal" and what not in kept:
            known = ", ".join(sorted(kept)) or "none, for it is registered with none"
            raise ModelError(f"controller '{name}' gave a {what} that it has not; expected {known}")
        if not is_number(value):
            raise ModelError(
                f"controller '{name}' gave a {type(value).__name__} as its {what}; expected a "
                "number or an array of them"
            )


def burn_at_rest(params, rest):
    """The rule's share."""
    return params["supply"].burn_share


@writes(
    Variable("reference_price", "USD/TOK", "price that the controller aims at", None, 0.0),
    Variable("control_error", "1", "ln(reference / measured price)", 1.0),
    Variable(
        "control_signal",
        "1/day",
        "controller's output in reference depths a day, before each actuator's own bounds",
        1e-2,
        start=0.0,
    ),
    Variable(
        "control_<memory>", "1", "what the control law remembers, each by its own name and unit"
    ),
    Variable("control_age", "days", "time since the last decision", 1.0, start=0.0),
    Variable(
        "average_log_price",
        "1",
        "moving average of the measured log price",
        start="oracle_log_price",
    ),
    Variable(
        "control_output",
        "USD/day",
        "what the actuator does: buy-back if positive, sale if negative",
        "pool_usd",
    ),
    Variable(
        "order_treasury_tok",
        "TOK/day",
        "the controller's sale out of the treasury's tokens",
        "pool_tok",
        0.0,
        sells="treasury",
    ),
    Variable(
        "order_mint_tok",
        "TOK/day",
        "the controller's sale of new tokens",
        "pool_tok",
        0.0,
        sells="mint",
    ),
    Variable("burn_share", "1", "burn share of fees in force", 1.0, 0.0, start=burn_at_rest),
    Variable(
        "emission_multiplier",
        "1",
        "controller's multiplier on emission",
        1.0,
        0.0,
        start=1.0,
    ),
)
def policy_controller(params, substep, state_history, state):
    """Decide when a decision is due, hold the signal otherwise, and do what the bounds allow."""
    controller, dt = params["controller"], params["time_step"]
    price, depth = state["token_price"], state["reference_depth"]
    reference, measured = reference_price(params, state), log(state["measured_price"])
    error = log(reference) - measured
    spend, sellable, mintable = bounds(params, state)
    high, low = spend / depth, 0.0
    if controller.sides == "both":
        low = -np.minimum(controller.sale_limit, (sellable + mintable) * price / depth)

    elapsed = state["control_age"] + dt
    due = elapsed >= controller.interval - CLOCK_TOLERANCE
    law = controllers.law(controller.type)
    command = law.decide(params, state, error, elapsed, *reach(params, low, high))
    with placed(law.decide):
        _expect_command(controller.type, law, command)
    signal = np.where(due, command.signal, state["control_signal"])
    wanted = np.clip(signal, low, high) * depth
    output, from_treasury, minted = wanted, 0.0 * price, 0.0 * price
    if controller.sides == "both":
        sale = in_tokens(positive(-wanted), price)
        from_treasury = np.minimum(sale, sellable)
        minted = np.minimum(sale - from_treasury, mintable)
        output = positive(wanted) - (from_treasury + minted) * price
    burn_share = params["supply"].burn_share + controller.burn_share_gain * signal
    priced = params["pricing"].enabled and params["pricing"].mode == "law"
    if priced and controllers.remembers(controller.type, BURNT):
        # of the price in force, which the decision before this one set
        burn_share = state[f"control_{BURNT}"] * most_burned(params)
    average = state["average_log_price"]
    return {
        "reference_price": reference + 0.0 * error,
        "control_error": error,
        "control_signal": signal,
        **{
            f"control_{k}": np.where(due, v, state[f"control_{k}"])
            for k, v in command.memory.items()
        },
        "control_age": np.where(due, 0.0, elapsed),
        "average_log_price": average
        + (measured - average) * relaxation(dt, controller.average_memory),
        "control_output": output,
        "order_treasury_tok": from_treasury,
        "order_mint_tok": minted,
        "burn_share": np.clip(burn_share, 0.0, most_burned(params)),
        "emission_multiplier": np.clip(
            1.0 - controller.emission_gain * signal,
            controller.emission_least,
            controller.emission_most,
        ),
    }
