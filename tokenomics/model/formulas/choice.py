"""What customers weigh up, and how they choose: costs of each seller, and a nested logit on
effective prices. Units: USD/Mtok, s.

An effective price is what is paid × (1 + what is not paid (lateness, exposure) over the seller's
price of today) × exp(wedge). So a price has the same elasticity however late or exposed the work
is; without its wedge an effective price is today the sum of both. A wedge is what recourse, trust
and service are worth in log price, solved so that the shares of today are met. All prices of a
class are relative to its mean cost of today.
"""

from collections import ChainMap

import numpy as np

from ...elementary import exp, log
from ...parameters.choice import scales
from .distribution import Cumulants, quantile
from .latency import seller_latency
from .numerics import positive, relaxation
from .outages import cloud_up, network_up
from .payment import exposed_share, premium

LARGEST_EXPONENT = 700.0  # beyond it exp leaves double precision
SELLERS = ("network", "sellers", "cloud")


def latency_penalty(needs, call):
    """Cost of a task's latency beyond the tolerance, in the mean and in the tail [USD/Mtok]. call:
    `Cumulants` of one request.
    """
    whole = call.repeated(needs.calls)
    excess = np.maximum(whole.mean - needs.latency_tolerance, 0.0)
    tail = np.maximum(quantile(whole, 0.99) - needs.latency_tolerance, 0.0)
    return needs.latency_cost / needs.latency_tolerance * (excess + tail)


def network_cost(params, needs, state):
    """What a task costs on the network: paid, with what risk and failures add to it, and not paid
    [USD/Mtok].

    state: needs inference_price, price_variance, latency_mean, latency_variance, latency_third,
    failure_share, bad_share, privacy_protection.
    """
    venues, bills = params["venues"], params["bills"]
    call = Cumulants(state["latency_mean"], state["latency_variance"], state["latency_third"])
    risk = (
        venues.risk_aversion
        * exposed_share(params)
        * np.sqrt(state["price_variance"] * bills.quote_lag)
    )
    up = network_up(params["outages"], params["access"])
    good = (1.0 - state["failure_share"]) * up
    harm = 1.0 - good + good * state["bad_share"] * venues.bad_answer_cost
    paid = state["inference_price"] * (1.0 + risk + needs.failure_cost * harm + premium(params))
    exposed = needs.privacy_need * (1.0 - state["privacy_protection"])
    return paid, latency_penalty(needs, call) + exposed


def seller_cost(seller, needs, up):
    """What a task costs at another seller or on the cloud, which a contract binds: paid, with what
    failures add to it, and not paid [USD/Mtok]. up: share of requests that succeed.
    """
    paid = seller.price * (1.0 + needs.failure_cost * (1.0 - up))
    return paid, latency_penalty(needs, seller_latency(seller))


def log_prices(params, needs, state):
    """Logs of the effective prices of network, other sellers and cloud, without wedges."""
    costs = (
        network_cost(params, needs, state),
        seller_cost(params["api"], needs, params["api"].uptime),
        seller_cost(params["cloud"], needs, cloud_up(params["outages"], params["cloud"])),
    )
    return tuple(
        log(paid * (1.0 + unpaid * (1.0 / state[f"price_today_{seller}"])))
        for seller, (paid, unpaid) in zip(SELLERS, costs, strict=True)
    )


def prices_by_class(params, state):
    """`log_prices` of every class, by its name."""
    return {
        name: log_prices(params, workload, state) for name, workload in params["workloads"].items()
    }


def solved(params, rest):
    """Scales and wedges that meet the targets of demand at the start; see `parameters.choice`.

    With relative cost 1 of the class, exp(−λ x) is the share of a branch at log price x, and
    exp(−μ (x − x_nest)) that of a seller within the nest.
    """
    within, between = scales(params["venues"], params["workloads"])
    found = {"choice_within": within, "choice_between": between}
    for name, workload in params["workloads"].items():
        own, other = workload.network_share, workload.sellers_share
        nest = -log(own + other) / between
        wanted = (
            nest - log(own / (own + other)) / within,
            nest - log(other / (own + other)) / within,
            -log(1.0 - own - other) / between,
        )
        prices = rest.of(prices_by_class)[name]
        for seller, target, price in zip(SELLERS, wanted, prices, strict=True):
            found[f"wedge_{seller}_{name}"] = target - price
    return found


def chosen(params, name, state):
    """Shares of the network and of the other sellers in what a class prefers, and the log of its
    mean cost, relative to today's. name: of the class. state: with the scales and wedges.
    """
    return _preferred(name, state, log_prices(params, params["workloads"][name], state))


def _preferred(name, state, prices):
    within, between = state["choice_within"], state["choice_between"]
    network, sellers, cloud = (
        price + state[f"wedge_{seller}_{name}"]
        for seller, price in zip(SELLERS, prices, strict=True)
    )
    inside, rest = _split(within * (network - sellers))
    nest = network + log(inside) * (1.0 / within)
    branch, _ = _split(between * (nest - cloud))
    return branch * inside, branch * rest, nest + log(branch) * (1.0 / between)


def _split(gap):
    """Shares of one of two and of the other, whose log odds are −gap."""
    odds = exp(np.clip(gap, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    share = 1.0 / (1.0 + odds)
    return share, odds * share


def class_work(params, name, potential, mean_cost):
    """Work of a class at all sellers [Mtok/day]: its part of potential demand, elastic to its mean
    cost. mean_cost: log, relative to today's.
    """
    workload = params["workloads"][name]
    return potential * workload.share * exp(-workload.price_elasticity * mean_cost)


def work_at(params, state, price):
    """The network's work in a step at another price [Mtok/day]: work changes with its mean cost at
    once, shares as fast as customers change. state: after customers have chosen.
    """
    changing = relaxation(params["time_step"], params["venues"].switching_time)
    if not params["venues"].enabled:
        changing = 0.0
    there, total = ChainMap({"inference_price": price}, state), 0.0
    for name in params["workloads"]:
        now, _, _ = chosen(params, name, state)
        network, _, mean_cost = chosen(params, name, there)
        own = positive(state[f"share_{name}"] + (network - now) * changing)
        total = total + class_work(params, name, state["potential_demand"], mean_cost) * own
    return total


def choice_at_rest(params, rest):
    """`choice_settled` at rest."""
    return choice_settled(params, rest, rest.of(prices_by_class))


def choice_settled(params, state, prices=None):
    """Shares and work of every class that has settled on its sellers, and the network's work
    [Mtok/day]. prices: `log_prices` by class, where they are known.
    """
    prices, found, total = prices or prices_by_class(params, state), {}, 0.0
    for name in params["workloads"]:
        network, sellers, mean_cost = _preferred(name, state, prices[name])
        work = class_work(params, name, state["potential_demand"], mean_cost) * network
        found[f"share_{name}"], found[f"sellers_{name}"] = network, sellers
        found[f"demand_{name}"] = work
        total = total + work
    parts = [found[f"demand_{name}"] for name in params["workloads"]]
    return found | {"demand": total, "demand_concentration": concentration(parts, total)}


def concentration(parts, total):
    """Herfindahl index: sum of the squared shares of `parts` in their total; 1 where that is 0."""
    there, index = np.greater(total, 0.0), 0.0
    per = 1.0 / np.where(there, total, 1.0)
    for part in parts:
        index = index + (part * per) * (part * per)
    return np.where(there, index, 1.0)
