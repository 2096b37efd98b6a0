"""The roofline against published figures.

    python tests/benchmarks/capacity.py > table.md

What architectures reach stands in params/architectures, as `capacity_fit.py` wrote it; here fits
are made anew without the rows that are then predicted. Needs the recorded data; prints Markdown;
takes four minutes of one core.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace

import numpy as np
from capacity_held_out import held_out
from capacity_rows import COLUMNS, DATA

from tokenomics.capacity.architectures import architecture
from tokenomics.capacity.frontier import LatencyLimits, frontier
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.reach import Attained, Request
from tokenomics.capacity.roofline import FREE_SHARE, Roofline, roofline
from tokenomics.capacity.shapes import shape
from tokenomics.parameters import resolve

PRODUCTS = ("attn_pre_proj", "attn_post_proj", "mlp_up_proj", "mlp_down_proj")
OTHERS = (
    "input_layernorm",
    "attn_rope",
    "post_attention_layernorm",
    "mlp_act",
    "add",
    "add",
)  # the residual is added twice
# MLPerf Inference, closed, tokens/s per accelerator: offline, server; rules' limits on TTFT and
# TPOT at the 99th percentile [s]. Tokens of a request: MLPerf's 294 output tokens a sample of
# Llama-2-70B; the rest are assumptions near its data sets' means.
MLPERF = (
    (
        "Llama-2-70B v5.1 H100",
        "h100",
        "llama-2-70b",
        "fp8",
        3902,
        3821,
        Request(294, 294),
        2.0,
        0.2,
    ),
    (
        "Llama-2-70B v5.1 H200",
        "h200",
        "llama-2-70b",
        "fp8",
        4415,
        4274,
        Request(294, 294),
        2.0,
        0.2,
    ),
    (
        "Llama-2-70B v4.1 H100",
        "h100",
        "llama-2-70b",
        "fp8",
        3066,
        2962,
        Request(294, 294),
        2.0,
        0.2,
    ),
    ("Llama-2-70B v4.1 L40S", "l40s", "llama-2-70b", "fp8", 465, 402, Request(294, 294), 2.0, 0.2),
    (
        "Llama-3.1-8B v5.1 H100",
        "h100",
        "llama-3.1-8b",
        "fp8",
        5777,
        5104,
        Request(778, 128),
        2.0,
        0.1,
    ),
    (
        "Llama-3.1-8B v5.1 L40S",
        "l40s",
        "llama-3.1-8b",
        "fp8",
        1642,
        1207,
        Request(778, 128),
        2.0,
        0.1,
    ),
    (
        "Llama-3.1-8B v5.1 H200",
        "h200",
        "llama-3.1-8b",
        "fp8",
        8255,
        8114,
        Request(778, 128),
        2.0,
        0.1,
    ),
)

# ROCm/vllm, docs/dev-docker/README.md (vLLM 0.11.1, ROCm 7.0): eight MI300Xs, fp8; seconds of a
# batch of 1, 2, 4 ... 128 with 2,048 output tokens; token/s by lengths of a server that is given
# so many prompts at once (that the table leaves prompts' tokens out is assumed)
AMD_SECONDS = {
    ("llama-3.1-70b", 128): (16.154, 18.041, 18.322, 20.800, 21.850, 25.513, 32.539, 45.193),
    ("llama-3.1-70b", 2048): (16.256, 18.084, 18.851, 20.930, 23.079, 26.873, 34.585, 51.856),
    ("llama-3.1-405b", 128): (48.138, 48.366, 49.790, 53.546, 55.685, 67.445, 86.597, 120.387),
    ("llama-3.1-405b", 2048): (48.555, 48.348, 49.828, 53.415, 57.398, 68.519, 90.234, 130.518),
}
AMD_LENGTHS = ((128, 2048), (128, 4096), (500, 2000), (2048, 2048))
AMD_FLOODED = {
    "llama-3.1-70b": ((13279.6, 11449.7, 11347.4, 7651.7), (3200, 1500, 2000, 1500)),
    "llama-3.1-405b": ((3816.8, 3099.6, 3026.1, 2196.4), (1500, 1500, 2000, 500)),
}


def layers() -> None:
    """Times of a Llama-2-7B layer's parts on an H100 against the roofline by tokens in the
    batch.
    """
    rows = list(
        csv.DictReader((DATA / "hardware" / "h100_llama2-7b_layer_times_tp1_ms.csv").open())
    )
    card, found = hardware("h100"), architecture("hopper")
    one = shape("llama-2-7b").model_copy(update={"layers": 1, "vocabulary": 2})
    bandwidth, rate = card.bandwidth.value * 1e12, card.rates["fp16"].value * 1e12
    products = Attained.bare(bandwidth * found.bandwidth.value, rate * found.compute.value)
    line = Roofline(one, "fp16", products, np.inf)
    weights = 2.0 * one.layer_parameters
    print("\n## A layer, in no fit\n")
    print(
        "H100, a layer of Llama-2-7B in fp16 [ms] (Vidur's profile): four matrix products and the "
        "parts between them, without attention, against the roofline without kernels\n"
    )
    print("| tokens | products | share of ceiling | other parts | together | roofline | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    errors = []
    for row in rows:
        tokens, measured = int(row["num_tokens"]), sum(float(row[p]) for p in PRODUCTS)
        others = sum(float(row[p]) for p in OTHERS)
        bare = 1e3 * max(weights / bandwidth, weights * tokens / rate)
        told = 1e3 * float(line.decode_time(tokens, 0.0))
        errors.append(abs(told / (measured + others) - 1.0))
        print(
            f"| {tokens} | {measured:.3f} | {bare / measured:.0%} | {others:.3f} | "
            f"{measured + others:.3f} | {told:.3f} | {told / (measured + others):.2f} |"
        )
    print(f"\nmedian error {np.median(errors):.1%}, worst {max(errors):.1%}")


def cards_needed(device, model, precision, context) -> int:
    """The least number of cards, a power of two, that holds the weights and one request."""
    cards, need = (
        1,
        model.weight_bytes(precision) + model.kv_bytes(precision, context) / FREE_SHARE,
    )
    while cards * device.memory.value * 1e9 < need:
        cards *= 2
    return cards


def dense() -> None:
    """Llama on MI300Xs, of which the fit knows DeepSeek-R1 alone."""
    print("\n## Dense models on MI300X, in no fit\n")
    print("AMD's table of eight cards in fp8 with vLLM: model / published\n")
    print("| model | batch of 1, 2, 4 ... 128, prompts of 128 | of 2,048 | flooded servers |")
    print("|---|---|---|---|")
    device, batch, output = hardware("mi300x"), 2.0 ** np.arange(8), 2048.0
    for model, (rates, prompts) in AMD_FLOODED.items():
        line, cells = roofline(device, shape(model), "fp8", 8), []
        for prompt in (128, 2048):
            steps = (output - 1.0) * line.decode_time(batch, prompt + 0.5 * output)
            took = line.prefill_time(float(prompt), prompts=batch) + steps
            cells.append(took / np.array(AMD_SECONDS[model, prompt]))
        flooded = [
            8.0 * replace(line, most=float(most)).highest_rate(Request(*map(float, lengths)))
            for lengths, most in zip(AMD_LENGTHS, prompts, strict=True)
        ]
        cells.append(np.array(flooded) / rates)
        told = (" ".join(f"{value:.2f}" for value in cell) for cell in cells)
        print(f"| {model} | {' | '.join(told)} |")


def servers() -> None:
    """MLPerf's rates, and its server rate as a share of its offline rate."""
    print("\n## MLPerf Inference, in no fit\n")
    print(
        "Offline: a flooded server. Server: at the rules' limits, which are 99th percentiles. "
        "Lengths are assumed; Llama-2-70B runs on eight cards there, here on the fewest that hold "
        "it\n"
    )
    print(
        "| result | cards | offline, model / published | server, model / published | server / "
        "offline, published | model |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for name, device, model, precision, offline, server, work, ttft, tpot in MLPERF:
        card, served = hardware(device), shape(model)
        cards = cards_needed(card, served, precision, work.context)
        line = roofline(card, served, precision, cards)
        limits = LatencyLimits(time_per_token_p99=tpot, time_to_first_token_p99=ttft)
        goodput, most = frontier(line, work).goodput(limits), line.highest_rate(work)
        print(
            f"| {name} | {cards} | {most / offline:.2f} | {goodput / server:.2f} | "
            f"{server / offline:.3f} | {goodput / most:.3f} |"
        )


def economy() -> None:
    """The baseline's assumed throughput against the roofline's at the baseline's latency."""
    parameters = resolve("baseline").values
    work = Request(parameters.demand.prompt_tokens, parameters.demand.output_tokens)
    limits = LatencyLimits(
        parameters.capacity.time_per_token, parameters.capacity.time_to_first_token
    )
    print("\n## The economy's baseline\n")
    print(
        f"{work.prompt:g}/{work.output:g} tokens, {limits}: tokens/s, prompt and output together\n"
    )
    print(
        "| card | baseline | roofline, full memory | roofline at the limits | limits / baseline | "
        "requests at once |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for name, (_, precision) in COLUMNS.items():
        curve = frontier(roofline(hardware(name), shape("llama-3.1-8b"), precision), work)
        both = (work.prompt + work.output) / work.output
        assumed, found = parameters.fleet[name].throughput, both * curve.goodput(limits)
        full, batch = both * curve.output_rate[-1], curve.batch_within(limits)
        print(
            f"| {name} | {assumed:,.0f} | {full:,.0f} | {found:,.0f} | {found / assumed:.2f} | "
            f"{batch:.0f} |"
        )


if __name__ == "__main__":
    if not DATA.exists():
        sys.exit(f"no recorded data in {DATA}")
    held_out()
    layers()
    dense()
    servers()
    economy()
