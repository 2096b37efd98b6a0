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
CARDS = (*COLUMNS, "b200")  # of flooded servers that go into a fit
MEASURED = ("mean_tpot", "p99_tpot", "median_ttft", "mean_ttft", "p99_ttft", "output_tput_per_gpu")
# TensorRT-LLM v1.0, performance overview: output token/s of all GPUs
LENGTHS = ((128, 128), (128, 2048), (128, 4096), (500, 2000), (1000, 1000), (1000, 2000))
LENGTHS += ((2048, 128), (2048, 2048), (5000, 500), (20000, 2000))
LARGER = {
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


Reaches = Callable[[str], Architecture]
FOUR = ("llama-3.1-70b", "fp4")  # of the larger models, what goes into a fit


@dataclass(frozen=True)
class Flooded:
    """Token/s and card of flooded servers by lengths."""

    gpu: str
    model: str
    precision: str
    cards: int
    works: list[Request]
    rates: np.ndarray
    fitted: bool

    @property
    def told(self) -> str:
        """The setting in words."""
        return f"{self.model}, {self.gpu} x {self.cards}, {self.precision}"

    def predicted(self, reaches: Reaches) -> np.ndarray:
        """What the roofline says."""
        one = card(self.gpu, self.model, self.precision, self.cards, "tensor", reaches)
        return np.array([one.highest_rate(work) for work in self.works])


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
    def server(self) -> tuple[float, float]:
        """How the server was started: tokens of prompts in a call, and steps from one look at the
        queue to the next. From InferenceMAX's scripts (SemiAnalysisAI/InferenceX, benchmarks/, of
        December 2025 and January 2026) and, where they say nothing, the servers' defaults.
        """
        if self.framework == "trt":  # timeout_iters of a balanced attention by request
            return 20_000.0, 50.0 if self.split == "experts" else 1.0
        if self.framework == "sglang":
            return self._sglang
        return {"vllm": 8192.0, "atom": 16_384.0}[self.framework], 1.0

    @property
    def _sglang(self) -> tuple[float, float]:
        """--chunked-prefill-size and --scheduler-recv-interval."""
        if self.gpu == "h200":
            return 32_768.0, 1.0
        if self.gpu == "b200" and (self.precision, self.cards) == ("fp8", 4):
            return 8192.0, 10.0
        if self.gpu == "b200":
            poll = 30.0 if self.requests >= 16 else 10.0
            return 16_384.0 if self.precision == "fp4" else 32_768.0, poll
        small = self.precision == "fp4" and self.prompt == 8192 and self.requests > 32
        return 32_768.0 if small else 196_608.0, 1.0

    @property
    def warm(self) -> bool:
        """Whether prompts alone explain the slowest first token: those of all requests that begin
        together, one after the other, take that of one alone times their number. Where it took
        longer, something else was waited for, such as kernels being compiled. One alone is the
        median, less the steps in which the server was told not to look.
        """
        idle = 0.5 * (self.server[1] - 1.0) * self.seen["mean_tpot"]
        alone = self.seen["median_ttft"] - idle
        return self.seen["p99_ttft"] <= (self.requests + 1.0) * alone + 2.0 * idle

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


def flooded_rows() -> list[Flooded]:
    """TensorRT-LLM's tables: of Llama-3.1-8B, and of the larger models."""
    rows = list(csv.DictReader(FLOODED.open()))
    works = [Request(float(row["isl"]), float(row["osl"])) for row in rows]
    found = []
    for gpu, (column, precision) in COLUMNS.items():
        rates = np.array([float(row[column]) for row in rows])
        found.append(Flooded(gpu, "llama-3.1-8b", precision, 1, works, rates, True))
    works = [Request(*map(float, pair)) for pair in LENGTHS]
    for (model, gpu, precision, cards), rates in LARGER.items():
        each, fitted = np.array(rates) / cards, (model, precision) == FOUR
        found.append(Flooded(gpu, model, precision, cards, works, each, fitted))
    return found


TOLD = {
    "mean_tpot": Roofline.time_per_token,
    "p99_tpot": Roofline.time_per_token_p99,
    "median_ttft": Roofline.time_to_first_token,  # without a burst
    "mean_ttft": Roofline.time_to_first_token,
    "p99_ttft": Roofline.time_to_first_token_p99,
    "output_tput_per_gpu": Roofline.output_rate,
}
known_card, known_model = lru_cache(hardware), lru_cache(shape)  # a search asks thousands of times


def card(gpu, model, precision, cards, split, reaches: Reaches, **server) -> Roofline:
    """The roofline of a card, by the architecture that `reaches` gives it."""
    device = known_card(gpu)
    found = reached(device, reaches(gpu), precision, cards)
    memory, cache = device.memory.value * 1e9, cache_precision(precision)
    return Roofline(known_model(model), precision, found, memory, cards, cache, split, **server)


def predicted(
    cells: Iterable[Cell], reaches: Reaches, names: Iterable[str] = MEASURED
) -> dict[str, np.ndarray]:
    """What the roofline says of every cell, under the names of the columns."""
    cells, names = list(cells), list(names)
    out = {name: np.empty(len(cells)) for name in names}
    groups = defaultdict(list)
    for i, cell in enumerate(cells):
        key = (cell.gpu, cell.model, cell.precision, cell.cards, cell.split)
        groups[key, cell.server].append(i)
    for (key, (chunk, poll)), places in groups.items():
        one = card(*key, reaches, chunk=chunk, poll=poll)
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
