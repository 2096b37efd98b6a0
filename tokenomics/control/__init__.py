"""Controllers: one file each, one interface, found by name.

A law is a function `(params, state, error, dt, low, high) -> Command`. `error` is ln(reference / measured price)
and positive when the price is too low; `low` and `high` bound the signal (reference depths a day: buy-back if
positive, sale if negative); `dt` is the time since the last decision.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InputError, ModelError, nearest
from . import none, pid, static, threshold
from .command import Command

Law = Callable[..., Command]
LAWS: dict[str, Law] = {"none": none.law, "static": static.law, "threshold": threshold.law, "pid": pid.law}


def register_controller(name: str, law: Law) -> None:
    """Make a law of your own usable as `controller.type`; raises ModelError where the name is taken."""
    known = LAWS.get(name)
    # a notebook's cell may be run again
    if known and (known.__module__, known.__qualname__) != (law.__module__, law.__qualname__):
        raise ModelError(f"controller '{name}' exists already")
    LAWS[name] = law


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


__all__ = ["Command", "LAWS", "law", "register_controller"]
