"""What a card reaches in inference, in plain units: its ceilings times its architecture's shares;
and the work that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .architectures import Architecture, architecture
from .hardware import Hardware
from .precisions import arithmetic


@dataclass(frozen=True)
class Request:
    """Tokens of a request: prompt and answer. cached: share of the prompt that a prefix cache
    holds. burst: share of the requests that come all at once, as a benchmark begins: a tenth where
    it sends ten requests a place; none in a service.
    """

    prompt: float
    output: float
    cached: float = 0.0
    burst: float = 0.0

    @property
    def context(self) -> float:
        """Mean context over an answer."""
        return self.prompt + 0.5 * self.output

    @property
    def new(self) -> float:
        """Tokens of the prompt that are computed: the last one always is."""
        return np.maximum(1.0, self.prompt * (1.0 - self.cached))

    @property
    def kept(self) -> float:
        """Tokens of the prompt that are cached."""
        return np.maximum(0.0, self.prompt - self.new)


@dataclass(frozen=True)
class Attained:
    """As reached by one card: bandwidth of reading weights and cache [byte/s]; rates of products
    in the weights' precision, in 16 bits, with experts, and of attention [FLOP/s]; link [byte/s];
    times of a kernel, a hop, a step, a first token and a token of a prompt [s].
    """

    bandwidth: float
    cache: float
    rate: float
    sixteen: float
    experts: float
    attention: float
    link: float = np.inf
    kernel: float = 0.0
    hop: float = 0.0
    step: float = 0.0
    first: float = 0.0
    token: float = 0.0

    @classmethod
    def bare(cls, bandwidth: float, rate: float) -> Attained:
        """Nothing but one bandwidth and one rate."""
        return cls(bandwidth, bandwidth, rate, rate, rate, rate)


def reach(device: Hardware, precision: str, cards: int = 1) -> Attained:
    """What a card reaches with weights in a precision. Raises InputError for a precision that the
    file says nothing of, and for several cards without a link.
    """
    device.refuse_other(precision)
    if cards > 1 and device.link is None:
        raise InputError(
            "missing",
            key="link",
            expected=f"what a card sends the others [GB/s], for {cards} cards",
        )
    return reached(device, architecture(device.architecture), precision, cards)


def reached(device: Hardware, found: Architecture, precision: str, cards: int = 1) -> Attained:
    """What a card of an architecture reaches. A measured file has its own bandwidth and rate, and
    its kernels in them.
    """
    bandwidth = device.bandwidth.value * 1e12
    rates = {name: rate.value * 1e12 for name, rate in device.rates.items()}
    own = device.efficiency[precision] if device.efficiency else None
    computed = arithmetic(precision, rates)
    products = rates[computed]
    sixteen = rates.get("fp16", rates.get("bf16", products))
    link = device.link.value * 1e9 if device.link else np.inf
    if device.mesh:  # fewer cards leave links idle
        link *= min(1.0, max(1, cards - 1) / device.mesh.value)
    compute = own.compute if own else found.compute.value
    if computed == "fp4" and not own:  # a measured share is that of its precision
        products *= found.four.value
    return Attained(
        bandwidth=bandwidth * (own.bandwidth if own else found.bandwidth.value),
        cache=bandwidth * (own.bandwidth if own else found.cache.value),
        rate=products * compute,
        sixteen=sixteen * compute,
        experts=products * (compute / found.compute.value) * found.experts.value,
        attention=sixteen * (own.compute if own else found.attention.value),
        link=link * found.link.value,
        kernel=0.0 if own else found.kernel.value * 1e-6,
        hop=found.hop.value * 1e-6,
        step=found.step.value * 1e-6,
        first=found.first.value * 1e-3,
        token=found.token.value * 1e-6,
    )
