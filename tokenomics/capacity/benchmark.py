"""The benchmark: two ceilings, then decode over batches and contexts and prefill over lengths, each
point in bounded time and memory.

Per layer and scaled: the layers that are measured and the logits are timed apart, and a model's
time is layers/measured × theirs + the logits'. A model whose weights do not fit is split as tensor
parallelism splits it, and one card's part is measured; the time that cards talk is not in it. Only
what the process allocates is touched: no setting of the card is read for change or changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..inputs import bounds
from .benchmark_file import record
from .ceilings import REPEATS, ceilings
from .decoder import Decoder, Weights, buffer_bytes, cache_bytes, random_weights
from .hardware import Hardware, Timing
from .reference import errors
from .shapes import BYTES, Shape

# decode (batch, context) and prefill lengths; on a CPU fewer and smaller, for the same questions
# on a GPU the new token makes the rows of scores a multiple of 16 bytes: else cuBLAS takes kernels
# for unaligned rows, which no server does
DECODE = {
    "gpu": [(b, c) for c in (255, 1023, 4095) for b in (1, 16, 64, 128, 512)],
    "cpu": [(b, c) for c in (128, 1024) for b in (1, 4, 16, 64)],
}
PREFILL = {"gpu": (128, 512, 2048, 4096, 8192), "cpu": (32, 128, 512, 1024)}
USABLE = 0.9  # share of free memory that is allocated at most
LAYERS_AT_LEAST, LAYERS_SHARE = (
    2,
    0.3,
)  # a model that is split: layers measured, and their share of the memory
# of ‖out − ref‖/‖ref‖; rounding after every operation of two layers leaves a fifth of it
TOLERANCE = {"fp32": 1e-5, "fp16": 4e-3, "bf16": 3e-2}


@dataclass(frozen=True)
class MeasurementPlan:
    """What is measured of a model. shape: of one card's part. layers: measured. cards: that hold
    the model, their number a power of two.
    """

    shape: Shape
    layers: int
    cards: int

    @property
    def note(self) -> str:
        """What a reader must know of the split."""
        whole = (
            "whole model on one card"
            if self.layers == self.shape.layers
            else f"{self.layers} of {self.shape.layers} layers measured, scaled"
        )
        split = (
            f"one part of {self.cards} under tensor parallelism, communication between cards not "
            f"included"
        )
        return whole if self.cards == 1 else f"{split}; {whole}"


def plan(shape: Shape, precision: str, free: int) -> MeasurementPlan:
    """How much of a model to measure with `free` bytes. Raises InputError where not even two
    layers' part fits.
    """
    size, usable = BYTES[precision], USABLE * free
    if shape.parameters * size < 0.75 * usable:
        return MeasurementPlan(shape, shape.layers, 1)
    cards = 2
    while shape.parameters * size / cards > 0.75 * usable:
        cards *= 2
        if shape.kv_heads % cards:
            raise InputError(
                f"{shape.parameters * size / 1e9:.0f} GB of weights, {free / 1e9:.0f} GB free",
                argument="model",
                expected="a smaller model or precision",
            )
    part = shape.shard(cards)
    fitting = int(
        (LAYERS_SHARE * usable - part.head_parameters * size) / (part.layer_parameters * size)
    )
    return MeasurementPlan(part, min(part.layers, max(LAYERS_AT_LEAST, fitting)), cards)


def _point(
    ops: Any,
    chosen: MeasurementPlan,
    weights: Weights,
    batch: int,
    context: int,
    tokens: int,
    seconds: float,
) -> Timing:
    """One measured time: decode where tokens is 1, else prefill."""
    decoder = Decoder(ops, chosen.shape, weights, batch, tokens, context + tokens)
    # both as graphs: a short prompt's launches would take the host as long as its work the card
    body, head = ops.captured(lambda: decoder.body(context)), ops.captured(decoder.head)
    body()
    head()
    layers = np.array(ops.timed(body, REPEATS, seconds))
    logits = np.array(ops.timed(head, REPEATS, 0.2 * seconds))
    scale = chosen.shape.layers / chosen.layers
    low, middle, high = 1e3 * (scale * np.percentile(layers, (25, 50, 75)) + np.median(logits))
    return Timing(
        batch=batch,
        context=context,
        tokens=tokens,
        median_ms=float(middle),
        low_ms=float(low),
        high_ms=float(high),
        repeats=len(layers),
        layers_ms=float(1e3 * np.median(layers)),
    )


def benchmark(
    ops: Any,
    shape: Shape,
    model: str,
    seconds: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Hardware:
    """Measure a model on the operations' device, in about `seconds` once it is set up. model: its
    name, for the record.

    Raises InputError where the output is wrong against float64 (nothing is timed then) or memory
    does not suffice.
    """
    bounds.check(seconds=(seconds, bounds.SECONDS))
    kind, size = ops.figure_of, BYTES[ops.precision]
    started = time.perf_counter()
    free = ops.free_memory()
    chosen = plan(shape, ops.precision, free)
    tasks = [(batch, context, 1) for batch, context in DECODE[kind]] + [
        (1, 0, tokens) for tokens in PREFILL[kind]
    ]
    total = len(tasks) + 2
    report = progress or (lambda done, of: None)
    report(0, total)
    wrong = errors(ops, chosen.shape)
    if not max(wrong) < TOLERANCE[ops.precision]:
        raise InputError(
            f"relative errors {wrong[0]:.2g} (prefill) and {wrong[1]:.2g} (decode) against float64",
            key=ops.precision,
            expected=f"less than {TOLERANCE[ops.precision]:g}: nothing is timed",
        )
    report(1, total)
    before = ceilings(ops, 0.03 * seconds)
    weights = random_weights(ops, chosen.shape, chosen.layers)
    report(2, total)
    times, skipped = [], []
    for number, (batch, context, tokens) in enumerate(tasks):
        left = 0.95 * seconds - (time.perf_counter() - started)
        need = cache_bytes(chosen.shape, chosen.layers, batch, context + tokens, size)
        need += buffer_bytes(chosen.shape, batch, tokens, context + tokens, size)
        name = (
            f"decode, batch {batch}, context {context}"
            if tokens == 1
            else f"prefill, {tokens} tokens"
        )
        if need > USABLE * ops.free_memory():
            skipped.append(f"{name}: {need / 1e9:.1f} GB do not fit")
        elif left <= 0.0 and number not in (0, len(DECODE[kind])):
            skipped.append(f"{name}: no time left")
        else:
            times.append(
                _point(
                    ops,
                    chosen,
                    weights,
                    batch,
                    context,
                    tokens,
                    max(left, 0.0) / (len(tasks) - number) / 2.0,
                )
            )
        report(number + 3, total)
    decode, prefill = [t for t in times if t.tokens == 1], [t for t in times if t.tokens > 1]
    if not decode or not prefill:
        raise InputError(
            f"{free / 1e9:.1f} GB of free memory",
            key="memory",
            expected="enough for one decode step and one prefill",
        )
    # again at the end, because other work and clocks change: a ceiling is the most that was seen
    bandwidth, rate = np.maximum(before, ceilings(ops, 0.03 * seconds)).tolist()
    return record(ops, chosen, model, free, bandwidth, rate, wrong, decode, prefill, skipped)
