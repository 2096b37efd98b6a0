"""The paper's economy, vectorised over runs: a pool, a treasury, jump-diffusions of price and
demand, operators who leave.

In an epoch: the policy sees the price, its moving average and the treasury, and buys (Eq. 5; what
it buys is burned); the news moves the price along the pool's curve, x y constant; demand moves;
income comes in and costs go out (Eq. 1, III.B). Units: USD, TOK, days; the price starts at 1
USD/TOK, and demand and operators at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from ...elementary import exp, expm1, log, tanh
from ...model.controllers import dcbm
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...model.shocks import Streams
from ..reproduction import settings

GROUPS = ("simulation", "market", "treasury", "law", "policies", "operators", "shocks")
REGIMES = ("bull", "bear", "high_volatility")
POLICIES = ("none", "fixed", "threshold", "pid")
# Thought experiments on what an actuator can do at all; their purse has no bottom.
IDEALS = ("pid, also sells", "to target, buys only", "to target, also sells")
PROCESSES = (
    "price_normal",
    "price_jump",
    "price_size",
    "demand_normal",
    "demand_jump",
    "demand_size",
)


@dataclass(frozen=True)
class Settings:
    """Everything that `params/papers/dcbm.yaml` says on the economy, in its units;
    volatility_factor and gain_factor are 1 there.
    """

    epoch: float
    days: float
    pool: float
    reserve: float
    income: float
    cost_ratio: float
    gamma: float
    kp: float
    ki: float
    kd: float
    window: float
    fixed_share: float
    threshold_rate: float
    token_share: float
    margin: float
    spread: float
    memory: float
    patience: float
    jump_rate: float
    jump_share: float
    demand_volatility: float
    volatility_factor: float = 1.0
    gain_factor: float = 1.0

    @property
    def steps(self) -> int:
        """Epochs in the span."""
        return int(round(self.days / self.epoch))

    def gains(self, law: str = "PID") -> Settings:
        """The same with the gains of a law's missing terms (of P, I, D) at zero."""
        return replace(self, **{f"k{term.lower()}": 0.0 for term in "PID" if term not in law})


@dataclass(frozen=True)
class Regime:
    """volatility [1/sqrt(year)] of the log price under no control; drifts [1/year] of log price and
    log demand.
    """

    volatility: float
    drift: float
    demand_drift: float


@dataclass(frozen=True, eq=False)
class DcbmPaths:
    """Arrays (epochs + 1, runs): price and its moving average [USD/TOK], treasury [USD], tokens and
    stablecoins of the pool [TOK, USD], operators [1]; (epochs, runs): spent, income and cost [USD],
    cost being what fell due, paid or not.
    """

    price: np.ndarray
    average: np.ndarray
    treasury: np.ndarray
    tokens: np.ndarray
    stablecoins: np.ndarray
    operators: np.ndarray
    spent: np.ndarray
    income: np.ndarray
    due: np.ndarray


def read_settings() -> tuple[Settings, dict[str, Regime]]:
    """The settings of the shipped file."""
    leaves = settings("dcbm")
    named = {
        name: leaf.value
        for path, leaf in leaves.items()
        for group, _, name in [path.partition(".")]
        if group in GROUPS
    }
    base = Settings(
        **{name: float(named[name]) for name in Settings.__dataclass_fields__ if name in named}
    )
    fields = Regime.__dataclass_fields__
    return base, {
        r: Regime(*(float(leaves[f"regimes.{r}.{name}"].value) for name in fields)) for r in REGIMES
    }


def draw(seed: int, runs: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """Random numbers (steps, runs) by process, from Philox streams keyed by (seed, run, process).

    Jumps' times are uniforms, the rest standard normals. The same for all policies, regimes and
    batches.
    """
    streams, values = Streams(seed), {}
    for name in PROCESSES:
        rows = np.stack([streams.uniforms(int(run), f"dcbm_{name}", steps) for run in runs])
        values[name] = np.ascontiguousarray((rows if name.endswith("jump") else ndtri(rows)).T)
    return values


def log_moves(
    s: Settings, random: Mapping[str, np.ndarray], process: str, volatility: float, drift: float
) -> np.ndarray:
    """Jump-diffusion (Merton 1976) increments of a log over epochs (steps, runs), at most one jump
    in an epoch.

    volatility: of diffusion and jumps together [1/sqrt(year)]; drift: of the log, its mean
    [1/year].
    """
    years = s.epoch / DAYS_PER_YEAR
    chance = -expm1(-s.jump_rate * s.epoch)
    diffusion = volatility * np.sqrt((1.0 - s.jump_share) * years)
    size = volatility * np.sqrt(s.jump_share * years / chance)
    jumps = np.where(random[f"{process}_jump"] < chance, size * random[f"{process}_size"], 0.0)
    return drift * years + diffusion * random[f"{process}_normal"] + jumps


def simulate(
    s: Settings,
    regime: Regime | None,
    policy: str,
    random: Mapping[str, np.ndarray] | None,
    *,
    start: float = 0.0,
    target: float | None = None,
) -> DcbmPaths:
    """A year of the economy under a policy of `POLICIES` or `IDEALS`.

    regime, random: None for no shocks (one run). start: log price at the start, its past having
    been at 0.
    target: price to hold [USD/TOK]; None for the moving average.
    """
    steps, dt = s.steps, s.epoch
    if random is None or regime is None:
        news = growth = np.zeros((steps, 1))
    else:
        news = log_moves(s, random, "price", regime.volatility * s.volatility_factor, regime.drift)
        growth = log_moves(s, random, "demand", s.demand_volatility, regime.demand_drift)
    runs = news.shape[1]
    kp, ki, kd = (gain * s.gain_factor for gain in (s.kp, s.ki, s.kd))
    length = max(1, int(round(s.window / dt)))
    window, total = np.ones((length, runs)), np.full(runs, float(length))
    stablecoins = np.full(runs, s.pool * exp(0.5 * start))
    tokens = s.pool * s.pool / stablecoins
    price = stablecoins / tokens
    treasury, demand = np.full(runs, s.reserve * s.pool), np.ones(runs)
    integral, previous = np.zeros(runs), None
    operators, revenue, first = (
        np.ones(runs),
        np.ones(runs),
        ndtr(-log(1.0 - s.margin) / s.spread),
    )
    cost = s.cost_ratio * s.income * s.pool * dt
    flow = {name: np.empty((steps, runs)) for name in ("spent", "income", "due")}
    stock = {
        name: np.empty((steps + 1, runs))
        for name in ("price", "average", "treasury", "tokens", "stablecoins", "operators")
    }

    def record(n: int, average: np.ndarray) -> None:
        for name, value in zip(
            stock, (price, average, treasury, tokens, stablecoins, operators), strict=True
        ):
            stock[name][n] = value

    average = total / length
    record(0, average)
    for n in range(steps):
        income = s.income * s.pool * dt * demand
        error = dcbm.tracking_error(average if target is None else target, price)
        integral = dcbm.integrate(integral, error, treasury, dt)
        # the first difference would see the start as a jump of the derivative term
        u = dcbm.command(error, error if previous is None else previous, integral, kp, ki, kd, dt)
        previous = error
        spent = decide(s, policy, treasury, income, error, u, stablecoins)
        product = stablecoins * tokens
        stablecoins = (stablecoins + spent) * exp(0.5 * news[n])
        tokens = product / stablecoins
        price = stablecoins / tokens
        treasury = dcbm.treasury_after(treasury, income, 0.0 if policy in IDEALS else spent, cost)
        demand = demand * exp(growth[n])
        total = total + price - window[n % length]
        window[n % length] = price
        average = total / length
        # rewards and fees are shared among those who are left; the dearest leave first
        now = (s.token_share * price + (1.0 - s.token_share) * demand) / operators
        revenue = revenue + (now - revenue) * -expm1(-dt / s.memory)
        viable = ndtr(log(revenue / (1.0 - s.margin)) / s.spread) / first
        operators = operators - np.maximum(0.0, operators - viable) * -expm1(-dt / s.patience)
        for name, value in zip(flow, (spent, income, np.full(runs, cost)), strict=True):
            flow[name][n] = value
        record(n + 1, average)
    return DcbmPaths(**stock, **flow)


def decide(s: Settings, policy: str, treasury, income, error, u, stablecoins) -> np.ndarray:
    """J [USD] of a policy in an epoch. Sales, of the thought experiments alone, are negative."""
    if policy == "none":
        return 0.0 * treasury
    if policy == "fixed":
        return np.minimum(s.fixed_share * income, treasury + income)
    if policy == "threshold":
        return np.where(
            error > 0.0, np.minimum(s.threshold_rate * treasury, treasury + income), 0.0
        )
    if policy == "pid":
        return dcbm.purchase(treasury, income, s.gamma, u)
    if policy == "pid, also sells":
        return treasury * s.gamma * tanh(u)
    # the dollars that bring the price to the target: Eq. 5 solved for J
    exact = stablecoins * expm1(0.5 * error)
    return np.maximum(0.0, exact) if policy == "to target, buys only" else exact


def sigma(paths: DcbmPaths, epoch: float, every: int = 1) -> np.ndarray:
    """Annualised standard deviation of log returns over `every` epochs [1/sqrt(year)], (runs,)."""
    returns = np.diff(log(paths.price[::every].T), axis=1)
    return np.std(np.ascontiguousarray(returns), axis=1, ddof=1) * np.sqrt(
        DAYS_PER_YEAR / (epoch * every)
    )


def measures(paths: DcbmPaths, epoch: float) -> dict[str, np.ndarray]:
    """Table I's quantities (runs,): sigma [1/sqrt(year)], epsilon = mean |P − MA|/MA [%], churn
    [%]: operators who left in the year.
    """
    gap = np.abs(paths.price - paths.average) / paths.average
    return {
        "sigma": sigma(paths, epoch),
        "epsilon": 100.0 * np.mean(np.ascontiguousarray(gap[1:].T), axis=1),
        "churn": 100.0 * (1.0 - paths.operators[-1]),
    }
