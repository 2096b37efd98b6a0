"""THE model: the ordered list of blocks, readable as a table of contents, and the order of things explained.

cadCAD's semantics hold in every engine: within a block all policies and updates see the state before the block, and
signals of the same name are added. What one block tells the next is a state variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ModelError, nearest
from ..inputs.arguments import TEXT, checked, many, of
from ..parameters import Parameters
from . import controllers as control
from .blocks import (
    attacker,
    bank_run,
    billing,
    capacity,
    clock,
    controller,
    demand,
    front_running,
    ledger,
    market,
    operators,
    oracle,
    pricing,
    privacy,
    reliability,
    shocks,
    speculation,
    supply,
    treasury,
    venues,
)
from .contract import HISTORY, call, expect_signals, expect_value, name_of
from .formulas.numerics import oracle_delay
from .lanes import runwise
from .variables import Signals, State, Variable, assign, variable_of, variables


@dataclass(frozen=True)
class Block:
    """A partial state update block. name: what happens in it. policies: turn the state into signals. updates: turn signals into the new state.

    Functions of your own are called for every run alone where they ask for plain numbers; see `lanes`.
    """

    name: str
    policies: tuple[Callable, ...]
    updates: tuple[Callable, ...]

    def __post_init__(self):
        for kind in ("policies", "updates"):
            object.__setattr__(self, kind, tuple(runwise(function) for function in many(getattr(self, kind))))


def block(name: str, *policies: Callable, writes: str | Sequence[str]) -> Block:
    """A block whose policies signal the new values of the variables in `writes`, one or several.

    `workload:X` and `type:X` stand for one variable `X_<name>` a workload class or accelerator type, `memory:X` for what the control law remembers,
    `delay:X` for the steps of the oracle's delay.
    """
    return Block(name, policies, tuple(assign(variable) for variable in many(writes)))


BLOCKS = (
    # What happens to the network comes first and depends on nothing but time.
    block(
        "news, noise and events arrive",
        shocks.policy_news,
        shocks.policy_noise,
        shocks.policy_events,
        writes=(
            "news",
            "demand_noise",
            "speculation_noise",
            "oracle_noise",
            "demand_event",
            "outage_share",
            "banned_share",
            "oracle_bias",
            "hardware_event",
            "unlock_rate",
        ),
    ),
    block(
        "faults, audits and proofs take their toll",
        reliability.policy_reliability,
        reliability.policy_regions,
        privacy.policy_privacy,
        writes=(
            "availability",
            "rework",
            "failure_share",
            "cheating_share",
            "slash_rate",
            "regions_down",
            "region_outage",
            "privacy_throughput",
            "privacy_latency",
            "privacy_protection",
        ),
    ),
    # Customers decide on what they knew yesterday of latency, reliability and price.
    block(
        "requests arrive",
        demand.policy_demand,
        venues.policy_price_risk,
        writes=("request_rate", "demand_deviation", "potential_demand", "price_variance"),
    ),
    block(
        "customers choose a venue",
        venues.policy_venue_choice,
        writes=("workload:share", "workload:demand", "demand", "cloud_demand", "network_share"),
    ),
    block(
        "operators serve what they can",
        capacity.policy_dispatch,
        writes=(
            "online",
            "capacity",
            "utilisation",
            "served",
            "unserved",
            "latency_mean",
            "latency_variance",
            "latency_third",
            "latency_p99",
        ),
    ),
    # The protocol acts before the market, on the price that its oracle saw last.
    block("the oracle measures", oracle.policy_oracle, writes=("oracle_log_price", "measured_price", "delay:oracle_delayed")),
    block(
        "the controller decides",
        controller.policy_controller,
        writes=(
            "reference_price",
            "control_error",
            "control_signal",
            "memory:control",
            "control_age",
            "average_log_price",
            "control_output",
            "order_treasury_tok",
            "order_mint_tok",
            "burn_share",
            "emission_multiplier",
        ),
    ),
    block(
        "customers pay, tokens are emitted, vested and staked",
        supply.policy_fees,
        supply.policy_emission,
        supply.policy_vesting,
        supply.policy_staking,
        writes=(
            "fees",
            "order_customers_usd",
            "order_customers_tok",
            "emitted",
            "emission_rate",
            "unlock_rate",
            "vested",
            "order_holders_tok",
            "slashed",
            "stake_flow",
            "delegated",
        ),
    ),
    block("the network's price moves", pricing.policy_pricing, writes=("inference_price",)),
    block("operators earn", operators.policy_income, writes=("operator_income", "unit_revenue")),
    block(
        "operators enter and leave",
        operators.policy_entry_and_exit,
        writes=("type:nodes", "type:ordered", "nodes", "churned", "operator_cost"),
    ),
    # What the controller will buy is public: it has decided. Some trade ahead of it, and some against it.
    block("the controller is run ahead of", front_running.policy_front_runners, writes=("order_front_usd", "order_front_tok")),
    block(
        "operators sell, the treasury earns and pays, speculators and attackers trade, holders run",
        operators.policy_sales,
        treasury.policy_treasury,
        speculation.policy_speculators,
        attacker.policy_attacker,
        bank_run.policy_bank_run,
        writes=(
            "order_operators_tok",
            "treasury_income",
            "cost_paid",
            "chartist_share",
            "traded_fundamentalist",
            "traded_chartist",
            "order_speculators_usd",
            "order_speculators_tok",
            "order_attacker_usd",
            "order_attacker_tok",
            "attack_anchor",
            "order_run_tok",
        ),
    ),
    # All orders of the step are filled at one price; then every token that moved is booked once.
    block(
        "the market clears",
        market.policy_market,
        writes=(
            "settlement_price",
            "token_price",
            "outside_value",
            "pool_tok",
            "pool_usd",
            "log_return",
            "arbitrage_tok",
            "liquidity_flow",
        ),
    ),
    block(
        "the step is booked",
        ledger.policy_settlement,
        writes=(
            "minted",
            "burned",
            "customers_tok",
            "operators_tok",
            "speculators_tok",
            "speculators_usd",
            "attacker_tok",
            "attacker_usd",
            "holders_tok",
            "staked",
            "treasury_tok",
            "locked",
            "treasury_usd",
            "total_supply",
        ),
    ),
    block(
        "accounts are drawn up, profits and bills are counted",
        ledger.policy_accounts,
        speculation.policy_profits,
        front_running.policy_learning,
        attacker.policy_profit,
        billing.policy_bills,
        clock.policy_clock,
        writes=(
            "circulating_supply",
            "conservation_error",
            "throughput",
            "utility_value",
            "decoupling",
            "velocity_usage",
            "velocity_speculative",
            "trend",
            "fitness_fundamentalist",
            "fitness_chartist",
            "position_fundamentalist",
            "position_chartist",
            "front_tok",
            "front_usd",
            "front_profit",
            "rule_covariance",
            "rule_variance",
            "attacker_profit",
            "quote_price",
            "credit_price",
            "billed_usage",
            "user_bill",
            "bill_stablecoin",
            "bill_hedged",
            "bill_prepaid",
            "bill_cloud",
            "bill_cloud_reserved",
            "step",
            "time",
        ),
    ),
)


def expand(blocks: tuple[Block, ...], params: Mapping[str, Any]) -> tuple[Block, ...]:
    """The blocks with an update a workload class, accelerator type, memory of the law and step of the oracle's delay in place of the placeholders."""

    memory = [m.name for m in control.law(params["controller"].type).memory]
    names = {"workload": params["workloads"], "type": params["fleet"], "memory": memory, "delay": oracle_delay(params)}

    def updates(one: Block):
        for update in one.updates:
            kind, _, stem = variable_of(update).partition(":")
            if stem:
                yield from (assign(f"{stem}_{name}") for name in names[kind])
            else:
                yield update

    return tuple(replace(b, updates=tuple(updates(b))) for b in blocks)


def changed(one: Block, params: Mapping[str, Any], state: State) -> dict[str, Any]:
    """The variables that one block sets, with their new values. state: looked up by name alone.

    Raises ModelError or BlockError, with the names of block and function, where a function is wrong or fails.
    """
    signals: Signals = {}
    for policy in one.policies:
        out = call(one.name, name_of(policy), policy, params, 0, HISTORY, state)
        expect_signals(f"block '{one.name}'", name_of(policy), out, ModelError)
        for name, value in out.items():
            signals[name] = signals[name] + value if name in signals else value
    new = {}
    for update in one.updates:
        variable = variable_of(update)
        out = call(one.name, variable, update, params, 0, HISTORY, state, signals)
        expect_value(f"block '{one.name}'", variable, out, ModelError)
        new[variable] = out[1]
    return new


def execute(one: Block, params: Mapping[str, Any], state: State) -> dict[str, Any]:
    """The state after one block."""
    return {**state, **changed(one, params, state)}


@dataclass(frozen=True)
class Model:
    """The block list. extra_variables, extra_initial: state variables that a user's own blocks add, and their values at the start.

    blocks: in the order in which they act. extra_shocks: names of standard normal processes that those blocks read.
    """

    blocks: tuple[Block, ...] = BLOCKS
    extra_variables: tuple[Variable, ...] = ()
    extra_initial: Mapping[str, float] = field(default_factory=dict)
    extra_shocks: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("blocks", "extra_variables", "extra_shocks"):
            object.__setattr__(self, name, many(getattr(self, name)))

    def variables(self, params: Parameters | Mapping[str, Any]) -> dict[str, Variable]:
        """All state variables by name. params: workload classes and accelerator types have variables of their own."""
        return variables(params) | {v.name: v for v in self.extra_variables}

    def bound(self, params: Mapping[str, Any]) -> Model:
        """The model with its blocks expanded to the workload classes and accelerator types of `params`."""
        return replace(self, blocks=expand(self.blocks, params))

    def step(self, params: Mapping[str, Any], state: State) -> dict[str, Any]:
        """One time step: floats or (runs,) arrays in, the same out. params: what `bind` gives. state: values of all state variables, by name."""
        for one in expand(self.blocks, params):
            state = execute(one, params, state)
        return dict(state)

    @checked(new=of(Block, expected="a Block, such as block(...) gives"), after=TEXT)
    def insert(
        self,
        new: Block,
        *,
        after: str,
        variables: Variable | Sequence[Variable] = (),
        initial: Mapping[str, float] | None = None,
        shocks: str | Sequence[str] = (),
    ) -> Model:
        """The model with a block of your own behind the block named `after`.

        new: the block. variables, initial: state variables that it adds, with their values at the start. shocks: names of standard
        normal processes that it reads from the shock table. Raises ModelError for an unknown block, a name in use,
        or a variable without an initial value.
        """
        variables, shocks = many(variables), many(shocks)
        names = [b.name for b in self.blocks]
        if after not in names:
            near = nearest(after, names)
            raise ModelError(f"no block '{after}'" + (f"; did you mean '{near}'?" if near else ""))
        if new.name in names:
            raise ModelError(f"block '{new.name}' exists already")
        initial = dict(initial or {})
        for variable in variables:
            if variable.name not in initial:
                raise ModelError(f"block '{new.name}': variable '{variable.name}' has no initial value")
        at = names.index(after) + 1
        return Model(
            (*self.blocks[:at], new, *self.blocks[at:]),
            (*self.extra_variables, *variables),
            {**self.extra_initial, **initial},
            (*self.extra_shocks, *shocks),
        )


MODEL = Model()


def bind(parameters: Parameters, table: Any) -> dict[str, Any]:
    """What blocks see as `params`: the groups by name, the time step in days, and the shock table."""
    return {**dict(parameters), "time_step": parameters.simulation.time_step, "shock_table": table}
