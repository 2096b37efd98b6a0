"""Points of the serving benchmarks that write JSON.

Where the names of the fields come from:

- vLLM `bench serve`: vllm-project/vllm, vllm/benchmarks/serve.py at def9ce85 (what it saves of a
  run). Times in ms under `*_ms`, throughputs of the whole server in token/s. It knows neither GPUs
  nor precision; its `--metadata KEY=VALUE` puts keys beside the others, of which gpu, gpus,
  precision, framework, tensor_parallel_size (tp) and version are read.
- SGLang `bench_serving`: sgl-project/sglang, python/sglang/bench_serving.py at 0033168f (the line
  that it appends to its output file). The same units; `concurrency` is the mean over the run.
  Newer ones add `server_info`.
- GuideLLM: vllm-project/guidellm, src/guidellm/benchmark/schemas/generative/metrics.py at 06cef291
  (GenerativeMetrics, of the successful requests). Its `time_per_output_token_ms` counts the first
  token in; `inter_token_latency_ms` is the TPOT of the others, and is what is read.
- AIPerf: ai-dynamo/aiperf, src/aiperf/common/models/export_models.py at 896729cf (schema 1.1);
  GenAI-Perf: triton-inference-server/perf_analyzer, genai-perf/genai_perf/export_data/
  json_exporter.py at 09628cd6. Every metric carries its `unit`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from .result_values import Values
from .served import Origin, Served, stay

MS = 1e-3
SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
    "ms": MS,
    "milliseconds": MS,
    "us": 1e-6,
    "microseconds": 1e-6,
    "ns": 1e-9,
    "nanoseconds": 1e-9,
}
RATES = {
    "tokens/sec": False,
    "tokens/s": False,
    "tokens/second": False,
    "tokens per sec": False,
    "tok/s": False,
    "tokens/sec/gpu": True,
    "tokens/s/gpu": True,
}
CLOSE = 0.05  # relative; a throughput and the tokens over the duration are the same numbers
TIMES = ("ttft_mean", "ttft_p99", "tpot_mean", "tpot_p99")


def read_json_points(values: Values) -> Iterator[Served]:
    """The points of one JSON mapping. Raises InputError for one that no known tool wrote."""
    tree = values.tree
    for tool, is_its, read in FORMATS:
        if is_its(tree):
            yield from read(Values(tree, replace(values.origin, tool=tool)))
            return
    keys = ", ".join(map(str, list(tree)[:8])) or "none"
    raise values.origin.error(
        f"the keys {keys}"[:200],
        "content",
        "a result of vLLM bench serve, SGLang bench_serving, GuideLLM, AIPerf or GenAI-Perf",
    )


def _dated(origin: Origin, version: str | None, date: str) -> Origin:
    return replace(origin, version=version or "", date=date)


def _flat_times(values: Values) -> tuple[dict[str, float], dict[str, str]]:
    keys = {
        "ttft_mean": "mean_ttft_ms",
        "ttft_p99": "p99_ttft_ms",
        "tpot_mean": "mean_tpot_ms",
        "tpot_p99": "p99_tpot_ms",
    }
    return {name: MS * values.number(key) for name, key in keys.items()}, keys


def _flat_rate(values: Values) -> tuple[float, float, float]:
    """Output token/s and mean tokens of prompt and answer, which must fit the duration."""
    rate, done = values.number("output_throughput"), values.number("completed")
    sent, made = values.number("total_input_tokens"), values.number("total_output_tokens")
    own = made / values.number("duration")
    if not abs(rate / own - 1.0) <= CLOSE:
        raise values.origin.error(
            f"{rate:,.6g} token/s",
            "output_throughput",
            f"total_output_tokens over duration, {own:,.6g}: output tokens of all GPUs",
        )
    return rate, sent / done, made / done


def _unlimited(values: Values) -> bool:
    """Whether requests were sent as soon as the limit of concurrency let them; a ramp of vLLM's
    leaves the rate at "inf".
    """
    if values.has("ramp_up_strategy"):
        return False
    _, rate = values.get("request_rate")
    return rate is None or rate == "inf" or (isinstance(rate, float) and math.isinf(rate))


def _vllm(values: Values) -> Iterator[Served]:
    (times, keys), (rate, prompt, output) = _flat_times(values), _flat_rate(values)
    limit = values.some("max_concurrency") if _unlimited(values) else None
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)-\d{6}", values.text("date") or "")
    tensor = values.whole("tensor_parallel_size", "tp")
    yield Served(
        _dated(
            values.origin,
            values.text("vllm_version", "version"),
            "-".join(found.groups()) if found else "",
        ),
        rate,
        times=times,
        concurrency=limit or rate / output * stay(times, output),
        counted="limit" if limit else "mean",
        prompt=prompt,
        output=output,
        gpu=values.text("gpu"),
        gpus=values.whole("gpus"),
        model=values.text("model_id"),
        framework=values.text("framework") or "vllm",
        failed=values.failed("failed", "completed"),
        precision=values.text("precision"),
        parallelism=f"tp {tensor}" if tensor else "",
        keys=keys | {"output_rate": "output_throughput"},
    )


def _sglang(values: Values) -> Iterator[Served]:
    (times, keys), (rate, prompt, output) = _flat_times(values), _flat_rate(values)
    limit = values.some("max_concurrency") if _unlimited(values) else None
    tensor = values.whole("server_info.tp_size")
    yield Served(
        _dated(values.origin, values.text("server_info.version"), ""),
        rate,
        times=times,
        concurrency=limit or values.number("concurrency"),
        counted="limit" if limit else "mean",
        prompt=prompt,
        output=output,
        model=values.text("server_info.model_path"),
        framework=values.text("backend") or "sglang",
        parallelism=f"tp {tensor}" if tensor else "",
        speculative=values.has("accept_length"),
        keys=keys | {"output_rate": "output_throughput"},
    )


def _guidellm(values: Values) -> Iterator[Served]:
    version = values.text("metadata.guidellm_version")
    model = values.text("args.model", "args.processor", "config.spec.backend.model")
    for i, tree in enumerate(values.tree["benchmarks"], 1):
        origin = replace(values.origin, place=f"benchmark {i}")
        if not isinstance(tree, dict):
            raise origin.error(f"a JSON {type(tree).__name__}", "benchmarks", "a mapping")
        yield _guidellm_point(Values(tree, origin), version, model)


def _guidellm_point(one: Values, version: str | None, model: str | None) -> Served:
    ttft, itl = "metrics.time_to_first_token_ms", "metrics.inter_token_latency_ms"
    keys = {
        "ttft_mean": f"{ttft}.successful.mean",
        "ttft_p99": f"{ttft}.successful.percentiles.p99",
        "tpot_mean": f"{itl}.successful.mean",
        "tpot_p99": f"{itl}.successful.percentiles.p99",
        "output_rate": "metrics.output_tokens_per_second.successful.mean",
    }
    kind = one.text("config.strategy.type_", "config.strategy.kind")
    limit = one.some("config.strategy.streams") if kind == "concurrent" else None
    limit = 1.0 if kind == "synchronous" else limit
    start = one.some("scheduler_metrics.start_time", "start_time")
    date = datetime.fromtimestamp(start, UTC).date().isoformat() if start and start < 1e11 else ""
    return Served(
        _dated(one.origin, version, date),
        one.number(keys["output_rate"]),
        times={name: MS * one.number(keys[name]) for name in TIMES},
        concurrency=limit or one.number("metrics.request_concurrency.successful.mean"),
        counted="limit" if limit else "mean",
        prompt=one.number("metrics.prompt_token_count.successful.mean"),
        output=one.number("metrics.output_token_count.successful.mean"),
        model=one.text("config.backend.model") or model,
        failed=one.failed("metrics.request_totals.errored", "metrics.request_totals.successful"),
        keys=keys,
    )


def _metric(values: Values, name: str, part: str) -> float:
    """A time of AIPerf or GenAI-Perf [s]."""
    value, unit = values.number(f"{name}.{part}"), values.text(f"{name}.unit")
    if unit not in SECONDS:
        raise values.origin.error(
            "missing" if unit is None else f"'{unit[:40]}'",
            f"{name}.unit",
            "one of " + ", ".join(SECONDS),
        )
    return SECONDS[unit] * value


def _aiperf(values: Values) -> Iterator[Served]:
    if values.get("was_cancelled")[1] is True:
        raise values.origin.error("true", "was_cancelled", "a run that came to its end")
    rate, unit = "output_token_throughput", values.text("output_token_throughput.unit")
    value = values.number(f"{rate}.avg")
    if unit not in RATES:
        raise values.origin.error(
            "missing" if unit is None else f"'{unit[:40]}'",
            f"{rate}.unit",
            "one of " + ", ".join(RATES),
        )
    names = {"ttft": "time_to_first_token", "tpot": "inter_token_latency"}
    parts = {"mean": "avg", "p99": "p99"}
    keys = {f"{n}_{p}": f"{names[n]}.{parts[p]}" for n in names for p in parts}
    times = {f"{n}_{p}": _metric(values, names[n], parts[p]) for n in names for p in parts}
    config = "input_config"
    limit = values.some(
        f"{config}.loadgen.concurrency",
        f"{config}.concurrency",
        f"{config}.perf_analyzer.stimulus.concurrency",
    )
    if values.has(f"{config}.loadgen.request_rate", f"{config}.request_rate"):
        limit = None  # requests came by the clock, and the limit was perhaps never reached
    mean = None
    if limit is None:
        latency = _metric(values, "request_latency", "avg")
        mean = values.number("request_throughput.avg") * latency
    yield Served(
        _dated(
            values.origin, values.text("aiperf_version"), (values.text("start_time") or "")[:10]
        ),
        value,
        per_gpu=RATES[unit],
        times=times,
        concurrency=limit or mean,
        counted="limit" if limit else "mean",
        prompt=values.number("input_sequence_length.avg"),
        output=values.number("output_sequence_length.avg"),
        model=values.text(
            f"{config}.endpoint.model_names",
            f"{config}.model",
            f"{config}.model_names",
            f"{config}.models.items",
        ),
        framework=values.text(f"{config}.backend"),
        failed=values.failed("error_request_count.avg", "request_count.avg"),
        keys=keys | {"output_rate": f"{rate}.avg"},
    )


def _with_units(tree: dict) -> bool:
    names = ("time_to_first_token", "inter_token_latency", "output_token_throughput")
    return any(isinstance(tree.get(name), dict) for name in names)


# what tells a tool's file from the others', the more particular before the more general
FORMATS: tuple[tuple[str, Callable[[dict], bool], Callable[[Values], Iterator[Served]]], ...] = (
    ("GuideLLM", lambda tree: isinstance(tree.get("benchmarks"), list), _guidellm),
    ("AIPerf", lambda tree: "aiperf_version" in tree and _with_units(tree), _aiperf),
    ("GenAI-Perf", _with_units, _aiperf),
    (
        "SGLang bench_serving",
        lambda tree: bool(
            tree.keys()
            & {"total_output_tokens_retokenized", "mean_e2e_latency_ms", "total_throughput"}
        ),
        _sglang,
    ),
    (
        "vLLM bench serve",
        lambda tree: bool(
            tree.keys() & {"output_throughput", "request_throughput", "mean_ttft_ms"}
        ),
        _vllm,
    ),
)
