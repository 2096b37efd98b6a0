"""The roofline against published figures, each as a ratio of model to published.

    python tests/benchmarks/capacity.py > table.md

Efficiencies come from the hardware files (fitted on the lengths 1000/1000 and 128/128 alone);
nothing is fitted here. Needs the recorded data; prints Markdown.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from tokenomics.capacity.frontier import frontier
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.roofline import FREE_SHARE, Request, roofline
from tokenomics.capacity.shapes import BYTES, shape
from tokenomics.parameters import resolve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from paths import DATA  # noqa: E402

COLUMNS = {
    "h100": ("H100_fp8", "fp8"),
    "h200": ("H200_fp8", "fp8"),
    "l40s": ("L40S_fp8", "fp8"),
    "a100": ("A100_fp16", "fp16"),
}
FITTED = ((1000, 1000), (128, 128))
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


def requests() -> None:
    """TensorRT-LLM's table: two lengths fitted, seven predicted."""
    rows = list(
        csv.DictReader((DATA / "hardware" / "trtllm_v0.17_llama31_8b_tp1_output_tok_s.csv").open())
    )
    lengths = [(int(r["isl"]), int(r["osl"])) for r in rows]
    print(
        "TensorRT-LLM v0.17, Llama-3.1-8B, one GPU: model / published output tokens/s (* fitted)\n"
    )
    print(
        "| card | efficiencies | "
        + " | ".join(f"{i}/{o}{'*' if (i, o) in FITTED else ''}" for i, o in lengths)
        + " | median error | worst |"
    )
    print("|---|---|" + "---:|" * (len(lengths) + 2))
    for name, (column, precision) in COLUMNS.items():
        card = hardware(name)
        served, fit = roofline(card, shape("llama-3.1-8b"), precision), card.efficiency[precision]
        ratios = [
            served.highest_rate(Request(*pair)) / float(r[column])
            for pair, r in zip(lengths, rows, strict=True)
        ]
        errors = [
            abs(x - 1.0) for x, pair in zip(ratios, lengths, strict=True) if pair not in FITTED
        ]
        cells = " | ".join(f"{x:.2f}" for x in ratios)
        print(
            f"| {name} | {fit.bandwidth:.3f}, {fit.compute:.3f} | {cells} | "
            f"{np.median(errors):.1%} | {max(errors):.1%} |"
        )


def layers() -> None:
    """Times of a Llama-2-7B layer's parts on an H100 against the roofline by tokens in the
    batch.
    """
    rows = list(
        csv.DictReader((DATA / "hardware" / "h100_llama2-7b_layer_times_tp1_ms.csv").open())
    )
    card, model = hardware("h100"), shape("llama-2-7b")
    weights, fit = 2.0 * model.layer_parameters, card.efficiency["fp16"]
    bandwidth, rate = card.bandwidth.value * 1e12, card.rates["fp16"].value * 1e12
    print(
        "\nH100, a layer of Llama-2-7B in fp16 [ms]: four matrix products, measured, against the "
        "roofline\n"
    )
    print(
        "| tokens | products measured | ceilings | share of ceiling | fitted | fitted / measured | "
        "other parts | of the layer |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    errors = []
    for row in rows:
        tokens, measured = int(row["num_tokens"]), sum(float(row[p]) for p in PRODUCTS)
        others = sum(float(row[p]) for p in OTHERS)
        bare = 1e3 * max(weights / bandwidth, weights * tokens / rate)
        fitted = 1e3 * max(
            weights / bandwidth / fit.bandwidth, weights * tokens / rate / fit.compute
        )
        errors.append(abs(fitted / measured - 1.0))
        print(
            f"| {tokens} | {measured:.3f} | {bare:.3f} | {bare / measured:.0%} | {fitted:.3f} | "
            f"{fitted / measured:.2f} | {others:.3f} "
            f"| {others / (others + measured):.0%} |"
        )
    fits = f"efficiencies {fit.bandwidth:.2f}, {fit.compute:.2f}"
    print(
        f"\nfitted on these times ({fits}): median error {np.median(errors):.1%}, worst "
        f"{max(errors):.1%}"
    )


def cards_needed(device, model, precision, context) -> int:
    """The least number of cards, a power of two, that holds the weights and one request."""
    cards, need = (
        1,
        model.parameters * BYTES[precision] + context * model.kv_bytes(precision) / FREE_SHARE,
    )
    while cards * device.memory.value * 1e9 < need:
        cards *= 2
    return cards


def servers() -> None:
    """MLPerf's server rate as a share of its offline rate."""
    print(
        "\nMLPerf: server / offline, published and by the frontier at the rules' limits (on means "
        "here, on 99th percentiles there)\n"
    )
    print("| result | cards | published | model, free batch | model / published offline rate |")
    print("|---|---:|---:|---:|---:|")
    for name, device, model, precision, offline, server, work, ttft, tpot in MLPERF:
        card, served = hardware(device), shape(model)
        cards = cards_needed(card, served, precision, work.context)
        curve = frontier(roofline(card, served, precision, cards), work)
        share = curve.goodput(tpot, ttft) / curve.output_rate[-1]
        print(
            f"| {name} | {cards} | {server / offline:.3f} | {share:.3f} | "
            f"{curve.output_rate[-1] / offline:.2f} |"
        )


def economy() -> None:
    """The baseline's assumed throughput against the roofline's at the baseline's latency."""
    parameters = resolve("baseline").values
    work = Request(parameters.demand.prompt_tokens, parameters.demand.output_tokens)
    limits = parameters.capacity.time_per_token, parameters.capacity.time_to_first_token
    print(
        f"\nBaseline, {work.prompt:g}/{work.output:g} tokens, TPOT {limits[0]:g} s, TTFT "
        f"{limits[1]:g} s: tokens/s, prompt and output together\n"
    )
    print(
        "| card | baseline | roofline, full memory | roofline at the limits | limits / baseline | "
        "requests at once |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for name, (_, precision) in COLUMNS.items():
        curve = frontier(roofline(hardware(name), shape("llama-3.1-8b"), precision), work)
        both = (work.prompt + work.output) / work.output
        assumed, found = parameters.fleet[name].throughput, both * curve.goodput(*limits)
        full, batch = both * curve.output_rate[-1], curve.batch_within(*limits)
        print(
            f"| {name} | {assumed:,.0f} | {full:,.0f} | {found:,.0f} | {found / assumed:.2f} | "
            f"{batch:.0f} |"
        )


if __name__ == "__main__":
    if not DATA.exists():
        sys.exit(f"no recorded data in {DATA}")
    requests()
    layers()
    servers()
    economy()
