"""What a block is, policies that turn the state into signals and updates that turn signals into the
new state, and how one acts in a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..errors import ModelError
from ..inputs.arguments import many
from .contract import HISTORY, call, expect_signals, expect_value, is_value, name_of, placed
from .lanes import runwise
from .variables import PLACEHOLDER, Signals, State, Variable, assign, variable_of


@dataclass(frozen=True, repr=False)
class Block:
    """A partial state update block.

    Functions of your own are called for every run alone where they ask for plain numbers; see
    `model.lanes`.

    Parameters
    ----------
    name : str
        What happens in it.
    policies : tuple of callable
        Turn the state into signals.
    updates : tuple of callable
        Turn signals into the new state.
    """

    name: str
    policies: tuple[Callable, ...]
    updates: tuple[Callable, ...]

    def __post_init__(self):
        for kind in ("policies", "updates"):
            object.__setattr__(
                self, kind, tuple(runwise(function) for function in many(getattr(self, kind)))
            )

    def __repr__(self) -> str:
        return f"Block({self.name!r}, sets {', '.join(self.variables)})"

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The variables that its updates set, in their order."""
        return tuple(map(variable_of, self.updates))

    @property
    def declared(self) -> dict[str, Variable]:
        """The variables that its policies declare with `writes`, by name."""
        return {
            v.name: v
            for policy in self.policies
            for v in getattr(policy, "writes", ())
            if isinstance(v, Variable)
        }


def block(name: str, *policies: Callable, writes: str | Sequence[str] | None = None) -> Block:
    """A block whose policies signal the new values of variables.

    Parameters
    ----------
    name : str
        What happens in it.
    *policies : callable
        `(params, substep, state_history, state) -> {variable: value}`.
    writes : str or sequence of str, optional
        Names of the variables, one or several; by default what each policy declares.

    Returns
    -------
    Block
        With an update function for each variable.

    Raises
    ------
    ModelError
        Where nothing says what it writes.

    Examples
    --------
    >>> def policy_surcharge(params, substep, state_history, state):
    ...     return {"inference_price": state["inference_price"] * 1.001}
    >>> tk.block("a surcharge grows", policy_surcharge, writes="inference_price")
    Block('a surcharge grows', sets inference_price)
    """
    if writes is None:
        declared = [v for policy in policies for v in getattr(policy, "writes", ())]
        if not declared:
            raise ModelError(
                f"block '{name}': no policy declares what it writes; expected `writes`, or "
                f"@writes(...) on a policy"
            )
        writes = list(dict.fromkeys(v if isinstance(v, str) else v.name for v in declared))
    return Block(name, policies, tuple(assign(variable) for variable in many(writes)))


def expanded(one: Block, params: Mapping[str, Any]) -> Block:
    """A block with an update for each variable that a name with a placeholder stands for; see
    `Variable`.
    """
    if not any(PLACEHOLDER in name for name in one.variables):
        return one
    own = one.declared

    def updates():
        for name, update in zip(one.variables, one.updates, strict=True):
            if PLACEHOLDER in name and name in own:
                yield from (assign(variable.name) for variable in own[name].one_each(params))
            else:
                yield update

    return replace(one, updates=tuple(updates()))


def changed(one: Block, params: Mapping[str, Any], state: State) -> dict[str, Any]:
    """The variables that one block sets, with their new values. state: looked up by name alone.

    Raises ModelError or BlockError, with the names of block and function, where a function is wrong
    or fails.
    """
    signals: Signals = {}
    for policy in one.policies:
        out = call(one.name, name_of(policy), policy, params, 0, HISTORY, state)
        if not isinstance(out, dict):
            with placed(policy):
                expect_signals(f"block '{one.name}'", name_of(policy), out, ModelError)
        for name, value in out.items():
            signals[name] = signals[name] + value if name in signals else value
    new = {}
    for variable, update in zip(one.variables, one.updates, strict=True):
        out = call(one.name, variable, update, params, 0, HISTORY, state, signals)
        if not is_value(variable, out):
            with placed(*one.policies, update):
                expect_value(f"block '{one.name}'", variable, out, ModelError)
        new[variable] = out[1]
    return new


def execute(one: Block, params: Mapping[str, Any], state: State) -> dict[str, Any]:
    """The state after one block."""
    return {**state, **changed(one, params, state)}
