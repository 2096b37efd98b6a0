"""Latency of a request on the network, end to end: orchestration and access check, path, queue at
the node, service, protection, repeats.

Requests go to nodes at random in proportion to their capacity; each node works on as many at once
as its throughput and the service time say (Little 1961) and keeps its own queue. Types of node
differ in their places. Units: s.
"""

import numpy as np

from ...elementary import expm1, log, ndtri
from .distribution import Cumulants, at_node, lognormal, mixture
from .queueing import node_scv


def service_time(params):
    """Time that a node works on one request [s]: TTFT + output tokens × TPOT."""
    return (
        params["capacity"].time_to_first_token
        + params["demand"].output_tokens * params["capacity"].time_per_token
    )


def places(params, accelerator):
    """Requests that a node of one type works on at once, at the latency target (Little's law)."""
    tokens = params["demand"].prompt_tokens + params["demand"].output_tokens
    mode = params["privacy"].in_use.throughput * params["access"].in_use.throughput
    return np.maximum(accelerator.throughput * mode * service_time(params) / tokens, 1.0)


def own_service(params) -> Cumulants:
    """Service time of a request on a node of mean speed."""
    return lognormal(service_time(params), np.square(params["capacity"].service_cv))


def node_time(params, nodes, utilisation, own: Cumulants) -> Cumulants:
    """Wait and service of one attempt, over all nodes. nodes: that are up, by type. utilisation:
    work brought over capacity. own: service time.
    """
    cap, service, spread = (
        params["capacity"],
        service_time(params),
        np.square(params["capacity"].service_cv),
    )
    if not cap.enabled:
        return own.scaled(np.square(cap.speed_cv))
    total = 0.0
    for name, accelerator in params["fleet"].items():
        total = total + nodes[name] * accelerator.throughput
    per_total = 1.0 / np.maximum(total, 1e-12)
    load, parts = np.minimum(utilisation, cap.admission_limit), []
    for name, accelerator in params["fleet"].items():
        thinned = np.minimum(accelerator.throughput * per_total, 1.0)
        arrivals = node_scv(np.square(cap.arrival_cv), thinned)
        one = at_node(
            places(params, accelerator),
            load,
            service,
            arrivals,
            spread,
            np.square(cap.speed_cv),
            own,
        )
        parts.append((nodes[name] * accelerator.throughput * per_total, one))
    return mixture(parts)


def call_latency(params, nodes, utilisation, failure_share, request=None) -> Cumulants:
    """Latency of one request on the network, end to end. nodes: that are up, by type.

    request: the parameters of the request in question, its lengths and its protection, where it is
    not like those that it waits for.
    """
    cap, request = params["capacity"], request or params
    attempt = lognormal(cap.network_latency, np.square(cap.network_cv)) + node_time(
        params, nodes, utilisation, own_service(request)
    )
    fixed = (
        params["venues"].orchestration_latency
        + params["access"].in_use.latency
        + request["privacy"].in_use.latency
    )
    return attempt.attempts(failure_share) + Cumulants(fixed)


def seller_latency(seller) -> Cumulants:
    """Latency of one request at another seller or on the cloud, whose own lengths are the
    network's: the lognormal with its mean and 99th percentile.
    """
    normal = ndtri(0.99)
    sigma = normal - np.sqrt(
        np.maximum(normal * normal - 2.0 * log(seller.latency_p99 / seller.latency_mean), 0.0)
    )
    return lognormal(seller.latency_mean, expm1(sigma * sigma))
