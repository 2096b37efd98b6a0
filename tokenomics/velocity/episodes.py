"""Episodes whose cause is known because it was put there: what the velocity detector is estimated
and tested on.

Usage: a lasting rise of demand begins. Speculation: half of the episodes a rally or a crash by
news, half a phase in which speculators' noise orders are a multiple of the usual. Null: nothing
begins. Mixed: demand and one of the two. Every episode has a parameter point of its own, drawn from
ranges, and shocks of its own. A group is a set of ranges or a structure; only TRAINING is estimated
on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engines.ensemble import Ensemble
from ..errors import ModelError
from ..inputs.bounds import CENTURY
from ..model.formulas.numerics import window
from ..model.model import MODEL, bind
from ..model.shocks import Streams, sample
from ..model.steady_state import steady_states
from ..parameters import resolve
from .detector import AFTER, BEFORE, OBSERVED, Series, observed

KINDS = ("usage", "speculation", "null", "mixed")
SETTLING = 40  # days simulated before the windows, so that trend, fitness and variance have a past
Range = tuple[float, float]

# Around the baseline.
BASE: dict[str, Range] = {
    "supply.holding_time": (1000.0, 3000.0),
    "supply.burn_share": (0.3, 0.7),
    "bonding.days": (15.0, 60.0),
    "supply.treasury_share": (0.05, 0.15),
    "supply.speculator_share": (0.1, 0.3),
    "market.pool_share": (0.03, 0.08),
    "market.permanent_impact": (0.35, 0.65),
    "speculation.noise": (0.15, 0.3),
    "speculation.chartist": (0.2, 0.35),
    "speculation.intensity_of_choice": (2500.0, 6000.0),
    "news.volatility": (0.012, 0.03),
    "news.jump_rate": (0.04, 0.12),
    "demand.volatility": (0.14, 0.28),
    "workloads.interactive.price_elasticity": (0.3, 0.8),
    "workloads.batch.price_elasticity": (0.8, 1.6),
    "payment.exposed_share": (0.3, 0.7),
}
# Sizes in log points, lengths in days, noise as a multiple of the usual; the start is relative to
# the window's first day.
EVENTS: dict[str, Range] = {
    "start": (-10.0, 10.0),
    "demand_size": (0.2, 0.8),
    "demand_days": (25.0, 120.0),
    "news_size": (0.3, 1.2),
    "news_days": (2.0, 30.0),
    "noise_factor": (1.5, 4.0),
    "noise_days": (25.0, 120.0),
}
SMALL = {"demand_size": (0.07, 0.2), "news_size": (0.1, 0.3), "noise_factor": (1.15, 1.5)}


@dataclass(frozen=True)
class EpisodeGroup:
    """Where episodes are drawn. ranges, events: in place of the training's. sets: what is the same
    for all its episodes.
    """

    name: str
    ranges: Mapping[str, Range] = field(default_factory=dict)
    events: Mapping[str, Range] = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)
    policy: str | None = None
    overlay: str | None = None
    after: int = AFTER


TRAINING = EpisodeGroup("training ranges")
# None of these was looked at before the features were chosen. Each leaves the training's ranges or
# its structure.
HELD_OUT = (
    EpisodeGroup("no burn", {"supply.burn_share": (0.0, 0.0)}),
    EpisodeGroup("burn share 0.85 to 0.9", {"supply.burn_share": (0.85, 0.9)}),
    EpisodeGroup("holding time 180 to 500 days", {"supply.holding_time": (180.0, 500.0)}),
    EpisodeGroup("deep pool, 0.15 to 0.3", {"market.pool_share": (0.15, 0.3)}),
    EpisodeGroup("shallow pool, 0.008 to 0.015", {"market.pool_share": (0.008, 0.015)}),
    EpisodeGroup("linear market", sets={"market.type": "linear"}),
    EpisodeGroup("overlay decaying_emission", overlay="decaying_emission"),
    EpisodeGroup("overlay growth", overlay="growth"),
    EpisodeGroup("overlay seasonality", overlay="seasonality"),
    EpisodeGroup("policy pid", policy="pid"),
    EpisodeGroup("demand noise 0.5 to 0.8", {"demand.volatility": (0.5, 0.8)}),
    EpisodeGroup(
        "calm token, a third of the noise",
        {
            "speculation.noise": (0.05, 0.1),
            "news.volatility": (0.004, 0.008),
            "news.jump_rate": (0.01, 0.02),
        },
    ),
    EpisodeGroup("trend followers 0.4 to 0.5", {"speculation.chartist": (0.4, 0.5)}),
    EpisodeGroup("small events", events=SMALL),
    EpisodeGroup("window of 15 days", after=15),
    EpisodeGroup("window of 60 days", after=60),
)
# What is neither of both begins on the window's first day.
BEGIN = float(SETTLING + BEFORE)


def _event(name: str, kind: str, size: float, *, start: float, days: float) -> dict[str, Any]:
    """Settings of an event."""
    parts = {"kind": kind, "start": start, "days": days, "size": size}
    return {f"events.{name}.{part}": value for part, value in parts.items()}


OTHER_CAUSES = (
    EpisodeGroup(
        "30 % of nodes offline for 30 days",
        sets=_event("cause", "outage", 0.3, start=BEGIN, days=30.0),
    ),
    EpisodeGroup(
        "30 % of nodes banned", sets=_event("cause", "ban", 0.3, start=BEGIN, days=CENTURY)
    ),
    EpisodeGroup(
        "hardware a third cheaper",
        sets=_event("cause", "hardware", -0.4, start=BEGIN, days=CENTURY),
    ),
    EpisodeGroup(
        "20 % of locked tokens sold in 30 days",
        sets=_event("cause", "unlock", 0.2, start=BEGIN, days=30.0),
    ),
    EpisodeGroup("demand falls by a half", events={"demand_size": (-0.7, -0.6)}),
)


@dataclass(frozen=True, eq=False)
class Episodes:
    """series: the observables of the surviving episodes. kind: (episodes,) of KINDS. velocity: log
    rise of volume over circulating supply.

    failed: episodes that broke off or have no steady state, and are not counted.
    """

    series: Series
    kind: np.ndarray
    velocity: np.ndarray
    failed: int


def _draw(ranges: Mapping[str, Range], uniforms: np.ndarray) -> dict[str, np.ndarray]:
    """Values (episodes,) by name, evenly in the logarithm, or in the value of what need not be
    positive. uniforms: (episodes, names).
    """
    columns = zip(ranges.items(), uniforms.T, strict=True)
    return {
        name: low * (high / low) ** u if low > 0.0 else low + (high - low) * u
        for (name, (low, high)), u in columns
    }


def simulate_episodes(
    group: EpisodeGroup, count: int, seed: int, kinds: Sequence[str] = KINDS
) -> Episodes:
    """Simulate `count` episodes of each kind.

    The same seed draws the same points, events and shocks in every group but for its ranges. Raises
    ModelError where a group's structure cannot be simulated.
    """
    ranges, events = {**BASE, **group.ranges}, {**EVENTS, **group.events}
    total, streams, days = count * len(kinds), Streams(seed), SETTLING + BEFORE + group.after
    uniforms = np.array(
        [
            streams.uniforms(i, "velocity_episode", len(ranges) + len(events) + 2)
            for i in range(total)
        ]
    )
    points = _draw(ranges, uniforms[:, : len(ranges)])
    drawn = _draw(events, uniforms[:, len(ranges) : -2])
    by_news, falls = uniforms[:, -2] < 0.5, uniforms[:, -1] < 0.5
    kind = np.tile(np.array(kinds), count)
    usage, speculation = np.isin(kind, ("usage", "mixed")), np.isin(kind, ("speculation", "mixed"))
    start = SETTLING + BEFORE + drawn["start"]
    points |= {
        "events.usage.start": start,
        "events.usage.days": drawn["demand_days"],
        "events.usage.size": np.where(usage, drawn["demand_size"], 0.0),
        "events.speculation.start": start,
        "events.speculation.days": drawn["news_days"],
        "events.speculation.size": np.where(
            speculation & by_news, np.where(falls, -1.0, 1.0) * drawn["news_size"], 0.0
        ),
    }
    sets = {
        "simulation.days": days,
        **_event("usage", "demand", 0.0, start=BEGIN, days=0.0),
        **_event("speculation", "news", 0.0, start=BEGIN, days=0.0),
        **group.sets,
    }
    overlays = (group.overlay,) if group.overlay else ()
    parameters = resolve("baseline", policy=group.policy, overlays=overlays, sets=sets).values
    table = sample(parameters, range(total), seed)
    # speculators' activity: their noise orders are a multiple of the usual for a while
    covered = window(np.arange(days)[:, None], 1.0, start, drawn["noise_days"])
    factor = 1.0 + np.where(speculation & ~by_news, drawn["noise_factor"] - 1.0, 0.0) * covered
    table = table.replace(speculation_noise=table.values["speculation_noise"] * factor)
    begin = steady_states(dict(parameters), MODEL, points, total)
    params = bind(parameters, table)
    engine = Ensemble(
        MODEL.bound(params),
        params,
        swept=list(points),
        record=[*OBSERVED, "circulating_supply"],
        steps=days,
    )
    outcome = engine(begin, points, engine.shocks(table), lanes=total)
    good = (outcome.failed == 0) & np.isfinite(begin["token_price"])
    if not good.any():
        raise ModelError(f"no episode of the group '{group.name}' could be simulated")
    # the first place of a path is the state before any trade
    paths = {name: path[good, -(BEFORE + group.after) :] for name, path in outcome.values.items()}
    series = observed(paths)
    velocity = series.volume / paths["circulating_supply"]
    rise = np.log(velocity[:, BEFORE:].mean(axis=1) / velocity[:, :BEFORE].mean(axis=1))
    return Episodes(series, kind[good], rise, int(np.sum(~good)))
