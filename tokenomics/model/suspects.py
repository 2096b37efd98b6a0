"""What a function names in its code, and that no block may use: global generators, clocks, and
numbers that differ between processes.
"""

from __future__ import annotations

import builtins
import datetime as dt
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .reach import uses

CLOCKS = (time.time, time.time_ns, time.localtime, time.gmtime, time.ctime, time.strftime)
CLOCKS += (dt.datetime.now, dt.datetime.utcnow, dt.datetime.today, dt.date.today)
OF_PROCESS = (builtins.hash, builtins.id)
GENERATORS = (random.random.__self__, np.random.random_sample.__self__)  # type: ignore[attr-defined]


def suspect(function: Callable) -> str:
    """What a function, or one of the user's own that it calls, must not use; empty where there is
    nothing.
    """
    for use in uses(function):
        text, thing = use.text, use.thing
        if any(getattr(thing, "__self__", None) is generator for generator in GENERATORS):
            return (
                f"draws random numbers from a global generator ({text}); randomness is a process "
                f"of Model.extra_shocks"
            )
        if any(_is(thing, clock) for clock in CLOCKS):
            return f"reads a clock ({text}); the day is state['time']"
        if any(thing is one for one in OF_PROCESS):
            return f"uses {text}(), which differs from one process to the next"
    return ""


def _is(thing: Any, clock: Any) -> bool:
    # a class's method is made anew each time that it is asked for, and its subclasses have their
    # own
    same = getattr(thing, "__name__", None) == clock.__name__ and isinstance(
        getattr(clock, "__self__", None), type
    )
    return thing is clock or (
        same and isinstance(thing.__self__, type) and issubclass(thing.__self__, dt.date)
    )
