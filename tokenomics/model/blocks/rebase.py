"""A rebase: all balances change by one factor, and every price of a token by its reciprocal.

Nobody gains or loses by it: shares of supply and market values stay. That the price follows at once
is arithmetic in the pool, whose tokens are rebased and whose reserve is brought up to date in the
same transaction (UniswapV2's sync), and for the valuation outside, for utility value and quotes it
says that all know of the rebase. What is bonded, vests or is an attacker's is counted in shares of
supply. What oracles have measured stays, and so do emission in tokens a day and what a faker of
usage holds, a number of tokens. Source: ampleforth/ampleforth-contracts, contracts/UFragments.sol
and Orchestrator.sol.
"""

from ..formulas.rebase import factor, rebases
from ..variables import writes

BALANCES = (
    "pool_tok",
    "customers_tok",
    "operators_tok",
    "speculators_tok",
    "attacker_tok",
    "holders_tok",
    "front_tok",
    "staked",
    "unbonding",
    "stake_per_node",
    "treasury_tok",
    "vault_tok",
    "locked",
    "circulating_supply",
    "total_supply",
    "attack_inventory",
)
PRICES = ("token_price", "outside_value", "utility_value", "quote_price", "attack_anchor")


@writes(*BALANCES, *PRICES)
def policy_rebase(params, substep, state_history, state):
    """Balances and prices as they are after the rebase, if there is one."""
    if not rebases(params):
        return {name: state[name] for name in (*BALANCES, *PRICES)}
    by = factor(state)
    per = 1.0 / by
    return {name: state[name] * by for name in BALANCES} | {
        name: state[name] * per for name in PRICES
    }
