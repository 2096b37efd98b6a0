"""Controllers: one file each, one interface, found by name.

A law decides with `(params, state, error, dt, low, high) -> Command`. `error` is ln(reference /
measured price) and positive when the price is too low; `low` and `high` bound the signal (reference
depths a day: buy-back if positive, sale if negative); `dt` is the time since the last decision.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import InputError, ModelError, nearest
from ...inputs.arguments import CALL, TEXT, checked, of, several
from ..lanes import runwise
from . import (
    cosmos,
    dcbm,
    held,
    helium,
    livepeer,
    lqr,
    mpc,
    none,
    pid,
    rai,
    scheduled,
    static,
    threshold,
)
from .command import EMISSION, Command, Law, Memory, Strength

LAWS: dict[str, Law] = {
    module.__name__.rsplit(".", 1)[1]: module.LAW
    for module in (
        none,
        static,
        threshold,
        pid,
        scheduled,
        dcbm,
        rai,
        lqr,
        mpc,
        livepeer,
        helium,
        cosmos,
        held,
    )
}


@checked(name=TEXT, decide=CALL, memory=several(of(Memory, expected="a Memory, or a list of them")))
def register_controller(
    name: str, decide: Callable[..., Command], *, memory: tuple[Memory, ...] = ()
) -> None:
    """Make a law of your own usable as `controller.type`.

    Parameters
    ----------
    name : str
        The type.
    decide : callable
        `(params, state, error, dt, low, high) -> Command`, with the parameters by group, the state
        by variable, the error ln(reference / measured price), the days since the last decision and
        the bounds of the signal [1/day]; floats or arrays of shape (runs,).
    memory : tuple of Memory
        Numbers that it keeps between decisions.

    Raises
    ------
    ModelError
        Where the name is taken.

    Examples
    --------
    >>> def proportional(params, state, error, dt, low, high):
    ...     return tk.Command(0.05 * error)
    >>> tk.register_controller("proportional", proportional)
    >>> tk.run(policy={"controller": {"type": "proportional"}}, days=2, engine="ensemble").failures
    ()
    """
    known = LAWS.get(name)
    # a notebook's cell may be run again
    if known and (known.decide.__module__, known.decide.__qualname__) != (
        decide.__module__,
        decide.__qualname__,
    ):
        raise ModelError(f"controller '{name}' exists already")
    LAWS[name] = Law(runwise(decide), memory)


def law(name: str) -> Law:
    """The law of a name; raises InputError for an unknown one."""
    if name not in LAWS:
        raise InputError(
            f"unknown controller '{name}'",
            key="controller.type",
            expected="one of " + ", ".join(LAWS),
            nearest=nearest(name, LAWS),
        )
    return LAWS[name]


def expect_minting(name: str) -> None:
    """Raise InputError unless the law of a name mints."""
    if not any(memory.name == EMISSION for memory in law(name).memory):
        minting = (n for n, one in LAWS.items() if any(m.name == EMISSION for m in one.memory))
        raise InputError(
            f"law, and controller.type {name} mints nothing",
            key="emission.mode",
            expected=f"a law that mints: {', '.join(minting)}; or the policy constant_emission",
        )


__all__ = ["LAWS", "Command", "Law", "Memory", "Strength", "law", "register_controller"]
