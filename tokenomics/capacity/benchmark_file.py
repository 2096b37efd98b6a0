"""What the benchmark saw as a hardware file, and its times as shares of the ceilings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml import YAML

from .ceilings import COPY_BYTES, PRODUCT
from .fitting import fit_times
from .hardware import Efficiency, Hardware, Measured
from .shapes import BYTES, Shape


def record(ops, chosen, model, free, bandwidth, rate, wrong, decode, prefill, skipped) -> Hardware:
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
