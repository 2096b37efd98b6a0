"""Controllers: one file each, one interface, found by name.

A law decides with `(params, state, error, dt, low, high) -> Command`. `error` is ln(reference /
measured price) and positive when the price is too low; `low` and `high` bound the signal (reference
depths a day: buy-back if positive, sale if negative); `dt` is the time since the last decision.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import OWN_CODE, InputError, ModelError, nearest
from ...inputs.arguments import CALL, TEXT, checked, of, optional, several
from ..lanes import other_version, runwise, same_function
from . import (
    ampleforth,
    cosmos,
    dcbm,
    eip1559,
    gonka_price,
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
from .command import BURNT, EMISSION, PRICE, REBASE, Command, Law, Memory, Strength

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
        gonka_price,
        eip1559,
        ampleforth,
        held,
    )
}
SHIPPED = dict(LAWS)


@checked(
    name=TEXT,
    decide=CALL,
    memory=several(of(Memory, expected="a Memory, or a list of them")),
    strength=optional(of(Strength, expected="a Strength")),
)
def register_controller(
    name: str,
    decide: Callable[..., Command],
    *,
    memory: tuple[Memory, ...] = (),
    strength: Strength | None = None,
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
        Numbers that it keeps between decisions. A law that comes into force goes on from what the
        one before it kept under the same name; so two laws name one alike only where it means the
        same.
    strength : Strength, optional
        In one number, by which it is brought to equal cost with others.

    Raises
    ------
    ModelError
        Where the name is taken, or that of a memory whose unit or meaning is another.

    Examples
    --------
    >>> def proportional(params, state, error, dt, low, high):
    ...     return tk.Command(0.05 * error)
    >>> tk.register_controller("proportional", proportional)
    >>> tk.run(policy={"controller": {"type": "proportional"}}, days=2, engine="ensemble").failures
    ()
    """
    known = LAWS.get(name)
    if known and not same_function(known.decide, decide):
        raise ModelError(f"controller '{name}' exists already")
    _expect_same_meaning(name, decide, memory)
    LAWS[name] = Law(runwise(decide), memory, strength=strength)


def _expect_same_meaning(name: str, decide: Callable, memory: tuple[Memory, ...]) -> None:
    """Raise ModelError where another law keeps something else under the name of a memory, from
    which this one would go on. name, decide: of this law.
    """
    mine = {one.name: one for one in memory}
    for other, known in LAWS.items():
        if other == name or other_version(known.decide, decide):
            continue
        for theirs in known.memory:
            one = mine.get(theirs.name, theirs)
            if (one.unit, one.meaning) != (theirs.unit, theirs.meaning):
                raise ModelError(
                    f"controller '{name}': memory '{one.name}' is '{one.meaning}' [{one.unit}], "
                    f"and that of controller '{other}' is '{theirs.meaning}' [{theirs.unit}]; "
                    "expected another name, or the same unit and meaning"
                )


def law(name: str) -> Law:
    """The law of a name; raises InputError for an unknown one."""
    if name not in LAWS:
        raise InputError(
            f"unknown controller '{name}'",
            key="controller.type",
            expected="one of " + ", ".join(LAWS) + f", or {OWN_CODE}",
            nearest=nearest(name, LAWS),
        )
    return LAWS[name]


def remembers(name: str, memory: str) -> bool:
    """Whether the law of a name keeps a number of this name."""
    return any(one.name == memory for one in law(name).memory)


# what a mode may leave to a law: its key, the number that the law keeps for it, what a law without
# does, what one with it does, and the way without such a law
LEFT_TO_A_LAW = (
    ("emission", EMISSION, "mints nothing", "mints", "policy constant_emission"),
    ("pricing", PRICE, "sets no price", "sets one", "mode market"),
)


def expect_actuators(emission_mode: str, pricing_mode: str, name: str) -> None:
    """Raise InputError where emission or the network's price is left to a law, by its name, that
    does not set it, and where what a rebase takes back would be minted again.
    """
    modes = (emission_mode, pricing_mode)
    for mode, (key, memory, lacking, able, otherwise) in zip(modes, LEFT_TO_A_LAW, strict=True):
        if mode == "law" and not remembers(name, memory):
            known = ", ".join(one for one in LAWS if remembers(one, memory))
            raise InputError(
                f"law, and controller.type {name} {lacking}",
                key=f"{key}.mode",
                expected=f"a law that {able}: {known}; or the {otherwise}",
            )
    if emission_mode == "balance_daily" and remembers(name, REBASE):
        raise InputError(
            f"balance_daily, and controller.type {name} takes back tokens that are no fees",
            key="emission.mode",
            expected="a number: balance_at_start or rate",
        )


def silenced(emission_mode: str, pricing_mode: str, name: str) -> tuple[str, ...]:
    """What a law decides that nothing takes, a line each: a law that mints or prices where another
    mode does.
    """
    modes = (emission_mode, pricing_mode)
    return tuple(
        f"{name} {lacking} here, for {key}.mode is {mode}, not law"
        for mode, (key, memory, lacking, _, _) in zip(modes, LEFT_TO_A_LAW, strict=True)
        if mode != "law" and remembers(name, memory)
    )


__all__ = [
    "BURNT",
    "EMISSION",
    "LAWS",
    "PRICE",
    "REBASE",
    "Command",
    "Law",
    "Memory",
    "Strength",
    "law",
    "register_controller",
    "remembers",
    "silenced",
]
