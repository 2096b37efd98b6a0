"""Latency of a fleet under load.

Queueing by Sakasegawa's (1977) approximation for G/G/c with the Allen–Cunneen variability factor; the conditional
wait is taken as exponential for the tail, the service time as lognormal. Units: s.
"""

import numpy as np

NORMAL_99 = 2.3263478740408408  # 99th percentile of the standard normal


def service_time(params):
    """Time that a node works on one request [s]: TTFT + output tokens × TPOT."""
    return params["capacity"].time_to_first_token + params["demand"].output_tokens * params["capacity"].time_per_token


def queueing_delay(servers, utilisation, service, variability):
    """Mean wait and its 99th percentile [s] of a G/G/c queue.

    servers: parallel places; service: mean service time [s]; variability: (ca² + cs²)/2.
    """
    busy = utilisation ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)
    wait_if_any = variability * service / (servers * (1.0 - utilisation))
    return busy * wait_if_any, wait_if_any * np.maximum(np.log(np.maximum(busy, 1e-300) / 0.01), 0.0)


def latency(params, online_nodes, utilisation, failure_share, privacy_latency):
    """Mean and 99th percentile of end-to-end latency on the network [s], access control not included."""
    cap, service = params["capacity"], service_time(params)
    sigma2 = np.log1p(cap.service_cv**2)
    service_p99 = service * np.exp(NORMAL_99 * np.sqrt(sigma2) - 0.5 * sigma2)
    mean_wait, p99_wait = 0.0 * utilisation, 0.0 * utilisation
    if cap.enabled:
        servers = np.maximum(online_nodes * cap.concurrency, 1.0)
        load = np.minimum(utilisation, cap.admission_limit)
        load = np.minimum(load, 1.0 - 1e-6)  # an admission limit of 1 would make the wait infinite
        variability = 0.5 * (cap.arrival_cv**2 + cap.service_cv**2)
        mean_wait, p99_wait = queueing_delay(servers, load, service, variability)
    path = cap.network_latency + privacy_latency
    mean = path + (service + mean_wait) * (1.0 + failure_share)
    return mean, path + (service_p99 + p99_wait) * (1.0 + failure_share)
