"""The elementary functions: what each is made of, where it holds, and how far it is from the true
value at worst. `docs/elementary.md` shows this table, and a test measures it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import exponential, logarithm, normal, power, trigonometric

FDLIBM = "fdlibm (Sun 1993)"
MULLER = "Muller 2016, 11.1"


@dataclass(frozen=True)
class Function:
    """An elementary function.

    form: a backend of `operations` and the arguments to the result. takes: where it holds. special:
    values at the edges. ulp: no error may be larger, in units in the last place. of_nan: the same
    as `form` where an argument is NaN.
    """

    name: str
    form: Callable[..., Any]
    source: str
    takes: str
    special: str
    ulp: float = 1.0
    arguments: int = 1
    of_nan: Callable[..., Any] = lambda o, x: x


TABLE = {
    f.name: f
    for f in (
        Function(
            "exp", exponential.exp, MULLER, "all numbers", "0 of −∞, ∞ of ∞; gradual underflow"
        ),
        Function(
            "exp2", exponential.exp2, MULLER, "all numbers", "0 of −∞, ∞ of ∞; exact of whole ones"
        ),
        Function("expm1", exponential.expm1, MULLER, "all numbers", "−1 of −∞, ∞ of ∞, −0 of −0"),
        Function("tanh", exponential.tanh, MULLER, "all numbers", "∓1 of ∓∞, −0 of −0"),
        Function(
            "log", logarithm.log, FDLIBM, "x ≥ 0", "−∞ of 0, NaN below, ∞ of ∞; subnormals too"
        ),
        Function("log2", logarithm.log2, FDLIBM, "x ≥ 0", "as log; exact of powers of two"),
        Function("log10", logarithm.log10, FDLIBM, "x ≥ 0", "as log; exact of powers of ten"),
        Function(
            "log1p", logarithm.log1p, FDLIBM, "x ≥ −1", "−∞ of −1, NaN below, ∞ of ∞, −0 of −0"
        ),
        Function(
            "power",
            power.power,
            FDLIBM,
            "all numbers",
            "as C99, annex F.9.4.4: 1 of x⁰ and 1ʸ, NaN of a negative number's broken power",
            arguments=2,
            of_nan=power.power_of_nan,
        ),
        Function("sin", trigonometric.sin, FDLIBM, "|x| ≤ 2²⁹", "NaN beyond and of ∓∞, −0 of −0"),
        Function("cos", trigonometric.cos, FDLIBM, "|x| ≤ 2²⁹", "NaN beyond and of ∓∞"),
        Function("arctan", trigonometric.arctan, FDLIBM, "all numbers", "∓π/2 of ∓∞, −0 of −0"),
        Function(
            "ndtri",
            normal.ndtri,
            "AS 241 (Wichura 1988)",
            "0 ≤ p ≤ 1",
            "∓∞ of 0 and 1, NaN outside; of a subnormal what the smallest normal number gives",
            ulp=4.0,
        ),
    )
}
