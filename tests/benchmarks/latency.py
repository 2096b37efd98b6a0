"""Percentiles of a request's time by the closed form against simulation, over a grid and on recorded traces.

    python tests/benchmarks/latency.py > table.md

About ten minutes of one core. Needs the recorded data for the traces; prints Markdown. Nothing is fitted here, but four constants of
`tokenomics/capacity/queueing.py` were, on another sample of a similar grid.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np

from tokenomics.capacity.distribution import PERCENTILES, Cumulants, at_node, lognormal, quantile, wait
from tokenomics.capacity.queueing import node_scv, wait_scv, waiting

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from discrete_event import Network, count_dispersion, one_node, replicated, simulate, trace, waits  # noqa: E402
from paths import DATA  # noqa: E402

REPLICATIONS, REQUESTS, REQUESTS_A_PLACE = 6, 300_000, 150  # the last on networks
PLACES, NODES, ARRIVAL_CV, UTILISATION = (1, 8, 64, 220), (1, 4, 16, 256), (0.5, 1.0, 2.0, 4.0), (0.3, 0.6, 0.9)
TARGET = 0.1
HEAD = " | ".join(f"p{100 * p:g} form | simulated | error" for p in PERCENTILES)


def row(labels, form, simulated, half) -> np.ndarray:
    """Prints a line of a table; the errors."""
    form = np.asarray(form, float)
    errors = form / simulated - 1.0
    cells = " | ".join(f"{f:.3g} | {s:.3g} ± {h:.2g} | {e:+.1%}" for f, s, h, e in zip(form, simulated, half, errors, strict=True))
    print(f"| {' | '.join(map(str, labels))} | {cells} |")
    return errors


def head(*labels) -> None:
    print(f"| {' | '.join(labels)} | {HEAD} |\n|{'---:|' * (len(labels) + 3 * len(PERCENTILES))}")


def summary(found: list[tuple[int, np.ndarray]]) -> None:
    """By places: median and worst error, and the share of cells within the target."""
    print("\n| places | percentile | median error | worst | within 10 % |\n|---:|---:|---:|---:|---:|")
    for places in sorted({c for c, _ in found}):
        errors = np.array([e for c, e in found if c == places])
        for p, column in zip(PERCENTILES, errors.T, strict=True):
            worst = column[np.argmax(np.abs(column))]
            print(f"| {places} | p{100 * p:g} | {np.median(np.abs(column)):.1%} | {worst:+.1%} | {np.mean(np.abs(column) <= TARGET):.0%} |")


def cell(places, nodes, cv, utilisation, scv):
    """Percentiles by the closed form, simulated, and the half-widths of the intervals, in units of the mean service time."""
    time = at_node(places, utilisation, 1.0, node_scv(cv**2, 1.0 / nodes), scv)
    form = [quantile(time, p) for p in PERCENTILES]
    return form, *replicated(lambda seed: one_node(places, utilisation, cv, scv, 1.0 / nodes, REQUESTS, 1000 + seed), PERCENTILES, REPLICATIONS)


def grid() -> None:
    """Alike nodes, one attempt a request, squared CV of service 1."""
    print(f"## Grid: squared CV of service 1, {REPLICATIONS} replications of {REQUESTS:,} requests a cell\n")
    head("places", "nodes", "ca", "utilisation")
    found = []
    for case in itertools.product(PLACES, NODES, ARRIVAL_CV, UTILISATION):
        if case[1] == 1 or case[2] != 1.0:  # a split Poisson process is Poisson
            found.append((case[0], row(case, *cell(*case, 1.0))))
    summary(found)


def other_services() -> None:
    """Shorter and longer tails of service at one node."""
    print("\n## Other squared CVs of service, one node\n")
    head("places", "ca", "utilisation", "scv")
    found = []
    for places, cv, utilisation, scv in itertools.product(PLACES[1:], (1.0, 4.0), UTILISATION, (0.3, 3.0)):
        found.append((places, row((places, cv, utilisation, scv), *cell(places, 1, cv, utilisation, scv))))
    summary(found)


def networks() -> None:
    """Whole networks in simpy: two sizes of nodes, unequal speeds, failures and sequential calls."""
    print(f"\n## Networks of 64- and 220-place nodes of unequal speed, {REPLICATIONS} replications of {REQUESTS_A_PLACE} requests a place\n")
    head("nodes", "ca", "utilisation", "failures", "calls")
    spread = (0.7, 0.9, 1.1, 1.4)
    for half, cv, utilisation, failure, calls in (
        (2, 1.0, 0.6, 0.0, 1),
        (2, 4.0, 0.6, 0.0, 1),
        (2, 4.0, 0.9, 0.0, 1),
        (2, 4.0, 0.9, 0.02, 1),
        (2, 1.0, 0.6, 0.02, 1),
        (2, 1.0, 0.6, 0.2, 1),
        (8, 4.0, 0.9, 0.02, 1),
        (2, 4.0, 0.9, 0.02, 5),
        (2, 1.0, 0.6, 0.02, 5),
    ):
        places = (64, 220) * half
        slow = tuple(np.resize(spread, 2 * half))
        network = Network(places, utilisation, cv, 1.0, 0.3, slow, path=0.02, path_cv=1.0, constant=0.05, failure=failure, calls=calls)
        tasks = REQUESTS_A_PLACE * sum(places) // calls
        drawn = replicated(lambda seed, n=network, t=tasks: simulate(n, np.random.default_rng(seed), t), PERCENTILES, REPLICATIONS)
        row((2 * half, cv, utilisation, failure, calls), [quantile(network.closed_form(), p) for p in PERCENTILES], *drawn)


def block_interval(times, blocks=20, draws=400):
    """Percentiles, and half the width of their 95 % interval by resampling blocks of consecutive requests."""
    rng, parts = np.random.default_rng(0), np.array_split(times, blocks)
    found = [np.quantile(np.concatenate([parts[i] for i in rng.integers(blocks, size=blocks)]), PERCENTILES) for _ in range(draws)]
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    return np.quantile(times, PERCENTILES), 0.5 * (high - low)


def traces() -> None:
    """Recorded arrivals and lengths at one node of as many places as the utilisation asks for."""
    for name in ("code", "conv"):
        times, tokens = trace(DATA / "demand" / f"AzureLLMInferenceTrace_{name}.csv")
        service, gaps = 0.5 + 0.03 * tokens, np.diff(times)
        mean, work = service.mean(), len(times) / times[-1] * service.mean()
        service_scv, gap_scv = service.var() / mean**2, gaps.var() / gaps.mean() ** 2
        dispersion = {w: count_dispersion(times, w * mean) for w in (1, 10, 30)}
        print(f"\n## Azure, {name}: {len(times):,} requests in {times[-1]:.0f} s, one node\n")
        print(f"Service {mean:.2f} s, squared CV {service_scv:.2f}. Squared CV of times between arrivals {gap_scv:.2f};", end=" ")
        print("variance to mean of counts over " + ", ".join(f"{w} services: {d:.1f}" for w, d in dispersion.items()) + ".\n")
        head("places", "utilisation", "arrivals, services")
        for target in UTILISATION:
            places = max(round(work / target), 1)
            simulated = block_interval(waits(times, service, places) + service)
            recorded = Cumulants(mean, service.var(), np.mean((service - mean) ** 3))
            for label, scv, served in (
                ("times between, lognormal", gap_scv, lognormal(mean, service_scv)),
                ("times between, recorded", gap_scv, recorded),
                ("counts over 1, recorded", dispersion[1], recorded),
                ("counts over 10, recorded", dispersion[10], recorded),
            ):
                probability, if_any = waiting(places, work / places, mean, scv, service_scv)
                time = wait(probability, if_any, wait_scv(places, work / places, scv, service_scv)) + served
                row((places, f"{work / places:.2f}", label), [quantile(time, p) for p in PERCENTILES], *simulated)


if __name__ == "__main__":
    grid()
    other_services()
    networks()
    if DATA.exists():
        traces()
    else:
        print(f"no recorded data in {DATA}", file=sys.stderr)
