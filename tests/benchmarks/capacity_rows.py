"""The rows of published serving benchmarks that the roofline is fitted on and held against."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from tokenomics.capacity.architectures import Architecture
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.precisions import cache_precision
from tokenomics.capacity.reach import Request, reached
from tokenomics.capacity.roofline import Roofline
from tokenomics.capacity.shapes import shape

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from paths import DATA  # noqa: E402

SERVED = DATA / "hardware" / "inferencemax_agg_2025-12_2026-01.csv"
FLOODED = DATA / "hardware" / "trtllm_v0.17_llama31_8b_tp1_output_tok_s.csv"
# InferenceMAX draws lengths evenly from 80 to 100 % of the nominal one, and sends ten requests for
# each in flight: a tenth of them come at once
MEAN_LENGTH, BURST = 0.9, 0.1
COLUMNS = {
    "h100": ("H100_fp8", "fp8"),
    "h200": ("H200_fp8", "fp8"),
    "l40s": ("L40S_fp8", "fp8"),
    "a100": ("A100_fp16", "fp16"),
}
MEASURED = ("mean_tpot", "p99_tpot", "median_ttft", "mean_ttft", "p99_ttft", "output_tput_per_gpu")
# TensorRT-LLM v1.0, performance overview: output token/s of all GPUs; in no fit
LENGTHS = ((128, 128), (128, 2048), (128, 4096), (500, 2000), (1000, 1000), (1000, 2000))
LENGTHS += ((2048, 128), (2048, 2048), (5000, 500), (20000, 2000))
UNSEEN = {
    ("llama-3.1-70b", "b200", "fp4", 1): (
        (11147, 9922, 6831, 7762, 7007, 6271, 1339, 4783, 1459, 665)
    ),
    ("llama-3.1-70b", "h200", "fp8", 1): (3803, 4336, 2872, 3666, 2909, 2994, 442, 2003, 566, 283),
    ("llama-3.1-70b", "h100", "fp8", 2): (6378, 6651, 4199, 5222, 4205, 4146, 762, 3082, 898, 437),
    ("llama-3.1-405b", "b200", "fp4", 4): (
        (6281, 8020, 6345, 6244, 5209, 4933, 749, 4212, 1048, 672)
    ),
    ("llama-3.1-405b", "h200", "fp8", 8): (3814, 5348, 4741, 4724, 3330, 3722, 456, 2948, 650, 505),
    ("llama-3.1-405b", "h100", "fp8", 8): (3627, 4340, 3116, 3994, 2919, 2895, 453, 2296, 610, 345),
}


@dataclass(frozen=True)
class Cell:
    """What was measured of one setting, the median over its runs. seen: by column."""

    gpu: str
    model: str
    framework: str
    precision: str
    cards: int
    split: str
    prompt: int
    output: int
    requests: float
    seen: dict[str, float]

    @property
    def warm(self) -> bool:
        """Whether prompts alone explain the slowest first token: those of all requests that begin
        together, one after the other, take that of one alone times their number. Where it took
        longer, something else was waited for, such as kernels being compiled.
        """
        return self.seen["p99_ttft"] <= (self.requests + 1.0) * self.seen["median_ttft"]

    @property
    def told(self) -> str:
        """The setting in words."""
        split = "" if self.split == "tensor" else ", attention by request"
        where = f"{self.gpu} x {self.cards}{split}, {self.framework}, {self.precision}"
        return f"{self.model} on {where}, {self.prompt}/{self.output}, {self.requests:g} at once"


def model_of(name: str) -> str:
    """The shipped model of a row."""
    return "gpt-oss-120b" if "gpt-oss" in name else "deepseek-r1"


def served_cells(disaggregated: bool = False) -> list[Cell]:
    """InferenceMAX by setting, without rows that guess tokens ahead."""
    runs = defaultdict(list)
    for row in csv.DictReader(SERVED.open()):
        if (row["disagg"] == "True") != disaggregated or row["spec_decoding"] != "none":
            continue
        gpu, split = row["hw"].split("-")[0], "tensor"
        if disaggregated or row["dp_attention"] == "true":
            split = "experts"
        cards = int(float(row["num_decode_gpu"] if disaggregated else row["tp"]))
        key = (gpu, model_of(row["model"]), row["framework"], row["precision"], cards, split)
        lengths = (int(row["isl"]), int(row["osl"]), float(row["conc"]))
        runs[key + lengths].append([float(row[name]) for name in MEASURED])
    return [
        Cell(*key, dict(zip(MEASURED, np.median(found, axis=0).tolist(), strict=True)))
        for key, found in sorted(runs.items())
    ]


def flooded_rows() -> list[tuple[str, str, list[Request], np.ndarray]]:
    """TensorRT-LLM's table of Llama-3.1-8B: card, precision, lengths, token/s."""
    rows = list(csv.DictReader(FLOODED.open()))
    works = [Request(float(row["isl"]), float(row["osl"])) for row in rows]
    return [
        (card, precision, works, np.array([float(row[column]) for row in rows]))
        for card, (column, precision) in COLUMNS.items()
    ]


TOLD = {
    "mean_tpot": Roofline.time_per_token,
    "p99_tpot": Roofline.time_per_token_p99,
    "median_ttft": Roofline.time_to_first_token,  # without a burst
    "mean_ttft": Roofline.time_to_first_token,
    "p99_ttft": Roofline.time_to_first_token_p99,
    "output_tput_per_gpu": Roofline.output_rate,
}
Reaches = Callable[[str], Architecture]
known_card, known_model = lru_cache(hardware), lru_cache(shape)  # a search asks thousands of times


def card(gpu, model, precision, cards, split, reaches: Reaches) -> Roofline:
    """The roofline of a card, by the architecture that `reaches` gives it."""
    device = known_card(gpu)
    found = reached(device, reaches(gpu), precision)
    memory = device.memory.value * 1e9
    return Roofline(
        known_model(model), precision, found, memory, cards, cache_precision(precision), split
    )


def predicted(
    cells: Iterable[Cell], reaches: Reaches, names: Iterable[str] = MEASURED
) -> dict[str, np.ndarray]:
    """What the roofline says of every cell, under the names of the columns."""
    cells, names = list(cells), list(names)
    out = {name: np.empty(len(cells)) for name in names}
    groups = defaultdict(list)
    for i, cell in enumerate(cells):
        groups[cell.gpu, cell.model, cell.precision, cell.cards, cell.split].append(i)
    for key, places in groups.items():
        one = card(*key, reaches)
        lengths = np.array([(cells[i].prompt, cells[i].output) for i in places]).T * MEAN_LENGTH
        batch = np.array([cells[i].requests for i in places])
        for name in names:
            work = Request(*lengths, burst=0.0 if name == "median_ttft" else BURST)
            out[name][places] = TOLD[name](one, batch, work)
    return out


def steps(cells: Iterable[Cell], reaches: Reaches) -> np.ndarray:
    """Decode steps of disaggregated servers [s]: their decode GPUs as one server whose cards have
    experts of their own, without prompts.
    """
    cells = list(cells)
    out = np.empty(len(cells))
    for i, one in enumerate(cells):
        line = card(one.gpu, one.model, one.precision, one.cards, one.split, reaches)
        context = MEAN_LENGTH * (one.prompt + 0.5 * one.output)
        out[i] = line.decode_time(one.requests, context)
    return out


def seen(cells: Iterable[Cell]) -> dict[str, np.ndarray]:
    """What was measured, by column."""
    cells = list(cells)
    return {name: np.array([cell.seen[name] for cell in cells]) for name in MEASURED}
