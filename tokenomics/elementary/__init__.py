"""Elementary functions whose bits are the same on every processor: exp, log, power and their like,
for blocks, metrics and designs.

NumPy's own come from the C library or from code of its own for some processors, and differ in their
last digits from one to the next. These are NumPy's universal functions, too: they take numbers,
arrays, and the symbols with which a step is recorded.
"""

from .ufuncs import FUNCTIONS

exp, exp2, expm1, tanh = (FUNCTIONS[name] for name in ("exp", "exp2", "expm1", "tanh"))
log, log2, log10, log1p = (FUNCTIONS[name] for name in ("log", "log2", "log10", "log1p"))
sin, cos, arctan = (FUNCTIONS[name] for name in ("sin", "cos", "arctan"))
power, ndtri = FUNCTIONS["power"], FUNCTIONS["ndtri"]

__all__ = [
    "FUNCTIONS",
    "arctan",
    "cos",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "ndtri",
    "power",
    "sin",
    "tanh",
]
