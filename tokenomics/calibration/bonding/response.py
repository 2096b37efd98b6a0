"""The share bonded on its yield: least squares on a history of rounds, and a bootstrap for what is
biased and unsure in it.

Over the n rounds of a row, x(t + n) − x(t) = n (c − speed x + gain z) + √n e. With the package's
two forms of the response (model/blocks/bonding.py): logistic, x the log odds of the share of its
limit, 1, and z the yield; elasticity, x the log of the share and z that of the yield. Yield
[1/year] is inflation a round × rounds a year ÷ share. In the model's terms speed is that of
`bonding.time`, and gain ÷ speed is 1/`response_scale`, or `elasticity`.

A share that is slow beside its history looks faster than it is (Kendall 1954), and its yield falls
with it. So histories are simulated with the estimates, the rule and blocks of the residuals, and
estimated again: what that shifts is taken off. Others simulated without it give the intervals
(studentised bootstrap, Davison and
Hinkley 1997, section 5.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ...errors import InputError, nearest
from ...protocols.counterfactual import ExogenousRow, Response, Setting
from ...protocols.livepeer import PERC_DIVISOR, ROUNDS_A_YEAR, LivepeerParameters
from ...protocols.rule import Row
from ...results.intervals import LEVEL
from ..dependence import newey_west

DAYS_A_ROUND = 365.0 / ROUNDS_A_YEAR
FEWEST = 100  # rounds that are fitted
BLOCK = 10  # rounds: residuals of large holders' moves come in a row
DRAWS = 999
Form = Literal["logistic", "elasticity"]
FORMS: tuple[Form, ...] = ("logistic", "elasticity")


@dataclass(frozen=True, eq=False)
class BondingHistory:
    """Rows that a round ended. share: bonded of supply, (n + 1,). inflation: [1/round], (n + 1,).
    rounds: between two of them, (n,). target, change: the rule's, share and step [1/round].
    """

    share: np.ndarray
    inflation: np.ndarray
    rounds: np.ndarray
    target: float
    change: float

    def __len__(self) -> int:
        return len(self.rounds)

    def part(self, first: int, last: int) -> BondingHistory:
        """Steps from one to before another."""
        return replace(
            self,
            share=self.share[first : last + 1],
            inflation=self.inflation[first : last + 1],
            rounds=self.rounds[first:last],
        )

    def moved(self, inflation: np.ndarray, share: np.ndarray, rounds: float) -> np.ndarray:
        """Inflation so many rounds on, by the rule."""
        steps = self.change * rounds * np.sign(self.target - share)
        return np.maximum(inflation + steps, 0.0)

    @property
    def half(self) -> int:
        """The step by which half of the rounds are over."""
        return int(np.searchsorted(np.cumsum(self.rounds), self.rounds.sum() / 2.0)) + 1


def history(
    rows: Sequence[Row],
    outside: Sequence[ExogenousRow],
    parameters: LivepeerParameters,
    file: object = None,
) -> BondingHistory:
    """Of recorded rows of Livepeer; those in which no round ended are left out. parameters: that
    acted. file: for the message. Raises InputError where nothing is bonded, or all.
    """
    kept = [0, *(i + 1 for i, row in enumerate(outside) if row.acted)]
    share = [rows[i].inputs.bonded / max(rows[i].inputs.supply, 1) for i in kept]
    for i, value in zip(kept, share, strict=True):
        if not 0.0 < value < 1.0:
            raise InputError(
                f"{value:g} of supply",
                file=file,
                line=rows[i].line,
                key="bonded",
                expected="a share of supply between 0 and 1, both exclusive",
            )
    return BondingHistory(
        np.array(share),
        np.array([rows[i].state.inflation / PERC_DIVISOR for i in kept]),
        np.array([float(len(row.acted)) for row in outside if row.acted]),
        parameters.target / PERC_DIVISOR,
        parameters.change / PERC_DIVISOR,
    )


def scaled(form: Form, share: np.ndarray) -> np.ndarray:
    """x of a share."""
    return np.log(share / (1.0 - share)) if form == "logistic" else np.log(share)


def unscaled(form: Form, x: np.ndarray) -> np.ndarray:
    """The share of x, at most 1 and no less than a billionth, to which the chain rounds."""
    x = np.clip(x, -20.7, 20.7 if form == "logistic" else 0.0)
    return 1.0 / (1.0 + np.exp(-x)) if form == "logistic" else np.exp(x)


def drive(form: Form, inflation: np.ndarray, share: np.ndarray) -> np.ndarray:
    """z of what is bonded: its yield [1/year], or the log of it."""
    earned = inflation * ROUNDS_A_YEAR / share
    return earned if form == "logistic" else np.log(np.maximum(earned, 1e-9))


def _least_squares(
    x: np.ndarray, z: np.ndarray, rounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients c, speed, gain and their standard errors for even noise, (…, 3) each; x, z:
    (…, n + 1).
    """
    root = np.sqrt(rounds)
    design = root[:, None] * np.stack([np.ones_like(x), -x, z], axis=-1)[..., :-1, :]
    step = np.diff(x, axis=-1) / root
    try:
        inverse = np.linalg.inv(np.einsum("...ni,...nj->...ij", design, design))
    except np.linalg.LinAlgError:
        raise _untold() from None
    found = np.einsum("...ij,...nj,...n->...i", inverse, design, step, optimize=True)
    left = step - np.einsum("...ni,...i->...n", design, found)
    even = (left**2).sum(axis=-1) / (len(rounds) - found.shape[-1])
    return found, np.sqrt(even[..., None] * np.diagonal(inverse, axis1=-2, axis2=-1))


def _untold() -> InputError:
    return InputError(
        "the share bonded or its yield does not move",
        key="history",
        expected="rounds in which both move, else the response cannot be told",
    )


@dataclass(frozen=True)
class BondingFit:
    """A fit. form: of the response. on: the history. seed: of the bootstrap. draws: its number."""

    form: Form
    on: BondingHistory
    seed: int = 0
    draws: int = DRAWS

    @cached_property
    def _xz(self) -> tuple[np.ndarray, np.ndarray]:
        return scaled(self.form, self.on.share), drive(self.form, self.on.inflation, self.on.share)

    @cached_property
    def plain(self) -> np.ndarray:
        """c, speed [1/round] and gain by least squares, biased."""
        return self._fitted[0]

    @cached_property
    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        return _least_squares(*self._xz, self.on.rounds)

    @cached_property
    def robust(self) -> np.ndarray:
        """Their standard errors of Newey and West, beside the bootstrap's."""
        (x, z), root = self._xz, np.sqrt(self.on.rounds)
        design = root[:, None] * np.column_stack([np.ones(len(root)), -x[:-1], z[:-1]])
        return newey_west(np.diff(x) / root, design)[1]

    @cached_property
    def residuals(self) -> np.ndarray:
        """e: what moved bonding beside its yield, of one round, (n,)."""
        (x, z), (c, speed, gain) = self._xz, self.plain
        moved = self.on.rounds * (c - speed * x[:-1] + gain * z[:-1])
        return (np.diff(x) - moved) / np.sqrt(self.on.rounds)

    def _again(self, truth: np.ndarray, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Least squares on histories that were simulated at a truth, (draws, 3) each."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, stream]))
        n, (c, speed, gain) = len(self.on), truth
        noise = (self.residuals - self.residuals.mean()) * np.sqrt(n / (n - len(truth)))
        shocks = blocks_of(noise, self.draws, n, rng)
        x, inflation = np.empty((2, self.draws, n + 1))
        x[:, 0], inflation[:, 0] = self._xz[0][0], self.on.inflation[0]
        for t, rounds in enumerate(self.on.rounds):
            share = unscaled(self.form, x[:, t])
            z = drive(self.form, inflation[:, t], share)
            moved = rounds * (c - speed * x[:, t] + gain * z)
            x[:, t + 1] = x[:, t] + moved + np.sqrt(rounds) * shocks[:, t]
            inflation[:, t + 1] = self.on.moved(inflation[:, t], share, rounds)
        z = drive(self.form, inflation, unscaled(self.form, x))
        return _least_squares(x, z, self.on.rounds)

    @cached_property
    def value(self) -> np.ndarray:
        """The coefficients without their bias, which is that of histories simulated at them as they
        come; bonding is no slower than the history.
        """
        found = 2.0 * self.plain - np.median(self._again(self.plain, 0)[0], axis=0)
        if found[1] >= 1.0 / self.on.rounds.sum():
            return found
        return self._at(1.0 / self.on.rounds.sum())

    def _at(self, speed: float) -> np.ndarray:
        """Least squares of the other two at a speed."""
        (x, z), rounds = self._xz, self.on.rounds
        root = np.sqrt(rounds)
        design = root[:, None] * np.column_stack([np.ones(len(root)), z[:-1]])
        wanted = (np.diff(x) + speed * rounds * x[:-1]) / root
        c, gain = np.linalg.lstsq(design, wanted, rcond=None)[0]
        return np.array([c, speed, gain])

    @cached_property
    def sampled(self) -> np.ndarray:
        """Coefficients as far as they may be from the truth, (draws, 3): the estimates, less how
        many standard errors those of histories simulated without the bias are from theirs.
        """
        again, errors = self._again(self.value, 1)
        return self.plain - (again - self.value) / errors * self._fitted[1]

    @cached_property
    def usable(self) -> np.ndarray:
        """The draws as a model takes them: bonding no slower than its history and done within a row
        of three rounds at the fastest, and a response to the yield that is none or positive.
        """
        speed = np.clip(self.sampled[:, 1], 1.0 / self.on.rounds.sum(), 1.0 / 3.0)
        gain = np.maximum(self.sampled[:, 2], 0.0)
        return np.column_stack([self.sampled[:, 0], speed, gain])

    def interval(self, values: np.ndarray) -> tuple[float, float]:
        """Ends of the 95 % interval of what is computed draw by draw."""
        low, high = np.quantile(values, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0])
        return float(low), float(high)


def deviating(form: Form, speed: float, gain: float) -> Response:
    """How the deviation from a record goes on: what moved bonding beside its yield stays as it
    was.
    """

    def response(deviation: float, rounds: int, recorded: Setting, here: Setting) -> float:
        drives = [
            drive(form, np.float64(s.inflation), max(s.share, 1e-9)) for s in (recorded, here)
        ]
        return deviation + rounds * (gain * float(drives[1] - drives[0]) - speed * deviation)

    return response


def blocks_of(residuals: np.ndarray, draws: int, length: int, rng) -> np.ndarray:
    """Residuals in blocks as they came, wrapped at the end, (draws, length)."""
    count = -(-length // BLOCK)
    starts = rng.integers(0, len(residuals), (draws, count, 1))
    picked = (starts + np.arange(BLOCK)) % len(residuals)
    return residuals[picked.reshape(draws, -1)[:, :length]]


def fit(
    on: BondingHistory,
    form: Form = "logistic",
    seed: int = 0,
    draws: int = DRAWS,
    of: float | None = None,
) -> BondingFit:
    """Fit a response. of: rounds of the history whose first half it is fitted on, for the message.
    Raises InputError for fewer than `FEWEST` rounds, for an unknown form, and where share or yield
    does not move.
    """
    if form not in FORMS:
        raise InputError(
            f"'{form}'",
            argument="response",
            expected=" or ".join(FORMS),
            nearest=nearest(form, FORMS),
        )
    if on.rounds.sum() < FEWEST:
        part = "" if of is None else f" in the first half of {of:.0f}"
        raise InputError(
            f"{on.rounds.sum():.0f} rounds{part}",
            key="history",
            expected=f"at least {FEWEST} to fit",
        )
    x, z = scaled(form, on.share)[:-1], drive(form, on.inflation, on.share)[:-1]
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(on)), x, z])) < 3:
        raise _untold()
    return BondingFit(form, on, seed, draws)
