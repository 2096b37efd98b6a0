"""Waiting at one node: probability, mean and spread of the wait in a G/G/c queue with bursty
arrivals, in closed form.

Hayward's approximation (Fredericks 1980): arrivals of peakedness z at c places wait as Poisson
arrivals do at c/z places, with the peakedness of heavy traffic, z = 1 + (ca² − 1) E[min(S,
S′)]/E[S] (Whitt 2004, "A diffusion approximation for the G/GI/n/m queue", Oper. Res. 52(6); for
exponential service (1 + ca²)/2). Four constants are fitted to simulations of gamma arrivals and
lognormal service (c = 1, 8, 64, 220; ca = 0.5 to 4; utilisation 0.3 to 0.9; squared CV of service
0.3 to 3): `tests/benchmarks/LATENCY.md` has the errors. Units: s.
"""

import numpy as np

from ...elementary import exp, log, log1p

ROOT_2PI = 2.5066282746310002
FULL = 1.0 - 1e-6  # the wait at a utilisation of 1 is infinite
BURST_SECOND, BATCH, BATCH_PLACES, SHORT_WAIT = (
    0.4,
    1.0,
    2.4,
    0.88,
)  # fitted; see where each is used


def mills_ratio(x):
    """(1 − Φ(x))/φ(x) for x ≥ 0, 1.2 % high at most (Boyd 1959, the upper bound; exact at 0 and in
    the tail).
    """
    return np.pi / (np.sqrt(x * x + 2.0 * np.pi) + (np.pi - 1.0) * x)


def node_scv(arrival_scv, share):
    """Squared CV of the arrivals at a node that gets a random share of the gateway's requests
    (exact for renewal arrivals).

    With repeated attempts, which come back as if at random, `share` is the node's share times the
    first attempts' share of all.
    """
    return 1.0 + share * (arrival_scv - 1.0)


def peakedness(arrival_scv, service_scv):
    """Variance to mean of the places busy were there no limit, in heavy traffic; 1 for Poisson
    arrivals. Lognormal service.

    E[min(S, S′)]/E[S] = 2 Φ(−σ/√2).
    """
    half = 0.5 * log1p(service_scv)
    least = 2.0 / ROOT_2PI / np.sqrt(np.sqrt(1.0 + service_scv)) * mills_ratio(np.sqrt(half))
    return np.maximum(1.0 + (arrival_scv - 1.0) * least, 0.01)


def erlang_c_inverse(places, utilisation):
    """1/C − 1 for Erlang's C, the chance to wait in M/M/c, c real; C within 0.8 % for c ≥ 1 and 1.3
    % for c ≥ 0.1 at a utilisation of 0.3 or more, within 2.1 % at 0.1.

    Between the bounds of Janssen, van Leeuwaarden and Zwart (2011), "Refining square-root safety
    staffing by expanding Erlang C", Oper. Res. 59(6), theorem 2.
    """
    idle, root = 1.0 - utilisation, np.sqrt(places)
    distance = places * np.maximum(-idle - log(utilisation), 0.0)  # α²/2
    density = ROOT_2PI * exp(np.minimum(distance, 500.0))  # 1/φ(α)
    ratio = density * (1.0 + 1.0 / (24.0 * places + 2.0)) - mills_ratio(np.sqrt(2.0 * distance))
    return idle * np.maximum(
        root * ratio - 1.0 / 3.0, np.minimum(places, 0.1)
    )  # the bound counts below 0.05 places alone


def waiting(places, utilisation, service, arrival_scv, service_scv, slowed=0.0):
    """Probability that a request waits at its node, and the mean wait of those that do [s].

    places: requests worked on at once; service: mean time with all places taken [s]; slowed: share
    of it that comes of the other requests there, so that a node which is not full is faster and
    seldom fills: near full, the number of requests has the spread of places/(1 − slowed) places of
    a fixed time. arrival_scv, service_scv: squared CV
    of times between arrivals at the node and of service. Both results rise with utilisation, but
    for the probability below 0.2 where bursts outnumber the places.
    """
    load = np.minimum(np.maximum(utilisation, 1e-9), FULL)
    idle = 1.0 - load
    steadiness = 1.0 / (arrival_scv + 1.0)
    burst = (arrival_scv - 1.0) * steadiness
    # Root of GI/M/1, σ = φ((1 − σ)/ρ), expanded around full load for gamma times (third order; the
    # last term fitted): the waits are shorter than in the limit, and an arrival finds the places
    # full more often than they are full, by σ/ρ.
    shortening = 1.0 + idle * burst * (1.0 / 3.0 + BURST_SECOND * idle)
    root = np.maximum(1.0 - 2.0 * idle * shortening * steadiness, load * load)
    peak = peakedness(arrival_scv, service_scv)
    smooth = 1.0 / peak
    scaled = places * smooth
    # Odds of waiting: √(σ/ρ) × (1 + batches, bursts that are large against the places) / (1/C − 1).
    # Both are multiplied by what the batches are divided by, so that one division is left.
    apart = scaled + BATCH_PLACES
    waits = np.sqrt(root * (1.0 / load)) * (apart + BATCH * (1.0 - smooth))
    waits_not = apart * erlang_c_inverse(scaled / (1.0 - slowed), load)
    # Long waits outlast many services and see their whole variability (Allen-Cunneen); short ones,
    # `short` to one, see what the peakedness sees.
    short = idle * idle * scaled
    variability = 0.5 * (arrival_scv + service_scv) + short * SHORT_WAIT * peak
    mean = service * variability / ((1.0 + short) * shortening * places * idle)
    return waits / (waits + waits_not), mean


def wait_scv(places, utilisation, arrival_scv, service_scv):
    """Squared CV of the wait of those that wait: 1 (exponential) with many places, exact for M/G/1
    (Takács, lognormal service).
    """
    idle = 1.0 - np.minimum(utilisation, FULL)
    single = idle * (4.0 / 3.0 * (1.0 + service_scv) - 2.0) * (1.0 + service_scv)
    smooth = 1.0 / peakedness(arrival_scv, service_scv)
    many = 1.0 + idle * idle * (places - 1.0) * smooth
    return np.maximum(1.0 + single / (np.maximum(arrival_scv + service_scv, 1e-9) * many), 0.0)
