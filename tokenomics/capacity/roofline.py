"""The roofline of LLM inference: how long a decode step and a prefill take, how many requests fit,
what a card delivers.

Williams, Waterman and Patterson (2009): time is the larger of bytes over bandwidth and operations
over rate, both of them as reached (ceiling × fitted efficiency). A decode step reads all weights
once and every sequence's KV cache; a prefill reads the weights once. Continuous batching holds B
requests at once, each in a different place of its answer; prompts are prefilled between decode
steps of the same card. Hence, with τ the decode step, p the prefill and o the tokens of an answer,

    TPOT = τ(B) + p·B/o,   tokens/s = B/TPOT,   TTFT = τ/2 + ρ·p/(2(1−ρ)) + p   with ρ =
    p·B/(o·TPOT),

the wait in TTFT being that of an M/D/1 queue (Pollaczek 1930) of prompts, after half a step that
runs. Everything works alike on floats and arrays. Units: s, token, token/s (of one card, output
tokens; input tokens are counted apart).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .hardware import Hardware
from .shapes import BYTES, Shape

# of the memory that the weights leave; TensorRT-LLM's default kv_cache_free_gpu_mem_fraction
FREE_SHARE = 0.9


@dataclass(frozen=True)
class Request:
    """Tokens of a request: prompt and answer."""

    prompt: float
    output: float

    @property
    def context(self) -> float:
        """Mean context over an answer."""
        return self.prompt + 0.5 * self.output


@dataclass(frozen=True)
class Roofline:
    """A model in one precision on `cards` cards that share it. bandwidth [byte/s] and rate [FLOP/s]
    as reached, memory [byte], all of one card.

    Tensor parallelism divides work and weights evenly; the time that the cards talk is not
    modelled.
    """

    shape: Shape
    precision: str
    bandwidth: float
    rate: float
    memory: float
    cards: int = 1

    @property
    def weights(self) -> float:
        """Bytes that a step reads of the weights, on all cards."""
        return float(self.shape.active_parameters * BYTES[self.precision])

    def decode_time(self, batch, context):
        """Time of a step that generates a token for each of `batch` sequences with `context` tokens
        [s].
        """
        moved = self.weights + batch * context * float(self.shape.kv_bytes(self.precision))
        done = self.shape.decode_operations(batch, context)
        return np.maximum(moved / self.bandwidth, done / self.rate) / self.cards

    def prefill_time(self, tokens):
        """Time to process a prompt [s]."""
        return (
            np.maximum(
                self.weights / self.bandwidth, self.shape.prefill_operations(tokens) / self.rate
            )
            / self.cards
        )

    def memory_batch(self, context: float) -> float:
        """Requests whose KV caches fit beside the weights. Raises InputError where the weights
        alone do not fit.
        """
        free = self.cards * self.memory - self.shape.parameters * BYTES[self.precision]
        if FREE_SHARE * free < context * self.shape.kv_bytes(self.precision):
            need = self.shape.parameters * BYTES[self.precision] / 1e9
            raise InputError(
                (
                    f"{need:.0f} GB of weights in {self.precision} and a request of {context:.0f} "
                    f"tokens on {self.cards} x {self.memory / 1e9:.0f} GB"
                ),
                key="memory",
                expected="more cards or fewer bytes",
            )
        return FREE_SHARE * free / (context * self.shape.kv_bytes(self.precision))

    def time_per_token(self, batch, work: Request):
        """Mean time between tokens of one answer (TPOT) with `batch` requests at once, prefills of
        others included [s].
        """
        return (
            self.decode_time(batch, work.context)
            + self.prefill_time(work.prompt) * batch / work.output
        )

    def time_to_first_token(self, batch, work: Request):
        """Mean time to the first token (TTFT) with `batch` requests at once [s]."""
        own = self.prefill_time(work.prompt)
        busy = own * batch / (work.output * self.time_per_token(batch, work))
        return 0.5 * self.decode_time(batch, work.context) + 0.5 * busy * own / (1.0 - busy) + own

    def output_rate(self, batch, work: Request):
        """Output tokens a second and card with `batch` requests at once."""
        return batch / self.time_per_token(batch, work) / self.cards

    def highest_rate(self, work: Request) -> float:
        """Output tokens a second and card when only memory limits the batch."""
        return float(self.output_rate(self.memory_batch(work.context), work))


def roofline(device: Hardware, shape: Shape, precision: str, cards: int = 1) -> Roofline:
    """The roofline of a model on a card, with the card's fitted efficiencies. Raises InputError
    where the model does not divide by `cards`.
    """
    shape.shard(cards)
    bandwidth, rate = device.fitted(precision)
    return Roofline(shape, precision, bandwidth, rate, device.memory.value * 1e9, cards)
