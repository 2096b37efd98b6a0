"""The fleet: installed capacity, merit-order supply and fiat cost of its accelerator types.

Reservation costs of a type are log-logistic around what the node earns elsewhere, so that the share
of potential nodes that joins at a revenue is 1/(1 + (cost/revenue)^(1/dispersion)): the merit-order
supply curve. Units: Mtok/day, nodes, USD/day.
"""

import numpy as np

from ...elementary import exp, log
from .numerics import MTOK_PER_DAY

HOURS = 24.0


def installed_capacity(params, nodes):
    """Mtok/day of the installed nodes at their latency target, before faults and overheads. nodes:
    by type.
    """
    total = 0.0
    for name, accelerator in params["fleet"].items():
        total = total + nodes[name] * accelerator.throughput * MTOK_PER_DAY
    return total


def willing_nodes(accelerator, unit_revenue, hardware_event=0.0, banned_share=0.0):
    """Nodes of one type that join at a revenue per unit of capacity [USD/Mtok]."""
    unit_cost = accelerator.reservation_cost * HOURS / (accelerator.throughput * MTOK_PER_DAY)
    loss = log(unit_cost) + hardware_event - log(np.maximum(unit_revenue, 1e-15))
    share = 1.0 / (1.0 + exp(np.clip(loss / accelerator.cost_dispersion, -60.0, 60.0)))
    return accelerator.potential_nodes * (1.0 - banned_share) * share


def fiat_cost(params, nodes, hardware_event=0.0):
    """What the nodes cost in fiat [USD/day]: electricity, hosting and finance. nodes: by type."""
    operators, total = params["operators"], 0.0
    for name, a in params["fleet"].items():
        hosting = operators.hosting_share * a.reservation_cost * exp(hardware_event)
        total = total + nodes[name] * HOURS * (a.power * operators.electricity_price + hosting)
    return total


def energy_cost(params, nodes):
    """Electricity per unit of work at full load, mean over the installed capacity [USD/Mtok]: what
    no one sells below.
    """
    spent = 0.0
    for name, accelerator in params["fleet"].items():
        spent = (
            spent + nodes[name] * HOURS * accelerator.power * params["operators"].electricity_price
        )
    return spent / np.maximum(installed_capacity(params, nodes), 1e-12)
