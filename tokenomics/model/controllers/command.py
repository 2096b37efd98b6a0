"""What a control law is, what it remembers, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ModelError

# memories with which a law has an actuator of its own
EMISSION = "emission"  # what it emits [TOK/day]
PRICE = "price"  # the network's price that it sets for the next step [USD/Mtok]
BURNT = "burnt"  # share of that price that is burnt, the treasury's share of it apart [1]
REBASE = "rebase"  # factor on every balance that it decided on last [1]


@dataclass(frozen=True)
class Command:
    """What a law decides.

    Parameters
    ----------
    signal : float or array of shape (runs,)
        Reference depths a day [1/day], within its bounds.
    memory : mapping
        New value of everything that the law remembers, by name.

    Examples
    --------
    >>> tk.Command(0.02, {"mean": 0.1}).signal
    0.02
    """

    signal: Any
    memory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """A number that a law keeps between decisions: the state variable `control_<name>`.

    Parameters
    ----------
    name, unit, meaning : str
        As tables show them.
    scale : float or str, optional
        Size against which its drift is judged, None for its own.
    start : float, str or callable
        Its value in the steady state, a number, the state variable that holds it, or a function
        `(params, rest)`, as of a `Variable`.

    Examples
    --------
    >>> tk.Memory("mean", "1", "slow mean of the error").start
    0.0
    """

    name: str
    unit: str
    meaning: str
    scale: float | str | None = 1.0
    start: float | str | Callable[[Mapping[str, Any], Mapping[str, Any]], Any] = 0.0


@dataclass(frozen=True)
class Strength:
    """How strongly a law acts, as one number with which policies are brought to equal cost.

    Parameters
    ----------
    paths : str or tuple of str
        Of the parameters that take it.
    low, high : float
        Its range, an assumption: from hardly any effect to all that the command can do.
    factor : bool
        Whether the parameters take it times their own values, and not as it is.

    Raises
    ------
    ModelError
        Where the range is none of numbers above 0.

    Examples
    --------
    >>> tk.Strength("controller.custom.gain", 1e-3, 1e3, factor=True).paths
    ('controller.custom.gain',)
    """

    paths: tuple[str, ...]
    low: float
    high: float
    factor: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.paths, str):
            object.__setattr__(self, "paths", (self.paths,))
        if not (self.paths and 0.0 < self.low < self.high < float("inf")):
            raise ModelError(
                f"a strength of {', '.join(self.paths) or 'no path'} from {self.low} to "
                f"{self.high}; expected paths of parameters, and a range of numbers above 0"
            )


@dataclass(frozen=True)
class Law:
    """A controller.

    decide: `(params, state, error, dt, low, high) -> Command`. memory: what it keeps between
    decisions. designed_from: paths, or beginnings of paths, of the parameters from which it
    computes its gains before a simulation; runs are grouped by them, as by a switch. strength: in
    one number, where it has one.
    """

    decide: Callable[..., Command]
    memory: tuple[Memory, ...] = ()
    designed_from: tuple[str, ...] = ()
    strength: Strength | None = None


def emitted_so_far(params: Mapping[str, Any], rest: Mapping[str, Any]) -> Any:
    """What is emitted when a law that mints comes into force [TOK/day]: what it was until then, at
    rest what balances the burns.
    """
    if "emitted" in tuple(rest):
        return rest["emitted"]
    return rest["emission_rate"] * params["emission"].factor
