"""Rules that set a price anew in every block, in a step of thousands of blocks.

At the use of a step alone such a rule would take the price to its floor or beyond all bounds before
the day is over: customers answer within it. So the blocks run along the demand curve of the step
until the rule leaves the price alone. The curve is the customers' own, as a power of the price that
meets it where the blocks begin and about where they end; above the cloud's price, to which all can
turn at once, nobody is left. The price at rest is worked out, and the last blocks are the rule's
own.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.choice import work_at
from ..formulas.numerics import CLOCK_TOLERANCE

LARGEST = 2.0**53  # whole numbers up to here are exact in doubles
LEAST = 1e-12  # of use and work, whose logarithm is taken
LEAST_ANSWER = 1e-6  # elasticity of demand that no longer answers
LEAST_MOVE = 0.01  # of a log price, over which an elasticity is measured
TRIALS = 4  # prices at which the demand curve is looked up
NEWTON = 8  # steps to the price at which a rule rests, from a side without overshoot
LAST_BLOCKS = 3  # that the rule makes itself


def used(use, before, price, answer):
    """Use of capacity at a price, along the demand curve through the use at the price before."""
    return use * exp(-answer * log(price / before))


def price_for(use, before, wanted, answer):
    """The price at which the use is the one that is wanted, up to the largest."""
    drive = log(np.maximum(use, LEAST) / wanted) / answer
    return before * exp(np.clip(drive, -700.0, log(LARGEST / before)))


def demand_curve(params, state, price, wanted, lowest):
    """Use of capacity in this step if the price is this one [USD/Mtok], and the elasticity of
    demand, positive, from there to the price at which the use comes to where it is `wanted`, a
    lowest and a largest use. lowest: price to which the rule can bring it [USD/Mtok].
    """

    def work(at):
        return log(np.maximum(work_at(params, state, at), LEAST))

    here = work(price)
    use = state["utilisation"] * exp(here - work(state["inference_price"]))
    gap = log(np.maximum(use, LEAST) / np.clip(use, *wanted))
    most, least = log(params["cloud"].price / price), log(lowest / price)
    answer = 1.0 + 0.0 * gap
    for _ in range(TRIALS):
        move = np.maximum(np.minimum(gap / answer, most), least)
        move = np.where(np.abs(move) < LEAST_MOVE, LEAST_MOVE, move)
        answer = np.maximum((here - work(price * exp(move))) / move, LEAST_ANSWER)
    return use, answer


def root(start, low, high, function):
    """A root between low and high by Newton's method. function: value and slope at a price."""
    found = start
    for _ in range(NEWTON):
        value, slope = function(found)
        found = np.clip(found - value / slope, low, high)
    return found


def unit_today(state, base):
    """A whole unit of the rule [TOK/Mtok]: that of which the network's price has `base` today."""
    return state["inference_price"] / (state["token_price"] * base)


def has_begun(state):
    """Whether a rule acts: before day 0 a network goes nowhere by itself."""
    return state["time"] >= -CLOCK_TOLERANCE
