"""exp, exp2, expm1 and tanh.

x = k ln 2 + r with |r| ≤ ½ ln 2, and a polynomial in r (Muller, Elementary Functions, 3rd edition
2016, sections 4.4 and 11.1). The coefficients are those of a minimax polynomial of (eʳ − 1 − r)/r²
whose largest error, weighted, is the least and whose coefficients were rounded to doubles one
after the other.
"""

from __future__ import annotations

from .operations import (
    Value,
    clamped,
    exact_sum,
    exact_sum_of_sorted,
    head,
    magnitude,
    nearest_whole,
    polynomial,
    power_of_two,
    scaled,
    sign_bit,
)

LOG2_E = float.fromhex("0x1.71547652b82fep+0")
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: k LN2_HIGH is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
LN2 = float.fromhex("0x1.62e42fefa39efp-1")
# of (e^r - 1 - r) / r^2: good to 0.025 ulp of e^r, and to 0.003 ulp of e^r - 1
TAIL = [
    float.fromhex(text)
    for text in [
        "0x1.0000000000007p-1",
        "0x1.55555555554d2p-3",
        "0x1.555555555130ep-5",
        "0x1.1111111130adfp-7",
        "0x1.6c16c1825afe4p-10",
        "0x1.a01a00fe10b64p-13",
        "0x1.a0199e1b2a9b1p-16",
        "0x1.71df81144389ep-19",
        "0x1.28aa3c2375584p-22",
        "0x1.acf738638783cp-26",
    ]
]
LONG_TAIL = [
    float.fromhex(text)
    for text in [
        "0x1.0000000000000p-1",
        "0x1.5555555555559p-3",
        "0x1.5555555555556p-5",
        "0x1.111111110f61fp-7",
        "0x1.6c16c16c1628cp-10",
        "0x1.a01a01b02808fp-13",
        "0x1.a01a01a655f31p-16",
        "0x1.71ddf79541663p-19",
        "0x1.27e4de05c1b74p-22",
        "0x1.af602cf463304p-26",
        "0x1.1f6c5a19843aap-29",
    ]
]
LARGE, TINY = 710.0, -746.0  # beyond them exp is infinite, and zero


def exp(o, x: Value) -> Value:
    """eˣ."""
    k, r, c = reduced(o, clamped(o, x, TINY, LARGE))
    return scaled(o, exp_of_small(o, r, c), k)


def exp2(o, x: Value) -> Value:
    """2ˣ."""
    x = clamped(o, x, -1080.0, 1025.0)
    k, whole = nearest_whole(o, x)
    f = o.sub(x, whole)
    high = head(o, f)
    r = o.mul(high, o.f(LN2_HIGH))
    c = o.add(o.mul(high, o.f(LN2_LOW)), o.mul(o.sub(f, high), o.f(LN2)))
    r, c = exact_sum_of_sorted(o, r, c)
    return scaled(o, exp_of_small(o, r, c), k)


def reduced(o, x: Value) -> tuple[Value, Value, Value]:
    """k and r, c with x = k ln 2 + r + c."""
    k, whole = nearest_whole(o, o.mul(x, o.f(LOG2_E)))
    high, low = o.sub(x, o.mul(whole, o.f(LN2_HIGH))), o.mul(whole, o.f(LN2_LOW))
    r = o.sub(high, low)
    return k, r, o.sub(o.sub(high, r), low)


def exp_of_small(o, r: Value, c: Value) -> Value:
    """e to the power of r + c, |r| ≤ ½ ln 2 and c its rounding. What 1 + r loses comes back."""
    t = o.mul(o.mul(r, r), polynomial(o, r, TAIL))
    s, lost = exact_sum_of_sorted(o, o.f(1.0), r)
    return o.add(s, o.add(t, o.add(lost, c)))


def expm1(o, x: Value) -> Value:
    """eˣ − 1."""
    high, low = expm1_pair(o, clamped(o, x, -40.0, LARGE))
    return o.sel(o.eq(x, o.f(0.0)), x, o.add(high, low))  # −0 stays


def expm1_pair(o, x: Value) -> tuple[Value, Value]:
    """eˣ − 1 as a sum of two, for x from −40 to 710.

    2ᵏ ((1 − 2⁻ᵏ) + (eʳ − 1)); r²/2 is taken exactly, because at |r| near ½ ln 2 it loses most.
    """
    k, r, c = reduced(o, x)
    rough = head(o, r)
    half = o.mul(o.mul(o.f(0.5), rough), rough)
    rest = o.mul(o.mul(o.f(0.5), o.sub(r, rough)), o.add(r, rough))
    beyond = o.mul(o.mul(o.mul(r, r), r), polynomial(o, r, LONG_TAIL[1:]))
    # derivative of the rest with respect to r, so that c counts to first order
    low = o.add(o.add(beyond, rest), o.add(c, o.mul(c, r)))
    a, lost = exact_sum_of_sorted(o, r, half)
    low = o.add(low, lost)
    k_less = o.sel(o.gt(x, o.f(690.0)), o.i(995), k)  # there 1 is lost in any case
    b, less = exact_sum(o, o.f(1.0), o.neg(power_of_two(o, o.isub(o.i(0), k_less))))
    b, lost = exact_sum(o, b, a)
    low = o.add(low, o.add(less, lost))
    high, low = exact_sum_of_sorted(o, b, low)
    return scaled(o, high, k), scaled(o, low, k)


def tanh(o, x: Value) -> Value:
    """tanh x = −E/(2 + E), E = e^(−2|x|) − 1, the quotient of two pairs."""
    high, low = expm1_pair(o, o.mul(o.f(-2.0), clamped(o, magnitude(o, x), 0.0, 20.0)))
    below, rest = exact_sum_of_sorted(o, o.f(2.0), high)
    rest = o.add(rest, low)
    q = o.div(high, below)
    # what q leaves: high + low − q (below + rest), its large product taken exactly
    a, b = head(o, q), head(o, below)
    product = o.mul(a, b)
    left = o.sub(o.sub(high, product), o.mul(a, o.sub(below, b)))
    left = o.sub(o.sub(left, o.mul(o.sub(q, a), b)), o.mul(o.sub(q, a), o.sub(below, b)))
    left = o.sub(o.add(left, low), o.mul(q, rest))
    t = o.add(q, o.div(left, below))
    return o.sel(
        o.eq(x, o.f(0.0)),
        x,
        o.sel(o.ne(x, x), x, o.flt(o.ior(o.iand(o.bits(t), o.i(2**63 - 1)), sign_bit(o, x)))),
    )
