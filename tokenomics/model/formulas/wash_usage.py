"""Work that somebody brings and pays for himself so that the network looks used, and who is paid
for it.

He brings a share of what customers bring. His nodes, a share of the fleet, do what he sends to them
first, as far as they can; all other work goes to the nodes in proportion to the capacity that they
have left, and operators are paid, fees and emission alike, in proportion to the work that they do.
Source of the scheme: fixed emission shared out by usage, on which a Helium hotspot earned 21,000
USD of HNT with 145 USD of data credits that it sent to itself (Helium HIP 10). Units: 1, USD/day.
"""

import numpy as np

from .numerics import window
from .payment import fees_worth

NOTHING = 1e-12  # work and capacity of nothing, where one is divided by


def faked_ratio(params, state):
    """Faked work over the work that customers bring, in this step."""
    wash = params["wash_usage"]
    if not wash.enabled:
        return 0.0
    return wash.size * window(state["time"], params["time_step"], wash.start, wash.days)


def _loads(params, state):
    """All work that is served, what he sends to his own nodes, all capacity, and that of his nodes
    [Mtok/day].
    """
    wash, faked = params["wash_usage"], state["served"] * faked_ratio(params, state)
    capacity = state["capacity"]
    own = wash.own_nodes * capacity
    sent = np.minimum(wash.directed * faked, params["capacity"].admission_limit * own)
    return state["served"] + faked, sent, capacity, own


def own_share(params, state):
    """Share of all work that his nodes do. state: needs served, capacity and time."""
    work, sent, capacity, own = _loads(params, state)
    left = (own - sent) / np.maximum(capacity - sent, NOTHING)
    return (sent + left * (work - sent)) / np.maximum(work, NOTHING)


def paid_out(params, state, price, booked=False):
    """Fees and emission that operators get for their work [USD/day], at a price of tokens
    [USD/TOK]. What is bought back for them goes by their bonds, and is no part of it. booked: as
    of `fees_worth`.
    """
    return fees_worth(params, state, price, booked) + state["emitted"] * price


def diverted(params, state):
    """By how much operators would earn less if all nodes did as much work as those that are not
    his, because he sends work to his own [USD/day]. state: as of `own_share`, and fees, emitted,
    burn_share and token_price.
    """
    if not params["wash_usage"].enabled:
        return 0.0
    work, sent, capacity, _ = _loads(params, state)
    others = (work - sent) / np.maximum(capacity - sent, NOTHING)
    mean = np.maximum(work, NOTHING) / np.maximum(capacity, NOTHING)
    return (1.0 - others / mean) * paid_out(params, state, state["token_price"])
