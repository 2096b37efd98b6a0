"""Privacy and verification: none, secure enclave (TEE) or zero-knowledge proof (ZK).

Each costs throughput and latency and meets a share of the customers' privacy need; figures in `params/`.
"""


def protection(params):
    """Throughput multiplier, added latency [s] and share of the privacy need met by the mode in use."""
    privacy = params["privacy"]
    throughput, latency, met = {
        "none": (1.0, 0.0, 0.0),
        "tee": (privacy.tee_throughput, privacy.tee_latency, privacy.tee_protection),
        "zk": (privacy.zk_throughput, privacy.zk_latency, privacy.zk_protection),
    }[privacy.mode]
    return {"privacy_throughput": throughput, "privacy_latency": latency, "privacy_protection": met}


def policy_privacy(params, substep, state_history, state):
    """The protection in force, on the shape of the state."""
    return {name: value + 0.0 * state[name] for name, value in protection(params).items()}
