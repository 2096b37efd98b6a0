"""No control."""

from .command import Command, Law


def decide(params, state, error, dt, low, high):
    """Do nothing."""
    return Command(0.0 * error)


LAW = Law(decide)
