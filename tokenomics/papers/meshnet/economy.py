"""MeshNet's economy, written anew from the equations of its public model, vectorised over runs.

On a day t, N being the nodes of the evening before: fees F fall with the scenario and rise with
coverage N/N*; the rule emits E; an operator takes in (E + (1 − b) F)/N tokens, worth P each; who
earns less than his threshold leaves with some probability; others enter while income is high; ln P
reverts to ln(1000 · 365 F/C); C grows by E less what is burned, b F/P, and less what is slashed.

Operators act alone and there are thousands of them: in place of each one we follow the expected
numbers by threshold and day of entry, and the expected stake by age. What is random is what moves
them all: price, fees, cost. Source: Zukowski (2026), see `params/papers/meshnet.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from ...elementary import exp, log
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...model.shocks import Streams
from ..reproduction import settings

SCENARIOS = ("bull", "bear", "competitor", "regulatory")
PROCESSES = ("price", "fees", "cost")
MONTH = 30  # days of a month of the source
WIDTH = 10  # days of entry that are followed together; it divides a season
BIN = 0.001  # of uptime, where the mean stake is computed
Values = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class MeshPaths:
    """Arrays (days, runs): nodes in the evening, emission [TOK/day], price in the evening
    [USD/TOK]; (runs,): burned and slashed [TOK], value of what was emitted, when it was [USD].
    """

    nodes: np.ndarray
    emission: np.ndarray
    price: np.ndarray
    burned: np.ndarray
    slashed: np.ndarray
    paid: np.ndarray


def read_values() -> dict[str, Any]:
    """The settings of the shipped file, by path."""
    return {path: leaf.value for path, leaf in settings("meshnet").items()}


def draw(seed: int, runs: Sequence[int], days: int) -> dict[str, np.ndarray]:
    """Standard normals (days, runs) by process, from Philox streams keyed by (seed, run, process);
    the same for every rule and scenario.
    """
    streams = Streams(seed)
    return {
        name: np.ascontiguousarray(
            np.stack([ndtri(streams.uniforms(run, f"meshnet_{name}", days)) for run in runs]).T
        )
        for name in PROCESSES
    }


def static(v: Values, days: int) -> np.ndarray:
    """The static schedule [TOK/day], (days,)."""
    return v["emission.base"] * v["emission.taper"] ** (np.arange(days) / DAYS_PER_YEAR)


def pid_emission(
    v: Values, nodes: np.ndarray, summed: np.ndarray, previous: np.ndarray, factor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the PID emits until it decides again [TOK/day], its new sum of errors, its error.

    e = (N* − N)/N*; E = E0 (1 + Kp e + Ki Σe + Kd Δe), between bounds. factor: on all of it.
    """
    error = 1.0 - nodes / v["emission.target"]
    summed = np.clip(summed + error, -v["emission.windup"], v["emission.windup"])
    asked = 1.0 + v["emission.kp"] * error + v["emission.ki"] * summed
    asked = v["emission.base"] * (asked + v["emission.kd"] * (error - previous))
    return (
        factor * np.clip(asked, v["emission.lowest"], v["emission.highest"]),
        summed,
        error,
    )


def coverage_factor(v: Values, nodes: np.ndarray) -> np.ndarray:
    """By which fees are larger than at the target, from the nodes."""
    coverage = nodes / v["emission.target"]
    where = np.searchsorted(v["demand.coverage"], coverage, side="right")
    powers = np.asarray(v["demand.exponents"])[where]
    return np.minimum(exp(powers * log(coverage)), v["demand.most"])


def scenario_demand(v: Values, name: str, days: int) -> np.ndarray:
    """Demand over that at the start, before coverage and noise (days,)."""
    s = {
        path.rpartition(".")[2]: value
        for path, value in v.items()
        if path.startswith(f"scenarios.{name}.")
    }
    day = np.arange(days)
    demand = (1.0 + s["growth"]) ** (day / DAYS_PER_YEAR)
    if "shock" not in s:
        return demand
    months = np.maximum(0, day - s["shock"]) / MONTH
    if "contraction" in s:
        demand *= np.maximum(s["contraction_least"], 1.0 - s["contraction"] * months)
    if "erosion" in s:
        demand *= 1.0 - np.minimum(s["erosion_most"], s["erosion"] * months)
    if "cost_factor" in s:
        demand *= np.where(day > s["shock"], 1.0 / s["cost_factor"], 1.0)
    return demand


def stake_left(v: Values, days: int) -> np.ndarray:
    """Mean stake over the first that slashing for downtime leaves, by days of service from 0 on
    (days + 1, 4): the first operators by threshold, then those who enter.

    Uptime walks at random between its bounds, in bins; a day below the limit costs a share.
    """
    means = (*v["stake.start_uptime"], v["stake.entrant_uptime"])
    spreads = (*(v["stake.start_spread"],) * 3, v["stake.entrant_spread"])
    numbers = (means, spreads, v["stake.jitter"], v["stake.least_uptime"], v["stake.due"])
    return _stake_left(*numbers, v["stake.slashed"], days)


@cache
def _stake_left(means, spreads, jitter, least, due, slashed, days) -> np.ndarray:
    places = np.linspace(least, 1.0, int(round((1.0 - least) / BIN)) + 1)
    edges = np.concatenate([[-np.inf], 0.5 * (places[1:] + places[:-1]), [np.inf]])

    def shares(mean, spread):
        return np.diff(ndtr((edges[:, None] - mean) / spread), axis=0)

    mass = shares(np.array(means), np.array(spreads))
    # a bin below the limit, and half of that which the limit cuts
    below = np.clip((due - places) / BIN + 0.5, 0.0, 1.0)[:, None]
    moved = (1.0 - slashed * below) * shares(places, jitter)
    left = np.empty((days + 1, mass.shape[1]))
    for day in range(days + 1):
        left[day] = mass.sum(axis=0)
        mass = moved @ mass
    return left


class MeshOperators:
    """Expected numbers of operators. honest: (groups, thresholds, runs), a group being those who
    entered in the same ten days, the first operators before them; cheats: (thresholds, runs), who
    are caught within days and so have no age.
    """

    def __init__(self, v: Values, days: int, runs: int):
        self.v, start = v, v["operators.start"] * np.array(v["operators.start_shares"])
        groups = 2 + -(-days // WIDTH)
        self.honest, self.cheats = np.zeros((groups, 3, runs)), np.zeros((3, runs))
        self.honest[0, :2], self.cheats[2] = start[:2, None], start[2]
        # day of entry of a group: the first operators serve from day 0, others from the day after
        self.entered = np.concatenate([[-1.0], WIDTH * (np.arange(groups - 1) - 0.45)])
        self.entered[1] = 0.0
        season, last = v["operators.season"], WIDTH * (np.arange(groups) - 1)
        first = season * np.maximum(1, -(-last // season))
        self.veteran = first + season + 1  # the day from which a group is one of veterans
        left = stake_left(v, days + 1)
        self.lost = -v["stake.mean"] * np.diff(left, axis=0, prepend=left[:1])
        self.until = 1  # groups that there are

    def total(self) -> np.ndarray:
        """Nodes (runs,)."""
        return np.einsum("gtr->r", self.honest[: self.until]) + self.cheats.sum(axis=0)

    def slash(self, day: int) -> np.ndarray:
        """What a day takes from the stakes of those who are there (runs,) [TOK]."""
        served = np.maximum(0, (day - self.entered[: self.until]).astype(int))
        lost = np.repeat(self.lost[served, 3:], 3, axis=1)
        lost[0] = self.lost[served[0], :3]
        downtime = np.einsum("gt,gtr->r", lost, self.honest[: self.until])
        return downtime + self.v["operators.caught"] * self.v["stake.mean"] * self.cheats.sum(0)

    def leave(self, day: int, poor: np.ndarray) -> None:
        """Those who are caught go, and some of those who earn too little: poor (thresholds,
        runs).
        """
        v, here = self.v, self.honest[: self.until]
        if poor.any():
            # groups become veterans in the order in which they came
            veterans = int(np.searchsorted(self.veteran[: self.until], day, side="right"))
            here[:veterans] *= 1.0 - v["operators.exit_veteran"] * poor
            here[veterans:] *= 1.0 - v["operators.exit"] * poor
        self.cheats *= (1.0 - v["operators.caught"]) * (1.0 - v["operators.exit"] * poor)

    def enter(self, day: int, wanted: np.ndarray) -> None:
        """Newcomers of a day (runs,)."""
        group = 1 + -(-day // WIDTH)
        self.until = max(self.until, group + 1)
        share = np.array(self.v["operators.entrant_shares"])[:, None]
        cheats = self.v["operators.entrant_cheats"]
        self.honest[group] += (1.0 - cheats) * share * wanted
        self.cheats += cheats * share * wanted

    def poach(self, wanted: np.ndarray) -> np.ndarray:
        """A competitor takes so many (runs,) of those who are not loyal, the first to come first;
        as many as there are.
        """
        here = self.honest[: self.until]
        loose = np.full(here.shape[:2], 1.0 - self.v["operators.entrant_loyal"])
        loose[0] = (0.0, 1.0, 1.0)
        open_to = loose[:, :, None] * here
        by_group = open_to.sum(axis=1)
        before = np.cumsum(by_group, axis=0) - by_group
        taken = np.clip(wanted - before, 0.0, by_group)
        here -= open_to * (taken / np.maximum(by_group, 1e-300))[:, None, :]
        return taken.sum(axis=0)


def simulate(
    v: Values,
    scenario: str,
    emission: np.ndarray | None,
    random: Mapping[str, np.ndarray],
    factor: float = 1.0,
) -> MeshPaths:
    """Five years, or as many days as there are random numbers.

    emission: of a schedule [TOK/day], (days,) or (days, runs); None for the PID, which `factor`
    scales.
    """
    days, runs = random["price"].shape
    demand = v["demand.fees"] * scenario_demand(v, scenario, days)
    noise = 1.0 + v["demand.noise"] * random["fees"]
    shock = v.get(f"scenarios.{scenario}.shock", days)
    dearer = v.get(f"scenarios.{scenario}.cost_factor", 1.0)
    poached = v.get(f"scenarios.{scenario}.poached", 0.0)
    wanted = np.array(v["operators.thresholds"])[:, None] * v["operators.opportunity"]
    drift, kept = v[f"scenarios.{scenario}.drift"], 1.0 - v["demand.burned"]
    operators = MeshOperators(v, days, runs)
    nodes, summed, error = operators.total(), np.zeros(runs), np.zeros(runs)
    price, supply = np.full(runs, v["price.start"]), np.full(runs, float(v["supply.circulating"]))
    logged = log(price)
    burned, slashed, paid = np.zeros((3, runs))
    path = np.empty((3, days, runs))
    emitted = np.zeros(runs)
    for day in range(days):
        fees = demand[day] * coverage_factor(v, nodes) * noise[day]
        fees = np.maximum(fees, v["demand.least"])
        if emission is not None:
            emitted = np.broadcast_to(emission[day], (runs,))
        elif day % v["emission.interval"] == 0:
            emitted, summed, error = pid_emission(v, nodes, summed, error, factor)
        # the source pays operators' fees, dollars, at the price of the token
        income = (emitted + kept * fees) / nodes * price
        cost = v["operators.cost"] + v["operators.cost_noise"] * random["cost"][day]
        cost = cost * (dearer if day >= shock else 1.0)
        taken = operators.slash(day)
        operators.leave(day, income - cost < wanted)
        there = operators.total()
        new = newcomers(v, there, income)
        operators.enter(day, new)
        nodes = np.maximum(there + new, 1.0)
        if poached and day == shock:
            nodes = nodes - operators.poach(np.floor(poached * there))
        burn = v["demand.burned"] * fees / price
        burned, slashed, paid = burned + burn, slashed + taken, paid + emitted * price
        logged = next_log_price(v, logged, fees, supply, drift, random["price"][day])
        price = exp(logged)
        supply = np.clip(supply + emitted - burn - taken, 0.0, v["supply.most"])
        path[:, day] = nodes, emitted, price
    return MeshPaths(*path, burned, slashed, paid)


def newcomers(v: Values, there: np.ndarray, income: np.ndarray) -> np.ndarray:
    """Operators who enter on a day, in whole numbers; there: nodes, income: of each [USD/day]."""
    most = np.minimum(np.floor(there * v["operators.entry_share"]), v["operators.entry_most"])
    beyond = there / v["emission.target"] - 1.0
    room = np.clip(1.0 - beyond / v["operators.entry_room"], 0.0, 1.0)
    worth = income > v["operators.entry_yield"] * v["operators.opportunity"]
    return np.where(worth, np.floor(most * room), 0.0)


def next_log_price(v: Values, logged, fees, supply, drift: float, normal) -> np.ndarray:
    """ln P moves towards the log of the fundamental price, with drift and noise."""
    fundamental = v["price.multiple"] * DAYS_PER_YEAR * fees / np.maximum(supply, 1.0)
    gap = log(np.clip(fundamental, *v["price.fundamental"])) - logged
    pull = v["price.reversion"] / DAYS_PER_YEAR * gap
    return np.maximum(logged + pull + v["price.noise"] * normal + drift, log(v["price.least"]))
