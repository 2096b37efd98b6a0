"""The roofline of LLM inference: how long a call of a server takes, how many requests fit, what a
card delivers, and how long requests wait.

Williams, Waterman and Patterson (2009): bytes over bandwidth and operations over rate, each as
reached. Here the two are added, so that a call's use of the card grows with its work: with n tokens
a call reaches the share n/(n + n½) of its rate, n½ the tokens at which reading the weights takes as
long as computing. A call also takes its kernels one after the other, the scheduler's time, and what
the cards send one another. A decode step reads the weights that its tokens take and every
sequence's KV cache; a prefill reads the weights once for all prompts of a chunk.

Continuous batching holds B requests at once, each in a different place of its answer; prompts are
prefilled between and along with decode steps. With τ the decode step, p the time that a prompt
takes the others, o the tokens of an answer and a the time until its own first token is out,

    TPOT = τ(B) + p·B/o,   TTFT = a + 3τ/2 + W,   tokens/s = B·o/(TTFT + (o − 1)·TPOT),

the last by Little's law. A prompt waits for the rest of a step and for the one that the card has
been given already. A server that looks at its queue every k-th step makes it wait (1 + k/2)τ. W
is the wait of an M/D/1 queue of prompts (Pollaczek 1930), in the mean at most all others.
Percentiles: the wait's tail is taken as exponential, and the prompts of others in the time of an
answer as Poisson. Everything works alike on floats and arrays. Units: s, token, token/s (of
one card, output tokens; input tokens are counted apart).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import InputError
from .hardware import Hardware
from .precisions import BYTES, SIXTEEN, cache_precision
from .reach import Attained, Request, reach
from .shapes import Shape

# of the memory that the weights leave; TensorRT-LLM's default kv_cache_free_gpu_mem_fraction
FREE_SHARE = 0.9
MOST_AT_ONCE = 2048.0  # requests that a server batches; TensorRT-LLM's default max_batch_size
# tokens of prompts in one call; the default of vLLM's server on large GPUs (its pull request 12369)
# and of TensorRT-LLM from v0.11
CHUNK = 8192.0
# steps that the card has been given already when a prompt comes: servers prepare a step while the
# one before runs (SGLang's and TensorRT-LLM's overlap scheduler, on by default; vLLM's
# async-scheduling)
AHEAD = 1.0
NORMAL_99 = 2.326  # the normal distribution's 99th percentile
Split = Literal["tensor", "experts"]


@dataclass(frozen=True)
class Roofline:
    """A model in one precision on `cards` cards that share it. cache: precision of the KV cache.
    memory: of one card [byte].

    split: "tensor" divides every matrix, and cards add up what they computed twice a layer;
    "experts" gives each card experts of its own and a part of the requests, whose attention it
    does alone.

    chunk: tokens of prompts in one call; a prompt that is longer is taken as one call. poll: steps
    from one look at the queue to the next (SGLang's --scheduler-recv-interval; TensorRT-LLM's
    timeout_iters with attention by request).
    """

    shape: Shape
    precision: str
    reach: Attained
    memory: float
    cards: int = 1
    cache: str = "fp16"
    split: Split = "tensor"
    most: float = MOST_AT_ONCE
    chunk: float = CHUNK
    poll: float = 1.0

    def _call(self, tokens, sequences, cached, attention):
        """Time of a call [s]. tokens: that go through the layers. sequences: of which logits are
        computed. cached: bytes of the KV cache that it reads. attention: operations of it.
        """
        shape, reached, cards = self.shape, self.reach, self.cards
        # attention, norms and residuals: with experts apart each card does those of its own
        # requests, of which a few leave some idle; else all matrices are divided, norms are not
        alone = self.split == "experts"
        busy = np.clip(sequences, 1.0, cards) if alone else cards
        each = shape.layers * shape.attention_parameters
        exact = "attention" in shape.sixteen_bit.get(self.precision, ())
        size, head = BYTES[self.precision], shape.head_parameters
        read = each * shape.part_bytes("attention", self.precision) / (1 if alone else cards)
        read = read + shape.dense_parameters * size / cards
        read = read + head * shape.part_bytes("head", self.precision) / cards
        read = read + tokens * shape.passed * SIXTEEN / (busy if alone else 1)
        done = 2.0 * each * tokens / busy / (reached.sixteen if exact else reached.rate)
        done = done + 2.0 * shape.dense_parameters * tokens / cards / reached.rate
        done = done + 2.0 * head * sequences / cards / reached.sixteen
        if shape.experts:
            every = shape.expert_layers * shape.expert_parameters / cards
            read = read + every * shape.experts.read(tokens) * size
            done = done + 2.0 * every * shape.experts.active * tokens / reached.experts
        spread = busy if alone else min(cards, shape.kv_parts)
        moved = read / reached.bandwidth + cached / spread / reached.cache
        done = done + attention / busy / reached.attention
        return moved + done + shape.kernels * reached.kernel + reached.step + self._sent(tokens)

    def _sent(self, tokens):
        """Time that cards wait for one another and for what they send in a call [s]."""
        if self.cards == 1:
            return 0.0
        shape, others = self.shape, 1.0 - 1.0 / self.cards
        if self.split == "tensor":  # an all-reduce: every value goes out and comes back
            exchanges = 2.0 * shape.layers
            values = exchanges * 2.0 * others * tokens * shape.width
        else:  # an all-to-all to the experts and one back
            exchanges = 2.0 * shape.expert_layers
            copies = min(shape.experts.active, self.cards)
            values = exchanges * copies * others * tokens / self.cards * shape.width
        return exchanges * self.reach.hop + values * SIXTEEN / self.reach.link

    def decode_time(self, batch, context):
        """Time of a step that generates a token for each of `batch` sequences with `context` tokens
        [s].
        """
        cached = batch * self.shape.kv_bytes(self.cache, context)
        return self._call(batch, batch, cached, batch * self.shape.decode_attention(context))

    def prefill_time(self, tokens, context=0.0, prompts=1.0):
        """Time of a call that processes `tokens` of each of `prompts`, after `context` tokens that
        are cached [s].
        """
        cached = prompts * self.shape.kv_bytes(self.cache, context)
        attention = prompts * self.shape.prefill_attention(tokens, context)
        return self._call(prompts * tokens, prompts, cached, attention)

    def memory_batch(self, context: float) -> float:
        """Requests whose KV caches fit beside the weights, at most those that a server batches.
        Raises InputError where the weights alone do not fit.
        """
        shape, cards = self.shape, self.cards
        weights = shape.weight_bytes(self.precision)
        copies = cards / min(cards, shape.kv_parts)
        if self.split == "experts":
            attention = shape.layers * shape.attention_parameters
            attention = attention * shape.part_bytes("attention", self.precision)
            weights, copies = weights + (cards - 1) * attention, 1.0
        each = copies * float(shape.kv_bytes(self.cache, context))
        free = FREE_SHARE * (cards * self.memory - weights)
        if free < each:
            raise InputError(
                (
                    f"{weights / 1e9:.0f} GB of weights in {self.precision} and a request of "
                    f"{context:.0f} tokens on {cards} x {self.memory / 1e9:.0f} GB"
                ),
                key="memory",
                expected="more cards or fewer bytes",
            )
        return min(free / each, self.most)

    def _prompts(self, work: Request):
        """Time of a prompt alone in a call, and its part of a call full of them [s]."""
        packed = self._packed(work)
        full = self.prefill_time(work.new, work.kept, packed) / packed
        return self.prefill_time(work.new, work.kept), full

    def _packed(self, work: Request):
        """Prompts in a full call."""
        return np.maximum(1.0, self.chunk // work.new)

    def _share(self, work: Request):
        """What a prompt takes the others [s]: some are alone in their call, some are not
        (assumption: half each).
        """
        return 0.5 * sum(self._prompts(work))

    def time_per_token(self, batch, work: Request):
        """Mean time between tokens of one answer (TPOT) with `batch` requests at once, prefills of
        others included [s].
        """
        step = self.decode_time(batch, work.context)
        return step + self._share(work) * batch / work.output

    def time_per_token_p99(self, batch, work: Request):
        """99th percentile of the time between tokens, mean over an answer [s]."""
        more = 1.0 + NORMAL_99 / np.sqrt(np.maximum(batch, 1.0))
        step = self.decode_time(batch, work.context)
        return step + self._share(work) * batch / work.output * more

    def _steady(self, batch, work: Request):
        """Mean time to the first token while others are served, and by how much the 99th percentile
        is above it [s].
        """
        each, step = self._share(work), self.decode_time(batch, work.context)
        busy = each * batch / (work.output * self.time_per_token(batch, work))
        most = np.maximum(batch - 1.0, 0.0) * each
        step = step * np.clip(batch - 1.0, 0.0, 1.0)  # of the others, where there are any
        queue = np.minimum(0.5 * busy * each / (1.0 - busy), most)
        # prompts that came since the last look are in the same call
        since = np.minimum(busy * (self.poll - 1.0) * step, most)
        mean = self._server(work) + (AHEAD + 0.5 * self.poll) * step + since + queue
        tail = queue * (np.log(np.maximum(100.0 * busy, 1.0)) / busy - 1.0)
        return mean + self._prompts(work)[0], 0.5 * self.poll * step + np.maximum(tail, 0.0)

    def _begun(self, batch, work: Request, share: float):
        """Time until the first token of the request with a `share` of all before it, where all
        begin at once [s]: the first is computed alone while the others come, and these fill calls.
        """
        others = np.maximum(batch - 1.0, 0.0)
        together = np.clip(others, 1.0, self._packed(work))
        call, calls = self.prefill_time(work.new, work.kept, together), others / together
        alone = self._server(work) + self._prompts(work)[0]
        return alone + call * np.minimum(share * calls + 0.5, calls)

    def _server(self, work: Request):
        """The server's own time for a first token [s]."""
        return self.reach.first + self.reach.token * work.prompt

    def time_to_first_token(self, batch, work: Request):
        """Mean time to the first token (TTFT) with `batch` requests at once [s]."""
        steady, begun = self._steady(batch, work)[0], self._begun(batch, work, 0.5)
        return (1.0 - work.burst) * steady + work.burst * begun

    def time_to_first_token_p99(self, batch, work: Request):
        """99th percentile of the time to the first token [s]."""
        found = sum(self._steady(batch, work))
        if not work.burst:
            return found
        begun = self._begun(batch, work, max(0.0, 1.0 - 0.01 / work.burst))
        return np.maximum(found, np.maximum(begun, self.time_to_first_token(batch, work)))

    def output_rate(self, batch, work: Request):
        """Output tokens a second and card with `batch` requests at once."""
        answer = (work.output - 1.0) * self.time_per_token(batch, work)
        stay = self.time_to_first_token(batch, work) + answer
        return batch * work.output / stay / self.cards

    def highest_rate(self, work: Request) -> float:
        """Output tokens a second and card of a flooded server: memory limits the batch, and every
        call of prompts is full.
        """
        batch = self.memory_batch(work.context)
        each = self.decode_time(batch, work.context) / batch
        return float(1.0 / (each + self._prompts(work)[1] / work.output) / self.cards)


def roofline(
    device: Hardware,
    shape: Shape,
    precision: str,
    cards: int = 1,
    cache: str | None = None,
    split: Split = "tensor",
    chunk: float = CHUNK,
    poll: float = 1.0,
) -> Roofline:
    """The roofline of a model on a card, with what its architecture reaches. cache: precision of
    the KV cache; by default what goes with the weights. chunk, poll: of the server (`Roofline`).
    Raises InputError where the model does not divide by `cards`, for experts to split where there
    are none, and for cards without a link.
    """
    if split == "experts" and not shape.experts:
        raise InputError(
            "experts", key="split", expected="tensor: the model has no experts to spread"
        )
    shape.shard(cards)
    found = reach(device, precision, cards)
    kept = cache or cache_precision(precision)
    memory = device.memory.value * 1e9
    return Roofline(shape, precision, found, memory, cards, kept, split, chunk=chunk, poll=poll)
