"""Every operation of the decoder against float64: the worst element's error over the largest one.

Arrays may be longer than 2^31 elements: zeros but for their end, which is what is compared. A
place that a kernel counts in 32 bits is then read or written elsewhere.
"""

from __future__ import annotations

import numpy as np

SEED, TAIL, EPSILON = 5, 8, 1e-5
# four roundings of the result; in fp32 the sums' own error is larger
TOLERANCE = {"fp32": 1e-5, "fp16": 4 * 2.0**-11, "bf16": 4 * 2.0**-8}
FP8_TOLERANCE = 2e-2  # of norms: cuBLASLt may shorten its sums
FAR = 2**31
FAR_BYTES = 12 * 2**30  # of half precision, the most that a far case takes at once


def host(array):
    """An array of the device in float64."""
    return np.asarray(array.get() if hasattr(array, "get") else array).astype(np.float64)


def error(got, want):
    """The worst element's error over the largest element; infinite where one is no number."""
    worst = np.max(np.abs(host(got) - want)) / np.max(np.abs(want))
    return float(worst) if np.isfinite(worst) else np.inf


def ended(ops, shape, tail, rng):
    """Zeros, then `tail` random rows."""
    array = ops.empty(shape)
    array[-tail:] = ops.array((tail, *shape[1:]), 1.0, rng)
    return array


def norm(ops, rng, rows, width):
    tail = min(rows, TAIL)
    x, gain, out = (
        ended(ops, (rows, width), tail, rng),
        ops.array((width,), 1.0, rng),
        ops.empty((rows, width)),
    )
    ops.norm(x, gain, EPSILON, out)
    x = host(x[-tail:])
    want = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + EPSILON) * host(gain)
    return error(out[-tail:], want)


def gated(ops, rng, rows, width):
    tail = min(rows, TAIL)
    both, out = ended(ops, (rows, 2 * width), tail, rng), ops.empty((rows, width))
    ops.gated(both, out)
    both = host(both[-tail:])
    gate, up = both[:, :width], both[:, width:]
    return error(out[-tail:], gate / (1.0 + np.exp(-gate)) * up)


def rotate(ops, rng, batch, kv_heads, tokens, group, width, past, capacity):
    queries = kv_heads * group
    qkv = ops.array((batch * tokens, (queries + 2 * kv_heads) * width), 1.0, rng)
    angle = rng.uniform(0.0, 6.0, (capacity, width // 2))
    tables = [ops.xp.asarray(f(angle).astype(np.float32)) for f in (np.cos, np.sin)]
    query = ops.empty((batch, kv_heads, tokens, group, width))
    key, value = (ops.empty((batch, kv_heads, capacity, width)) for _ in range(2))
    ops.rotate(qkv, *tables, query, key, value, past, 0.25)
    heads = host(qkv[-tokens:]).reshape(tokens, -1, width)
    turn = np.exp(1j * angle[past : past + tokens])[:, None]
    turned = (heads[..., : width // 2] + 1j * heads[..., width // 2 :]) * turn
    turned = np.concatenate([turned.real, turned.imag], axis=-1)
    cache = np.zeros((2, kv_heads, capacity, width))
    cache[0, :, past : past + tokens] = turned[:, queries:-kv_heads].swapaxes(0, 1)
    cache[1, :, past : past + tokens] = heads[:, -kv_heads:].swapaxes(0, 1)
    asked = 0.25 * turned[:, :queries].reshape(tokens, kv_heads, group, width).swapaxes(0, 1)
    return max(error(query[-1], asked), error(key[-1], cache[0]), error(value[-1], cache[1]))


def softmax(ops, rng, count, rows, group, columns, past):
    scores = ended(ops, (count, rows, columns), 1, rng)
    want = host(scores[-1])
    want[np.arange(columns)[None, :] > past + np.arange(rows)[:, None] // group] = -np.inf
    want = np.exp(want - want.max(axis=1, keepdims=True))
    ops.softmax(scores, group, past)
    return error(scores[-1], want / want.sum(axis=1, keepdims=True))


def add(ops, rng, rows, width):
    x, y = (ops.array((rows, width), 1.0, rng) for _ in range(2))
    want = host(x) + host(y)
    ops.add(x, y)
    return error(x, want)


def linear(ops, rng, rows, inputs, outputs):
    x, weight = ops.array((rows, inputs), 1.0, rng), ops.array((outputs, inputs), 1.0, rng)
    out = ops.empty((rows, outputs))
    ops.linear(x, weight, out)
    return error(out, host(x) @ host(weight).T)


def attention(ops, rng, count, rows, seen, capacity, width):
    """Scores and the mix of values, on a part of the queries and of the cache."""
    query, key, value = (
        ops.array((count, n, width), 1.0, rng) for n in (rows + 3, capacity, capacity)
    )
    scores, mixed = ops.empty((count, rows, seen)), ops.empty((count, rows, width))
    ops.scores(query[:, 3:], key[:, :seen], scores)
    first = error(scores, host(query)[:, 3:] @ host(key)[:, :seen].swapaxes(1, 2))
    given = host(scores)
    ops.mix(scores, value[:, :seen], mixed)
    return max(first, error(mixed, given @ host(value)[:, :seen]))


# widths below, at and off the threads of a block; one and several query heads a cache head
CASES = [
    (norm, (3, 64)),
    (norm, (9, 300)),
    (gated, (3, 16)),
    (gated, (7, 301)),
    (rotate, (2, 2, 1, 4, 16, 10, 11)),
    (rotate, (1, 3, 5, 1, 64, 3, 20)),
    (softmax, (2, 4, 4, 11, 10)),
    (softmax, (1, 12, 3, 600, 590)),
    (softmax, (2, 5, 1, 300, 0)),
    (add, (5, 77)),
    (linear, (5, 32, 48)),
    (linear, (1, 300, 17)),
    (attention, (3, 4, 11, 12, 16)),
    (attention, (2, 1, 1, 5, 32)),
]
FAR_CASES = [
    (norm, (2**16 + 8, 2**15)),
    (gated, (2**15 + 8, 2**15)),
    (softmax, (2**15 + 8, 4, 4, 2**14, 2**14 - 1)),
    (rotate, (2**9 + 1, 8, 1, 4, 128, 2**12 - 1, 2**12)),
]


def named(case):
    """The case in words."""
    function, sizes = case
    return f"{function.__name__} {'x'.join(map(str, sizes))}"


def run(ops, case):
    """The error of a case."""
    function, sizes = case
    return function(ops, np.random.default_rng(SEED), *sizes)
