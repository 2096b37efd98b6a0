"""Options that take a number: every one has a bound with a reason, and what is out of it is refused
before anything is done.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..inputs import bounds
from ..inputs.bounds import Bound


def number(text: str, bound: Bound, *names: str, **more: Any) -> Any:
    """An option for a number, or for several of them. text: its help. names, more: as of
    `typer.Option`.
    """

    def checked(param: typer.CallbackParam, value: Any) -> Any:
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                bound.check(one, param.name)
        return value

    return typer.Option(*names, help=text, callback=checked, **more)


Seed = Annotated[int, number("Seed of the shocks.", bounds.SEED)]
Days = Annotated[float | None, number("Simulated span [days].", bounds.DAYS)]
Workers = Annotated[int | None, number("Threads; one a core by default.", bounds.WORKERS)]
