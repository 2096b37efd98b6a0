"""What is worked out of a network once, and kept for the next call: networks that differ in levers
or events alone have the same today, and a notebook asks of it again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import TypeVar

from ..parameters import Parameters, put
from ..parameters.resolved import digest
from .controllers import SHIPPED, law
from .model import BLOCKS, MODEL, Model

MOST = 64  # networks of which something is kept
Found = TypeVar("Found")


def all_shipped(model: Model, parameters: Parameters) -> bool:
    """Whether only code of this package acts. What a user's own code gives may depend on what a
    notebook says elsewhere, so that nothing of it is kept.
    """
    name = parameters.controller.type
    return model.acting(parameters).blocks == BLOCKS and law(name) is SHIPPED.get(name)


def up_to_day_zero(parameters: Parameters) -> Parameters:
    """The same network, with no more said of how long it is simulated, when it changes and which
    events come.
    """
    return put(parameters, {"simulation.days": 1.0, "change.day": 0.0, "events": {}})


@dataclass(frozen=True)
class _Network:
    """A network to the cache: a digest of its parameters. What it is comes with it."""

    digest: str
    parameters: Parameters = field(compare=False)
    model: Model = field(compare=False)


def kept(function: Callable[..., Found]) -> Callable[..., Found]:
    """A function of parameters, a model and what else can be told apart, whose results nobody
    changes and which depends neither on the span nor on events: called once for each network of
    this package's code.
    """

    @lru_cache(maxsize=MOST)
    def known(network: _Network, *others: Hashable) -> Found:
        return function(network.parameters, network.model, *others)

    @wraps(function)
    def found(parameters: Parameters, model: Model = MODEL, *others: Hashable) -> Found:
        if not all_shipped(model, parameters):
            return function(parameters, model, *others)
        told = _Network(digest(up_to_day_zero(parameters)), parameters, model)
        return known(told, *others)

    return found
