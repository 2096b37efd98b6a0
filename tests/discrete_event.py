"""Requests on a network of nodes, one by one: what the closed forms of `tokenomics.capacity` are
checked against.

`simulate` plays a whole network in simpy: nodes of several sizes and speeds, failed attempts,
sequential calls. `waits` is one node's FIFO queue alone, by the recursion of Kiefer and Wolfowitz,
some twenty times as fast; a test has them agree. Times between arrivals are gamma (any CV with one
shape parameter; what ServeGen and BurstGPT fit to recorded requests). Units: s.
"""

from __future__ import annotations

import csv
import datetime as dt
import heapq
from dataclasses import dataclass

import numpy as np
import simpy
from scipy import stats

from tokenomics.model.formulas.distribution import Cumulants, at_node, lognormal, mixture
from tokenomics.model.formulas.queueing import node_scv

WARM_UP, COOL_DOWN = (
    0.2,
    0.15,
)  # shares of the tasks that are left out at the start and, where they take long, at the end


@dataclass(frozen=True)
class Network:
    """What is simulated, and its closed form.

    places: of each node; slowness: factor on service at each node, 1 on average over requests. A
    request goes to a node with a probability in proportion to places/slowness. The path's time
    passes on the way back of each attempt, so that nodes see the gateway's arrivals; the constant
    passes once a request. A task is `calls` requests in sequence; tasks arrive as the renewal
    process.
    """

    places: tuple[int, ...]
    utilisation: float
    arrival_cv: float
    service: float = 1.0
    service_scv: float = 1.0
    slowness: tuple[float, ...] | None = None
    path: float = 0.0
    path_cv: float = 0.0
    constant: float = 0.0
    failure: float = 0.0
    calls: int = 1

    @property
    def factors(self) -> np.ndarray:
        """Slowness of each node, scaled to a mean of 1 over requests."""
        raw = (
            np.ones(len(self.places)) if self.slowness is None else np.asarray(self.slowness, float)
        )
        weights = np.asarray(self.places) / raw
        return raw / ((weights * raw).sum() / weights.sum())

    @property
    def shares(self) -> np.ndarray:
        """Share of requests that each node gets."""
        weights = np.asarray(self.places) / self.factors
        return weights / weights.sum()

    @property
    def attempt_rate(self) -> float:
        """Attempts per second on the whole network at the utilisation."""
        return (
            self.utilisation * float((np.asarray(self.places) / self.factors).sum()) / self.service
        )

    def closed_form(self) -> Cumulants:
        """Cumulants of a task's time. The nodes' speeds enter as a lognormal factor of their
        squared CV over requests.
        """
        first = (1.0 - self.failure) / self.calls  # the other attempts come back as if at random
        speed_scv = float((self.shares * (self.factors - 1.0) ** 2).sum())
        scv = self.arrival_cv**2
        nodes = (
            (
                share,
                at_node(
                    c,
                    self.utilisation,
                    self.service,
                    node_scv(scv, share * first),
                    self.service_scv,
                    speed_scv,
                ),
            )
            for c, share in zip(self.places, self.shares, strict=True)
        )
        attempt = mixture(nodes) + lognormal(self.path, self.path_cv**2)
        return (attempt.attempts(self.failure) + Cumulants(self.constant)).repeated(self.calls)


def lognormals(rng, mean: float, scv: float, size=None):
    """Lognormal numbers of a mean and a squared CV."""
    variance = np.log1p(scv)
    return mean * np.exp(rng.normal(-0.5 * variance, np.sqrt(variance), size))


def arrivals(rng, rate: float, cv: float, size: int, share: float = 1.0) -> np.ndarray:
    """Times of a renewal process with gamma times between arrivals, of which a random share is
    kept; `rate` is of those kept.
    """
    steps = rng.geometric(share, size) if share < 1.0 else 1
    return np.cumsum(rng.gamma(steps / cv**2, cv**2 * share / rate, size))


def hyperexponential(rng, rate: float, cv: float, size: int, share: float = 1.0) -> np.ndarray:
    """The same with times between arrivals from one of two exponential distributions of equal
    shares of the time; a CV above 1.
    """
    steps, often = rng.geometric(share, size), 0.5 * (1.0 + np.sqrt((cv**2 - 1.0) / (cv**2 + 1.0)))
    short = rng.binomial(steps, often)
    gaps = rng.standard_gamma(short) / often + rng.standard_gamma(steps - short) / (1.0 - often)
    return np.cumsum(gaps) * 0.5 * share / rate


def waits(times, service, places: int) -> np.ndarray:
    """Wait of each request at one node: it takes the place that is free first."""
    free, found = [0.0] * places, np.empty(len(times))
    for i, (time, work) in enumerate(
        zip(np.asarray(times).tolist(), np.asarray(service).tolist(), strict=True)
    ):
        start = max(time, free[0])
        heapq.heapreplace(free, start + work)
        found[i] = start - time
    return found


def simulate(network: Network, rng, tasks: int, times=None, service=None, sent=None) -> np.ndarray:
    """Time of each task between the warm-up and the cool-down, in simpy. times, service, sent:
    given arrivals, work, nodes in place of drawn ones.

    The last tasks end with no others behind them, so that those of several calls would find the
    nodes too empty.
    """
    env = simpy.Environment()
    nodes = [simpy.Resource(env, capacity=c) for c in network.places]
    factors, edges = network.factors, np.cumsum(network.shares)[:-1]
    if times is None:
        times = arrivals(
            rng,
            network.attempt_rate * (1.0 - network.failure) / network.calls,
            network.arrival_cv,
            tasks,
        )
    found = np.empty(tasks)

    def attempt(work, node):
        with nodes[node].request() as place:
            yield place
            yield env.timeout(work * factors[node])
        if network.path:
            yield env.timeout(lognormals(rng, network.path, network.path_cv**2))

    def task(i):
        for _ in range(network.calls):
            failed = True
            while failed:
                work = (
                    service[i]
                    if service is not None
                    else lognormals(rng, network.service, network.service_scv)
                )
                yield from attempt(
                    work, sent[i] if sent is not None else np.searchsorted(edges, rng.random())
                )
                failed = rng.random() < network.failure
            yield env.timeout(network.constant)
        found[i] = env.now - times[i]

    def gateway():
        for i, time in enumerate(times):
            yield env.timeout(time - env.now)
            env.process(task(i))

    env.process(gateway())
    env.run()
    return found[int(WARM_UP * tasks) : int((1.0 - COOL_DOWN) * tasks)]


def replicated(draw, p, replications: int, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Percentiles of draw(seed)'s times, and the half-widths of their intervals over independent
    replications.
    """
    found = np.array([np.quantile(draw(seed), p) for seed in range(replications)])
    return found.mean(axis=0), stats.t.ppf(0.5 + 0.5 * level, replications - 1) * stats.sem(
        found, axis=0
    )


def one_node(
    places: int,
    utilisation: float,
    cv: float,
    scv: float,
    share: float,
    requests: int,
    seed: int,
    renewal=arrivals,
) -> np.ndarray:
    """Time of each request at a node that gets a random share of the gateway's requests: any node
    of 1/share alike ones.
    """
    rng = np.random.default_rng(seed)
    service = lognormals(rng, 1.0, scv, requests)
    times = renewal(rng, places * utilisation, cv, requests, share)
    return (waits(times, service, places) + service)[int(WARM_UP * requests) :]


def trace(file) -> tuple[np.ndarray, np.ndarray]:
    """Arrival times [s] and output tokens of a recorded trace (Azure: TIMESTAMP, ContextTokens,
    GeneratedTokens).
    """
    with open(file, newline="") as lines:
        rows = list(csv.DictReader(lines))
    stamps = [dt.datetime.fromisoformat(row["TIMESTAMP"][:26]) for row in rows]
    return np.array([(s - stamps[0]).total_seconds() for s in stamps]), np.array(
        [float(row["GeneratedTokens"]) for row in rows]
    )


def count_dispersion(times, window: float) -> float:
    """Variance to mean of the arrivals in windows of this length [s]: the renewal process's squared
    CV where there is no drift.
    """
    counts = np.bincount((np.asarray(times) // window).astype(int))[:-1]
    return float(counts.var(ddof=1) / counts.mean())
