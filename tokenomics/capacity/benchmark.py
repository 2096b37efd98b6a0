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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from ..errors import InputError
from ..inputs import bounds
from .decoder import Decoder, Weights, buffer_bytes, cache_bytes, random_weights
from .fitting import fit_times
from .hardware import Efficiency, Hardware, Measured, Timing
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
COPY_BYTES = {"gpu": 2**30, "cpu": 2**28}  # far beyond any cache
PRODUCT = {"gpu": 8192, "cpu": 2048}  # rows and columns of the square product that sets the rate
USABLE = 0.9  # share of free memory that is allocated at most
LAYERS_AT_LEAST, LAYERS_SHARE = (
    2,
    0.3,
)  # a model that is split: layers measured, and their share of the memory
REPEATS = 50
TOLERANCE = {
    "fp32": 1e-4,
    "fp16": 2e-2,
    "bf16": 1e-1,
}  # of ‖out − ref‖/‖ref‖; rounding of two layers stays well below


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


def copy_bandwidth(ops: Any, seconds: float) -> float:
    """Bytes read and written by a copy [byte/s]: the best of the repeats, as in STREAM."""
    count = COPY_BYTES[ops.figure_of] // BYTES[ops.precision]
    # not zeros: pages that were never written are one page of zeros, which stays in the cache
    source, target = ops.array((count,), 1.0, np.random.default_rng(0)), ops.empty((count,))

    def copy() -> None:
        target[...] = source

    copy()
    return float(2 * COPY_BYTES[ops.figure_of] / min(ops.timed(copy, REPEATS, seconds)))


def product_rate(ops: Any, seconds: float) -> float:
    """Operations of a large matrix product [FLOP/s]: the best of the repeats."""
    n, rng = PRODUCT[ops.figure_of], np.random.default_rng(0)
    a, b, out = ops.array((n, n), 1.0, rng), ops.array((n, n), n**-0.5, rng), ops.empty((n, n))
    ops.linear(a, b, out)
    return float(2.0 * n**3 / min(ops.timed(lambda: ops.linear(a, b, out), REPEATS, seconds)))


def ceilings(ops: Any, seconds: float) -> tuple[float, float]:
    """Copy bandwidth [byte/s] and rate of a large matrix product [FLOP/s]."""
    return copy_bandwidth(ops, seconds), product_rate(ops, seconds)


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
    return _record(ops, chosen, model, free, bandwidth, rate, wrong, decode, prefill, skipped)


def _record(ops, chosen, model, free, bandwidth, rate, wrong, decode, prefill, skipped) -> Hardware:
    """The result as a hardware file."""
    about, date = ops.described(), datetime.now(UTC).date().isoformat()
    share, compute, error = fit_times(chosen.shape, ops.precision, bandwidth, rate, decode, prefill)
    what = "GPU" if ops.figure_of == "gpu" else "CPU figure, no GPU"
    origin = f"measured {date}: {model} in {ops.precision}"
    return Hardware(
        description=f"{about['device']}, measured {date} ({what})",
        origin="measured",
        device=about["device"],
        memory={"value": free / 1e9, "unit": "GB", "source": f"free when measured, {date}"},
        bandwidth={
            "value": bandwidth / 1e12,
            "unit": "TB/s",
            "source": (
                f"measured {date}: copy of {COPY_BYTES[ops.figure_of]} bytes, read and written"
            ),
        },
        rates={
            ops.precision: {
                "value": rate / 1e12,
                "unit": "TFLOP/s",
                "source": (
                    f"measured {date}: product of square matrices of {PRODUCT[ops.figure_of]} rows"
                ),
            }
        },
        efficiency={
            ops.precision: Efficiency(
                bandwidth=share,
                compute=compute,
                source=(
                    f"fitted: {origin}, {len(decode) + len(prefill)} medians, RMS log error "
                    f"{error:.2f}"
                ),
            )
        },
        measured=Measured(
            date=date,
            model=model,
            precision=ops.precision,
            backend=ops.backend,
            figure_of=ops.figure_of,
            driver=about["driver"],
            cuda=about["cuda"],
            library=about["library"],
            layers=chosen.layers,
            tensor_parallel=chosen.cards,
            parallel_note=chosen.note,
            error_prefill=wrong[0],
            error_decode=wrong[1],
            decode=decode,
            prefill=prefill,
            skipped=skipped,
        ),
    )


def with_rates(found: Hardware, rates: dict[str, float]) -> Hardware:
    """The hardware with the product's rate in more precisions [FLOP/s]."""
    seen = found.measured
    source = f"measured {seen.date}: product of square matrices of {PRODUCT[seen.figure_of]} rows"
    told = {
        name: {"value": rate / 1e12, "unit": "TFLOP/s", "source": source}
        for name, rate in rates.items()
        if name not in found.rates
    }
    content = found.model_dump(exclude_none=True)
    return Hardware.model_validate(content | {"rates": content["rates"] | told})


def write(found: Hardware, path: Path) -> None:
    """Write a hardware file."""
    yaml = YAML()
    yaml.width = 4096
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(found.model_dump(exclude_none=True), stream)


def shares(shape: Shape, found: Hardware) -> list[dict[str, float]]:
    """Every measured time with its tokens/s and its use of both ceilings: bytes over bandwidth and
    operations over rate, over the time.
    """
    seen = found.measured
    part = shape if seen.tensor_parallel == 1 else shape.shard(seen.tensor_parallel)
    bandwidth, rate = found.bandwidth.value * 1e12, found.rates[seen.precision].value * 1e12
    size, rows = BYTES[seen.precision], []
    for t in (*seen.decode, *seen.prefill):
        seconds, cached = (
            1e-3 * t.median_ms,
            t.batch * (t.context + t.tokens) * part.kv_bytes(seen.precision),
        )
        done = (
            part.decode_operations(t.batch, t.context + 1)
            if t.tokens == 1
            else t.batch * part.prefill_operations(t.tokens)
        )
        rows.append(
            {
                "batch": t.batch,
                "context": t.context,
                "tokens": t.tokens,
                "median_ms": t.median_ms,
                "spread": (t.high_ms - t.low_ms) / t.median_ms,
            }
            | {"rate": t.batch * t.tokens / seconds / seen.tensor_parallel}
            | {
                "bandwidth_use": (part.active_parameters * size + cached) / bandwidth / seconds,
                "compute_use": done / rate / seconds,
            }
        )
    return rows
