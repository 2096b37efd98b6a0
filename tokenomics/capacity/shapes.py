"""Shapes of decoder-only language models, and what they cost: parameters, KV-cache bytes,
operations.

Llama's architecture (Touvron et al. 2023): grouped-query attention, gated MLP, RMS norms, rotary
embedding. Counts: 2 operations a parameter and token in matrix products;
4·layers·heads·head_width·context a token in attention (Chowdhery et al. 2022, PaLM, appendix B).
The look-up of input embeddings costs no products.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from ..errors import InputError
from ..parameters.documents import Strict, read_record

BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "fp8": 1}  # of a weight and of a value in the KV cache


class Shape(Strict):
    """A model's shape. source: where it is published. All widths in values, not bytes."""

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

    @model_validator(mode="after")
    def _divides(self) -> Shape:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is no multiple of kv_heads {self.kv_heads}")
        if self.head_width % 2:
            raise ValueError(f"head_width {self.head_width} is odd; rotary embedding turns pairs")
        return self

    @property
    def group(self) -> int:
        """Query heads that share one head of the KV cache."""
        return self.heads // self.kv_heads

    @property
    def layer_parameters(self) -> int:
        """Parameters of one layer's matrices."""
        attention = (
            self.width * (self.heads + 2 * self.kv_heads) * self.head_width
            + self.heads * self.head_width * self.width
        )
        return attention + 3 * self.width * self.mlp_width

    @property
    def head_parameters(self) -> int:
        """Parameters of the logits' matrix."""
        return self.width * self.vocabulary

    @property
    def active_parameters(self) -> int:
        """Parameters that every step reads: all layers and the logits, without the input
        embedding.
        """
        return self.layers * self.layer_parameters + self.head_parameters

    @property
    def parameters(self) -> int:
        """All parameters: the active ones, the input embedding (not tied to the logits) and the
        norms.
        """
        return self.active_parameters + self.head_parameters + (2 * self.layers + 1) * self.width

    def kv_bytes(self, precision: str) -> int:
        """Bytes that one token of context takes in the KV cache."""
        return 2 * self.layers * self.kv_heads * self.head_width * BYTES[precision]

    @property
    def attention_operations(self) -> int:
        """Operations of attention for one token and one token of context."""
        return 4 * self.layers * self.heads * self.head_width

    def decode_operations(self, batch, context):
        """Operations of a step that generates one token for each of `batch` sequences of `context`
        tokens.
        """
        return batch * (2.0 * self.active_parameters + self.attention_operations * context)

    def prefill_operations(self, tokens):
        """Operations for a prompt: causal attention sees half of it on average; logits for the last
        token only.
        """
        body = (
            2.0 * self.layers * self.layer_parameters * tokens
            + 0.5 * self.attention_operations * tokens**2
        )
        return body + 2.0 * self.head_parameters

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


def shape(name: str) -> Shape:
    """The shape of a shipped model or of a YAML file."""
    return read_record(Shape, "model", name)[0]
