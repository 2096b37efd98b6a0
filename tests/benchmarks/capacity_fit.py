"""Fit what architectures reach, on published serving benchmarks, and write their files.

    python tests/benchmarks/capacity_fit.py            # prints them
    python tests/benchmarks/capacity_fit.py --write    # writes params/architectures

Twelve numbers: ten are the same for all cards; the time of a kernel and the share of the rate
with experts belong to an architecture. Least squares of log errors, in which single errors count
less (soft L1), with weak priors (the log-normal ones below).
The architecture of a card that no row is of has the median of those fitted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from capacity_rows import CARDS, Cell, flooded_rows, predicted, seen, served_cells, steps
from scipy.optimize import least_squares
from scipy.special import expit, logit

from tokenomics.capacity.architectures import BOUNDS, UNKNOWN, Architecture
from tokenomics.capacity.hardware import hardware
from tokenomics.parameters.documents import Quantity

ARCHITECTURES = Path(__file__).resolve().parents[2] / "params" / "architectures"
# where the search begins and what the priors are about: (value, standard deviation of its log or
# logit). Links and attention are narrow, since single rows with a busy scheduler would otherwise be
# put down to them. All-reduces of 17 to 134 MB, as of a call of prompts, reach .45 to .92 of NVLink
# on 2 to 8 H100s and H200s and .29 to .66 on B200s (NCCL 2.29.2, aiconfigurator's tables);
# FlashAttention-3 .43 to .63 of an H100's rate at 512 to 16,384 tokens (pytorch/benchmark, pull
# request 2391). The shortest all-reduces take 6 to 25 us with NCCL, 4 to 7 us with vLLM in a graph
# (the same tables). Products in 4 bits reach .83 of the share that those in 8 bits reach with
# TensorRT-LLM 1.2.0rc5 on a B200, and .59 of that in 16 (matrices of 4,096 and more, 4,096 and
# 8,192 tokens, medians; the same tables): .7 lies between. The other middles are assumptions, and
# wide
PRIOR = {
    "bandwidth": (0.7, 2.0),
    "cache": (0.6, 2.0),
    "compute": (0.5, 2.0),
    "experts": (0.35, 2.0),
    "four": (0.7, 0.5),
    "attention": (0.4, 0.5),
    "link": (0.6, 0.5),
    "kernel": (5.0, 2.0),
    "hop": (10.0, 2.0),
    "step": (500.0, 2.0),
    "first": (20.0, 2.0),
    "token": (2.0, 2.0),
}
OWN = ("kernel", "experts")  # of an architecture
SPREAD = 1.0  # prior standard deviation of an architecture's own about the common one
FEW = ("ada", "ampere")  # no published row of many requests tells their own
UNITS = {"kernel": "us", "hop": "us", "step": "us", "first": "ms", "token": "us"}
# weights of the log errors: throughput follows from these, and first tokens scatter more
WEIGHTS = {"mean_tpot": 1.0, "median_ttft": 0.4, "mean_ttft": 0.3, "p99_ttft": 0.2}
# servers that compile their kernels before they take requests. InferenceMAX sent none to warm up
# before 21 January 2026 (its commit d053ae24e), so that the slowest first tokens of the others are
# those of a server that has just begun
COMPILED = ("vllm", "trt")
FLOODED_WEIGHT = 0.8
APART_WEIGHT = (
    0.5  # of a disaggregated server's step: how its decode GPUs share the model is a guess
)
SCALE = 0.3  # log error from which a row counts less


def _free(name: str, value: float) -> float:
    return logit(value / BOUNDS[name]) if name in BOUNDS else np.log(value)


def _value(name: str, free: float) -> float:
    return float(BOUNDS[name] * expit(free) if name in BOUNDS else np.exp(free))


@lru_cache
def family(gpu: str) -> str:
    """The architecture of a card."""
    return hardware(gpu).architecture


def made(values: dict[str, float]) -> Architecture:
    """An architecture of plain numbers, unchecked: a search makes thousands."""
    found = {
        name: Quantity.model_construct(value=value, unit=UNITS.get(name, "1"), source="fitted")
        for name, value in values.items()
    }
    return Architecture.model_construct(description="", source="fitted", **found)


class Fit:
    """Architectures fitted on cells, on the decode steps of disaggregated servers, and on flooded
    servers of Llama.
    """

    def __init__(
        self, cells: Iterable[Cell], apart: Iterable[Cell], cards: Iterable[str], most: int = 15
    ) -> None:
        self.cells, self.apart = list(cells), list(apart)
        self.rows = [row for row in flooded_rows() if row.fitted and row.gpu in set(cards)]
        self.names = sorted({family(cell.gpu) for cell in (*self.cells, *self.apart)})
        observed = seen(self.cells)
        warm = np.array([cell.warm and cell.framework in COMPILED for cell in self.cells])
        self.observed = {name: np.log(observed[name]) for name in WEIGHTS}
        self.weights = {"mean_tpot": 1.0, "median_ttft": 1.0}
        self.weights |= dict.fromkeys(("mean_ttft", "p99_ttft"), 1.0 * warm)
        start = [_free(name, value) for name, (value, _) in PRIOR.items()]
        self.start = np.array(start + [0.0] * (len(OWN) * len(self.names)))
        self.found = least_squares(
            self._errors, self.start, loss="soft_l1", f_scale=SCALE, max_nfev=most, x_scale=0.3
        )
        self.architectures = self._architectures(self.found.x)

    def _architectures(self, free: np.ndarray) -> dict[str, Architecture]:
        common = dict(zip(PRIOR, free, strict=False))
        own = free[len(PRIOR) :].reshape(len(self.names), len(OWN))
        values = {
            name: common | {key: common[key] + more for key, more in zip(OWN, row, strict=True)}
            for name, row in zip(self.names, own, strict=True)
        }
        middle = {key: np.median([one[key] for one in values.values()]) for key in OWN}
        values[UNKNOWN] = common | middle
        return {
            name: made({key: _value(key, one) for key, one in found.items()})
            for name, found in values.items()
        }

    def reaches(self, gpu: str) -> Architecture:
        """The architecture of a card, or what is taken for one that no cell is of."""
        return self.architectures.get(family(gpu), self.architectures[UNKNOWN])

    def _errors(self, free: np.ndarray) -> np.ndarray:
        self.architectures = self._architectures(free)
        told = predicted(self.cells, self.reaches, WEIGHTS)
        parts = [
            WEIGHTS[name] * self.weights[name] * (np.log(told[name]) - self.observed[name])
            for name in WEIGHTS
        ]
        between = np.log([cell.seen["mean_tpot"] for cell in self.apart])
        parts.append(APART_WEIGHT * (np.log(steps(self.apart, self.reaches)) - between))
        for row in self.rows:
            flooded = np.log(row.predicted(self.reaches) / row.rates)
            parts.append(FLOODED_WEIGHT * flooded)
        # in units of SCALE, so that the loss leaves the priors nearly quadratic
        wide = np.array([sd for _, sd in PRIOR.values()])
        away = (free - self.start)[: len(PRIOR)] / wide
        parts += [SCALE * away, SCALE * free[len(PRIOR) :] / SPREAD]
        return np.concatenate(parts)


def written(name: str, found: Architecture, rows: str) -> str:
    """The file of an architecture."""
    told = {UNKNOWN: "a card whose architecture no published row tells: the median of those fitted"}
    few = "no published row of many requests, so that kernel and experts are the median"
    told |= {one: f"{one}: {few} of the others" for one in FEW}
    description = told.get(name, f"{name}: what serving reaches on its cards")
    source = f"fitted by tests/benchmarks/capacity_fit.py on {rows}"
    schema = "# yaml-language-server: $schema=../schemas/architecture.json"
    lines = [schema, f'description: "{description}"', f'source: "{source}"']
    for key in PRIOR:
        unit = UNITS.get(key, "1")
        own = "this architecture's own" if key in OWN and name not in told else "all architectures"
        value = getattr(found, key).value
        lines.append(f'{key}: {{value: {value:.4g}, unit: "{unit}", source: "fitted, {own}"}}')
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fit all rows; print or write the files."""
    cells, apart = served_cells(), served_cells(disaggregated=True)
    fit = Fit(cells, apart, CARDS)
    rows = (
        f"{len(cells)} settings of InferenceMAX and {len(apart)} with prompts on GPUs of their own "
        "(December 2025 and January 2026; gpt-oss-120b and DeepSeek-R1), 36 rows of "
        "TensorRT-LLM v0.17 (Llama-3.1-8B) and ten of v1.0 (Llama 3.3 70B in fp4)"
    )
    middle = fit.architectures[UNKNOWN]
    for name, found in (fit.architectures | dict.fromkeys(FEW, middle)).items():
        if "--write" in sys.argv:
            (ARCHITECTURES / f"{name}.yaml").write_text(written(name, found, rows))
        else:
            print(f"# {name}.yaml\n{written(name, found, rows)}")


if __name__ == "__main__":
    main()
