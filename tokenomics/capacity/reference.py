"""The decoder in float64, written plainly and without a cache: what the fast one is checked against
before it is timed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .decoder import Decoder, Weights, random_weights
from .shapes import Shape

CHECKED_LAYERS, CHECKED_VOCABULARY = (
    2,
    4096,
)  # of the model: enough to see an error, few enough for float64
SEQUENCES, PROMPT = 2, 24


def reference_logits(xp: Any, shape: Shape, weights: Weights, x: Any) -> Any:
    """Logits of the last token. x: inputs (batch, tokens, width). float64 throughout."""
    batch, tokens, _ = x.shape
    width, group = shape.head_width, shape.group
    x = x.astype(np.float64)
    frequency = shape.rotary_base ** (-2.0 * np.arange(width // 2) / width)
    turn = xp.asarray(np.exp(1j * np.arange(tokens)[:, None] * frequency))[None, :, None, :]
    hidden = xp.asarray(
        np.where(np.arange(tokens)[None, :] > np.arange(tokens)[:, None], -np.inf, 0.0)
    )

    def norm(values: Any, gain: Any) -> Any:
        return (
            values
            / xp.sqrt(xp.mean(values**2, axis=-1, keepdims=True) + shape.norm_epsilon)
            * gain.astype(np.float64)
        )

    def product(values: Any, weight: Any) -> Any:
        return values @ weight.astype(np.float64).T

    def rotated(values: Any) -> Any:
        pairs = (values[..., : width // 2] + 1j * values[..., width // 2 :]) * turn
        return xp.concatenate([pairs.real, pairs.imag], axis=-1)

    for layer in weights.layers:
        heads = product(norm(x, layer.attention_norm), layer.qkv).reshape(batch, tokens, -1, width)
        query, key = (
            rotated(heads[:, :, : shape.heads]),
            rotated(heads[:, :, shape.heads : shape.heads + shape.kv_heads]),
        )
        key, value = (
            xp.repeat(part, group, axis=2)
            for part in (key, heads[:, :, shape.heads + shape.kv_heads :])
        )
        scores = xp.einsum("bthd,bshd->bhts", query, key) / np.sqrt(width) + hidden
        share = xp.exp(scores - scores.max(axis=-1, keepdims=True))
        share = share / share.sum(axis=-1, keepdims=True)
        x = x + product(
            xp.einsum("bhts,bshd->bthd", share, value).reshape(batch, tokens, -1), layer.output
        )
        both = product(norm(x, layer.mlp_norm), layer.gate_up)
        gate, up = both[..., : shape.mlp_width], both[..., shape.mlp_width :]
        x = x + product(gate / (1.0 + xp.exp(-gate)) * up, layer.down)
    return product(norm(x[:, -1], weights.norm), weights.head)


def errors(ops: Any, shape: Shape, prompt: int = PROMPT) -> tuple[float, float]:
    """‖out − ref‖/‖ref‖ of the logits after a prefill, and after a decode step on the cache that it
    left.
    """
    xp = ops.xp
    small = shape.model_copy(
        update={
            "layers": min(CHECKED_LAYERS, shape.layers),
            "vocabulary": min(CHECKED_VOCABULARY, shape.vocabulary),
        }
    )
    weights = random_weights(ops, small, small.layers)
    prefill = Decoder(ops, small, weights, SEQUENCES, prompt, prompt + 1)
    decode = Decoder(ops, small, weights, SEQUENCES, 1, prompt + 1)
    x = xp.concatenate(
        [prefill.inputs.reshape(SEQUENCES, prompt, -1), decode.inputs.reshape(SEQUENCES, 1, -1)],
        axis=1,
    )
    found = []
    prefill.step(0)
    found.append((prefill.logits, reference_logits(xp, small, weights, x[:, :prompt])))
    decode.keys, decode.values = prefill.keys, prefill.values
    decode.step(prompt)
    found.append((decode.logits, reference_logits(xp, small, weights, x)))
    out = [
        float(xp.linalg.norm(got.astype(np.float64) - ref) / xp.linalg.norm(ref))
        for got, ref in found
    ]
    return out[0], out[1]
