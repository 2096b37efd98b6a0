"""Points of the serving benchmarks that come as tables or as text.

- InferenceMAX (SemiAnalysis, Apache-2.0): the rows of its aggregates. Times in s. Of a server in
  one piece `output_tput_per_gpu` is per each of the `tp` GPUs; of one that is split in prefill and
  decode GPUs it is per decode GPU and `input_tput_per_gpu` per prefill GPU, while `tput_per_gpu` is
  all tokens over all GPUs: so the three fit each other in all 1,622 rows of December 2025 and
  January 2026, which is checked. isl and osl are taken for the mean lengths; by Little's law those
  are about nine tenths of them.
- TensorRT-LLM's performance overview (NVIDIA/TensorRT-LLM, "Performance Summary"): output tokens
  per second per GPU under maximum load, by isl and osl, a column a card and precision. No times and
  no concurrency.
- MLPerf Inference: mlperf_log_summary.txt as mlcommons/inference, loadgen/results.cc writes it (at
  05a9cec3; others write "Time per Output Token" for its "Time to Output Token").
  Times in ns; requests in flight by Little's law, completed samples/s times their mean latency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..errors import InputError, nearest
from ..histories.table import Table
from .result_values import Values
from .served import Origin, Served

INFERENCEMAX = (
    "hw",
    "model",
    "framework",
    "precision",
    "isl",
    "osl",
    "conc",
    "tput_per_gpu",
    "output_tput_per_gpu",
    "input_tput_per_gpu",
    "mean_ttft",
    "p99_ttft",
    "mean_tpot",
    "p99_tpot",
)
TIMES = {
    "ttft_mean": "mean_ttft",
    "ttft_p99": "p99_ttft",
    "tpot_mean": "mean_tpot",
    "tpot_p99": "p99_tpot",
}
CLOSE = 0.02  # relative; the three throughputs are rounded to five digits or so
CARD = re.compile(r"(?P<gpu>[A-Za-z0-9 .-]+)_(?P<precision>fp4|fp8|fp16|bf16|int8|int4)")
MLPERF = b"MLPerf Results Summary"
MLPERF_TIMES = {
    "ttft_mean": ("Mean First Token latency (ns)",),
    "ttft_p99": ("99.00 percentile first token latency (ns)",),
    "tpot_mean": ("Mean Time per Output Token (ns)", "Mean Time to Output Token (ns)"),
    "tpot_p99": ("99.00 percentile time to output token (ns)",),
}
NS = 1e-9
LONGEST_VALUE = 200  # characters of a line's value in a summary of MLPerf
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ANYTHING = (
    "a table of InferenceMAX (with tput_per_gpu) or of TensorRT-LLM (isl, osl and columns such as "
    "H200_fp8), JSON of a benchmark, or a summary of MLPerf"
)


def read_table_points(table: Table, origin: Origin) -> Iterator[Served]:
    """The points of a table. Raises InputError for one of no known tool, and for a missing
    column.
    """
    if table.find("tput_per_gpu", "output_tput_per_gpu"):
        yield from _inferencemax(table, replace(origin, tool="InferenceMAX"))
    elif table.find("isl") and table.find("osl") and _cards(table):
        yield from _tensorrt(table, replace(origin, tool="TensorRT-LLM"))
    else:
        raise InputError(f"the columns {table.named()}"[:200], file=table.file, expected=ANYTHING)


def _rows(table: Table, origin: Origin) -> Iterator[Values]:
    """Each row as a mapping, numbers as numbers; empty cells are left out."""
    columns = [table.cells(i) for i in range(len(table.header))]
    for line, row in zip(table.lines.tolist(), zip(*columns, strict=True), strict=True):
        cells = {
            name: float(cell) if NUMBER.fullmatch(cell) else cell
            for name, cell in zip(table.header, row, strict=True)
            if cell
        }
        yield Values(cells, replace(origin, line=line))


def _named(values: Values, key: str) -> str:
    found = values.text(key)
    if found is None:
        raise values.origin.error("missing", key, "a name")
    return found


def _inferencemax(table: Table, origin: Origin) -> Iterator[Served]:
    for name in INFERENCEMAX:
        if name not in table.header:
            raise InputError(
                "no such column",
                file=table.file,
                line=1,
                key=name,
                expected="the columns of InferenceMAX",
                nearest=nearest(name, set(table.header) - set(INFERENCEMAX)),
            )
    for row in _rows(table, origin):
        yield _inferencemax_row(row)


def _inferencemax_row(row: Values) -> Served:
    split = str(row.get("disagg")[1]).lower() == "true"
    if split:
        prefill, decode = row.count("num_prefill_gpu"), row.count("num_decode_gpu")
        gpus = prefill + decode
        parallelism, variant = f"{prefill} prefill, {decode} decode GPUs", "disaggregated"
    else:
        gpus = prefill = decode = row.count("tp")
        parallelism, variant = f"tp {gpus}", ""
    if experts := row.whole("ep"):
        parallelism += f", ep {experts}"
    if str(row.get("dp_attention")[1]).lower() == "true":
        parallelism += ", dp attention"
    guess = row.text("spec_decoding") or "none"
    if guess != "none":
        variant = f"{variant}, {guess}" if variant else guess
    rate = row.number("output_tput_per_gpu") * decode
    everything = (rate + row.number("input_tput_per_gpu") * prefill) / gpus
    told = row.number("tput_per_gpu")
    if not abs(told / everything - 1.0) <= CLOSE:
        raise row.origin.error(
            f"{told:,.6g} token/s",
            "tput_per_gpu",
            f"{everything:,.6g}, input and output tokens over {gpus} GPUs",
        )
    return Served(
        row.origin,
        rate,
        times={name: row.number(key) for name, key in TIMES.items()},
        concurrency=row.number("conc"),
        prompt=row.number("isl"),
        output=row.number("osl"),
        gpu=_named(row, "hw"),
        gpus=gpus,
        model=_named(row, "model"),
        framework=_named(row, "framework"),
        precision=_named(row, "precision"),
        parallelism=parallelism,
        variant=variant,
        run=_run(row),
        speculative=guess != "none",
        keys=TIMES | {"output_rate": "output_tput_per_gpu"},
    )


def _run(row: Values) -> str | None:
    """Which of the published runs a row is of, and in which image."""
    run, image = row.some("run_id"), row.text("image")
    parts = [f"{run:.0f}" if run else "", image or ""]
    return " ".join(part for part in parts if part) or None


def _cards(table: Table) -> dict[str, re.Match]:
    return {name: found for name in table.header if (found := CARD.fullmatch(name))}


def _tensorrt(table: Table, origin: Origin) -> Iterator[Served]:
    cards = _cards(table)
    for row in _rows(table, origin):
        for name, found in cards.items():
            if not row.has(name):
                continue  # not every card was measured at every length
            yield Served(
                row.origin,
                row.number(name),
                per_gpu=True,
                counted="flooded",
                prompt=row.number("isl"),
                output=row.number("osl"),
                gpu=found["gpu"],
                framework="tensorrt-llm",
                precision=found["precision"],
                keys={"output_rate": name},
            )


def read_mlperf(content: bytes, origin: Origin) -> Iterator[Served]:
    """The point of a summary of MLPerf Inference. Raises InputError for one that is not valid, not
    of performance, of a scenario without a rate of tokens, or of two runs put together.
    """
    lines: dict[str, float | str] = {}
    for i, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        key, mark, value = line.partition(":")
        key, value = " ".join(key.split()), value.strip()
        if mark and value and len(value) < LONGEST_VALUE:
            read = float(value) if NUMBER.fullmatch(value) else value
            if lines.setdefault(key, read) != read:
                raise replace(origin, line=i).error(
                    f"{value} after {lines[key]}", key, "one run: the same where it stands twice"
                )
    values = Values(lines, origin)
    for key, wanted in (("Mode", "PerformanceOnly"), ("Result is", "VALID")):
        if lines.get(key) != wanted:
            raise origin.error(f"'{lines.get(key, 'missing')}'", key, wanted)
    scenario = lines.get("Scenario")
    if scenario not in ("Server", "Offline"):
        raise origin.error(f"'{scenario}'", "Scenario", "Server or Offline")
    server = scenario == "Server"
    rate_key = "Completed tokens per second" if server else "Tokens per second"
    rate = values.number(rate_key)
    samples = values.number("Completed samples per second" if server else "Samples per second")
    times = {n: NS * values.number(*keys) for n, keys in MLPERF_TIMES.items() if server}
    yield Served(
        origin,
        rate,
        times=times,
        concurrency=NS * samples * values.number("Mean latency (ns)") if server else None,
        counted="mean" if server else "flooded",
        output=rate / samples,
        variant=f"MLPerf {scenario}",
        keys={name: keys[0] for name, keys in MLPERF_TIMES.items()} | {"output_rate": rate_key},
    )
