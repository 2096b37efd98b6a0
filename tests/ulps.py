"""How far the elementary functions are from the true value, in units in its last place: arguments
where a function is hard, and what mpmath finds there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import numpy as np

from tokenomics.elementary import FUNCTIONS

CONTEXT = mpmath.MPContext()
CONTEXT.prec = 160  # bits; a double has 53
SMALLEST = -1074  # exponent of the smallest subnormal number, the least unit
LN_TINY, LN_LARGE = -745.0, 709.7  # natural logarithms of the smallest and the largest doubles
# where 10^7 arguments a function, and a climb from the worst of them, found the largest errors, and
# where they were larger than one unit before the functions were mended
HARD: dict[str, tuple[tuple[float, ...], ...]] = {
    "exp": ((-708.743102088679,), (-513.9686251982808,)),
    "exp2": ((-1022.4816916003512,), (679.5000501171659,)),
    "expm1": ((0.34688052448131584,), (37.09934167329853,)),
    "tanh": ((0.17192191649417635,), (18.541804444324026,)),
    "log": ((0.7070961641973769,), (0.7071066125396713,)),
    "log2": ((1.5424610337666047,), (2.1531869981238536,)),
    "log10": ((1.6777434383545822,), (1.2660033874450893,)),
    "log1p": ((0.40453903838583843,), (0.4126784707568179,)),
    "power": (
        (1.5743738744555467e186, -1.653153156422831),
        (2.5496707038528125e258, -1.1911356021042858),
    ),
    "sin": ((3.9204247381333803,), (-2.357090084802596,)),
    "cos": ((0.785760071130479,), (0.7860329405626424,)),
    "arctan": ((0.6876105529691078,), (0.6879129844516104,)),
    "ndtri": ((1.0851888951936067e-210,), (0.07499909857925897,), (0.07499865763533395,)),
}

Draw = Callable[[np.random.Generator, int], np.ndarray]


def even(low: float, high: float) -> Draw:
    """Numbers spread evenly."""
    return lambda g, n: g.uniform(low, high, n)


def sized(low: float, high: float, *, signed: bool = False) -> Draw:
    """Numbers of which the natural logarithms are spread evenly."""

    def draw(g, n):
        size = np.exp(g.uniform(low, high, n))
        return size * g.choice([-1.0, 1.0], n) if signed else size

    return draw


def about(*places: float, width: float = 1e-3) -> Draw:
    """Numbers near some, at all distances up to a relative width."""

    def draw(g, n):
        apart = width * np.exp(g.uniform(-36.0, 0.0, n)) * g.choice([-1.0, 1.0], n)
        return g.choice(places, n) * (1.0 + apart)

    return draw


def bits(g: np.random.Generator, n: int) -> np.ndarray:
    """Numbers of any bits."""
    return g.integers(0, 2**64, n, dtype=np.uint64).view(np.float64)


def halves_of(unit: float, low: int, high: int) -> Draw:
    """Numbers next to k + 1/2 units, where a reduction turns from one k to the next."""

    def draw(g, n):
        return (g.integers(low, high, n) + 0.5) * unit * (1.0 + g.integers(-9, 10, n) * 2.0**-52)

    return draw


def quarter_turns(g: np.random.Generator, n: int) -> np.ndarray:
    """The doubles next to multiples of a quarter turn, up to the largest that sin takes."""
    k = np.rint(np.exp(g.uniform(0.0, np.log(3.4e8), n)))
    return k * (np.pi / 2) * (1.0 + g.integers(-9, 10, n) * 2.0**-52)


def power_of_size(low: float, high: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Base and exponent whose power has a natural logarithm within bounds."""

    def draw(g, n):
        x = sized(-700.0, 700.0)(g, n)
        return x, g.uniform(low, high, n) / np.log(x)

    return draw


def _pair(x: Draw, y: Draw) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return lambda g, n: (x(g, n), y(g, n))


LOGARITHM = (
    even(0.3, 3.0),
    sized(LN_TINY, LN_LARGE),
    sized(LN_TINY, -708.0),  # subnormal numbers
    about(1.0, 0.5, 2.0),
    about(*(m * k for m in (2**0.5, 1.5, 1.5**0.5, 3**0.5) for k in (0.5, 1.0, 64.0))),
    bits,
)
ANGLE = (
    even(-1.0, 1.0),
    even(-10.0, 10.0),
    even(-(2.0**29), 2.0**29),
    sized(-740.0, 20.0, signed=True),
    about(np.pi / 4, width=1e-2),
    quarter_turns,
)
LN2 = float(np.log(2.0))
REGIONS: dict[str, Sequence[Callable]] = {
    "exp": (
        even(-1.0, 1.0),
        even(LN_TINY, LN_LARGE),
        even(LN_TINY, -707.0),  # subnormal results
        sized(-40.0, 6.5, signed=True),
        halves_of(LN2, -1075, 1023),
        bits,
    ),
    "exp2": (
        even(-1.0, 1.0),
        even(-1074.0, 1023.9),
        even(-1074.0, -1021.0),
        sized(-40.0, 6.9, signed=True),
        halves_of(1.0, -1075, 1023),
        bits,
    ),
    "expm1": (
        even(-1.0, 1.0),
        even(-45.0, LN_LARGE),
        even(0.3, 0.4),
        even(-0.6, 1.2),
        even(-41.0, -33.0),  # one unit is lost against 2 to the power of the whole part
        even(33.0, 41.0),
        sized(-740.0, 6.5, signed=True),
        halves_of(LN2, -55, 1023),
        bits,
    ),
    "tanh": (
        even(-1.0, 1.0),
        even(-20.0, 20.0),
        even(17.0, 20.0),
        sized(-740.0, 3.0, signed=True),
        bits,
    ),
    "log": LOGARITHM,
    "log2": LOGARITHM,
    "log10": LOGARITHM,
    "log1p": (
        even(-0.99, 3.0),
        sized(-740.0, LN_LARGE),
        sized(-740.0, -0.1, signed=True),
        lambda g, n: sized(-36.0, 0.0)(g, n) - 1.0,
        about(2**0.5 - 1.0, 0.5**0.5 - 1.0, width=1e-1),
        bits,
    ),
    "power": (
        _pair(sized(-5.0, 5.0), even(-9.0, 9.0)),
        _pair(even(0.0, 1.0), even(-5.0, 5.0)),
        _pair(about(1.0, width=1e-1), sized(0.0, 40.0, signed=True)),
        _pair(sized(LN_TINY, -700.0), even(-1.5, 1.5)),
        power_of_size(-700.0, 700.0),
        power_of_size(LN_TINY, -707.0),
        power_of_size(690.0, LN_LARGE),
        _pair(bits, bits),
    ),
    "sin": ANGLE,
    "cos": ANGLE,
    "arctan": (
        even(-1.0, 1.0),
        even(-5.0, 5.0),
        sized(-740.0, 700.0, signed=True),
        about(0.4375, 0.6875, 1.1875, 2.4375, width=1e-2),
        bits,
    ),
    "ndtri": (
        even(0.0, 1.0),
        sized(-708.0, -0.7),
        sized(-40.0, -0.7),
        lambda g, n: 1.0 - sized(-36.0, -0.7)(g, n),
        lambda g, n: 0.5 + sized(-36.0, -3.0, signed=True)(g, n),
        about(0.075, 0.925, float(np.exp(-25.0))),
    ),
}


def _ndtri(p: mpmath.mpf, near: float) -> mpmath.mpf:
    """The inverse normal distribution by one step of Halley's method, which triples the correct
    digits, from a number that has some 15.
    """
    m, x = CONTEXT, CONTEXT.mpf(near)
    step = (m.erfc(-x / m.sqrt(2)) / 2 - p) * m.sqrt(2 * m.pi) * m.exp(x * x / 2)
    return x - step / (1 + x * step / 2)


TRUE: dict[str, Callable] = {
    "exp2": lambda x: CONTEXT.mpf(2) ** x,
    "log2": lambda x: CONTEXT.log(x) / CONTEXT.ln2,
    "log10": lambda x: CONTEXT.log(x) / CONTEXT.ln10,
    "arctan": CONTEXT.atan,
}


def arguments(name: str, count: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    """So many arguments of a function from each of its regions, and the hard ones."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    drawn = [draw(generator, count) for draw in REGIONS[name]]
    drawn = [one if isinstance(one, tuple) else (one,) for one in drawn]
    return tuple(map(np.concatenate, zip(*drawn, np.transpose(HARD[name]), strict=True)))


def errors(name: str, given: Sequence[np.ndarray]) -> np.ndarray:
    """The errors of a function [ulp of the true value], 0 of arguments that are not finite;
    infinity counts as the number after the largest double.
    """
    with np.errstate(all="ignore"):
        results = FUNCTIONS[name](*given)
    return np.array([_error(name, *one) for one in zip(results, *given, strict=True)])


def _error(name: str, result: float, *given: float) -> float:
    if not np.all(np.isfinite(given)):
        return 0.0
    exact = [CONTEXT.mpf(float(x)) for x in given]
    if name == "ndtri":
        true = _ndtri(*exact, float(result))
    else:
        true = TRUE.get(name, getattr(CONTEXT, name, None))(*exact)
    if isinstance(true, CONTEXT.mpc) or np.isnan(result):
        return 0.0 if isinstance(true, CONTEXT.mpc) and np.isnan(result) else float("inf")
    if np.isinf(result):
        result = CONTEXT.mpf(2.0) ** 1024 * int(np.sign(result))
        if abs(true) >= abs(result) and true * result > 0:
            return 0.0
    unit = CONTEXT.mpf(2) ** (max(CONTEXT.mag(true) - 53, SMALLEST) if true else SMALLEST)
    return float(abs(CONTEXT.mpf(result) - true) / unit)
