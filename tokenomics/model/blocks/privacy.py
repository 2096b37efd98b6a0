"""Privacy and verification: plain, secure enclave (TEE), optimistic with challenges, or
zero-knowledge proof (ZK).

Each costs throughput and latency and meets a share of the customers' privacy need; figures in
`params/`. What it does against faked work is in `reliability.py`.
"""

from ..variables import Variable, writes


def protection(params):
    """Throughput multiplier, added latency [s] and share of the privacy need met by the mode in
    use.
    """
    mode = params["privacy"].in_use
    return {
        "privacy_throughput": mode.throughput,
        "privacy_latency": mode.latency,
        "privacy_protection": mode.confidentiality,
    }


def protection_at_rest(params, rest):
    """The mode in use."""
    return protection(params)


@writes(
    Variable(
        "privacy_throughput",
        "1",
        "throughput multiplier of the protection in use",
        1.0,
        0.0,
        start=protection_at_rest,
    ),
    Variable(
        "privacy_latency",
        "s",
        "latency added by the protection in use",
        1.0,
        0.0,
        start=protection_at_rest,
    ),
    Variable(
        "privacy_protection",
        "1",
        "share of the privacy need that is met",
        1.0,
        0.0,
        start=protection_at_rest,
    ),
)
def policy_privacy(params, substep, state_history, state):
    """The protection in force, on the shape of the state."""
    return {name: value + 0.0 * state[name] for name, value in protection(params).items()}
