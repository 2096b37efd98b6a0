"""What a control law returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """signal: reference depths a day, within its bounds; integral and filtered: the law's memory, if it has any."""

    signal: Any
    integral: Any
    filtered: Any


def keep_memory(state, signal) -> Command:
    """A command of a law without memory."""
    return Command(signal, state["control_integral"], state["control_filtered"])
