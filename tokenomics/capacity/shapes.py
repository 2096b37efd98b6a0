"""Shapes of decoder-only language models, and what they cost: parameters, bytes of the KV cache,
operations.

Llama's architecture (Touvron et al. 2023): grouped-query attention, gated MLP, RMS norms, rotary
embedding; and what today's models change of it: experts of which a token takes a few, attention to
a window on some layers, latent attention (DeepSeek-V2, 2024). Counts: 2 operations a parameter and
token in matrix products; 4·heads·head_width a token, layer and token of context in attention
(Chowdhery et al. 2022, PaLM, appendix B). The look-up of input embeddings costs no products.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ..errors import InputError
from ..parameters.documents import Strict, read_record
from .model_parts import (
    EXPERTS,
    GROUPED,
    LATENT,
    MLP,
    PASSED,
    PASSED_EXPERT,
    SHARED,
    Experts,
    Latent,
    Window,
)
from .precisions import BYTES, SIXTEEN, Precision


class Shape(Strict):
    """A model's shape. source: where it is published. All widths in values, not bytes. mlp_width:
    of the layers without experts. tied: input embeddings are the logits' matrix. sixteen_bit:
    parts that a file in a precision keeps in 16 bits.
    """

    description: str
    source: str = Field(min_length=1)
    layers: int = Field(ge=1, le=1000)
    width: int = Field(ge=8, le=1_000_000)
    heads: int = Field(ge=1, le=10_000)
    kv_heads: int = Field(ge=1, le=10_000)
    head_width: int = Field(ge=2, le=10_000)
    mlp_width: int = Field(ge=8, le=10_000_000)
    vocabulary: int = Field(ge=2, le=100_000_000)
    rotary_base: float = Field(gt=1.0)
    norm_epsilon: float = Field(gt=0.0, lt=1.0)
    tied: bool = False
    experts: Experts | None = None
    latent: Latent | None = None
    window: Window | None = None
    sixteen_bit: dict[Precision, list[Literal["attention", "head"]]] = {}

    @model_validator(mode="after")
    def _divides(self) -> Shape:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is no multiple of kv_heads {self.kv_heads}")
        if self.head_width % 2:
            raise ValueError(f"head_width {self.head_width} is odd; rotary embedding turns pairs")
        if self.window and self.window.layers > self.layers:
            raise ValueError(f"a window on {self.window.layers} of {self.layers} layers")
        if self.window and self.latent:
            raise ValueError("a window with latent attention; expected one of the two")
        if self.experts and self.experts.active >= self.experts.count:
            raise ValueError(f"{self.experts.active} of {self.experts.count} experts active")
        if self.experts and self.experts.dense_layers >= self.layers:
            raise ValueError(f"{self.experts.dense_layers} of {self.layers} layers without experts")
        return self

    @property
    def plain(self) -> bool:
        """Whether it is of Llama's architecture as it was, which the benchmark computes."""
        return not (self.experts or self.latent or self.window or self.tied)

    @property
    def group(self) -> int:
        """Query heads that share one head of the KV cache."""
        return self.heads // self.kv_heads

    @property
    def attention_parameters(self) -> int:
        """Parameters of one layer's attention."""
        if self.latent is None:
            inputs = self.width * (self.heads + 2 * self.kv_heads) * self.head_width
            return inputs + self.heads * self.head_width * self.width
        part, width = self.latent, self.width
        query = self.heads * (part.content_width + part.rotary_width)
        asked = part.query_rank * (width + query) if part.query_rank else width * query
        kept = width * (part.rank + part.rotary_width)
        kept += part.rank * self.heads * (part.content_width + part.value_width)
        return asked + kept + self.heads * part.value_width * width

    @property
    def expert_layers(self) -> int:
        """Layers that have experts."""
        return self.layers - self.experts.dense_layers if self.experts else 0

    @property
    def expert_parameters(self) -> int:
        """Parameters of one expert."""
        return 3 * self.width * self.experts.width if self.experts else 0

    @property
    def dense_parameters(self) -> int:
        """Parameters of all layers' MLPs that every token takes: those without experts, the shared
        experts, the routers.
        """
        dense = (self.layers - self.expert_layers) * 3 * self.width * self.mlp_width
        if self.experts is None:
            return dense
        every = self.experts.shared * self.expert_parameters + self.width * self.experts.count
        return dense + self.expert_layers * every

    @property
    def layer_parameters(self) -> int:
        """Parameters of one layer's matrices, without experts."""
        return self.attention_parameters + 3 * self.width * self.mlp_width

    @property
    def head_parameters(self) -> int:
        """Parameters of the logits' matrix."""
        return self.width * self.vocabulary

    @property
    def active_parameters(self) -> int:
        """Parameters that one token takes: all layers with its experts, and the logits, without
        the input embedding.
        """
        body = self.layers * self.attention_parameters + self.dense_parameters
        if self.experts:
            body += self.expert_layers * self.experts.active * self.expert_parameters
        return body + self.head_parameters

    @property
    def parameters(self) -> int:
        """All parameters: those of every expert, the input embedding where it is its own, and the
        norms.
        """
        inactive = 0
        if self.experts:
            idle = self.experts.count - self.experts.active
            inactive = self.expert_layers * idle * self.expert_parameters
        embedding = 0 if self.tied else self.head_parameters
        return self.active_parameters + inactive + embedding + (2 * self.layers + 1) * self.width

    def part_bytes(self, part: str, precision: str) -> float:
        """Bytes of a weight of the attention, the head (with the embeddings) or any other part."""
        return SIXTEEN if part in self.sixteen_bit.get(precision, ()) else BYTES[precision]

    def weight_bytes(self, precision: str) -> float:
        """Bytes of all weights, norms in the precision of the rest."""
        attention = self.layers * self.attention_parameters
        embedded = self.head_parameters * (1 if self.tied else 2)
        rest = self.parameters - attention - embedded
        kept = attention * self.part_bytes("attention", precision)
        return kept + embedded * self.part_bytes("head", precision) + rest * BYTES[precision]

    def read_bytes(self, precision: str) -> float:
        """Bytes of the weights that one token takes."""
        attention = self.layers * self.attention_parameters
        rest = self.active_parameters - attention - self.head_parameters
        kept = attention * self.part_bytes("attention", precision)
        head = self.head_parameters * self.part_bytes("head", precision)
        return kept + head + rest * BYTES[precision]

    def seen(self, context):
        """Tokens of context that one token reads, summed over the layers."""
        if self.window is None:
            return self.layers * context
        short = np.minimum(context, float(self.window.tokens))
        return (self.layers - self.window.layers) * context + self.window.layers * short

    def kv_bytes(self, precision: str, context=1):
        """Bytes that `context` tokens of a sequence take in the KV cache."""
        if self.latent:
            values = self.latent.rank + self.latent.rotary_width
        else:
            values = 2 * self.kv_heads * self.head_width
        return self.seen(context) * values * BYTES[precision]

    @property
    def kv_parts(self) -> int:
        """Cards over which tensor parallelism can spread the KV cache; on more it is copied."""
        return 1 if self.latent else self.kv_heads

    def decode_attention(self, context):
        """Operations of attention for one token after `context` tokens. Latent attention scores the
        cache as it is (its up-projection taken into queries and outputs).
        """
        if self.latent:
            each = 2 * (2 * self.latent.rank + self.latent.rotary_width)
        else:
            each = 4 * self.head_width
        return each * self.heads * self.seen(context)

    def prefill_attention(self, tokens, context=0.0):
        """Operations of attention for `tokens` of a prompt after `context` tokens: each sees those
        before it.
        """
        if self.latent:
            part = self.latent
            each = 2 * (part.content_width + part.rotary_width + part.value_width)
        else:
            each = 4 * self.head_width
        pairs = tokens * (context + 0.5 * tokens)
        if self.window is None:
            return each * self.heads * self.layers * pairs
        short = float(self.window.tokens)
        end = context + tokens
        windowed = _within(end, short) - _within(context, short)
        whole = (self.layers - self.window.layers) * pairs
        return each * self.heads * (whole + self.window.layers * windowed)

    @property
    def kernels(self) -> int:
        """Kernels of a call that run one after the other, the head's two with them."""
        attention = LATENT if self.latent else GROUPED
        found = self.layers * attention + (self.layers - self.expert_layers) * MLP + 2
        if self.experts:
            found += self.expert_layers * (EXPERTS + (SHARED if self.experts.shared else 0))
        return found

    @property
    def passed(self) -> float:
        """Values of one token that pass through memory beside the products, over all layers."""
        each = PASSED * self.layers
        if self.experts:
            each += PASSED_EXPERT * self.experts.active * self.expert_layers
        return float(each * self.width)

    def decode_operations(self, batch, context):
        """Operations of a step that generates one token for each of `batch` sequences of `context`
        tokens.
        """
        return batch * (2.0 * self.active_parameters + self.decode_attention(context))

    def prefill_operations(self, tokens):
        """Operations for a prompt; logits for the last token only."""
        body = self.active_parameters - self.head_parameters
        return 2.0 * body * tokens + self.prefill_attention(tokens) + 2.0 * self.head_parameters

    def shard(self, parts: int) -> Shape:
        """What one of `parts` cards holds of every layer under tensor parallelism. Raises
        InputError where it does not divide.
        """
        split = {n: getattr(self, n) for n in ("heads", "kv_heads", "mlp_width", "vocabulary")}
        for name, size in split.items():
            if size % parts:
                raise InputError(
                    f"{name} {size}", key="cards", expected=f"a multiple of {parts} cards"
                )
        return self.model_copy(update={name: size // parts for name, size in split.items()})


def _within(tokens, window):
    """Pairs of a token and one that it sees of the last `window`, for all of the first `tokens`."""
    return np.where(tokens > window, tokens * window - 0.5 * window**2, 0.5 * tokens**2)


def shape(name: str) -> Shape:
    """The shape of a shipped model or of a YAML file."""
    return read_record(Shape, "model", name)[0]


def plain_shape(name: str) -> Shape:
    """The shape of a model that the benchmark can compute. Raises InputError for another."""
    found = shape(name)
    if not found.plain:
        raise InputError(
            f"'{name}', with experts, a window, latent attention or tied embeddings",
            argument="model",
            expected="one of Llama's architecture: the benchmark computes no other",
        )
    return found
