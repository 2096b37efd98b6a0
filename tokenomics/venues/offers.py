"""What each venue offers a workload, on simulated paths of the economy: bills, latency, guarantees,
protection and generalised cost.

The workload is small against the network, so that it takes prices and queues as they are. A
protection that slows a node down costs its time: the price per Mtok rises by what the node no
longer does for others. Costs are those of the economy's own venue choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.formulas import billing as ways
from ..model.formulas.bonding import bonded
from ..model.formulas.cheating import cheating
from ..model.formulas.choice import latency_penalty, network_cost, seller_cost
from ..model.formulas.distribution import Cumulants
from ..model.formulas.latency import call_latency, seller_latency
from ..model.formulas.outages import cloud_up, network_up
from ..model.formulas.toll import toll as toll_of
from ..parameters import Parameters, put
from .workload import WorkloadFile

NETWORK, CLOUD = "network", "cloud"
MODES = {"none": "plain", "tee": "in an enclave", "optimistic": "optimistic", "zk": "with proofs"}
EXPOSURE = {
    "user_bill": lambda bills: 1.0,
    "bill_hedged": lambda bills: 1.0 - bills.hedge_ratio,
}  # share of the token's price risk that is borne


@dataclass(frozen=True, eq=False)
class Offer:
    """One way of running a workload. Arrays are (runs, days).

    mode: protection. payment: a name of `bills.PAYMENTS`. bill: USD/day. latency: of a task.
    cost: generalised, USD/Mtok. failed: share of attempts that are repeated. wrong: share of
    answers that are made up or a smaller model's, and used. up: share of requests that are
    answered. privacy, verification: levels of the workload file. parts: of the cost, lateness,
    exposure and recourse [USD/Mtok].
    """

    venue: str
    mode: str
    payment: str
    bill: np.ndarray
    latency: Cumulants
    cost: np.ndarray
    failed: np.ndarray
    wrong: np.ndarray
    up: np.ndarray
    privacy: str
    verification: str
    parts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """For tables."""
        return (
            f"{self.venue}, {MODES[self.mode]}, "
            f"{ways.PAYMENTS[self.payment].removeprefix('cloud ')}"
        )


def privacy_level(venue: str, confidentiality: float) -> str:
    """Who can read the data: a contract binds the cloud; an enclave hides them from whoever owns
    the machine.
    """
    return "enclave" if confidentiality > 0.0 else "contract" if venue == CLOUD else "none"


def verification_level(venue: str, protection) -> str:
    """When a faked answer is found out. The cloud answers for its own by contract, at once."""
    if venue == CLOUD or protection.integrity > 0.0:
        return "at once"
    return "afterwards"


def offers(
    parameters: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]
) -> list[Offer]:
    """Every venue, protection and payment. paths: (runs, days) by variable, see `RECORDED`."""
    return [*_network(parameters, work, paths), *_cloud(parameters, work, paths)]


def recorded(parameters: Parameters) -> list[str]:
    """The variables that `offers` needs."""
    names = [
        "inference_price",
        "token_price",
        "quote_price",
        "credit_price",
        "price_variance",
        "potential_demand",
        "initial_demand",
    ]
    names += [
        "demand",
        "served",
        "utilisation",
        "online",
        "staked",
        "unbonding",
        "nodes",
        "operator_income",
    ]
    return [*names, *(f"nodes_{name}" for name in parameters.fleet)]


def used(own: Parameters, paths: Mapping[str, np.ndarray]) -> np.ndarray:
    """Work of the workload [Mtok/day]."""
    return ways.usage(own.bills, paths["potential_demand"], paths["initial_demand"])


def _network(
    parameters: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]
) -> list[Offer]:
    base, found = dict(parameters), []
    own = work.served(parameters)
    size, bills = used(own, paths), own.bills
    for mode in MODES:
        request = dict(put(own, {"privacy.mode": mode}))
        protection = request["privacy"].in_use
        # the node's time per request, in that of an unprotected one; the network's own price is
        # that of its own mode
        slower = parameters.privacy.in_use.throughput / protection.throughput
        nodes = np.maximum(paths["nodes"], 1e-12)
        shares = (0.0 * nodes, 0.0 * nodes)
        if parameters.reliability.enabled:
            shares = cheating(
                request,
                bonded(paths) * paths["token_price"] / nodes,
                paths["operator_income"] / nodes,
            ).values()
        toll = toll_of(request, *shares)
        failed = toll["failure_share"]
        online = {name: paths[f"nodes_{name}"] * paths["online"] for name in parameters.fleet}
        call = call_latency(base, online, paths["utilisation"], failed, request)
        prices = {
            **paths,
            "inference_price": paths["inference_price"] * slower,
            "credit_price": paths["credit_price"] * slower,
        }
        bill = ways.every_way(bills, own.cloud, size, work.work.value, prices)
        seen = {
            "inference_price": prices["inference_price"],
            "price_variance": paths["price_variance"],
            "latency_mean": call.mean,
            "latency_variance": call.variance,
            "latency_third": call.third,
            "failure_share": failed,
            "bad_share": toll["bad_share"],
            "privacy_protection": protection.confidentiality,
        }
        task = call.repeated(work.calls.value)
        parts = {
            "lateness": latency_penalty(work.as_needs, call),
            "recourse": work.recourse_value.value + 0.0 * nodes,
        }
        parts["exposure"] = (
            work.privacy_need.value * (1.0 - protection.confidentiality) + 0.0 * nodes
        )
        up = network_up(parameters.outages, parameters.access) * (
            paths["served"] / np.maximum(paths["demand"], 1e-12)
        )
        for payment in ("user_bill", "bill_stablecoin", "bill_hedged", "bill_prepaid"):
            borne = EXPOSURE.get(payment, lambda bills: 0.0)(bills)
            way = {"mode": "tokens", "exposed_share": borne}
            priced = {**request, "payment": parameters.payment.model_copy(update=way)}
            paid, unpaid = network_cost(priced, work.as_needs, seen)
            cost = (
                paid + unpaid + parts["recourse"] + (bill[payment] - bill["bill_stablecoin"]) / size
            )
            found.append(
                Offer(
                    NETWORK,
                    mode,
                    payment,
                    bill[payment],
                    task,
                    cost,
                    failed,
                    toll["bad_share"],
                    up,
                    privacy_level(NETWORK, protection.confidentiality),
                    verification_level(NETWORK, protection),
                    parts,
                )
            )
    return found


def cloud_parameters(parameters: Parameters, own: Parameters) -> Parameters:
    """The cloud with requests of a workload's lengths: its latency in proportion to the service
    time, at the time per token that its own mean leaves.
    """
    cloud, usual = own.cloud, parameters.capacity.time_to_first_token
    tokens, count = parameters.demand.output_tokens, own.demand.output_tokens
    per_token = max(cloud.latency_mean - usual, 0.0) / tokens
    longer = (own.capacity.time_to_first_token + count * per_token) / (usual + tokens * per_token)
    return put(
        own,
        {
            "cloud.latency_mean": cloud.latency_mean * longer,
            "cloud.latency_p99": cloud.latency_p99 * longer,
        },
    )


def _cloud(
    parameters: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]
) -> list[Offer]:
    own = cloud_parameters(parameters, work.served(parameters))
    size, still, found = used(own, paths), np.zeros_like(paths["inference_price"]), []
    for mode in ("none", "tee"):
        protection = getattr(own.privacy, mode)
        priced: dict[str, Any] = dict(
            put(own, {"cloud.price": own.cloud.price / protection.throughput})
        )
        call = seller_latency(priced["cloud"]) + Cumulants(protection.latency)
        latency = Cumulants(
            *(part + still for part in (call.mean, call.variance, call.third))
        ).repeated(work.calls.value)
        bill = ways.every_way(own.bills, priced["cloud"], size, work.work.value, paths)
        up = cloud_up(own.outages, own.cloud)
        paid, unpaid = seller_cost(priced["cloud"], work.as_needs, up)
        cost = paid + unpaid
        for payment in ("bill_cloud", "bill_cloud_reserved"):
            total = cost + (bill[payment] - bill["bill_cloud"]) / size
            failed = 1.0 - up + still
            level = privacy_level(CLOUD, protection.confidentiality)
            verified = verification_level(CLOUD, protection)
            parts = {
                "lateness": latency_penalty(work.as_needs, seller_latency(priced["cloud"])) + still,
                "recourse": still,
                "exposure": still,
            }
            found.append(
                Offer(
                    CLOUD,
                    mode,
                    payment,
                    bill[payment] + still,
                    latency,
                    total,
                    failed,
                    still,
                    1.0 - failed,
                    level,
                    verified,
                    parts,
                )
            )
    return found
