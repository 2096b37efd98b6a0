"""The exact Jacobian of a recorded step: forward automatic differentiation over its operations,
along both directions of every input.

At a kink (a maximum of two equal numbers, |0|, a choice by a comparison of equal numbers) the step
has one slope forwards and another backwards, and the derivative is the mean of the two. That is the
describing function of the kink: the gain of its first harmonic for an oscillation about it, however
large (Gelb and Vander Velde 1968, section 2.3). A jump has no derivative: the side that the step
takes counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engines.program import LOGIC, NUMPY, TRUTHS, Constant, Program, computing
from ..errors import ModelError

# derivative of a function of one argument, from the argument x and the result y
SLOPES: dict[str, Callable[[float, float], float]] = {
    "negative": lambda x, y: -1.0,
    "positive": lambda x, y: 1.0,
    "square": lambda x, y: 2.0 * x,
    "reciprocal": lambda x, y: -y * y,
    "sqrt": lambda x, y: 0.5 / y if y else np.inf,
    "sign": lambda x, y: 0.0,
    "exp": lambda x, y: y,
    "exp2": lambda x, y: y * np.log(2.0),
    "expm1": lambda x, y: y + 1.0,
    "log": lambda x, y: 1.0 / x if x else np.inf,
    "log2": lambda x, y: 1.0 / (x * np.log(2.0)),
    "log10": lambda x, y: 1.0 / (x * np.log(10.0)),
    "log1p": lambda x, y: 1.0 / (1.0 + x),
    "sin": lambda x, y: np.cos(x),
    "cos": lambda x, y: -np.sin(x),
    "arctan": lambda x, y: 1.0 / (1.0 + x * x),
    "tanh": lambda x, y: 1.0 - y * y,
    "ndtri": lambda x, y: np.sqrt(2.0 * np.pi) * np.exp(0.5 * y * y),
}
EQUAL = 1e-9  # two numbers are equal that differ by less, relative to what they were computed from
STEPWISE = {"floor", "ceil", "rint"} | TRUTHS | LOGIC  # flat but for jumps


def _partials(name: str, x: Sequence[float], y: float) -> list[float]:
    """Derivatives of an operation without a kink by each of its arguments."""
    if name in SLOPES:
        return [float(SLOPES[name](x[0], y))]
    if name == "add":
        return [1.0, 1.0]
    if name == "subtract":
        return [1.0, -1.0]
    if name == "multiply":
        return [x[1], x[0]]
    if name == "divide":
        return [1.0 / x[1], -y / x[1]]
    if name == "power":
        base = x[1] * x[0] ** (x[1] - 1.0) if x[1] else 0.0
        return [base, y * np.log(x[0]) if x[0] > 0.0 else 0.0]
    if name in STEPWISE:
        return [0.0] * len(x)
    raise ModelError(f"np.{name} has no derivative here; linearise another controller or block")


def _moved(
    name: str,
    x: Sequence[float],
    y: float,
    sizes: Sequence[float],
    rates: Sequence[np.ndarray],
    sides: Sequence[np.ndarray],
) -> np.ndarray:
    """Rates of a result (directions,) from those of its arguments. sides: what a comparison or a
    sign among the arguments is just after the move.
    """
    if name == "absolute":
        return np.abs(rates[0]) if abs(x[0]) <= EQUAL * sizes[0] else np.sign(x[0]) * rates[0]
    if name in ("maximum", "minimum"):
        if abs(x[0] - x[1]) <= EQUAL * max(sizes):
            return getattr(np, name)(rates[0], rates[1])
        return rates[0] if (x[0] > x[1]) == (name == "maximum") else rates[1]
    if name == "where":
        continuous = abs(x[1] - x[2]) <= EQUAL * max(sizes[1:])
        return np.where(sides[0] if continuous else bool(x[0]), rates[1], rates[2])
    if name == "multiply" and y == 0.0:
        # a sign times what is zero with it: a kink, where one of them alone would be a jump
        return sum(
            np.where(side != 0.0, side, 0.0) * np.where(side != 0.0, rate, 0.0)
            for side, rate in zip(sides[::-1], rates, strict=True)
        )
    total = np.zeros_like(rates[0])
    for rate, partial in zip(rates, _partials(name, x, y), strict=True):
        if partial:
            # the root of 0 has no slope, which matters only where something moves it
            moved = rate != 0.0
            with np.errstate(invalid="ignore"):  # two infinite slopes that cancel are told by nan
                total[moved] += partial * rate[moved]
    return total


def _side(
    name: str,
    x: Sequence[float],
    y: float,
    sizes: Sequence[float],
    rates: Sequence[np.ndarray],
    sides: Sequence[np.ndarray],
) -> np.ndarray:
    """What a result is just after the move in each direction (directions,): itself, but for
    comparisons, their connectives and signs.
    """
    if name in LOGIC:
        return getattr(np, name)(*sides)
    if name == "sign" and abs(x[0]) <= EQUAL * sizes[0]:
        return np.sign(rates[0])
    if name in TRUTHS and len(x) == 2 and abs(x[0] - x[1]) <= EQUAL * max(sizes):
        # equal numbers compare as their rates do; they stay equal where the rates are
        apart = np.subtract(rates[0], rates[1])
        return np.where(apart != 0.0, getattr(np, name)(apart, 0.0), bool(y))
    return np.full(rates[0].shape, y)


def _size(name: str, sizes: Sequence[float], x: Sequence[float], y: float) -> float:
    """Size of the numbers that a result was computed from, before they cancelled."""
    if name in ("add", "subtract", "maximum", "minimum", "negative", "positive", "absolute"):
        return max(sizes)
    if name == "multiply":
        return sizes[0] * sizes[1]
    if name == "divide":
        return sizes[0] / abs(x[1])
    if name == "where":
        return max(sizes[1:])
    if name in ("log", "expm1", "log1p"):
        return max(abs(y), 1.0)
    return abs(y)


def jacobian(
    program: Program,
    at: Mapping[str, float],
    inputs: Sequence[str],
    outputs: Sequence[str],
    forward: Sequence[str] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives (outputs, inputs) of a step, and its results (outputs,).

    at: value of every input of the program; a process of the shock table is "shock:<name>".
    forward: inputs that move upwards only, so that their slope forwards counts and not the mean.
    Raises ModelError for a function without a derivative.
    """
    count = len(inputs)
    columns = {name: i for i, name in enumerate(inputs)}
    values: list[Any] = []
    rates: list[
        np.ndarray
    ] = []  # of a value while each input grows (count,), then while each falls (count,)
    sides: list[np.ndarray] = []
    sizes: list[float] = []
    still = np.zeros(2 * count)
    for operation in program.operations:
        if operation.name == "input":
            name = operation.arguments[0]
            value: Any = at[name]
            size, rate, side = (
                abs(float(value)),
                still.copy(),
                np.full(2 * count, value, dtype=float),
            )
            if name in columns:
                rate[columns[name]], rate[count + columns[name]] = 1.0, -1.0
        else:
            if ":" in operation.name:
                raise ModelError(
                    "a solver's call has no derivative; linearise the lqr, which is the mpc "
                    "without active limits"
                )
            x = [a.value if isinstance(a, Constant) else values[a] for a in operation.arguments]
            name = operation.name.removeprefix(NUMPY)
            value = computing(operation.name)(*x)
            own = [
                abs(a.value) if isinstance(a, Constant) else sizes[a] for a in operation.arguments
            ]
            size = _size(name, own, x, float(value))
            moves = [still if isinstance(a, Constant) else rates[a] for a in operation.arguments]
            after = [
                np.full(2 * count, a.value) if isinstance(a, Constant) else sides[a]
                for a in operation.arguments
            ]
            rate = _moved(operation.name, x, value, own, moves, after)
            side = _side(operation.name, x, value, own, moves, after)
        values.append(value)
        sizes.append(size)
        rates.append(rate)
        sides.append(side)
    ends = dict(program.outputs)
    rows, results = np.zeros((len(outputs), count)), np.zeros(len(outputs))
    one_sided = np.isin(list(inputs), list(forward))
    for i, name in enumerate(outputs):
        end = ends[name]
        results[i] = end.value if isinstance(end, Constant) else values[end]
        if not isinstance(end, Constant):
            up, down = rates[end][:count], rates[end][count:]
            rows[i] = np.where(one_sided, up, (up - down) / 2.0)
    return rows, results
