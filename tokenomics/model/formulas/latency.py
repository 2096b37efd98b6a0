"""Latency of a request on the network, end to end: orchestration and access check, path, queue at
the node, service, protection, repeats.

Requests go to nodes at random in proportion to their capacity; each node works on as many at once
as its throughput and the service time at the latency target say (Little 1961) and keeps its own
queue. Types of node differ in their places and in the time that their decode steps share.

A node batches continuously: a decode step reads the weights once and the KV cache of each of its b
requests, and prefills others in between, so that the time per token is affine in b (the roofline of
`capacity/roofline.py` while memory bounds it): TPOT(b) = t0 + (t1 − t0) b/c, from t0 towards no
batch at all to the target's t1 with all c places taken. Units: s.
"""

import numpy as np

from ...elementary import expm1, log, ndtri
from .distribution import Cumulants, at_node, lognormal, mixture
from .queueing import node_scv


def service_time(params):
    """Time that a node works on one request at the latency target, where it is the longest [s]:
    TTFT + output tokens × TPOT.
    """
    return (
        params["capacity"].time_to_first_token
        + params["demand"].output_tokens * params["capacity"].time_per_token
    )


def alone_per_token(params, accelerator):
    """Time per output token of a request that has a node of one type for itself, b = 1 [s]."""
    target = params["capacity"].time_per_token
    least = np.minimum(accelerator.least_time_per_token, target)
    return least + (target - least) / places(params, accelerator)


def slowing(params, accelerator):
    """Share of the service time at the latency target that a request alone does not need."""
    saved = params["capacity"].time_per_token - alone_per_token(params, accelerator)
    return params["demand"].output_tokens * saved / service_time(params)


def batching(slowed, utilisation):
    """Where a request finds itself between a node of its own, 0, and a full batch, 1.

    Little's law with a service time that rises with the batch, b = λ S(b), is linear in b; S(u) =
    S(0)/(1 − slowed u) is exact for Poisson arrivals and exponential answers while the places last
    (the number of requests is negative binomial). Held for a while, the batch averages out: its
    swings are left out.
    """
    return utilisation * (1.0 - slowed) / (1.0 - slowed * utilisation)


def request_time(params, accelerator, batched, request=None):
    """Time that a node of one type works on one request [s]. batched: see `batching`. request: its
    parameters, where it is not like those beside it.
    """
    request, alone = request or params, alone_per_token(params, accelerator)
    per_token = alone + (params["capacity"].time_per_token - alone) * batched
    return request["capacity"].time_to_first_token + request["demand"].output_tokens * per_token


def places(params, accelerator):
    """Requests that a node of one type works on at once, at the latency target (Little's law)."""
    tokens = params["demand"].prompt_tokens + params["demand"].output_tokens
    mode = params["privacy"].in_use.throughput * params["access"].in_use.throughput
    return np.maximum(accelerator.throughput * mode * service_time(params) / tokens, 1.0)


def node_time(params, nodes, utilisation, request) -> Cumulants:
    """Wait and service of one attempt, over all nodes. nodes: that are up, by type. utilisation:
    work brought over capacity. request: parameters of the request in question.
    """
    cap, spread = params["capacity"], np.square(params["capacity"].service_cv)
    if not cap.enabled:
        return lognormal(service_time(request), spread).scaled(np.square(cap.speed_cv))
    total = 0.0
    for name, accelerator in params["fleet"].items():
        total = total + nodes[name] * accelerator.throughput
    per_total = 1.0 / np.maximum(total, 1e-12)
    load, parts = np.minimum(utilisation, cap.admission_limit), []
    for name, accelerator in params["fleet"].items():
        thinned = np.minimum(accelerator.throughput * per_total, 1.0)
        arrivals = node_scv(np.square(cap.arrival_cv), thinned)
        slowed = slowing(params, accelerator)
        own = request_time(params, accelerator, batching(slowed, load), request)
        one = at_node(
            places(params, accelerator),
            load,
            service_time(params),
            arrivals,
            spread,
            np.square(cap.speed_cv),
            lognormal(own, spread),
            slowed,
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
        params, nodes, utilisation, request
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
