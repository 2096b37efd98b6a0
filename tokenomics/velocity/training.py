"""Estimating the velocity detector, and its error rates beside those of one variable alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from ..results.intervals import Summary, summarise
from .detector import AFTER, BEFORE, FEATURES, Detector, features
from .episodes import TRAINING, Episodes, simulate_episodes

CLASSES = ("usage", "speculation")
UNDECIDED = (
    0.2,
    0.8,
)  # assumption: a verdict is worth giving where it is four times as likely as the other
COMMAND = "python tests/benchmarks/velocity.py --fit params/detectors/velocity.yaml"


def fit_logistic(columns: np.ndarray, usage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximum-likelihood weights of a logistic regression and their standard errors, the intercept
    first.

    columns: (episodes, features); usage: (episodes,) of bool. Errors are from the inverse of the
    information matrix.
    """
    x, sign = np.column_stack([np.ones(len(columns)), columns]), np.where(usage, 1.0, -1.0)

    def loss(weights):
        return np.mean(np.logaddexp(0.0, -sign * (x @ weights)))

    def slope(weights):
        return -x.T @ (sign * expit(-sign * (x @ weights))) / len(x)

    def curvature(weights):
        p = expit(x @ weights)
        return (x.T * (p * (1.0 - p))) @ x / len(x)

    found = minimize(
        loss,
        np.zeros(x.shape[1]),
        jac=slope,
        hess=curvature,
        method="trust-exact",
        options={"gtol": 1e-10},
    ).x
    return found, np.sqrt(np.diag(np.linalg.inv(curvature(found))) / len(x))


@dataclass(frozen=True)
class OneVariable:
    """The best a single number can do: usage where weight x value + intercept is above 0."""

    intercept: float
    weight: float

    @classmethod
    def estimate(cls, values: np.ndarray, usage: np.ndarray) -> OneVariable:
        """The logistic regression on one number."""
        intercept, weight = fit_logistic(values[:, None], usage)[0]
        return cls(float(intercept), float(weight))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Whether each is usage."""
        return self.intercept + self.weight * values > 0.0


@dataclass(frozen=True)
class Trained:
    """The detector, and what one variable alone can do: the log change of velocity (volume over
    supply) or of fees. From the same episodes.
    """

    detector: Detector
    alone: Mapping[str, OneVariable]


def train(count: int, seed: int, before: int = BEFORE) -> Trained:
    """Estimate on `count` episodes of usage and as many of speculation, drawn within the training's
    ranges.
    """
    episodes = simulate_episodes(TRAINING, count, seed, CLASSES)
    found, usage = features(episodes.series, before), episodes.kind == "usage"
    weights, errors = fit_logistic(np.column_stack([found[name] for name in FEATURES]), usage)
    rows = [
        {"weight": float(f"{w:.4g}"), "error": float(f"{e:.2g}")}
        for w, e in zip(weights, errors, strict=True)
    ]
    source = (
        f"estimated: maximum likelihood of a logistic regression on {len(usage)} simulated "
        f"episodes ({usage.sum()} usage, {np.sum(~usage)} "
        f"speculation, {episodes.failed} failed) around the baseline, seed {seed}; ranges in "
        f"tokenomics/velocity/episodes.py; "
        "undecided: assumption"
    )
    record = {
        "description": (
            "Usage or speculation behind a rise of a token's velocity: log odds of usage"
        ),
        "source": source,
        "command": COMMAND,
        "episodes": len(usage),
        "seed": seed,
        "before": before,
        "after": AFTER,
        "undecided": list(UNDECIDED),
        "intercept": rows[0],
        "features": dict(zip(FEATURES, rows[1:], strict=True)),
    }
    alone = {
        "velocity": OneVariable.estimate(episodes.velocity, usage),
        "fees": OneVariable.estimate(found["fees"], usage),
    }
    return Trained(Detector.model_validate(record), alone)


@dataclass(frozen=True, eq=False)
class Judged:
    """What was said of episodes. verdict: the detector's, with its undecided; usage: (episodes,) of
    bool by method, when each must choose.
    """

    episodes: Episodes
    verdict: np.ndarray
    usage: Mapping[str, np.ndarray]

    def shares(self, kind: str) -> dict[str, Summary]:
        """Shares of the detector's verdicts on one kind of episode, with Wilson's 95 %
        intervals.
        """
        mine = self.verdict[self.episodes.kind == kind]
        return {
            name: summarise((mine == name).astype(float), probability=True)
            for name in ("usage", "speculation", "undecided")
        }

    def chosen(self, method: str, kind: str) -> Summary:
        """Share of one kind of episode that a method calls usage when it must choose."""
        return summarise(
            self.usage[method][self.episodes.kind == kind].astype(float), probability=True
        )

    def error(self, method: str, risen: float = -np.inf) -> Summary:
        """Share of usage and speculation that a method gets wrong when it must choose, where
        velocity rose by more than `risen` log points.
        """
        return summarise(self._wrong(method, risen), probability=True)

    def gain(self, method: str, risen: float = -np.inf) -> Summary:
        """Error of another method less the detector's on the same episodes, with Student's interval
        of the paired difference.
        """
        return summarise(self._wrong(method, risen) - self._wrong("detector", risen))

    def decided(self, risen: float = -np.inf) -> tuple[Summary, Summary]:
        """Share of usage and speculation on which the detector gives no verdict, and share of its
        verdicts that are wrong.
        """
        counted = self._counted(risen)
        verdict, kind = self.verdict[counted], self.episodes.kind[counted]
        left = verdict != "undecided"
        return summarise((~left).astype(float), probability=True), summarise(
            (verdict != kind)[left].astype(float), probability=True
        )

    @classmethod
    def joined(cls, many: Sequence[Judged]) -> Judged:
        """Several judgements as one; their series, whose lengths differ, are those of the first."""
        kind, velocity = (
            np.concatenate([getattr(one.episodes, name) for one in many])
            for name in ("kind", "velocity")
        )
        episodes = Episodes(
            many[0].episodes.series, kind, velocity, sum(one.episodes.failed for one in many)
        )
        usage = {
            method: np.concatenate([one.usage[method] for one in many]) for method in many[0].usage
        }
        return cls(episodes, np.concatenate([one.verdict for one in many]), usage)

    def _counted(self, risen: float) -> np.ndarray:
        return np.isin(self.episodes.kind, CLASSES) & (self.episodes.velocity > risen)

    def _wrong(self, method: str, risen: float) -> np.ndarray:
        return (self.usage[method] != (self.episodes.kind == "usage"))[self._counted(risen)].astype(
            float
        )


def judge(trained: Trained, episodes: Episodes, before: int = BEFORE) -> Judged:
    """Verdicts of the detector, of each variable alone, and of the claim that a rise of velocity
    shows usage.
    """
    found = features(episodes.series, before)
    probability = trained.detector.probability(found)
    velocity = episodes.velocity
    usage = {"detector": probability > 0.5, "claim": velocity > 0.0}
    usage |= {
        "velocity": trained.alone["velocity"](velocity),
        "fees": trained.alone["fees"](found["fees"]),
    }
    return Judged(episodes, trained.detector.verdict(probability), usage)
