"""Integer arithmetic as contracts do it, where Python's own differs."""

from __future__ import annotations

from collections.abc import Callable

UINT64, UINT256 = 2**64 - 1, 2**256 - 1  # largest numbers of a word
WAD, RAY = 10**18, 10**27  # units of fixed-point numbers with 18 and 27 decimals


def truncated(numerator: int, denominator: int) -> int:
    """The quotient rounded towards zero, as Solidity and Go divide; Python's // rounds down."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest, a tie to the even one."""
    quotient, rest = divmod(abs(numerator), abs(denominator))
    twice = 2 * rest - abs(denominator)
    quotient += twice > 0 or (twice == 0 and quotient % 2 == 1)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def decimal_product(one: int, other: int) -> int:
    """The product of two numbers in 1e-18 as the Cosmos SDK's LegacyDec.Mul has it."""
    return half_even(one * other, WAD)


def decimal_quotient(numerator: int, denominator: int) -> int:
    """The quotient of two numbers in 1e-18 as the Cosmos SDK's LegacyDec.Quo has it: cut to 36
    digits first, then rounded to 18.
    """
    return half_even(truncated(numerator * WAD * WAD, denominator), WAD)


def power(base: int, exponent: int, unit: int) -> int:
    """A fixed-point number to a whole power, by squaring with each product rounded to the nearest
    (ds-math's rpow). base, result: in units of 1/`unit`.
    """
    result = base if exponent % 2 else unit
    half = unit // 2
    exponent //= 2
    while exponent:
        base = (base * base + half) // unit
        if exponent % 2:
            result = (result * base + half) // unit
        exponent //= 2
    return result


def least(holds: Callable[[int], bool], first: int, last: int) -> int:
    """The least key from which on something holds, where it holds at the last."""
    while first < last:
        middle = (first + last) // 2
        if holds(middle):
            last = middle
        else:
            first = middle + 1
    return first
