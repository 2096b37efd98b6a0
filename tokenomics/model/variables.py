"""What a state variable is: name, unit, meaning, scale, bound and order. Units: USD, TOK, Mtok,
days, s.

A policy declares on the spot what it writes. `scale` is the size against which drift and tolerances
are judged: a number, the name of the variable whose initial magnitude it is, or None for the
variable's own. `lower` is a bound that no run may break: a ledger that goes negative stops that
run. A delay is a state variable, never a look into the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ..errors import ModelError
from . import controllers
from .contract import unknown
from .formulas.numerics import oracle_delay
from .same_bits import with_our_functions

PLACEHOLDER = "<"  # begins what stands for several names
SHARED = ("time", "step")  # one clock for all runs

State = Mapping[str, Any]
Signals = dict[str, Any]
Policy = TypeVar("Policy", bound=Callable[..., Mapping[str, Any]])

# whose tokens an order sells; "released" are those that vest or leave the stake in this step
SELLERS = (
    "customers",
    "operators",
    "released",
    "holders",
    "speculators",
    "attacker",
    "treasury",
    "mint",
)
BUYERS = (
    "customers",
    "operators",
    "speculators",
    "attacker",
    "buyback",
    "vault",
)  # ledgers that the books credit with purchases; "buyback" is what the protocol buys out of fees
LEDGERS = (*SELLERS, "buyback", "vault")  # in the order in which orders are added up


@dataclass(frozen=True)
class Variable:
    """One state variable.

    Parameters
    ----------
    name, unit, meaning : str
        As tables show them. `<workload>`, `<type>`, `<delay>` and `<memory>` in a name stand for
        one variable a workload class, accelerator type, step of the oracle's delay, and number that
        the control law remembers.
    scale : float or str, optional
        Its size, a number or the variable that has it, against which its drift is judged; by
        default that of its own start.
    lower : float, optional
        A bound that no run may break.
    start : float, str or callable, optional
        Its value at rest, where it is known before a step is simulated: a number, the variable that
        has it, or a function `(params, rest)` to it or to those of several variables by name; see
        `at_rest.Rest`.
    buys, sells : str, optional
        Of an order in USD a day or TOK a day, for whom it buys, one of `BUYERS`, or whose tokens it
        sells, one of `SELLERS`: the market fills it and the ledger books it.

    Raises
    ------
    ModelError
        For an unknown ledger, or an order in another unit.

    Examples
    --------
    >>> tk.Variable("heat", "1", "distance of the weather from its mean", 1.0, start=0.0).name
    'heat'
    """

    name: str
    unit: str
    meaning: str
    scale: float | str | None = None
    lower: float | None = None
    start: float | str | Callable[[Mapping[str, Any], Mapping[str, Any]], Any] | None = None
    buys: str | None = None
    sells: str | None = None

    def __post_init__(self):
        if callable(self.start):
            object.__setattr__(self, "start", with_our_functions(self.start))
        orders = ((self.buys, BUYERS, "USD/day"), (self.sells, SELLERS, "TOK/day"))
        for ledger, known, unit in orders:
            if ledger is not None and ledger not in known:
                what = unknown(f"variable '{self.name}': no ledger", ledger, known)
                raise ModelError(f"{what}; expected one of {', '.join(known)}")
            if ledger is not None and self.unit != unit:
                raise ModelError(
                    f"variable '{self.name}': an order in '{self.unit}'; expected '{unit}'"
                )

    def one_each(self, params: Mapping[str, Any]) -> tuple[Variable, ...]:
        """The variables that this one stands for in a network.

        Parameters
        ----------
        params : mapping
            Its workload classes, accelerator types, law and delay.

        Returns
        -------
        tuple of Variable
            Itself alone, where its name has no placeholder.
        """
        kind = self.name.partition(PLACEHOLDER)[2].rstrip(">")
        if not kind:
            return (self,)
        if kind == "memory":
            remembered = controllers.law(params["controller"].type).memory
            return tuple(
                Variable(f"control_{m.name}", m.unit, m.meaning, m.scale, start=m.start)
                for m in remembered
            )
        if kind == "delay":
            # a longer line goes on from its last place: nothing in it was measured twice
            return tuple(
                replace(
                    self,
                    name=self.name.replace("<delay>", str(n)),
                    meaning=self.meaning.replace("<delay>", str(n)),
                    start=self.name.replace("<delay>", str(n - 1)) if n > 1 else self.start,
                )
                for n in oracle_delay(params)
            )
        names = {
            "workload": params["workloads"],
            "type": params["fleet"],
        }[kind]
        return tuple(
            replace(
                self,
                **{
                    part: getattr(self, part).replace(f"<{kind}>", str(name))
                    for part in ("name", "meaning")
                },
            )
            for name in names
        )


def writes(*variables: Variable | str) -> Callable[[Policy], Policy]:
    """Declare on a policy what it writes, as a decorator.

    Parameters
    ----------
    *variables : Variable or str
        Variables of its own, and by name those that another policy declares.

    Returns
    -------
    callable
        The decorator; the policy is as it was.

    Examples
    --------
    >>> @tk.writes("inference_price")
    ... def policy_surcharge(params, substep, state_history, state):
    ...     return {"inference_price": state["inference_price"] * 1.001}
    >>> tk.block("a surcharge grows", policy_surcharge).variables
    ('inference_price',)
    """

    def declare(policy: Policy) -> Policy:
        policy.writes = variables  # type: ignore[attr-defined]
        return policy

    return declare


def scale(variable: Variable, initial: State) -> Any:
    """Size of a variable [its unit], given the state at the start; a float, or (runs,) where that
    is.
    """
    if isinstance(variable.scale, float):
        return variable.scale
    return np.maximum(np.abs(initial[variable.scale or variable.name]), 1e-300)


def assign(name: str):
    """A state update function that takes the policy signal of a name as the variable's new value.

    Parameters
    ----------
    name : str
        Of the signal and of the variable.

    Returns
    -------
    callable
        `(params, substep, state_history, state, signal) -> (name, value)`.

    Examples
    --------
    >>> tk.assign("nodes")({}, 0, [], {"nodes": 1.0}, {"nodes": 2.0})
    ('nodes', 2.0)
    """

    def update(params, substep, state_history, state, signal):
        return name, signal[name]

    update.__name__ = f"update_{name}"
    update.variable = name
    return update


def variable_of(update) -> str:
    """The variable that an update function sets: it says so, or is called `update_<variable>`."""
    return getattr(update, "variable", getattr(update, "__name__", "").removeprefix("update_"))


def assigns(*names: str) -> tuple:
    """`assign` for several variables.

    Parameters
    ----------
    *names : str
        Of signals, each the new value of the variable of its name.

    Returns
    -------
    tuple of callable
        The update functions, in their order.

    Examples
    --------
    >>> len(tk.assigns("nodes", "token_price"))
    2
    """
    return tuple(assign(name) for name in names)


def unsigned(value: Any) -> Any:
    """A number or an array, in which a zero has no sign: which of two zeros a maximum, a minimum or
    a clip gives depends on the processor and on NumPy's version. What is no float stays.
    """
    return value + 0.0 if np.asarray(value).dtype.kind == "f" else value


def as_arrays(state: State, runs: int) -> dict[str, Any]:
    """The state with every variable but the clock as an array of `runs` elements."""
    return {k: v if k in SHARED else np.full(runs, v, dtype=float) for k, v in state.items()}


def as_numbers(state: State) -> dict[str, Any]:
    """The state of the first run, every variable a float."""
    return {k: float(np.ravel(v)[0]) for k, v in state.items()}


def some_of(state: State, where: Any) -> dict[str, Any]:
    """The state of some of the runs. where: an index of arrays; numbers are those of all runs."""
    return {k: v[where] if np.ndim(v) else v for k, v in state.items()}
