"""The stake: what nodes must bond or holders choose to, how it comes and goes, and slashing.

Modes: a node bonds so many days of its revenue, worth as much in USD whatever the token does; so
many tokens; as many as at the start; or the share of supply that is bonded follows its yield y
against the outside rate r, for networks whose holders delegate. There the share is L/(1 + exp(−a −
(y − r)/scale)) with L the limit, or exp(a) (y/r)^elasticity; a is what makes it today's at today's
yield. A recorded share takes the place of that response, and of its delay. A share of what is
bonded anew is bought in the market, the rest comes from passive holders. What leaves is held for
the unbonding time on average (a first-order queue), then returns to passive holders, and a share of
it is sold. What is slashed is replaced by who has bonded it: operators, or holders, whom nodes pay
a share of their income. Units: TOK, TOK/day, USD/day.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.bonding import LEAST, bonded, revenue
from ..formulas.numerics import DAYS_PER_YEAR, positive, relaxation
from ..formulas.payment import burn_share_at_rest, in_stablecoin, to_delegators
from ..variables import Variable, writes


def stake_yield(params, income, staked, price, given=0.0):
    """What the stake earns [1/year]; income: of operators, less what delegators get; given: what is
    bought back for those who delegate [USD/day].
    """
    worth = np.maximum(staked, LEAST) * price
    share = params["bonding"].reward_share
    return DAYS_PER_YEAR * (share / (1.0 - share) * income + given) / worth


def _pull(bonding, earned):
    """What draws tokens into the stake: 0 where it earns the outside rate [1]."""
    if bonding.response == "logistic":
        return (earned - bonding.outside_rate) / bonding.response_scale
    return bonding.elasticity * log(np.maximum(earned, LEAST) / bonding.outside_rate)


def anchor(params, share, earned):
    """With which the response gives a share of supply at a yield [1]."""
    bonding, least = params["bonding"], np.maximum(share, LEAST)
    if bonding.response == "logistic":
        part = np.minimum(least / np.maximum(bonding.limit, LEAST), 1.0 - LEAST)
        return log(part / (1.0 - part)) - _pull(bonding, earned)
    return log(least) - _pull(bonding, earned)


def share_bonded(params, anchored, earned):
    """Share of total supply that holders bond at a yield [1/year]. anchored: of `anchor`."""
    bonding = params["bonding"]
    drive = np.clip(anchored + _pull(bonding, earned), -60.0, 60.0)
    if bonding.response == "logistic":
        return bonding.limit / (1.0 + exp(-drive))
    return exp(np.minimum(drive, 0.0))


def anchor_at_rest(params, rest):
    """At today's share and yield."""
    given = burn_share_at_rest(params) * rest["throughput"] if to_delegators(params) else 0.0
    earned = stake_yield(
        params, rest["operator_income"], rest["staked"], rest["token_price"], given
    )
    return anchor(params, rest["staked"] / rest["total_supply"], earned)


def per_node_at_rest(params, rest):
    """What nodes have staked."""
    return rest["staked"] / np.maximum(rest["nodes"], LEAST)


def most_bonded(params, state):
    """What all nodes can bond [TOK]."""
    return params["bonding"].limit * state["total_supply"]


def recorded_share(params, state):
    """Recorded share of total supply that is bonded at the end of the step, mode yield; None where
    there is none.
    """
    if params["bonding"].mode != "yield":
        return None
    return params["shock_table"].at("recorded_bonded", state["step"])


def required(params, state):
    """Bond of a node in force [TOK/node]."""
    bonding, nodes = params["bonding"], np.maximum(state["nodes"], LEAST)
    most = most_bonded(params, state) / nodes
    if bonding.mode == "per_node":
        return np.minimum(bonding.per_node, most)
    if bonding.mode == "days_of_revenue":
        return np.minimum(
            bonding.days * revenue(params, state) / (state["token_price"] * nodes), most
        )
    recorded = recorded_share(params, state)
    if recorded is not None:
        return recorded * state["total_supply"] / nodes
    if bonding.mode == "yield":
        given = state["order_buyback_usd"] if to_delegators(params) else 0.0
        earned = stake_yield(
            params, revenue(params, state), bonded(state), state["token_price"], given
        )
        wanted = share_bonded(params, state["bond_anchor"], earned)
        return np.minimum(wanted * state["total_supply"] / nodes, most)
    return state["stake_per_node"]


@writes(
    Variable(
        "stake_per_node",
        "TOK/node",
        "stake that each node must hold",
        None,
        0.0,
        start=per_node_at_rest,
    ),
    Variable(
        "bond_anchor",
        "1",
        "with which the share bonded is today's at today's yield",
        1.0,
        start=anchor_at_rest,
    ),
    Variable(
        "unbonding",
        "TOK",
        "stake on its way out, part of what is staked",
        "pool_tok",
        0.0,
        start=0.0,
    ),
    Variable("slashed", "TOK/day", "stake slashed: burned, or the treasury's", "pool_tok", 0.0),
    Variable(
        "stake_flow",
        "TOK/day",
        "tokens with which operators replace what was slashed, out of what they earn",
        "pool_tok",
        0.0,
    ),
    Variable(
        "bond_flow",
        "TOK/day",
        "tokens that operators bond anew, and buy",
        "pool_tok",
        0.0,
    ),
    Variable("delegated", "TOK/day", "tokens of passive holders that are bonded", "pool_tok", 0.0),
    Variable(
        "unbonded",
        "TOK/day",
        "tokens that have left the stake and return to passive holders",
        "pool_tok",
        0.0,
    ),
    Variable(
        "order_bond_usd",
        "USD/day",
        "operators' purchases of tokens that they bond",
        "pool_usd",
        0.0,
        buys="operators",
    ),
    "order_holders_tok",
)
def policy_bonding(params, substep, state_history, state):
    """What is bonded follows what has to be; what leaves waits, and both are slashed."""
    bonding, dt, price = params["bonding"], params["time_step"], state["token_price"]
    per_node, now, under_way = required(params, state), bonded(state), state["unbonding"]
    target = np.minimum(per_node * state["nodes"], most_bonded(params, state))
    speed = relaxation(dt, bonding.time) / dt
    if recorded_share(params, state) is not None:
        target, speed = per_node * state["nodes"], 1.0 / dt
    gap = (target - now) * speed
    entering, leaving = positive(gap), positive(-gap)
    release = relaxation(dt, bonding.unbonding_time) / dt
    unbonded = release * under_way

    # what goes on its way, or out, in this step cannot be slashed as well
    rate = state["slash_rate"] if params["supply"].enabled else 0.0 * now
    slashed = np.minimum(rate, 1.0 / dt - speed) * now
    late = 0.0 * under_way
    if bonding.unbonding_slashed:
        late = np.minimum(rate, 1.0 / dt - release) * under_way

    room, spare = 0.5 * state["operators_tok"] / dt, 0.5 * state["holders_tok"] / dt
    delegated = (1.0 - bonding.bought) * entering
    replaced = np.minimum(slashed, room)
    if bonding.mode == "yield":
        delegated, replaced = delegated + slashed, 0.0 * slashed
    wanted = bonding.bought * entering
    bought = np.minimum(wanted, room - replaced)
    # whoever is paid in USD has few tokens that could make up for a higher price: he bonds what he
    # has once he has bought it
    ordered = wanted if in_stablecoin(params) else bought
    return {
        "stake_per_node": per_node,
        "bond_anchor": state["bond_anchor"],
        "unbonding": positive(under_way + (leaving - unbonded - late) * dt),
        "slashed": slashed + late,
        "stake_flow": replaced,
        "bond_flow": bought,
        "delegated": np.minimum(delegated, spare),
        "unbonded": unbonded,
        "order_bond_usd": ordered * price,
        "order_holders_tok": bonding.unstaked_sold * unbonded,
    }
