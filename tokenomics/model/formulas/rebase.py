"""A rebase: every balance times one factor, whoever holds it. Units: TOK, TOK/day."""

import numpy as np

from ..controllers import REBASE, remembers


def rebases(params):
    """Whether the control law changes all balances in proportion."""
    return remembers(params["controller"].type, REBASE)


def factor(state):
    """On every balance in this step: of a decision of this step, 1 where there is none."""
    return np.where(state["control_age"] > 0.0, 1.0, state[f"control_{REBASE}"])


def rebased(params, state):
    """By what a rebase has changed total supply in this step [TOK/day]. state: after it."""
    return state["total_supply"] * (1.0 - 1.0 / factor(state)) / params["time_step"]
