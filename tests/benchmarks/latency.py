"""Percentiles of a request's time by the closed form against simulation: over a grid, on whole
networks and on recorded traces; and its cost.

    python tests/benchmarks/latency.py        # prints the tables and puts them into LATENCY.md

Needs the recorded data for the traces. Nothing is fitted here, but four constants of
`tokenomics/model/formulas/queueing.py` were, on another sample of a similar grid.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from tokenomics.engines.ensemble import Ensemble
from tokenomics.model.blocks import capacity as block
from tokenomics.model.formulas.distribution import (
    PERCENTILES,
    Cumulants,
    at_node,
    lognormal,
    quantile,
    wait,
)
from tokenomics.model.formulas.latency import call_latency, places, service_time
from tokenomics.model.formulas.queueing import node_scv, wait_scv, waiting
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from discrete_event import (
    Network,
    arrivals,
    count_dispersion,
    hyperexponential,
    lognormals,
    one_node,
    replicated,
    simulate,
    trace,
    waits,
)  # noqa: E402
from paths import DATA  # noqa: E402

HEAD = "\n## Tables (`python tests/benchmarks/latency.py`)\n"
BASELINE = resolve("baseline").values
REPLICATIONS, REQUESTS, NETWORK_REQUESTS = 6, 200_000, 80_000
PLACES, NODES, ARRIVAL_CV, UTILISATION = (
    (8, 64, 220),
    (1, 4, 16),
    (0.5, 1.0, 2.0, 4.0),
    (0.3, 0.5, 0.7, 0.8, 0.9),
)
SERVICE_SCV = {"shipped": BASELINE.capacity.service_cv**2, "long tails": 1.0}
EXTREMES = (
    ("One place a node", SERVICE_SCV["shipped"], (1,)),
    ("Very long tails", 3.0, PLACES),
)  # about, squared CV, places
FLEET = {
    "h100": 2,
    "h200": 1,
    "a100": 2,
    "l40s": 4,
}  # nodes of the shipped types, on the small side: bursts hurt small fleets most
NETWORKS = (  # arrival CV, utilisation, failures, calls
    (1.1, 0.6, 0.01, 1),
    (1.1, 0.9, 0.01, 1),
    (4.0, 0.9, 0.01, 1),
    (1.1, 0.9, 0.01, 8),
    (4.0, 0.9, 0.01, 8),
)
TARGET, SPLITS, STEPS, LANES, REPEAT = 0.1, 8, 365, 512, 15
COLUMNS = " | ".join(f"p{100 * p:g} form | simulated | error" for p in PERCENTILES)
MAIN = (0, 2)  # p50 and p99 among the percentiles: what the target is about


class Table:
    """Rows of percentiles, the form's and the simulation's, as Markdown, with their errors."""

    def __init__(self, *labels: str):
        self.lines = [
            f"| {' | '.join(labels)} | {COLUMNS} |",
            f"|{'---:|' * (len(labels) + 3 * len(PERCENTILES))}",
        ]
        self.labels, self.errors, self.doubts = [], [], []

    def add(self, labels, form, simulated, half) -> None:
        """half: half-width of the simulation's 95 % interval."""
        form = np.asarray(form, float)
        error = form / simulated - 1.0
        cells = " | ".join(
            f"{f:.3g} | {s:.3g} ± {h:.2g} | {e:+.1%}"
            for f, s, h, e in zip(form, simulated, half, error, strict=True)
        )
        self.lines.append(f"| {' | '.join(map(str, labels))} | {cells} |")
        self.labels.append(labels)
        self.errors.append(error)
        self.doubts.append(half / simulated)

    def summary(self) -> list[str]:
        """By fleet and arrivals' CV: median and worst error, and the cells within the target."""
        heads = " | ".join(f"p{100 * p:g} median | worst | within 10 %" for p in PERCENTILES)
        lines = [
            f"| nodes | arrival CV | cells | {heads} |",
            f"|{'---:|' * (3 + 3 * len(PERCENTILES))}",
        ]
        errors = np.array(self.errors)
        for group in [*dict.fromkeys(label[:2] for label in self.labels), ("all", "all")]:
            chosen = np.array([group[0] == "all" or label[:2] == group for label in self.labels])
            cells = []
            for column in errors[chosen].T:
                worst = column[np.argmax(np.abs(column))]
                cells.append(
                    f"{np.median(np.abs(column)):.1%} | {worst:+.1%} | "
                    f"{np.sum(np.abs(column) <= TARGET)}"
                )
            lines.append(f"| {group[0]} | {group[1]} | {chosen.sum()} | {' | '.join(cells)} |")
        return lines

    def missed(self) -> list[str]:
        """Where p50 or p99 is further off than the target, worst first; * where the simulation's
        interval reaches the target.
        """
        found = []
        for label, error, doubt in zip(self.labels, self.errors, self.doubts, strict=True):
            for i in MAIN:
                if abs(error[i]) > TARGET:
                    edge = (
                        1.0 + np.sign(error[i]) * doubt[i]
                    )  # of the interval, on the form's side, over its middle
                    least = np.sign(error[i]) * ((1.0 + error[i]) / edge - 1.0)
                    reached = "*" if edge <= 0.0 or least <= TARGET else ""
                    found.append(
                        (
                            abs(error[i]),
                            (
                                f"| {' | '.join(map(str, label))} | p{100 * PERCENTILES[i]:g} | "
                                f"{error[i]:+.1%}{reached} |"
                            ),
                        )
                    )
        if not found:
            return ["p50 and p99 are within 10 % in every cell."]
        head = [
            "| nodes | arrival CV | places | utilisation | percentile | error |",
            f"|{'---:|' * 6}",
        ]
        said = (
            f"p50 or p99 is off by more than 10 % in these places (* within the simulation's "
            f"interval of it), {len(found)} of {2 * len(self.errors)}:"
        )
        return [said, "", *head, *(line for _, line in sorted(found, reverse=True))]


def drawn(case, process, seed):
    """A node simulated once more."""
    return one_node(*case, 1000 + seed, process)


def grid(
    service_scv: float, requests: int, renewal=arrivals, cvs=ARRIVAL_CV, at_once=PLACES
) -> Table:
    """Alike nodes of one type, one attempt a request; unit service time."""
    table = Table("nodes", "arrival CV", "places", "utilisation")
    for nodes, cv, c, load in itertools.product(NODES, cvs, at_once, UTILISATION):
        if cv == 1.0 and nodes != NODES[0]:
            continue  # a random share of a Poisson process is Poisson
        time = at_node(c, load, 1.0, node_scv(cv**2, 1.0 / nodes), service_scv)
        draw = partial(drawn, (c, load, cv, service_scv, 1.0 / nodes, requests), renewal)
        table.add(
            ("any" if cv == 1.0 else nodes, cv, c, load),
            _percentiles(time),
            *replicated(draw, PERCENTILES, REPLICATIONS),
        )
    return table


def networks() -> Table:
    """The shipped types and parameters, whole: nodes of unequal speed drawn anew in each
    replication, failures, paths and sequential calls.
    """
    table = Table("arrival CV", "utilisation", "failures", "calls")
    for cv, load, failure, calls in NETWORKS:
        # requests do not slow each other down in the simulation
        same = [f"fleet.{name}.least_time_per_token=0.03" for name in FLEET]
        params = bind(resolve("baseline", sets=(f"capacity.arrival_cv={cv}", *same)).values, None)
        cap, service = params["capacity"], service_time(params)
        each = [
            round(float(places(params, params["fleet"][name])))
            for name, n in FLEET.items()
            for _ in range(n)
        ]
        nodes = {name: FLEET.get(name, 0) for name in params["fleet"]}
        constant = (
            params["venues"].orchestration_latency
            + params["access"].in_use.latency
            + params["privacy"].in_use.latency
        )

        def draw(
            seed,
            each=each,
            load=load,
            cv=cv,
            cap=cap,
            service=service,
            constant=constant,
            failure=failure,
            calls=calls,
        ):
            rng = np.random.default_rng(seed)
            slow = tuple(lognormals(rng, 1.0, cap.speed_cv**2, len(each)))
            path = cap.network_latency, cap.network_cv, constant
            network = Network(
                tuple(each), load, cv, service, cap.service_cv**2, slow, *path, failure, calls
            )
            return simulate(network, rng, NETWORK_REQUESTS // calls)

        form = call_latency(params, nodes, load, failure).repeated(calls)
        table.add(
            (cv, load, failure, calls),
            _percentiles(form),
            *replicated(draw, PERCENTILES, REPLICATIONS),
        )
    return table


def _percentiles(time) -> list[float]:
    return [float(quantile(time, p)) for p in PERCENTILES]


def block_interval(times, blocks=20, draws=200):
    """Percentiles, and half the width of their 95 % interval by resampling blocks of consecutive
    requests, whole rows (requests, splits).
    """
    rng, parts = np.random.default_rng(0), np.array_split(times, blocks)
    found = [
        np.quantile(
            np.concatenate([parts[i] for i in rng.integers(blocks, size=blocks)]), PERCENTILES
        )
        for _ in range(draws)
    ]
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    return np.quantile(times, PERCENTILES), 0.5 * (high - low)


def split(times, service, nodes: int, c: int) -> np.ndarray:
    """Time of each request when each goes to one of alike nodes at random, (requests, repetitions
    of the split).
    """
    found = np.empty((len(times), SPLITS if nodes > 1 else 1))
    for column in range(found.shape[1]):
        chosen = np.random.default_rng(column).integers(nodes, size=len(times))
        for node in range(nodes):
            mine = chosen == node
            found[mine, column] = waits(times[mine], service[mine], c) + service[mine]
    return found


def traces() -> list[str]:
    """Recorded arrivals and lengths, on nodes of as many places as come nearest to the utilisation
    asked for.
    """
    lines = []
    for name in ("code", "conv"):
        times, tokens = trace(DATA / "demand" / f"AzureLLMInferenceTrace_{name}.csv")
        service, gaps = 0.5 + 0.03 * tokens, np.diff(times)
        mean, work = service.mean(), len(times) / times[-1] * service.mean()
        service_scv, gap_scv = service.var() / mean**2, gaps.var() / gaps.mean() ** 2
        spread = {w: count_dispersion(times, w * mean) for w in (1, 10, 30)}
        recorded = Cumulants(mean, service.var(), np.mean((service - mean) ** 3))
        kinds = (
            ("CV of times between, lognormal service", gap_scv, lognormal(mean, service_scv)),
            ("CV of times between, recorded service", gap_scv, recorded),
            ("counts over 10 services, recorded service", spread[10], recorded),
        )
        table, seen = Table("nodes", "places", "utilisation", "closed form from"), set()
        for nodes, target in itertools.product((1, 16), (0.3, 0.6, 0.9)):
            c = max(round(work / nodes / target), 1)
            load = work / nodes / c
            if load >= 1.0:
                c, load = c + 1, work / nodes / (c + 1)
            if (nodes, c) in seen:
                continue
            seen.add((nodes, c))
            simulated = block_interval(split(times, service, nodes, c))
            for label, scv, served in kinds:
                at = node_scv(scv, 1.0 / nodes)
                form = (
                    wait(
                        *waiting(c, load, mean, at, service_scv), wait_scv(c, load, at, service_scv)
                    )
                    + served
                )
                table.add((nodes, c, f"{load:.2f}", label), _percentiles(form), *simulated)
        counts = ", ".join(f"{w} services: {d:.1f}" for w, d in spread.items())
        lag = np.corrcoef(gaps[1:], gaps[:-1])[0, 1]
        lines += [
            "",
            f"Azure, {name}: {len(times):,} requests in {times[-1]:,.0f} s, {work:.1f} at work on "
            f"average. Service {mean:.2f} s, squared CV "
            f"{service_scv:.2f}. Squared CV of times between arrivals {gap_scv:.1f}, correlation "
            f"of neighbours {lag:+.2f}; variance to mean of "
            f"counts over {counts}. Intervals: 20 blocks of consecutive requests resampled.",
            "",
            *table.lines,
        ]
    return lines


def step_cost() -> list[str]:
    """The latency part of a step: the engine as it is against the engine with a constant in its
    place, taken in turns; CPU time on one core.
    """
    parameters = resolve("baseline", policy="pid", scenarios=("token_crash",)).values
    start, chosen = steady_state(parameters).state, np.arange(LANES)
    params = bind(parameters, sample(parameters, [0], 0))
    still = Cumulants(start["latency_mean"], start["latency_variance"], start["latency_third"])

    def engine() -> Ensemble:
        return Ensemble(
            MODEL.bound(params), params, record=["token_price", "latency_p99"], steps=STEPS
        )

    shipped = engine()
    with mock.patch.object(block, "call_latency", lambda *_: still):
        constant = engine()
    engines = {"latency by the closed form": shipped, "a constant in its place": constant}
    spent = {name: {"whole": [], "steps": []} for name in engines}
    for name, one in engines.items():
        one._kernel = _timed(one._kernel, spent[name]["steps"])
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for _ in range(REPEAT):
        for name, one in engines.items():
            begin = time.process_time()
            one(start, {}, one.shocks(sample(parameters, chosen, 0)), lanes=LANES)
            spent[name]["whole"].append(time.process_time() - begin)
    best = {
        name: {part: min(v) / (LANES * STEPS) * 1e9 for part, v in parts.items()}
        for name, parts in spent.items()
    }
    lines = [
        "| ns per run and step, one core | compiled steps | draw, simulate, keep |",
        "|---|---:|---:|",
    ]
    lines += [
        f"| {name} | {parts['steps']:.0f} | {parts['whole']:.0f} |" for name, parts in best.items()
    ]
    a, b = best.values()
    more = {part: a[part] - b[part] for part in a}
    shares = {part: more[part] / a[part] for part in a}
    lines.append(
        f"| the latency part | {more['steps']:.0f} ({shares['steps']:.0%}) | {more['whole']:.0f} "
        f"({shares['whole']:.0%}) |"
    )
    return lines


def _timed(kernel, spent: list[float]):
    def run(*arguments) -> None:
        begin = time.process_time()
        kernel(*arguments)
        spent.append(time.process_time() - begin)

    return run


def main() -> None:
    """The tables."""
    begin, parts = time.process_time(), []
    for requests, (kind, scv) in zip((REQUESTS, REQUESTS // 2), SERVICE_SCV.items(), strict=True):
        table = grid(scv, requests)
        title = (
            f"### Grid, squared CV of service {scv:.2f} ({kind}): {REPLICATIONS} replications of "
            f"{requests:,} requests at a node a cell"
        )
        parts += ["", title, "", *table.summary(), "", *table.missed()]
        if kind == "shipped":
            parts += [
                "",
                "All cells, in mean service times (± half the 95 % interval over replications):",
                "",
                *table.lines,
            ]
    for about, scv, at_once in EXTREMES:
        title = (
            f"### {about}: squared CV of service {scv:.2f}, {REPLICATIONS} replications of "
            f"{REQUESTS // 2:,} requests a cell"
        )
        table = grid(scv, REQUESTS // 2, at_once=at_once)
        parts += ["", title, "", *table.summary(), "", *table.missed()]
    other = grid(
        SERVICE_SCV["shipped"],
        REQUESTS // 2,
        hyperexponential,
        tuple(cv for cv in ARRIVAL_CV if cv > 1.0),
    )
    title = (
        f"### Other arrivals of the same CV: hyperexponential times between, {REPLICATIONS} "
        f"replications of {REQUESTS // 2:,} requests a cell"
    )
    parts += ["", title, "", *other.summary(), "", *other.missed()]
    fleet = ", ".join(f"{n} {name}" for name, n in FLEET.items())
    about = (
        f"{fleet}; {REPLICATIONS} replications of {NETWORK_REQUESTS:,} requests, each with nodes "
        f"of other speeds"
    )
    parts += [
        "",
        f"### Networks of the shipped parameters, in simpy: {about} [s]",
        "",
        *networks().lines,
    ]
    parts += [
        "",
        "### Recorded traces [s]",
        *(traces() if DATA.exists() else ["", f"No recorded data in {DATA.name}."]),
    ]
    parts += [
        "",
        f"CPU time of all of this: {time.process_time() - begin:.0f} s.",
        "",
        "### Cost in a step of the economy",
        "",
        *step_cost(),
    ]
    text = "\n".join(parts) + "\n"
    print(text)
    file = Path(__file__).with_name("LATENCY.md")
    kept = (
        file.read_text(encoding="utf-8").split(HEAD)[0]
        if file.exists()
        else "# Latency: the closed form against simulation\n"
    )
    file.write_text(kept + HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()
