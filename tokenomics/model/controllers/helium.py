"""Helium's issuance: on every day a schedule that halves is minted, and of burned tokens an average
over some days again, up to a cap (HIP-20's net emissions).

The law on the rule's own clock, an epoch of a day: amounts are whole bones, 1e-8 of a token, and
exact. What is minted on a day settles the day before. Several epochs in a step share alike what was
burned in it. HIP-149's minimum and supplement are left out. Source: helium/helium-program-library,
programs/helium-sub-daos; in integers in `protocols/helium_issuance.py`. Needs `emission.mode: law`.
"""

import numpy as np

from ...parameters.schema import MOST_ROUNDS
from ..formulas.numerics import CLOCK_TOLERANCE, positive
from .command import EMISSION, Command, Law, Memory, emitted_so_far

BONES = 1e8  # of a token
SEED = 300.0  # what an average of 0 is taken for [bones]
PASSES = 2  # in an epoch, one for each of the networks below


def smoothed(average, burned, rule):
    """The average of burned tokens after an epoch [bones]; where it is not carried on, each pass
    goes on from what the one before left in the same epoch. burned: in the epoch [bones].
    """
    width = rule.smoothing
    if not rule.carried:
        average = 0.0 * average
    after = np.where(average > 0.0, average, SEED)
    for _ in range(1 if rule.carried else PASSES):
        after = np.floor((width - 1.0) * after / width) + np.floor(burned / width)
    return np.where(np.equal(width, 1.0), burned, after)


def whole(tokens):
    """Tokens in bones, rounded down but for what doubles lack."""
    return np.floor(tokens * BONES + 1e-3)


def minted(average, share, rule):
    """What an epoch mints [bones]. share: that of the schedule's emission which is left."""
    given_back = np.minimum(average, whole(rule.cap))
    return whole(rule.emission * share) + given_back + whole(rule.treasury)


def halvings(rule, time):
    """Halvings until a time [days]."""
    since = time - rule.halving + CLOCK_TOLERANCE
    return np.floor(positive(since + rule.half_life) / rule.half_life)


def decide(params, state, error, dt, low, high):
    """Settle the epochs that end in this step."""
    rule, time = params["controller"].helium, state["time"]
    # before day 0 a network goes nowhere by itself
    elapsed = np.where(time < -CLOCK_TOLERANCE, 0.0, dt)
    age = state["control_epoch_age"] + elapsed
    burned = state["control_unsettled"] + state["burned"] * elapsed
    halved = halvings(rule, time) > halvings(rule, time - elapsed)
    share = np.where(halved, 0.5, 1.0) * state["control_share"]
    epochs = np.floor(age + CLOCK_TOLERANCE)
    each = whole(burned / np.maximum(epochs, 1.0))
    average, paid = state["control_average"], 0.0 * burned
    for epoch in range(MOST_ROUNDS):
        ends = epochs > epoch
        average = np.where(ends, smoothed(average, each, rule), average)
        paid = paid + np.where(ends, minted(average, share, rule), 0.0)
    return Command(
        np.clip(0.0 * error, low, high),
        {
            "share": share,
            "average": average,
            "unsettled": np.where(epochs > 0.0, 0.0, burned),
            "epoch_age": age - epochs,
            EMISSION: paid / BONES / dt,
        },
    )


def average_at_rest(params, rest):
    """Of what is burned a day, which is what balances it."""
    return np.floor(rest["emission_rate"] * BONES)


LAW = Law(
    decide,
    (
        Memory("share", "1", "share of the schedule's emission that its halvings left", 1.0, 1.0),
        Memory("average", "1e-8 TOK", "average of what was burned a day", 1e8, average_at_rest),
        Memory("unsettled", "TOK", "burned since the last epoch ended", "pool_tok"),
        Memory("epoch_age", "days", "time since the last epoch ended"),
        Memory(EMISSION, "TOK/day", "what the rule mints", "pool_tok", emitted_so_far),
    ),
)
