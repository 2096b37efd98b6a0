"""The roofline on rows that its fit has not seen: a whole GPU left out, and a whole model.

Called by `capacity.py`. Absolute relative errors, the median and the 90th percentile of settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from capacity_fit import Fit
from capacity_rows import (
    CARDS,
    Cell,
    Reaches,
    flooded_rows,
    predicted,
    seen,
    served_cells,
    steps,
)

from tokenomics.capacity.hardware import hardware

QUANTITIES = {
    "output_tput_per_gpu": "token/s per GPU",
    "mean_tpot": "TPOT",
    "p99_tpot": "p99 TPOT",
    "median_ttft": "median TTFT",
    "mean_ttft": "mean TTFT",
    "p99_ttft": "p99 TTFT",
}
COLD = ("output_tput_per_gpu", "mean_ttft", "p99_ttft")  # what a wait at the start changes
TARGET = (0.2, 0.45)
WORST = 10
TITLES = ("GPU", "software", "model", "settings", "token/s, all", *QUANTITIES.values())


def errors(cells: list[Cell], reaches: Reaches) -> dict[str, np.ndarray]:
    """Absolute relative errors by quantity."""
    told, found = predicted(cells, reaches), seen(cells)
    return {name: np.abs(told[name] / found[name] - 1.0) for name in QUANTITIES}


def _told(values: np.ndarray) -> str:
    if not values.size:
        return "-"
    median, high = np.median(values), np.quantile(values, 0.9)
    missed = median > TARGET[0] or high > TARGET[1]
    return f"{median:.0%} / {high:.0%}" + (" (missed)" if missed else "")


def table(cells: list[Cell], wrong: dict[str, np.ndarray]) -> None:
    """Errors by GPU, software and model, by software that has several of these, and of all."""
    print(f"| {' | '.join(TITLES)} |")
    print("|---|---|---|" + "---:|" * (len(TITLES) - 3))
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, cell in enumerate(cells):
        groups.setdefault((cell.gpu, cell.framework, cell.model), []).append(i)
    sums: dict[tuple[str, ...], list[int]] = {}
    of = [framework for _, framework, _ in groups]
    for framework in sorted({name for name in of if 1 < of.count(name) < len(of)}):
        sums["all", framework, ""] = [
            i for i, cell in enumerate(cells) if cell.framework == framework
        ]
    sums["all", "", ""] = list(range(len(cells)))
    for key, places in (*sorted(groups.items()), *sums.items()):
        warm = [i for i in places if cells[i].warm]
        parts = [_told(wrong["output_tput_per_gpu"][places])]
        parts += [_told(wrong[name][warm if name in COLD else places]) for name in QUANTITIES]
        count = f"{len(places)}" + (f" ({len(warm)} warm)" if len(warm) < len(places) else "")
        print(f"| {' | '.join(key)} | {count} | {' | '.join(parts)} |")


def flooded(reaches: Reaches, gpu: str | None = None) -> list[tuple[str, np.ndarray]]:
    """Model over published token/s of flooded servers: TensorRT-LLM, by model and card."""
    rows = [row for row in flooded_rows() if gpu is None or row.gpu == gpu]
    return [(row.told, row.predicted(reaches) / row.rates) for row in rows]


def _left_out(what: str, out: Callable[[Cell], bool], cards: Iterable[str]):
    """A fit without some cells, and its errors on them."""
    cells, apart = served_cells(), served_cells(disaggregated=True)
    unseen = [cell for cell in cells if out(cell)]
    fit = Fit(*([cell for cell in some if not out(cell)] for some in (cells, apart)), cards)
    wrong = errors(unseen, fit.reaches)
    print(f"\nWithout {what}:\n")
    if unseen:
        table(unseen, wrong)
    if any(map(out, apart)):
        print()
        disaggregated([cell for cell in apart if out(cell)], fit.reaches)
    return unseen, wrong, fit


def disaggregated(cells: list[Cell], reaches: Reaches) -> None:
    """Errors of the decode steps of servers with prompts on GPUs of their own."""
    print("| GPU, prompts apart | software | model, precision | settings | TPOT |")
    print("|---|---|---|---:|---:|")
    groups: dict[tuple[str, ...], list[float]] = {}
    for cell, step in zip(cells, steps(cells, reaches), strict=True):
        key = (cell.gpu, cell.framework, f"{cell.model}, {cell.precision}")
        groups.setdefault(key, []).append(abs(step / cell.seen["mean_tpot"] - 1.0))
    for key, found in sorted(groups.items()):
        print(f"| {' | '.join(key)} | {len(found)} | {_told(np.array(found))} |")


def held_out() -> None:
    """Whole GPUs and whole models left out; the shipped numbers; the worst; other benchmarks."""
    cells = served_cells()
    print("\n## Rows that the fit has not seen\n")
    print(
        "InferenceMAX, December 2025 and January 2026, without speculation: the median of a "
        "setting's runs. In each cell the median and the 90th percentile of the absolute relative "
        f"errors; (missed) where they exceed {TARGET[0]:.0%} or {TARGET[1]:.0%}. A setting is warm "
        "where prompts alone explain its slowest first token (p99 TTFT at most its requests and "
        "one more times the median, less the steps in which its server was told not to look); "
        "token/s and mean and p99 TTFT are told for warm ones."
    )
    everything = []
    for gpu in sorted({cell.gpu for cell in (*cells, *served_cells(disaggregated=True))}):
        kept = [name for name in CARDS if name != gpu]
        *found, fit = _left_out(gpu, lambda cell, gpu=gpu: cell.gpu == gpu, kept)
        everything.append(found)
        if rows := flooded(fit.reaches, gpu):
            print(f"\nTensorRT-LLM on {gpu}, not seen either:\n")
            ratios(rows)
    _summary("GPU", everything)
    _worst(everything)
    everything = []
    for model in sorted({cell.model for cell in cells}):
        *found, _ = _left_out(model, lambda cell, m=model: cell.model == m, CARDS)
        everything.append(found)
    _summary("model", everything)
    shipped(cells)


def _summary(what: str, everything: list) -> None:
    cells = [cell for found, _ in everything for cell in found]
    wrong = {name: np.concatenate([found[name] for _, found in everything]) for name in QUANTITIES}
    print(f"\nEvery {what} left out once, together:\n")
    table(cells, wrong)


def _worst(everything: list) -> None:
    """The settings whose TPOT is furthest off, the GPU left out."""
    rows = [
        (wrong["mean_tpot"][i], wrong["output_tput_per_gpu"][i], cell)
        for cells, wrong in everything
        for i, cell in enumerate(cells)
    ]
    print(f"\nThe {WORST} settings whose TPOT is furthest off:\n")
    print("| setting | TPOT | token/s |\n|---|---:|---:|")
    for tpot, rate, cell in sorted(rows, key=lambda row: -row[0])[:WORST]:
        print(f"| {cell.told} | {tpot:.0%} | {rate:.0%} |")


def ratios(rows: list[tuple[str, np.ndarray]]) -> None:
    """Model over published, by lengths."""
    print("| model, card, precision | model / published, in the order of the table | errors |")
    print("|---|---|---:|")
    for name, ratio in rows:
        cells = " ".join(f"{value:.2f}" for value in ratio)
        print(f"| {name} | {cells} | {_told(np.abs(ratio - 1.0))} |")


def _by_card(gpu: str):
    from tokenomics.capacity.architectures import architecture

    return architecture(hardware(gpu).architecture)


def shipped(cells: list[Cell]) -> None:
    """The shipped numbers on all settings, and on benchmarks and models that were in no fit."""
    print("\n## The shipped numbers\n")
    print("Fitted on all of these settings (what a user of these cards gets):\n")
    table(cells, errors(cells, _by_card))
    print(
        "\nTensorRT-LLM, flooded servers: v0.17 (Llama-3.1-8B, fitted) at 128/128, 128/2048, "
        "128/4096, 500/2000, 1000/1000, 2048/128, 2048/2048, 5000/500, 20000/2000; v1.0 (Llama "
        "3.3 70B, fitted in fp4 alone, and 3.1 405B, in no fit) with 1000/2000 after "
        "1000/1000:\n"
    )
    ratios(flooded(_by_card))
    print(
        "\nServers with prompts on GPUs of their own: the decode GPUs as one server whose cards "
        "have experts of their own, no prompts on them:\n"
    )
    disaggregated(served_cells(disaggregated=True), _by_card)


if __name__ == "__main__":
    held_out()
