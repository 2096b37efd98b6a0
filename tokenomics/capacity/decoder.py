"""A decoder of Llama's architecture over a KV cache: prefill and decode are one piece of code, for
NumPy and CuPy alike.

Grouped-query attention (Ainslie et al. 2023), gated MLP, RMS norms, rotary embedding, logits. Data
are random; every layer has weights of its own, so that none is read from a cache. Nothing is
allocated in a step. With one new token a sequence it is a decode step, with a prompt a prefill,
whose attention goes through the prompt in pieces, so that scores beyond a piece's end are not
computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .shapes import Shape

PIECE = 512  # prompt tokens whose scores are computed at once


@dataclass(frozen=True)
class Layer:
    """Weights of a layer, (outputs, inputs): queries, keys and values in one matrix, gate and up in
    one.
    """

    attention_norm: Any
    qkv: Any
    output: Any
    mlp_norm: Any
    gate_up: Any
    down: Any


@dataclass(frozen=True)
class Weights:
    """Layers, the last norm and the logits' matrix."""

    layers: list[Layer]
    norm: Any
    head: Any


def random_weights(ops: Any, shape: Shape, layers: int, seed: int = 0) -> Weights:
    """Weights of `layers` layers, scaled by inputs^(-1/2): every part then changes the output by
    about as much, so that a check sees it.
    """
    rng = np.random.default_rng(seed)
    wide, out = (
        (shape.heads + 2 * shape.kv_heads) * shape.head_width,
        shape.heads * shape.head_width,
    )
    made = [
        Layer(
            attention_norm=ops.array((shape.width,), 1.0, rng),
            qkv=ops.array((wide, shape.width), shape.width**-0.5, rng),
            output=ops.array((shape.width, out), out**-0.5, rng),
            mlp_norm=ops.array((shape.width,), 1.0, rng),
            gate_up=ops.array((2 * shape.mlp_width, shape.width), shape.width**-0.5, rng),
            down=ops.array((shape.width, shape.mlp_width), shape.mlp_width**-0.5, rng),
        )
        for _ in range(layers)
    ]
    return Weights(
        made,
        ops.array((shape.width,), 1.0, rng),
        ops.array((shape.vocabulary, shape.width), shape.width**-0.5, rng),
    )


def rotary_tables(shape: Shape, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of position × base^(−2i/width), (positions, width/2)."""
    frequency = shape.rotary_base ** (-2.0 * np.arange(shape.head_width // 2) / shape.head_width)
    angle = np.arange(positions)[:, None] * frequency
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def cache_bytes(shape: Shape, layers: int, batch: int, capacity: int, size: int) -> int:
    """Bytes of the KV cache of `layers` layers. size: bytes of a value."""
    return 2 * layers * batch * shape.kv_heads * capacity * shape.head_width * size


def buffer_bytes(shape: Shape, batch: int, tokens: int, capacity: int, size: int) -> int:
    """Bytes of what a step writes besides the cache."""
    rows, out = batch * tokens, shape.heads * shape.head_width
    row = (
        4 * shape.width
        + 2 * out
        + (shape.heads + 2 * shape.kv_heads) * shape.head_width
        + 3 * shape.mlp_width
    )
    return size * (
        rows * row
        + batch
        * (shape.heads * min(tokens, PIECE) * capacity + shape.vocabulary + shape.width + out)
    )


class Decoder:
    """A decoder with its cache and buffers for `batch` sequences of at most `capacity` tokens,
    `tokens` of them new in a step.
    """

    def __init__(
        self,
        ops: Any,
        shape: Shape,
        weights: Weights,
        batch: int,
        tokens: int,
        capacity: int,
        seed: int = 1,
    ) -> None:
        self.ops, self.shape, self.weights = ops, shape, weights
        self.batch, self.tokens, self.capacity = batch, tokens, capacity
        rng = np.random.default_rng(seed)
        rows, attended = batch * tokens, shape.heads * shape.head_width
        cache = (batch, shape.kv_heads, capacity, shape.head_width)
        # random, because denormals and zeros can be faster than numbers
        self.keys = [ops.array(cache, 1.0, rng) for _ in weights.layers]
        self.values = [ops.array(cache, 1.0, rng) for _ in weights.layers]
        self.cosine, self.sine = (ops.xp.asarray(table) for table in rotary_tables(shape, capacity))
        self.inputs, self.x = (
            ops.array((rows, shape.width), 1.0, rng),
            ops.empty((rows, shape.width)),
        )
        self.normed, self.added = ops.empty((rows, shape.width)), ops.empty((rows, shape.width))
        self.qkv = ops.empty((rows, attended + 2 * shape.kv_heads * shape.head_width))
        self.query = ops.empty((batch, shape.kv_heads, tokens, shape.group, shape.head_width))
        self.piece = min(tokens, PIECE)
        self.scores = ops.empty((batch * shape.heads * self.piece * capacity,))
        self.attended = ops.empty((rows, attended))
        self.mixed = ops.empty((batch * shape.heads * self.piece * shape.head_width,))
        self.gate_up, self.gated = (
            ops.empty((rows, 2 * shape.mlp_width)),
            ops.empty((rows, shape.mlp_width)),
        )
        self.last = ops.empty((batch, shape.width))
        self.logits = ops.empty((batch, shape.vocabulary))

    def step(self, past: int) -> None:
        """`tokens` new tokens of every sequence after `past` in the cache: layers, then the logits
        of the last token.
        """
        self.body(past)
        self.head()

    def body(self, past: int) -> None:
        """All layers, from `inputs` to `x`."""
        ops, shape = self.ops, self.shape
        self.x[...] = self.inputs
        for number, layer in enumerate(self.weights.layers):
            ops.norm(self.x, layer.attention_norm, shape.norm_epsilon, self.normed)
            ops.linear(self.normed, layer.qkv, self.qkv)
            keys, values = self.keys[number], self.values[number]
            ops.rotate(
                self.qkv,
                self.cosine,
                self.sine,
                self.query,
                keys,
                values,
                past,
                shape.head_width**-0.5,
            )
            self._attend(keys, values, past)
            ops.linear(self.attended, layer.output, self.added)
            ops.add(self.x, self.added)
            ops.norm(self.x, layer.mlp_norm, shape.norm_epsilon, self.normed)
            ops.linear(self.normed, layer.gate_up, self.gate_up)
            ops.gated(self.gate_up, self.gated)
            ops.linear(self.gated, layer.down, self.added)
            ops.add(self.x, self.added)

    def head(self) -> None:
        """Last norm and logits of the last token of every sequence."""
        self.last[...] = self.x.reshape(self.batch, self.tokens, -1)[:, -1]
        self.ops.norm(
            self.last, self.weights.norm, self.shape.norm_epsilon, self.normed[: self.batch]
        )
        self.ops.linear(self.normed[: self.batch], self.weights.head, self.logits)

    def _attend(self, keys: Any, values: Any, past: int) -> None:
        """Attention of the new tokens to the cache, one product for all heads that share a head of
        the cache.
        """
        shape, count = self.shape, self.batch * self.shape.kv_heads
        width, group = shape.head_width, shape.group
        query = self.query.reshape(count, self.tokens * group, width)
        keys, values = (cache.reshape(count, self.capacity, width) for cache in (keys, values))
        out = self.attended.reshape(self.batch, self.tokens, shape.kv_heads, group, width)
        for first in range(0, self.tokens, self.piece):
            last = min(first + self.piece, self.tokens)
            rows, seen = (last - first) * group, past + last
            scores = self.scores[: count * rows * seen].reshape(count, rows, seen)
            mixed = self.mixed[: count * rows * width].reshape(count, rows, width)
            self.ops.scores(query[:, first * group : last * group], keys[:, :seen], scores)
            self.ops.softmax(scores, group, past + first)
            self.ops.mix(scores, values[:, :seen], mixed)
            out[:, first:last] = mixed.reshape(
                self.batch, shape.kv_heads, last - first, group, width
            ).transpose(0, 2, 1, 3, 4)
