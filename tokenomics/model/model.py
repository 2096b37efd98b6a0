"""THE model: the ordered list of blocks, readable as a table of contents, and the order of things
explained.

cadCAD's semantics hold in every engine: within a block all policies and updates see the state
before the block, and signals of the same name are added. What one block tells the next is a state
variable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..errors import InputError, ModelError
from ..inputs.arguments import TEXT, checked, many, of
from ..parameters import Parameters
from ..parameters.checking import FREE_KEY
from . import controllers
from .block import Block, block, execute, expanded
from .blocks import (
    answers,
    attacker,
    bank_run,
    billing,
    bonding,
    capacity,
    clock,
    controller,
    credits,
    demand,
    front_running,
    ledger,
    market,
    operators,
    oracle,
    pricing,
    privacy,
    rebase,
    reliability,
    shocks,
    speculation,
    supply,
    treasury,
    venues,
    wash_usage,
)
from .constants import CONSTANTS
from .contract import unknown
from .orders import Orders
from .own_blocks import OWN_BLOCKS, OwnBlock, own_block
from .variables import State, Variable, variable_of

FILLED = "settlement_price"  # written where the orders of a step are filled

BLOCKS = (
    # What happens to the network comes first and depends on nothing but time.
    block(
        "news, noise and events arrive",
        shocks.policy_news,
        shocks.policy_noise,
        shocks.policy_events,
    ),
    block(
        "faults, audits and proofs take their toll",
        reliability.policy_reliability,
        reliability.policy_regions,
        privacy.policy_privacy,
    ),
    # Customers decide on what they knew yesterday of latency, reliability and price.
    block("requests arrive", demand.policy_demand, venues.policy_price_risk),
    block("customers choose a venue", venues.policy_venue_choice),
    block("operators serve what they can", capacity.policy_dispatch),
    block("answers come in time or late", answers.policy_answers),
    # The protocol acts before the market, on the price that its oracle saw last.
    block("the oracle measures", oracle.policy_oracle),
    block("the controller decides", controller.policy_controller),
    block("balances are rebased", rebase.policy_rebase),
    block(
        "customers pay, tokens are emitted, vested and staked",
        supply.policy_fees,
        credits.policy_paid_with_credits,
        wash_usage.policy_faked_fees,
        supply.policy_emission,
        supply.policy_vesting,
        bonding.policy_bonding,
    ),
    block("the network's price moves", pricing.policy_pricing),
    block("operators earn", operators.policy_income),
    block("operators enter and leave", operators.policy_entry_and_exit),
    # What the controller will buy is public: it has decided. Some trade ahead of it, and some
    # against it.
    block("the controller is run ahead of", front_running.policy_front_runners),
    block(
        "operators sell, the treasury earns and pays, speculators and attackers trade, holders run",
        operators.policy_sales,
        treasury.policy_treasury,
        speculation.policy_speculators,
        attacker.policy_attacker,
        bank_run.policy_bank_run,
        wash_usage.policy_faker_sales,
    ),
    # All orders of the step are filled at one price; then every token that moved is booked once.
    block("the market clears", market.policy_market),
    block("credits are sold and redeemed", credits.policy_credits),
    block("the step is booked", ledger.policy_settlement),
    block(
        "accounts are drawn up, profits and bills are counted",
        ledger.policy_accounts,
        speculation.policy_profits,
        front_running.policy_learning,
        attacker.policy_profit,
        wash_usage.policy_faker_profit,
        billing.policy_bills,
        clock.policy_clock,
    ),
)


@dataclass(frozen=True, repr=False)
class Model:
    """The block list.

    Parameters
    ----------
    blocks : tuple of Block
        In the order in which they act.
    extra_shocks : tuple of str
        Names of standard normal processes that a user's own blocks read.
    strict : bool
        The same bits on every processor, so that functions which differ from one to the next are
        refused. The results of a model that is not strict say so.

    Examples
    --------
    >>> tk.MODEL.blocks[0].name
    'news, noise and events arrive'
    """

    blocks: tuple[Block, ...] = BLOCKS
    extra_shocks: tuple[str, ...] = ()
    strict: bool = True

    def __post_init__(self):
        for name in ("blocks", "extra_shocks"):
            object.__setattr__(self, name, many(getattr(self, name)))

    def __repr__(self) -> str:
        own = f", shocks {', '.join(self.extra_shocks)}" if self.extra_shocks else ""
        return f"Model({len(self.blocks)} blocks{own}{'' if self.strict else ', not strict'})"

    def variables(self, params: Parameters | Mapping[str, Any]) -> dict[str, Variable]:
        """All state variables by name.

        Parameters
        ----------
        params : Parameters or mapping
            Workload classes and accelerator types have variables of their own.

        Returns
        -------
        dict of Variable
            In the order of the blocks.

        Examples
        --------
        >>> tk.MODEL.variables(tk.resolve().values)["token_price"].unit
        'USD/TOK'
        """
        groups = params if isinstance(params, Mapping) else dict(params)
        own = (
            v
            for one in self.acting(groups).blocks
            for declared in one.declared.values()
            for v in declared.one_each(groups)
        )
        constants = (v for declared in CONSTANTS for v in declared.one_each(groups))
        return {v.name: v for v in (*own, *constants)}

    def acting(self, params: Parameters | Mapping[str, Any]) -> Model:
        """The model with the registered blocks that act.

        Parameters
        ----------
        params : Parameters or mapping
            Of which `blocks` says what acts.

        Returns
        -------
        Model
            With each block behind the one that it was registered after.

        Raises
        ------
        InputError
            For a name under which none is registered.
        """
        groups = params if isinstance(params, Mapping) else dict(params)
        own = [own_block(name) for name, acts in sorted(groups["blocks"].items()) if acts]
        model, there = self, {one.name for one in self.blocks}
        left = [one for one in own if one.block.name not in there]
        while left:
            # behind another of the user's own only when that is there
            there = {one.name for one in model.blocks}
            ready = next((one for one in left if one.after in there), left[0])
            model = model.insert(ready.block, after=ready.after, shocks=ready.shocks)
            left.remove(ready)
        return model

    def processes(self, params: Parameters) -> tuple[str, ...]:
        """The standard normal processes that a user's own blocks read.

        Parameters
        ----------
        params : Parameters
            Blocks that it only names are included, for they may act on other days.

        Returns
        -------
        tuple of str
            Names of processes, each once.
        """
        own = [name for one in params.blocks for name in own_block(one).shocks]
        return tuple(dict.fromkeys([*self.extra_shocks, *own]))

    @cached_property
    def orders(self) -> Orders:
        """Who buys and who sells, for the market and the books."""
        return Orders.of(v for one in self.blocks for v in one.declared.values())

    def bound(self, params: Mapping[str, Any]) -> Model:
        """The model with its blocks expanded to the workload classes and accelerator types.

        Parameters
        ----------
        params : mapping
            Groups of parameters.

        Returns
        -------
        Model
            Another one; this one stays.
        """
        own = self.acting(params)
        return replace(own, blocks=tuple(expanded(one, params) for one in own.blocks))

    def step(self, params: Mapping[str, Any], state: State) -> dict[str, Any]:
        """One time step.

        Parameters
        ----------
        params : mapping
            What `bind` gives.
        state : mapping
            Values of all state variables, by name, in their units.

        Returns
        -------
        dict
            All state variables by name: floats or (runs,) arrays, as the state was.
        """
        for one in self.acting(params).blocks:
            state = execute(expanded(one, params), params, state)
        return dict(state)

    @checked(new=of(Block, expected="a Block, such as block(...) gives"), after=TEXT)
    def insert(self, new: Block, *, after: str, shocks: str | Sequence[str] = ()) -> Model:
        """The model with a block of your own behind another one.

        Parameters
        ----------
        new : Block
            State variables that it adds are declared with `writes` on its policies, each with its
            `start`.
        after : str
            Name of the block before it.
        shocks : str or sequence of str
            Names of standard normal processes that it reads from the shock table.

        Returns
        -------
        Model
            Another one; this one stays.

        Raises
        ------
        ModelError
            For an unknown block, a name in use, or a variable without a start.

        Examples
        --------
        >>> def policy_surcharge(params, substep, state_history, state):
        ...     return {"inference_price": state["inference_price"] * 1.001}
        >>> own = tk.block("a surcharge grows", policy_surcharge, writes="inference_price")
        >>> model = tk.MODEL.insert(own, after="the network's price moves")
        >>> len(model.blocks) - len(tk.MODEL.blocks)
        1
        """
        names = [b.name for b in self.blocks]
        if after not in names:
            raise ModelError(unknown("no block", after, names))
        if new.name in names:
            raise ModelError(f"block '{new.name}' exists already")
        known = {name for one in self.blocks for name in one.declared} | {v.name for v in CONSTANTS}
        written = {variable_of(update) for update in new.updates}
        at = names.index(after) + 1
        market = next(i for i, one in enumerate(self.blocks) if FILLED in one.declared)
        for name, variable in new.declared.items():
            if name in known & written:
                raise ModelError(
                    f"block '{new.name}': variable '{name}' exists already; expected its name "
                    f"alone in `writes`"
                )
            if name in written and variable.start is None:
                raise ModelError(f"block '{new.name}': variable '{name}' has no start")
            if name in written and (variable.buys or variable.sells) and at > market:
                raise ModelError(
                    f"block '{new.name}': order '{name}' behind '{names[market]}', which fills it; "
                    f"expected a place before that"
                )
        return Model(
            (*self.blocks[:at], new, *self.blocks[at:]),
            (*self.extra_shocks, *many(shocks)),
            self.strict,
        )


MODEL = Model()


@checked(name=TEXT, block=of(Block, expected="a Block, such as block(...) gives"), after=TEXT)
def register_block(
    name: str, block: Block, *, after: str, shocks: str | Sequence[str] = ()
) -> None:
    """Make a block of your own part of every model whose parameters say `blocks.<name>: true`.

    Parameters
    ----------
    name : str
        a-z, 0-9 and _, a letter first. A name that is registered already stands for this block from
        then on.
    block : Block
        What `block(...)` gives.
    after : str
        The block behind which it acts, which may be another of your own.
    shocks : str or sequence of str
        Names of standard normal processes that it reads from the shock table.

    Raises
    ------
    InputError
        For another name.
    ModelError
        As `Model.insert`.

    Examples
    --------
    >>> @tk.writes("inference_price")
    ... def policy_toll(params, substep, state_history, state):
    ...     return {"inference_price": state["inference_price"] * 1.001}
    >>> toll = tk.block("a toll grows", policy_toll)
    >>> tk.register_block("toll", toll, after="the network's price moves")
    >>> tk.run(sets={"blocks.toll": True}, days=2).resolved.values.blocks
    {'toll': True}
    """
    if not FREE_KEY.fullmatch(name):
        raise InputError(f"'{name}'", argument="name", expected="a-z, 0-9 and _, a letter first")
    others = {one.block.name: one for key, one in OWN_BLOCKS.items() if key != name}
    if after not in others:
        MODEL.insert(block, after=after, shocks=shocks)
    if block.name in others:
        raise ModelError(f"block '{block.name}' exists already")
    OWN_BLOCKS[name] = OwnBlock(block, after, many(shocks))


def expect_actuators(parameters: Parameters) -> None:
    """Raise InputError where what mints or prices is left to a law that does not."""
    controllers.expect_actuators(
        parameters.emission.mode, parameters.pricing.mode, parameters.controller.type
    )


def silenced(parameters: Parameters) -> tuple[str, ...]:
    """What the law decides that nothing takes, a line each."""
    return controllers.silenced(
        parameters.emission.mode, parameters.pricing.mode, parameters.controller.type
    )


def bind(parameters: Parameters, table: Any, model: Model = MODEL) -> dict[str, Any]:
    """What blocks see as `params`: the groups by name, the time step in days, the shock table, and
    who buys and sells in `model`. Raises InputError where what mints or prices is left to a law
    that does not.
    """
    expect_actuators(parameters)
    return {
        **dict(parameters),
        "time_step": parameters.simulation.time_step,
        "shock_table": table,
        "orders": model.acting(parameters).orders,
    }
