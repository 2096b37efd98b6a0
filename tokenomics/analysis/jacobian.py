"""The exact Jacobian of a recorded step: forward automatic differentiation over its operations.

At a kink (a maximum of two equal numbers, |0|) the derivative is the mean of its two sides. That is the describing function of the kink: the gain
of its first harmonic for an oscillation about it, however large (Gelb and Vander Velde 1968, section 2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engines.program import LOGIC, TRUTHS, Constant, Program
from ..errors import ModelError

# derivative of a function of one argument, from the argument x and the result y
SLOPES: dict[str, Callable[[float, float], float]] = {
    "negative": lambda x, y: -1.0,
    "positive": lambda x, y: 1.0,
    "square": lambda x, y: 2.0 * x,
    "reciprocal": lambda x, y: -y * y,
    "sqrt": lambda x, y: 0.5 / y if y else np.inf,
    "absolute": lambda x, y: np.sign(x),
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
}
EQUAL = 1e-9  # two numbers are equal that differ by less, relative to what they were computed from
STEPWISE = {"floor", "ceil", "rint"} | TRUTHS | LOGIC  # flat but for jumps


def _partials(name: str, x: Sequence[float], y: float, sizes: Sequence[float]) -> list[float]:
    """Derivatives of an operation by each of its arguments. sizes: of the numbers from which the arguments were computed."""
    if name in ("absolute", "sign") and abs(x[0]) <= EQUAL * sizes[0]:
        return [0.0]
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
    if name in ("maximum", "minimum"):
        first = 0.5 if abs(x[0] - x[1]) <= EQUAL * max(sizes) else float((x[0] > x[1]) == (name == "maximum"))
        return [first, 1.0 - first]
    if name == "where":
        return [0.0, float(bool(x[0])), float(not x[0])]
    if name in ("power", "power_of_number"):
        base = x[1] * x[0] ** (x[1] - 1.0) if x[1] else 0.0
        return [base, y * np.log(x[0]) if x[0] > 0.0 else 0.0]
    if name in STEPWISE:
        return [0.0] * len(x)
    raise ModelError(f"np.{name} has no derivative here; linearise another controller or block")


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


def jacobian(program: Program, at: Mapping[str, float], inputs: Sequence[str], outputs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives (outputs, inputs) of a step, and its results (outputs,).

    at: value of every input of the program; a process of the shock table is "shock:<name>". Raises ModelError for a function without a derivative.
    """
    columns = {name: i for i, name in enumerate(inputs)}
    values: list[Any] = []
    slopes: list[np.ndarray] = []
    sizes: list[float] = []
    for operation in program.operations:
        slope = np.zeros(len(inputs))
        if operation.name == "input":
            name = operation.arguments[0]
            value: Any = at[name]
            size = abs(float(value))
            if name in columns:
                slope[columns[name]] = 1.0
        else:
            if ":" in operation.name:
                raise ModelError("a solver's call has no derivative; linearise the lqr, which is the mpc without active limits")
            x = [a.value if isinstance(a, Constant) else values[a] for a in operation.arguments]
            name = "power" if operation.name == "power_of_number" else operation.name
            value = getattr(np, name)(*x)
            own = [abs(a.value) if isinstance(a, Constant) else sizes[a] for a in operation.arguments]
            size = _size(name, own, x, float(value))
            for argument, partial in zip(operation.arguments, _partials(operation.name, x, value, own), strict=True):
                if not isinstance(argument, Constant) and partial:
                    moved = slopes[argument] != 0.0  # the root of 0 has no slope, which matters only where something moves it
                    slope[moved] += partial * slopes[argument][moved]
        values.append(value)
        sizes.append(size)
        slopes.append(slope)
    ends = dict(program.outputs)
    rows, results = np.zeros((len(outputs), len(inputs))), np.zeros(len(outputs))
    for i, name in enumerate(outputs):
        end = ends[name]
        results[i] = end.value if isinstance(end, Constant) else values[end]
        if not isinstance(end, Constant):
            rows[i] = slopes[end]
    return rows, results
