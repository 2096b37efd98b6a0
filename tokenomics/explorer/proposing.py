"""The settings of the page as a proposal file, which `tokenomics propose` reads.

Its limits are a beginning: nothing on the page gets worse than today by as much as matters. Who
proposes states his own in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..governance.proposal.proposal import read_proposal
from ..parameters import NONE
from ..parameters.writing import yaml_text
from ..results.matters import declared
from ..results.metrics import METRICS
from .opening import Opening
from .simulation import SHOWN, Explored
from .sliders import moved

HEAD = """\
# Written by `tokenomics explore`; run it with: tokenomics propose FILE
# The limits are a beginning: no metric of the page gets worse than today by as much as matters.
# State your own in their place, each with its reason, and a span of three years where nothing
# speaks for another (simulation.days).
"""


def proposal_of(
    explored: Explored, opening: Opening, values: Mapping[str, float], title: str
) -> dict[str, Any]:
    """The tree of a proposal. values: of all that can be moved, by path. Raises InputError where no
    lever is moved, and where the proposal is none.
    """
    network = explored.resolved
    other = moved(values, network)
    proposed = {path: value for path, value in other.items() if network.is_lever(path)}
    if not proposed:
        raise InputError(
            "no lever is moved", expected="another value than today's of at least one lever"
        )
    world = {path: value for path, value in other.items() if path not in proposed}
    scenario, events = opening.scenario, {}
    if any(network.entries[path].role == "scenario" for path in world):
        # an event that was moved is no longer the scenario's of that name: all of it is told
        scenario, events = NONE, _events(explored, opening)
    tree: dict[str, Any] = {"title": title, "base": opening.params}
    if opening.policy is not None:
        tree["policy"] = opening.policy
    if opening.overlays:
        tree["overlays"] = list(opening.overlays)
    span = {"simulation.days": network.values.simulation.days}
    tree |= {
        "set": {**opening.settings, **span, **events, **world},
        "proposed": proposed,
        "scenarios": [scenario],
        "runs": opening.runs,
        "seed": opening.seed,
        "limits": _limits(explored.margins(values)),
    }
    read_proposal(tree)
    return tree


def _events(explored: Explored, opening: Opening) -> dict[str, Any]:
    """All that a scenario sets, by path."""
    below = opening.other(scenario=NONE).resolved().entries
    return {
        path: entry.value
        for path, entry in explored.resolved.entries.items()
        if entry.value != {} and (path not in below or below[path].value != entry.value)
    }


def _limits(margins: Mapping[str, float]) -> list[dict[str, str]]:
    """A limit for every metric of the page of which one direction is better."""
    found = []
    for name in SHOWN:
        better, size = METRICS[name].better, float(f"{margins[name]:.3g}")
        if not better or not size:
            continue
        rule = f"<= {size:g}" if better == "lower" else f">= {-size:g}"
        source = declared(name).source
        reason = f"no worse than today by as much as matters ({source})"
        found.append({"limit": f"{name} {rule}", "of": "change", "reason": reason})
    return found


def proposal_text(tree: Mapping[str, Any]) -> str:
    """The file."""
    return HEAD + yaml_text(dict(tree))
